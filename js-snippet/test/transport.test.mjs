// How events travel: one request a tick, at once on leaving, by beacon where fetch cannot.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPage, STUB, tick } from './fake-page.mjs';

test('a request is a POST of text that needs no preflight, carries no cookies and outlives the page', async () => {
  const page = openPage();
  await tick();
  const [{ by, method, body, credentials, keepalive, headers }] = page.requests;
  assert.deepEqual({ by, method, credentials, keepalive }, { by: 'fetch', method: 'POST', credentials: 'omit', keepalive: true });
  // fetch sends a string as text/plain;charset=UTF-8 when no header says otherwise.
  assert.equal(typeof body, 'string');
  assert.equal(headers, undefined);
  assert.deepEqual(Object.keys(JSON.parse(body)), ['shop', 'events']);
  assert.equal(JSON.parse(body).shop, 'pk_test');
});

test('an endless address is cut at the server\'s bound', async () => {
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
  page.call('nonsense');
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
    assert.deepEqual(page.events().map((event) => event.kind), ['visit', 'cart']);
  }
});

test('what does not fit into one request travels in several, whole and in order', async () => {
  const page = openPage();
  const products = Array.from({ length: 450 }, (_, i) => `${i}:${'茶'.repeat(i % 120)}`);
  for (const product of products) page.call('cart', { product });
  await tick();
  assert.deepEqual(page.events().slice(1).map((event) => event.product), products);
  for (const { body } of page.requests) {
    assert.ok(Buffer.byteLength(body) <= 64 * 1024);
    assert.ok(JSON.parse(body).events.length <= 100);
  }
});

test('the smallest events stay below the number the server takes at once', async () => {
  const page = openPage({ url: 'http://a/', before: 'localStorage.setItem("shopfunnel.visitor", "v")' });
  for (let i = 0; i < 400; i++) page.call('cart', { url: '' });
  await tick();
  assert.equal(page.events().length, 401);
  for (const { body } of page.requests) assert.ok(JSON.parse(body).events.length <= 100);
});

test('a browser whose fetch knows no keepalive uses the beacon', async () => {
  const page = openPage({ network: 'old' });
  await tick();
  assert.deepEqual(page.requests.map(({ by, to }) => [by, to]), [['beacon', 'https://funnel.example/e']]);
  assert.deepEqual(await page.kinds(), ['visit']);
});

test('a fetch that fails is sent again by beacon, the same bytes, so that it counts once', async () => {
  const page = openPage({ network: 'fails' });
  await tick();
  assert.deepEqual(page.requests.map((request) => request.by), ['fetch', 'beacon']);
  assert.equal(page.requests[0].body, page.requests[1].body);
  assert.deepEqual(page.warnings, []);
});

test('a fetch that the page broke does not stop this request or the next', async () => {
  const page = openPage({ network: 'throws' });
  await tick();
  page.call('cart');
  assert.deepEqual(await page.kinds(), ['visit', 'cart']);
});

test('when the beacon is gone too, the page sees no error and no unhandled rejection', async (t) => {
  const unhandled = [];
  const note = (reason) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  t.after(() => process.off('unhandledRejection', note));
  const page = openPage({ network: 'fails', before: 'delete navigator.sendBeacon' });
  page.call('cart');
  await tick();
  await tick();
  assert.deepEqual(unhandled, []);
  assert.equal(page.warnings.length, 1);
});

test('a key with quotes cannot break the body', async () => {
  const page = openPage({ tag: { 'data-shop': 'pk_"],' } });
  await tick();
  assert.equal(JSON.parse(page.requests[0].body).shop, 'pk_"],');
});
