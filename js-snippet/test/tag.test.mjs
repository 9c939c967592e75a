// What the script tag decides: which shop, where to, and whether anything is sent at all.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBrowser, openPage, STUB, tick } from './fake-page.mjs';

for (const [src, endpoint] of [
  ['https://funnel.example:8443/s.js?v=1', 'https://funnel.example:8443/e'],
  // A proxy may give the server a path of the shop's own domain.
  ['https://shop.example/stats/s.js', 'https://shop.example/stats/e'],
]) {
  test(`the script at ${src} sends its events beside itself`, async () => {
    const page = openPage({ src });
    await tick();
    assert.deepEqual(
      page.requests.map((request) => request.to),
      [endpoint],
    );
  });
}

for (const [name, tag] of [
  ['missing', {}],
  ['empty', { 'data-shop': '' }],
]) {
  test(`a ${name} data-shop warns once, says what to add and does nothing else`, async () => {
    const page = openPage({ tag, before: STUB });
    const { pushState } = page.window.history;
    page.run('shopfunnel("cart")');
    page.become('hidden');
    page.leave();
    await tick();
    assert.equal(page.warnings.length, 1);
    assert.match(page.warnings[0], /^shopfunnel: .*data-shop/);
    assert.deepEqual(page.requests, []);
    assert.equal(page.browser.stored.size, 0);
    assert.equal(pushState, Object.getPrototypeOf(page.window.history).pushState);
  });
}

const LOCAL = [
  'http://localhost:3000/',
  'http://shop.localhost/',
  'http://127.0.0.1/',
  'http://127.8.9.1:8080/',
  'http://[::1]/',
  'file:///tea.html',
];
for (const url of LOCAL) {
  test(`${url} sends nothing, warns how to allow it, and still answers calls`, async () => {
    const page = openPage({ url });
    page.call('order', { order_id: 'A-1' });
    page.window.history.pushState(null, '', '/next');
    page.leave();
    assert.deepEqual(await page.kinds(), []);
    assert.deepEqual(page.warnings.length, 1);
    assert.match(page.warnings[0], /^shopfunnel: localhost .*data-allow/);
    assert.equal(page.call('visitor'), undefined);
    assert.equal(page.browser.stored.size, 0);
  });

  test(`${url} sends with data-allow="localhost"`, async () => {
    const page = openPage({ url, tag: { 'data-shop': 'pk_test', 'data-allow': 'localhost' } });
    assert.deepEqual(await page.kinds(), ['visit']);
    assert.deepEqual(page.warnings, []);
  });
}

for (const url of [
  'https://127.example.com/',
  'https://localhost.example/',
  'https://notlocalhost/',
  'https://shop.example/localhost',
]) {
  test(`${url} is not a local page`, async () => {
    assert.deepEqual(await openPage({ url }).kinds(), ['visit']);
  });
}

test('a driven browser sends nothing unless data-allow says webdriver', async () => {
  const silent = openPage({ webdriver: true });
  const wrongWord = openPage({ webdriver: true, tag: { 'data-shop': 'pk_test', 'data-allow': 'localhost' } });
  const allowed = openPage({ webdriver: true, tag: { 'data-shop': 'pk_test', 'data-allow': 'webdriver' } });
  assert.deepEqual(await silent.kinds(), []);
  assert.deepEqual(await wrongWord.kinds(), []);
  assert.match(wrongWord.warnings[0], /webdriver/);
  assert.deepEqual(await allowed.kinds(), ['visit']);
});

test('a driven browser on localhost needs both words', async () => {
  const open = (allow) =>
    openPage({
      url: 'http://localhost/',
      webdriver: true,
      tag: { 'data-shop': 'pk_test', 'data-allow': allow },
    });
  assert.deepEqual(await open('localhost').kinds(), []);
  assert.deepEqual(await open('webdriver').kinds(), []);
  assert.deepEqual(await open('localhost webdriver').kinds(), ['visit']);
});

test('the tag pasted twice is one tracker and one warning', async () => {
  const page = openPage();
  page.load();
  page.window.history.pushState(null, '', '/next');
  page.call('cart');
  assert.deepEqual(await page.kinds(), ['visit', 'visit', 'cart']);
  assert.equal(page.warnings.length, 1);
  assert.match(page.warnings[0], /^shopfunnel: .*twice/);
});

test('the stub and the tag pasted twice are one tracker too', async () => {
  const page = openPage({ before: `${STUB};shopfunnel("cart")` });
  page.run(STUB);
  page.load();
  assert.deepEqual(await page.kinds(), ['visit', 'cart']);
  assert.equal(page.warnings.length, 1);
});

test('a good tag after one without data-shop works', async () => {
  const page = openPage({ tag: {} });
  page.load({ 'data-shop': 'pk_test' });
  assert.deepEqual(await page.kinds(), ['visit']);
});

test('a script whose address is unknown warns and does not throw into the page', async () => {
  const page = openPage({ src: '' });
  assert.deepEqual(await page.kinds(), []);
  assert.match(page.warnings[0], /^shopfunnel: /);
});

test('two browsers are two visitors, two pages of one browser are one', () => {
  const browser = openBrowser();
  const first = openPage({ browser }).call('visitor');
  assert.equal(openPage({ browser }).call('visitor'), first);
  assert.notEqual(openPage().call('visitor'), first);
});
