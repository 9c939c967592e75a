// What the call sends, what it refuses, and that it never throws into the page.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBrowser, openPage, START_MS, STUB, tick } from './fake-page.mjs';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const timeOf = (id) => parseInt(id.replace('-', '').slice(0, 12), 16);

test('a visit carries exactly the contract fields', async () => {
  const page = openPage();
  await tick();
  const [{ id, visitor, ...rest }] = page.events();
  assert.match(id, UUID_V7);
  assert.equal(timeOf(id), START_MS);
  assert.equal(visitor, page.call('visitor'));
  assert.deepEqual(rest, {
    kind: 'visit',
    at: START_MS,
    url: 'https://shop.example/tea?page=1',
    referrer: 'https://search.example/',
    title: 'Tea',
  });
});

test('an event of another kind carries the given fields and no referrer or title', async () => {
  const page = openPage();
  await tick();
  page.wait(5_000);
  page.call('inquiry', { agent: 'lin', channel: 'crisp', topic: 'pre_sale', amount: '12.50' });
  await tick();
  const { id, visitor, ...rest } = page.events()[1];
  assert.equal(timeOf(id), START_MS + 5_000);
  assert.equal(visitor, page.call('visitor'));
  assert.deepEqual(rest, {
    kind: 'inquiry',
    at: START_MS + 5_000,
    url: 'https://shop.example/tea?page=1',
    agent: 'lin',
    channel: 'crisp',
    topic: 'pre_sale',
    amount: '12.50',
  });
});

test('every kind of the contract is sent, with no fields where none are needed', async () => {
  const page = openPage();
  for (const kind of ['visit', 'inquiry', 'cart', 'favorite', 'rating']) page.call(kind);
  for (const kind of ['order', 'payment', 'refund']) page.call(kind, { order_id: 'A-1' });
  assert.deepEqual(await page.kinds(), [
    'visit',
    'visit',
    'inquiry',
    'cart',
    'favorite',
    'rating',
    'order',
    'payment',
    'refund',
  ]);
  assert.deepEqual(page.warnings, []);
});

test('no two events share an id, in one millisecond neither', async () => {
  const page = openPage();
  for (let i = 0; i < 500; i++) page.call('cart');
  await tick();
  const ids = page.events().map((event) => event.id);
  assert.equal(new Set(ids).size, 501);
  for (const id of ids) assert.match(id, UUID_V7);
});

test('the caller may name another url, referrer and title, never another id, kind, visitor or time', async () => {
  const page = openPage();
  page.call('visit', { url: '/v', referrer: '/r', title: 't', id: 'x', kind: 'order', visitor: 'y', at: 1 });
  await tick();
  const event = page.events()[1];
  assert.match(event.id, UUID_V7);
  assert.notEqual(event.visitor, 'y');
  assert.deepEqual(
    [event.url, event.referrer, event.title, event.kind, event.at],
    ['/v', '/r', 't', 'visit', START_MS],
  );
});

test('fields are taken as they are at the call', async () => {
  const page = openPage();
  const fields = { product: 'tea' };
  page.call('cart', fields);
  fields.product = 'cup';
  await tick();
  assert.equal(page.events()[1].product, 'tea');
  assert.deepEqual(fields, { product: 'cup' });
});

test('what the server does not take is said in its own words, and not sent again', async () => {
  const page = openPage();
  await tick();
  page.serve(() => ({
    status: 400,
    json: {
      error: { message: 'nothing acceptable' },
      accepted: 0,
      rejected: [{ index: 0, code: 'order_id_required', message: 'an order needs `order_id`' }],
    },
  }));
  page.call('order', { amount: '1' });
  await tick();
  assert.deepEqual(page.warnings, ['shopfunnel: an order needs `order_id`']);
  page.wait(3_600_000);
  await tick();
  assert.deepEqual(await page.kinds(), ['visit', 'order']);
  assert.deepEqual(page.waiting(), []);
});

for (const kind of ['constructor', '', undefined, null, 7, {}, Symbol('s')]) {
  test(`the kind ${String(kind)} does not throw into the page`, async () => {
    const page = openPage();
    page.call(kind, { order_id: 'A-1' });
    page.call('cart');
    await tick();
    assert.equal(page.events().at(-1).kind, 'cart');
  });
}

test('fields that cannot be JSON cost only their own event', async () => {
  const page = openPage();
  const circle = {};
  circle.self = circle;
  page.call('cart', circle);
  page.call('cart', {
    get product() {
      throw new Error('page bug');
    },
  });
  page.call('cart', {
    get product() {
      throw Symbol('page bug');
    },
  });
  page.call('favorite');
  assert.deepEqual(await page.kinds(), ['visit', 'favorite']);
  assert.equal(page.warnings.length, 3);
});

test('calls made before the script loaded are replayed in order, after the page view', async () => {
  const page = openPage({
    before: `${STUB};shopfunnel("cart",{product:"tea"});shopfunnel("order",{order_id:"A-1"})`,
  });
  assert.deepEqual(await page.kinds(), ['visit', 'cart', 'order']);
  assert.equal(page.events()[1].product, 'tea');
  assert.deepEqual(page.warnings, []);
});

test('a stub that the page kept in a variable still reaches the tracker', async () => {
  const page = openPage({ before: `${STUB};var kept=shopfunnel` });
  page.run('kept("cart",{product:"tea"})');
  assert.deepEqual(await page.kinds(), ['visit', 'cart']);
});

test('the visitor id is a UUID kept under shopfunnel.visitor and asking for it sends nothing', async () => {
  const page = openPage();
  assert.match(page.call('visitor'), UUID_V7);
  assert.equal(page.browser.stored.get('shopfunnel.visitor'), page.call('visitor'));
  assert.deepEqual(await page.kinds(), ['visit']);
});

test('a stored visitor id the server would reject is replaced', () => {
  for (const bad of ['', 'two words', 'x'.repeat(65), '{"a":1}']) {
    const browser = openBrowser();
    browser.stored.set('shopfunnel.visitor', bad);
    assert.match(openPage({ browser }).call('visitor'), UUID_V7);
    assert.match(browser.stored.get('shopfunnel.visitor'), UUID_V7);
  }
  const browser = openBrowser();
  browser.stored.set('shopfunnel.visitor', 'shop:42_a.b-c');
  assert.equal(openPage({ browser }).call('visitor'), 'shop:42_a.b-c');
});

test('a page that empties localStorage keeps its visitor', async () => {
  const page = openPage();
  const visitor = page.call('visitor');
  await tick();
  page.browser.stored.clear();
  page.call('cart');
  await tick();
  assert.equal(page.events().at(-1).visitor, visitor);
  assert.equal(page.browser.stored.get('shopfunnel.visitor'), visitor);
});

for (const storage of ['denied', 'full']) {
  test(`with storage ${storage} the visitor lives as long as the page, and nothing warns`, async () => {
    const page = openPage({ storage });
    page.call('cart');
    assert.deepEqual(await page.kinds(), ['visit', 'cart']);
    const [visit, cart] = page.events();
    assert.match(visit.visitor, UUID_V7);
    assert.equal(cart.visitor, visit.visitor);
    assert.equal(page.call('visitor'), visit.visitor);
    assert.deepEqual(page.warnings, []);
  });
}

test('a full storage does not hide the visitor already in it', () => {
  const browser = openBrowser();
  const visitor = openPage({ browser }).call('visitor');
  const page = openPage({ browser, storage: 'full' });
  page.call('cart');
  assert.equal(page.call('visitor'), visitor);
});
