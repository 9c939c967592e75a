// `?shopfunnel=off` and `?shopfunnel=on`: a browser that is kept out of the figures, and back in.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBrowser, openPage, STUB } from './fake-page.mjs';

const SHOP = 'https://shop.example/tea';

/** Everything a page can do that is counted. */
function useAll(page) {
  page.call('inquiry');
  page.call('order', { order_id: 'A-1' });
  page.window.history.pushState(null, '', '/next');
  page.leave();
}

test('after ?shopfunnel=off nothing is sent nor stored on any page, and only that page says so', async () => {
  const browser = openBrowser();
  const switched = openPage({
    browser,
    url: `${SHOP}?a=1&shopfunnel=off`,
    before: `${STUB};shopfunnel("cart")`,
  });
  useAll(switched);
  assert.deepEqual(await switched.kinds(), []);
  assert.deepEqual(switched.warnings, ['shopfunnel: off']);
  assert.deepEqual([...browser.stored], [['shopfunnel.on', 'off']]);
  assert.equal(switched.call('visitor'), undefined);

  const later = openPage({ browser, url: SHOP });
  useAll(later);
  assert.deepEqual(await later.kinds(), []);
  assert.deepEqual([later.warnings, browser.stored.size], [[], 1]);
});

test('?shopfunnel=on counts the browser again, from that page on and as the same visitor', async () => {
  const browser = openBrowser();
  const first = openPage({ browser, url: SHOP });
  const before = first.call('visitor');
  await first.kinds();
  openPage({ browser, url: `${SHOP}?shopfunnel=off` });
  const switched = openPage({ browser, url: `${SHOP}?shopfunnel=on#top` });
  assert.deepEqual(await switched.kinds(), ['visit']);
  assert.deepEqual(switched.warnings, ['shopfunnel: on']);
  assert.equal(switched.events()[0].visitor, before);
  assert.deepEqual(openPage({ browser, url: SHOP }).warnings, []);
});

test('a tab that is open while another is switched off falls silent at once', async () => {
  const browser = openBrowser();
  const open = openPage({ browser, url: SHOP });
  assert.deepEqual(await open.kinds(), ['visit']);
  openPage({ browser, url: `${SHOP}?shopfunnel=off` });
  useAll(open);
  assert.deepEqual(await open.kinds(), ['visit']);
});

for (const storage of ['denied', 'full']) {
  test(`where localStorage is ${storage} the page that was switched off is silent`, async () => {
    const page = openPage({ url: `${SHOP}?shopfunnel=off`, storage });
    useAll(page);
    assert.deepEqual(await page.kinds(), []);
    assert.deepEqual(page.warnings.length, 1);
    assert.deepEqual(await openPage({ url: `${SHOP}?shopfunnel=on`, storage }).kinds(), ['visit']);
  });
}

for (const search of [
  '?shopfunnel=offer',
  '?myshopfunnel=off',
  '?shopfunnel=',
  '?shopfunnel=OFF',
  '?q=shopfunnel=off',
  '#?shopfunnel=off',
]) {
  test(`${search} switches nothing`, async () => {
    const page = openPage({ url: `${SHOP}${search}` });
    assert.deepEqual(await page.kinds(), ['visit']);
    assert.deepEqual(page.warnings, []);
  });
}
