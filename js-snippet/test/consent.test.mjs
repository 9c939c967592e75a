// The visitor's word, the privacy signal, cookieless mode: what is sent, and what is left in the browser.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBrowser, openPage, STUB, tick } from './fake-page.mjs';

const REQUIRED = { 'data-shop': 'pk_test', 'data-consent': 'required' };

test('before consent nothing is sent or stored; after it all of this page is', async () => {
  const page = openPage({ tag: REQUIRED, before: `${STUB};shopfunnel("cart")` });
  page.call('inquiry');
  page.leave();
  page.become('visible');
  assert.deepEqual(await page.kinds(), []);
  assert.equal(page.browser.stored.size, 0);
  page.call('consent', true);
  assert.deepEqual((await page.kinds()).slice(0, 3), ['visit', 'cart', 'inquiry']);
  assert.deepEqual(page.warnings, []);
  const next = openPage({ browser: page.browser, tag: REQUIRED });
  assert.deepEqual(await next.kinds(), ['visit']);
  assert.equal(next.events()[0].visitor, page.events()[0].visitor);
});

test('a page that goes without consent leaves nothing', async () => {
  const page = openPage({ tag: REQUIRED });
  page.leave();
  await tick();
  assert.equal(page.browser.stored.size, 0);
  assert.deepEqual(await openPage({ browser: page.browser, tag: REQUIRED }).kinds(), []);
});

test('consent that is given before the script loads counts', async () => {
  const page = openPage({ tag: REQUIRED, before: `${STUB};shopfunnel("consent",true)` });
  assert.deepEqual(await page.kinds(), ['visit']);
});

test('consent withdrawn takes everything out of the browser and stops, also on later pages, until it is given again', async () => {
  const page = openPage({ network: 'fails' });
  page.call('cart');
  await tick();
  page.call('consent', false);
  assert.deepEqual([...page.browser.stored], [['shopfunnel.consent', 'off']]);
  page.connect('works');
  page.call('order', { order_id: 'A-1' });
  page.leave();
  await tick();
  assert.deepEqual([...page.browser.stored], [['shopfunnel.consent', 'off']]);
  const later = openPage({ browser: page.browser });
  assert.deepEqual(await later.kinds(), []);
  assert.equal(later.call('visitor'), undefined);
  later.call('consent', true);
  later.call('cart');
  assert.deepEqual(await later.kinds(), ['cart']);
});

test("the switch of staff and the visitor's word do not undo each other", async () => {
  const browser = openBrowser();
  openPage({ browser, url: 'https://shop.example/?shopfunnel=off' });
  const page = openPage({ browser });
  page.call('consent', true);
  page.call('cart');
  assert.deepEqual(await page.kinds(), []);
});

test('a browser that asks for privacy sends and stores nothing, unless the shop says otherwise', async () => {
  const page = openPage({ gpc: true });
  page.call('order', { order_id: 'A-1' });
  page.leave();
  assert.deepEqual(await page.kinds(), []);
  assert.equal(page.browser.stored.size, 0);
  assert.match(page.warnings[0], /gpc/);
  assert.deepEqual(
    await openPage({ gpc: true, tag: { 'data-shop': 'pk_test', 'data-allow': 'gpc' } }).kinds(),
    ['visit'],
  );
});

test('cookieless mode sends no id and stores nothing', async () => {
  const page = openPage({ tag: { 'data-shop': 'pk_test', 'data-cookieless': '' }, network: 'fails' });
  page.call('cart');
  await tick();
  assert.equal(page.call('visitor'), undefined);
  assert.equal(page.browser.stored.size, 0);
  page.connect('works');
  await tick();
  const sent = page.events().slice(-2);
  assert.deepEqual(
    sent.map((event) => event.kind),
    ['visit', 'cart'],
  );
  assert.ok(sent.every((event) => !('visitor' in event)));
});

test('a misspelt option warns once, one of a framework does not, and the page is counted', async () => {
  const tag = { 'data-shop': ' pk_test ', 'data-cosent': '', 'data-nscript': '', 'data-cookieconsent': 'x' };
  const page = openPage({ build: 's.full.js', tag: { ...tag, 'data-cfasync': 'false', 'data-lang': 'zh' } });
  assert.deepEqual(await page.kinds(), ['visit']);
  assert.deepEqual(page.warnings, ['shopfunnel: unknown data-cosent']);
  assert.equal(JSON.parse(page.requests[0].body).shop, 'pk_test');
});

for (const word of ['denied', 'false', false, 0, null, undefined, {}, 1, 'true']) {
  test(`consent ${JSON.stringify(word)} is none`, async () => {
    const page = openPage({ tag: { 'data-shop': 'pk_test', 'data-consent': '' } });
    page.call('order', { order_id: 'A-1' });
    page.call('consent', word);
    await tick();
    assert.deepEqual(page.requests, []);
    page.call('consent', 'granted');
    page.call('cart');
    assert.deepEqual(await page.kinds(), ['cart'], 'what was taken away does not come back');
  });
}

test('who takes back and agrees again is somebody else', async () => {
  const page = openPage();
  const before = page.call('visitor');
  page.call('consent', false);
  page.call('consent', true);
  assert.notEqual(page.call('visitor'), before);
});

test('consent that another tab took back takes what this one remembers', async () => {
  const page = openPage({ network: 'fails' });
  page.call('order', { order_id: 'A-1' });
  await tick();
  page.browser.stored.clear();
  page.browser.stored.set('shopfunnel.consent', 'off');
  page.dispatch('window', { type: 'storage', key: 'shopfunnel.consent', newValue: 'off' });
  page.browser.stored.set('shopfunnel.consent', 'on');
  const sent = page.requests.length;
  page.connect('works');
  await tick();
  assert.equal(page.requests.length, sent);
});
