// How events travel, and that none is lost on the way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBrowser, openPage, START_MS, STUB, tick } from './fake-page.mjs';

test('a request is a POST of text that needs no preflight, carries no cookies and outlives the page', async () => {
  const page = openPage();
  await tick();
  const [{ by, method, body, credentials, keepalive, headers }] = page.requests;
  assert.deepEqual(
    { by, method, credentials, keepalive },
    { by: 'fetch', method: 'POST', credentials: 'omit', keepalive: true },
  );
  // fetch sends a string as text/plain;charset=UTF-8 when no header says otherwise.
  assert.equal(typeof body, 'string');
  assert.equal(headers, undefined);
  assert.deepEqual(Object.keys(JSON.parse(body)), ['shop', 'events']);
  assert.equal(JSON.parse(body).shop, 'pk_test');
});

test("an endless address is cut at the server's bound", async () => {
  const page = openPage({ url: `https://shop.example/?q=${'x'.repeat(70_000)}` });
  await tick();
  assert.equal(JSON.parse(page.requests[0].body).events[0].url.length, 2048);
});

test('events of one tick are one request, events of two ticks are two', async () => {
  const page = openPage({ before: `${STUB};shopfunnel("cart")` });
  page.call('favorite');
  assert.equal(page.requests.length, 0);
  await tick();
  assert.equal(page.requests.length, 1);
  page.call('cart');
  page.call('cart');
  await tick();
  assert.equal(page.requests.length, 2);
  assert.deepEqual(await page.kinds(), ['visit', 'cart', 'favorite', 'cart', 'cart']);
});

test('a quiet tick sends nothing', async () => {
  const page = openPage();
  await tick();
  page.call('visitor');
  page.call('consent', true);
  page.finishLoading();
  page.become('visible');
  await tick();
  assert.equal(page.requests.length, 1);
});

test('leaving sends at once what waits', () => {
  for (const go of [(page) => page.leave(), (page) => page.become('hidden')]) {
    const page = openPage();
    page.call('cart');
    go(page);
    assert.deepEqual(
      page.events().map((event) => event.kind),
      ['visit', 'cart'],
    );
  }
});

test('what does not fit into one request travels in several, whole and in order', async () => {
  const page = openPage();
  const products = Array.from({ length: 450 }, (_, i) => `${i}:${'茶'.repeat(i % 120)}`);
  for (const product of products) page.call('cart', { product });
  await tick();
  assert.deepEqual(
    page
      .events()
      .slice(1)
      .map((event) => event.product),
    products,
  );
  for (const { body } of page.requests) {
    assert.ok(Buffer.byteLength(body) < 48 * 1024);
    assert.ok(JSON.parse(body).events.length <= 100);
  }
});

test('the smallest events stay below the number the server takes at once', async () => {
  const page = openPage({ url: 'http://a/', before: 'localStorage["shopfunnel.visitor"] = "v"' });
  for (let i = 0; i < 400; i++) page.call('cart', { url: '' });
  await tick();
  assert.equal(page.events().length, 401);
  for (const { body } of page.requests) assert.ok(JSON.parse(body).events.length <= 100);
});

test('the longest page views of one request stay below 48 KiB', async () => {
  const url = `https://shop.example/?q=${'x'.repeat(9_000)}`;
  const page = openPage({ url, referrer: url, title: '茶'.repeat(9_000) });
  for (let i = 0; i < 7; i++) page.window.history.pushState({}, '', `/${i}?${'y'.repeat(9_000)}`);
  await tick();
  assert.equal(page.events().length, 8);
  for (const { body } of page.requests) assert.ok(Buffer.byteLength(body) < 48 * 1024);
});

test('a browser whose fetch knows no keepalive sends by beacon on leaving, and again on the next page, whose answer it can read', async () => {
  const page = openPage({ network: 'old' });
  await tick();
  page.leave();
  await tick();
  const [first, ...rest] = page.requests.map(({ by }) => by);
  assert.equal(first, 'fetch');
  assert.ok(rest.length > 0 && rest.every((by) => by === 'beacon'));
  page.wait(1_000);
  const next = openPage({ browser: page.browser });
  assert.deepEqual(await next.kinds(), ['bounce', 'visit']);
  assert.equal(next.events()[0].id, page.events()[1].id);
});

for (const network of ['fails', 'throws']) {
  test(`a fetch that ${network} keeps its events, and the page sees no error`, async (t) => {
    const unhandled = [];
    const note = (reason) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    t.after(() => process.off('unhandledRejection', note));
    const page = openPage({ network });
    page.call('cart');
    await tick();
    assert.deepEqual(
      page.waiting().map((event) => event.kind),
      ['visit', 'cart'],
    );
    page.connect('works');
    await tick();
    assert.deepEqual(
      page
        .events()
        .slice(-2)
        .map((event) => event.kind),
      ['visit', 'cart'],
    );
    assert.deepEqual(page.waiting(), []);
    assert.deepEqual([unhandled, page.warnings], [[], []]);
  });
}

test('a key with quotes cannot break the body', async () => {
  const page = openPage({ tag: { 'data-shop': 'pk_"],' } });
  await tick();
  assert.equal(JSON.parse(page.requests[0].body).shop, 'pk_"],');
});

const ids = (events) => events.map((event) => event.id);

for (const status of [401, 403, 404, 408, 429, 500, 503]) {
  test(`after ${status} an event stays and is sent again under its id`, async () => {
    const page = openPage({ answer: () => ({ status }) });
    await tick();
    assert.equal(page.waiting().length, 1);
    page.serve(() => ({}));
    await page.pass(60_000);
    assert.equal(page.requests.length, 2);
    assert.equal(new Set(ids(page.events())).size, 1);
    assert.deepEqual(page.waiting(), []);
    assert.deepEqual(page.warnings, [429, 503].includes(status) ? [] : ['shopfunnel: no']);
  });
}

for (const status of [400, 413, 415]) {
  test(`a request that the server cannot read, ${status}, is not sent again`, async () => {
    const page = openPage({ answer: () => ({ status }) });
    await tick();
    assert.deepEqual(page.waiting(), []);
    page.wait(3_600_000);
    await tick();
    assert.equal(page.requests.length, 1);
    assert.deepEqual(page.warnings, ['shopfunnel: no']);
  });
}

test('an event that spoils a request costs no other', async () => {
  const page = openPage({
    build: 's.full.js',
    before: `${STUB};shopfunnel("order", { order_id: "A-1" });shopfunnel("cart", { product: { deep: 1 } })`,
    answer: (events) => (events.some(({ product }) => product) ? { status: 400 } : {}),
  });
  await tick();
  await tick();
  assert.deepEqual(
    page.events().map(({ kind }) => kind),
    ['visit', 'order', 'cart', 'visit', 'order', 'cart'],
  );
  assert.deepEqual([page.waiting(), page.warnings], [[], ['shopfunnel: no']]);
});

for (const [what, foreign] of [
  ['a page that is not found', { status: 404, json: '<html>' }],
  ['a page of some cache', { status: 200, json: '<html>' }],
  ['a bad request to somebody else', { status: 400, json: '<html>' }],
  ['JSON of somebody else', { status: 200, json: { ok: true } }],
  ['nothing', { status: 202, json: 'null' }],
]) {
  test(`${what} settles nothing, and is said once`, async () => {
    const page = openPage({ answer: () => foreign });
    page.call('order', { order_id: 'A-1' });
    await tick();
    await page.pass(120_000);
    assert.equal(page.waiting().length, 2);
    assert.deepEqual(page.warnings, ['shopfunnel: https://funnel.example/e: set data-host']);
    page.serve(() => ({}));
    await page.pass(600_000);
    assert.deepEqual(page.waiting(), []);
  });
}

test("a page's wrapper of fetch that reads the answer, throws or never answers loses nothing", async () => {
  const wrapper = (code) => `{ const { fetch: own } = window; window.fetch = ${code} }`;
  const reads = openPage({ before: wrapper('(...a) => own(...a).then((answer) => answer.json())') });
  await tick();
  assert.deepEqual([reads.waiting(), reads.warnings], [[], []]);

  for (const code of ['() => { throw 1 }', '() => new Promise(() => {})', '() => Promise.resolve()']) {
    const page = openPage({ before: wrapper(code) });
    page.call('order', { order_id: 'A-1' });
    await tick();
    page.wait(31_000);
    await tick();
    page.leave();
    const [beacon] = page.requests.filter(({ by }) => by === 'beacon').reverse();
    assert.ok(JSON.parse(beacon.body).events.some(({ kind }) => kind === 'order'), code);
    assert.deepEqual(page.warnings, [], code);
    const next = openPage({ browser: page.browser });
    await tick();
    assert.deepEqual(next.waiting(), [], code);
  }
});

test('a page that empties localStorage in its next statement loses nothing while it lives', async () => {
  const page = openPage({ network: 'fails' });
  const id = page.call('visitor');
  page.call('order', { order_id: 'A-1' });
  page.browser.stored.clear();
  await tick();
  page.browser.stored.clear();
  page.connect('works');
  await tick();
  assert.deepEqual(new Set(page.events().map((event) => event.kind)), new Set(['visit', 'order']));
  page.call('payment', { order_id: 'A-1' });
  await tick();
  assert.equal(page.events().at(-1).visitor, id);
});

test('what is left out of an event is said once, with its text', async () => {
  const left_out = [{ index: 1, field: 'amount', text: '12abc', message: '`amount` must be one amount' }];
  const page = openPage({
    answer: (events) => ({ json: { accepted: events.length, rejected: [], now: START_MS, left_out } }),
    before: `${STUB};shopfunnel("order", { order_id: "A-1", amount: "12abc" })`,
  });
  await tick();
  assert.deepEqual(page.warnings, ['shopfunnel: `amount` must be one amount: 12abc']);
  assert.equal(page.events()[1].amount, '12abc');
});

test('pauses double, with chance in them, and never end', async () => {
  const page = openPage({ answer: () => ({ status: 503 }) });
  await tick();
  const pauses = [];
  for (let last = page.browser.nowMs; pauses.length < 12;) {
    page.wait(1_000);
    await tick();
    if (page.requests.length > pauses.length + 1) {
      pauses.push(page.browser.nowMs - last);
      last = page.browser.nowMs;
    }
  }
  pauses.forEach((pause, n) => {
    const middle = 3_000 * 2 ** Math.min(n, 7);
    assert.ok(pause >= middle / 2 && pause <= middle * 1.5 + 1_000, `${n}: ${pause}`);
  });
});

test('no earlier than Retry-After says, whatever happens meanwhile', async () => {
  const page = openPage({ answer: () => ({ status: 429, headers: { 'retry-after': '120' } }) });
  await tick();
  page.call('cart');
  page.wait(119_000);
  await tick();
  assert.equal(page.requests.length, 1);
  page.serve(() => ({}));
  page.wait(10_000);
  await tick();
  assert.deepEqual(page.waiting(), []);
});

test('back online, what waited goes at once', async () => {
  const page = openPage({ network: 'fails' });
  await tick();
  page.call('order', { order_id: 'A-1' });
  await tick();
  page.connect('works');
  await tick();
  assert.deepEqual(page.waiting(), []);
  assert.deepEqual(
    page
      .events()
      .slice(-2)
      .map((event) => event.kind),
    ['visit', 'order'],
  );
});

test('what a page could not send travels with the next page', async () => {
  const lost = openPage({ network: 'fails' });
  lost.call('order', { order_id: 'A-1' });
  await tick();
  lost.browser.nowMs += 1_000;
  const next = openPage({ browser: lost.browser });
  assert.deepEqual(await next.kinds(), ['visit', 'order', 'visit']);
  assert.deepEqual(next.waiting(), []);
  const later = openPage({ browser: lost.browser });
  assert.deepEqual(await later.kinds(), ['visit']);
});

test('a page that leaves during a pause tries once more', async () => {
  const page = openPage({ answer: () => ({ status: 503, headers: { 'retry-after': '600' } }) });
  await tick();
  page.serve(() => ({}));
  page.leave();
  await tick();
  assert.deepEqual(page.waiting(), []);
});

test('an event that is under way is not sent twice by its own page', async () => {
  const page = openPage({
    before: '{ const { fetch: own } = window; window.fetch = (...a) => (own(...a), new Promise(() => {})) }',
  });
  page.call('cart');
  await tick();
  page.call('favorite');
  await tick();
  assert.deepEqual(
    page.events().map((event) => event.kind),
    ['visit', 'cart', 'favorite'],
  );
});

test('at most 100 wait: the oldest page views go first, orders and payments never', async () => {
  const page = openPage({ network: 'fails' });
  page.call('order', { order_id: 'A-1' });
  page.call('payment', { order_id: 'A-1' });
  page.call('cart', { product: 'first' });
  for (let n = 0; n < 60; n++) page.call('visit', { title: `v${n}` });
  for (let n = 0; n < 45; n++) page.call('favorite', { product: `f${n}` });
  await tick();
  let left = page.waiting();
  assert.equal(left.length, 100);
  assert.deepEqual(
    left.slice(0, 4).map((event) => event.title ?? event.kind),
    ['order', 'payment', 'cart', 'v8'],
  );
  for (let n = 0; n < 120; n++) page.call('order', { order_id: `B-${n}` });
  await tick();
  left = page.waiting();
  assert.deepEqual(new Set(left.map((event) => event.kind)), new Set(['order', 'payment']));
  assert.equal(left.length, 122);
});

const DAY_MS = 86_400_000;

/** Answers as a server at this time does: what is told of another time is rejected. */
const serverAt = (now) => (events) => {
  const rejected = events.flatMap(({ at }, index) =>
    at > now() + 300_000 || at < now() - 8 * DAY_MS
      ? [{ index, code: 'at_out_of_range', message: 'far away' }]
      : [],
  );
  const accepted = events.length - rejected.length;
  return {
    status: accepted ? 202 : 400,
    json: { ...(!accepted && { error: { code: 'x', message: 'none' } }), accepted, rejected, now: now() },
  };
};

test('what is too old for the server goes, and says so', async () => {
  const page = openPage({ network: 'fails' });
  page.call('order', { order_id: 'A-1' });
  await tick();
  page.browser.nowMs += 8 * DAY_MS + 1;
  const later = openPage({ browser: page.browser, answer: serverAt(() => page.browser.nowMs) });
  await tick();
  assert.deepEqual(later.warnings, ['shopfunnel: far away', 'shopfunnel: far away']);
  assert.deepEqual(later.waiting(), []);
});

for (const [what, aheadMs] of [
  ['8 days ahead', 8 * DAY_MS],
  ['ten years ahead', 3_652 * DAY_MS],
  ['a month behind', -30 * DAY_MS],
]) {
  test(`under a clock ${what} every event arrives at its right time`, async () => {
    const browser = openBrowser();
    const now = () => browser.nowMs - aheadMs;
    const page = openPage({ browser, answer: serverAt(now), before: STUB });
    page.call('cart');
    await tick();
    page.wait(40_000);
    page.call('order', { order_id: 'A-1' });
    await tick();
    await tick();
    const told = page.events().slice(-3);
    assert.deepEqual(
      told.map(({ kind }) => kind),
      ['visit', 'cart', 'order'],
    );
    assert.deepEqual(
      told.map(({ at }) => at - now()),
      [-40_000, -40_000, 0],
    );
    assert.deepEqual([page.waiting(), page.warnings], [[], []]);
    const next = openPage({ browser, answer: serverAt(now) });
    await tick();
    assert.deepEqual(
      next.events().map(({ at }) => at - now()),
      [0],
    );
  });
}

test('two tabs under a wrong clock tell an event under one id', async () => {
  const browser = openBrowser();
  const now = () => browser.nowMs - 30 * DAY_MS;
  const one = openPage({ browser, answer: serverAt(now) });
  const two = openPage({ browser, answer: serverAt(now) });
  await tick();
  await tick();
  const told = [...one.events(), ...two.events()];
  assert.equal(new Set(ids(told)).size, 2, 'a view of each');
  assert.deepEqual([...one.waiting(), ...one.warnings, ...two.warnings], []);
});

test('under a clock 3 days behind what was not sent yet gets the right time, the rest keeps its own', async () => {
  const browser = openBrowser();
  const now = () => browser.nowMs + 3 * DAY_MS;
  const page = openPage({ browser, answer: serverAt(now) });
  await tick();
  // Sent before any answer: its time stays, whatever it is.
  assert.equal(page.events()[0].at, browser.nowMs);
  page.connect('fails');
  page.call('order', { order_id: 'A-1' });
  page.wait(1_000);
  page.call('payment', { order_id: 'A-1' });
  await tick();
  assert.deepEqual(
    page.waiting().map(({ at }) => at - now()),
    [-1_000, 0],
  );
});

test('a clock that was put right again is believed from the next answer on', async () => {
  const browser = openBrowser();
  let aheadMs = 30 * DAY_MS;
  const now = () => browser.nowMs - aheadMs;
  const page = openPage({ browser, answer: serverAt(now) });
  await tick();
  browser.nowMs -= aheadMs;
  aheadMs = 0;
  page.call('cart');
  await tick();
  page.call('order', { order_id: 'A-1' });
  await tick();
  const [order] = page.events().slice(-1);
  assert.equal(order.at, now());
  assert.deepEqual(page.warnings, []);
});

test('two shops of one origin keep their events apart', async () => {
  const one = openPage({ network: 'fails' });
  await tick();
  const two = openPage({ browser: one.browser, tag: { 'data-shop': 'pk_other' } });
  assert.deepEqual(await two.kinds(), ['visit']);
  assert.equal(one.waiting().length, 1);
});
