// What counts as a page view, and when a visitor who leaves is a bounce.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBrowser, openPage, START_MS, STUB, tick } from './fake-page.mjs';

const MINUTE_MS = 60_000;

// Page views

test('a load is one visit, whatever the page tells about itself afterwards', async () => {
  const page = openPage();
  page.finishLoading();
  page.become('visible');
  assert.deepEqual(await page.kinds(), ['visit']);
});

for (const visibility of ['hidden', 'prerender']) {
  test(`a ${visibility} page is no visit until it is visible`, async () => {
    const page = openPage({ visibility });
    page.finishLoading();
    page.wait(7 * MINUTE_MS);
    assert.deepEqual(await page.kinds(), []);
    page.become('visible');
    assert.deepEqual(await page.kinds(), ['visit']);
    assert.equal(page.events()[0].at, START_MS + 7 * MINUTE_MS);
    page.become('hidden');
    page.become('visible');
    assert.deepEqual(await page.kinds(), ['visit', 'bounce']);
  });
}

test('a page never seen is neither visit nor bounce', async () => {
  const page = openPage({ visibility: 'hidden' });
  page.leave();
  assert.deepEqual(await page.kinds(), []);
});

test('a navigation inside a page not yet seen is not a second view', async () => {
  const page = openPage({ visibility: 'hidden' });
  page.window.history.replaceState(null, '', '/start');
  page.become('visible');
  assert.deepEqual(await page.kinds(), ['visit']);
  assert.equal(page.events()[0].url, 'https://shop.example/start');
  assert.equal(page.events()[0].referrer, 'https://search.example/');
});

for (const name of ['pushState', 'replaceState']) {
  test(`${name} to another path is a visit, referred by the page before`, async () => {
    const page = openPage();
    page.window.history[name]({}, '', '/cup');
    page.window.history[name]({}, '', '/pot?size=2');
    assert.deepEqual(await page.kinds(), ['visit', 'visit', 'visit']);
    assert.deepEqual(
      page.events().map(({ url, referrer, title }) => [url, referrer, title]),
      [
        ['https://shop.example/tea?page=1', 'https://search.example/', 'Tea'],
        ['https://shop.example/cup', 'https://shop.example/tea?page=1', ''],
        ['https://shop.example/pot?size=2', 'https://shop.example/cup', ''],
      ],
    );
  });

  test(`${name} to the same path is no visit`, async () => {
    const page = openPage();
    page.window.history[name]({}, '', '/tea');
    for (const text of ['o', 'oo', 'oolong']) page.window.history[name]({}, '', `/tea?q=${text}`);
    page.window.history[name]({ scroll: 7 }, '');
    page.window.history[name]({}, '', null);
    page.window.history[name]({}, '', '/tea?page=1');
    page.window.history[name]({}, '', '#reviews');
    assert.deepEqual(await page.kinds(), ['visit']);
  });

  test(`${name} keeps the function another script put there, its arguments, this, result and error`, async () => {
    const page = openPage({
      before: `
        const native = history.${name};
        history.${name} = function (...args) { if (args[2] === '/no') throw new Error('mine'); seen = [this === history, args.length]; native.apply(this, args); return 'mine' };
        var seen;
      `,
    });
    assert.equal(page.window.history[name]({}, '', '/cup'), 'mine');
    assert.deepEqual(Array.from(page.window.seen), [true, 3]);
    assert.throws(() => page.window.history[name]({}, '', '/no'), /mine/);
    assert.deepEqual(await page.kinds(), ['visit', 'visit']);
  });
}

test('back and forward inside a page are visits only where path or search change', async () => {
  const page = openPage();
  page.window.history.pushState({}, '', '/cup');
  page.back('/tea?page=1');
  page.back('/tea?page=1#reviews');
  assert.deepEqual(await page.kinds(), ['visit', 'visit', 'visit']);
  assert.equal(page.events()[2].referrer, 'https://shop.example/cup');
});

for (const visibleFirst of [true, false]) {
  test(`a page from the back/forward cache is one more visit (${visibleFirst ? 'visible before' : 'visible after'} pageshow)`, async () => {
    const page = openPage();
    page.leave({ persisted: true });
    page.comeBack({ visibleFirst });
    assert.deepEqual(await page.kinds(), ['visit', 'bounce', 'visit']);
    page.leave();
    assert.deepEqual(await page.kinds(), ['visit', 'bounce', 'visit']);
  });
}

test('a page that breaks while it is looked at does not take the navigation with it', async () => {
  const page = openPage();
  await tick();
  Object.defineProperty(page.window.document, 'title', {
    get() {
      throw new Error('page bug');
    },
  });
  page.window.history.pushState({}, '', '/cup');
  assert.equal(page.window.location.pathname, '/cup');
  assert.match(page.warnings[0], /^shopfunnel: .*page bug/);
});

// Bounces

test('leaving after one view is one bounce, with the time since the view', async () => {
  const page = openPage();
  page.wait(4_200);
  page.leave();
  assert.deepEqual(await page.kinds(), ['visit', 'bounce']);
  const [visit, { id, ...bounce }] = page.events();
  assert.notEqual(id, visit.id);
  assert.deepEqual(bounce, {
    kind: 'bounce',
    visitor: visit.visitor,
    at: START_MS + 4_200,
    url: 'https://shop.example/tea?page=1',
    engaged_ms: 4_200,
  });
});

test('pagehide alone is enough to leave', async () => {
  const page = openPage();
  page.vanish();
  assert.deepEqual(await page.kinds(), ['visit', 'bounce']);
});

test('hiding, showing and leaving again is still one bounce', async () => {
  const page = openPage();
  page.become('hidden');
  page.become('visible');
  page.become('hidden');
  page.become('visible');
  page.leave();
  assert.deepEqual(await page.kinds(), ['visit', 'bounce']);
});

test('after a second view inside the page there is no bounce', async () => {
  const page = openPage();
  page.window.history.pushState({}, '', '/cup');
  page.leave();
  assert.deepEqual(await page.kinds(), ['visit', 'visit']);
});

test('after a second page there is no bounce', async () => {
  const browser = openBrowser();
  const first = openPage({ browser });
  first.leave();
  await tick();
  browser.nowMs += MINUTE_MS;
  const second = openPage({ browser, url: 'https://shop.example/cup' });
  second.leave();
  assert.deepEqual(await second.kinds(), ['visit']);
});

test('while the shop is open in another tab there is no bounce', async () => {
  const browser = openBrowser();
  const first = openPage({ browser });
  await tick();
  browser.nowMs += MINUTE_MS;
  openPage({ browser });
  await tick();
  first.leave();
  assert.deepEqual(await first.kinds(), ['visit']);
});

for (const kind of ['visit', 'inquiry', 'cart', 'favorite', 'order', 'payment', 'refund', 'rating']) {
  test(`after a call of ${kind} there is no bounce`, async () => {
    const page = openPage();
    page.call(kind, { order_id: 'A-1' });
    page.leave();
    assert.deepEqual(await page.kinds(), ['visit', kind]);
  });
}

test('a call replayed from the stub, or made while the page was hidden, prevents the bounce', async () => {
  const replayed = openPage({ before: `${STUB};shopfunnel("inquiry")` });
  replayed.leave();
  assert.deepEqual(await replayed.kinds(), ['visit', 'inquiry']);
  const hidden = openPage({ visibility: 'hidden' });
  hidden.call('inquiry');
  hidden.become('visible');
  hidden.leave();
  assert.deepEqual(await hidden.kinds(), ['inquiry', 'visit']);
});

test('asking for the visitor id or giving consent does not prevent the bounce', async () => {
  const page = openPage();
  page.call('visitor');
  page.call('consent', true);
  page.leave();
  assert.deepEqual(await page.kinds(), ['visit', 'bounce']);
});

test('a session ends after 30 minutes without activity, not a millisecond before', async () => {
  const returning = async (pauseMs) => {
    const browser = openBrowser();
    openPage({ browser }).leave();
    await tick();
    browser.nowMs += pauseMs;
    const page = openPage({ browser });
    page.leave();
    return page.kinds();
  };
  assert.deepEqual(await returning(30 * MINUTE_MS - 1), ['visit']);
  assert.deepEqual(await returning(30 * MINUTE_MS), ['visit', 'bounce']);
});

test('a session that another tab began is not the bounce of this one', async () => {
  const browser = openBrowser();
  const first = openPage({ browser });
  await tick();
  first.wait(40 * MINUTE_MS);
  openPage({ browser });
  await tick();
  first.leave();
  assert.deepEqual(await first.kinds(), ['visit']);
});

test('shopfunnel.session holds the last act and how many there were; a bounce is none', () => {
  const page = openPage();
  const session = () => page.browser.stored.get('shopfunnel.session');
  page.wait(1_000);
  page.become('hidden');
  assert.equal(session(), `${START_MS} 1`);
  page.become('visible');
  page.wait(1_000);
  page.call('cart');
  assert.equal(session(), `${START_MS + 2_000} 2`);
  page.wait(1_000);
  page.call('visit');
  assert.equal(session(), `${START_MS + 3_000} 3`);
});

test('activity keeps the session alive', async () => {
  const browser = openBrowser();
  const first = openPage({ browser });
  first.wait(20 * MINUTE_MS);
  first.call('cart');
  await tick();
  first.wait(20 * MINUTE_MS);
  const second = openPage({ browser });
  second.leave();
  assert.deepEqual(await second.kinds(), ['visit']);
});

test('a page left after its session ended sends no bounce: the server has closed the question, and the day may be another', async () => {
  const page = openPage();
  page.wait(30 * MINUTE_MS);
  page.leave();
  assert.deepEqual(await page.kinds(), ['visit']);
});

test('a clock set back gives no negative time', async () => {
  const page = openPage();
  page.wait(-5_000);
  page.leave();
  await tick();
  assert.equal(page.events().find((event) => event.kind === 'bounce').engaged_ms, 0);
});

test('only the time for which the page is visible and focused is engaged', async () => {
  const page = openPage();
  page.wait(1_000);
  page.focus(false);
  page.wait(10_000);
  page.focus(true);
  page.wait(500);
  page.leave();
  await tick();
  assert.equal(page.events()[1].engaged_ms, 1_500);
});

test('a spoiled shopfunnel.session is a new session', async () => {
  for (const spoiled of ['', 'no json', 'null', '7', '[]', '{}', '{"last_ms":"x","views":9}']) {
    const browser = openBrowser();
    browser.stored.set('shopfunnel.session', spoiled);
    const page = openPage({ browser });
    page.leave();
    assert.deepEqual(await page.kinds(), ['visit', 'bounce'], spoiled);
  }
});

for (const storage of ['denied', 'full']) {
  test(`with storage ${storage} the page alone decides about its bounce`, async () => {
    const one = openPage({ storage });
    one.leave();
    assert.deepEqual(await one.kinds(), ['visit', 'bounce']);
    const two = openPage({ storage });
    two.window.history.pushState({}, '', '/cup');
    two.leave();
    assert.deepEqual(await two.kinds(), ['visit', 'visit']);
  });
}

test('a storage that was full and works again is believed again', async () => {
  const page = openPage({ storage: 'full' });
  page.setStorage('works');
  page.call('cart');
  page.leave();
  assert.deepEqual(await page.kinds(), ['visit', 'cart']);
});

test('a page that saves its state while it goes makes no view', async () => {
  const page = openPage({
    before: "addEventListener('pagehide', () => setState())",
  });
  page.window.setState = () => page.window.history.replaceState({ scroll: 7 }, '');
  page.leave();
  assert.deepEqual(await page.kinds(), ['visit', 'bounce']);
});

test('a page with a navigation of its own is counted', async () => {
  const page = openPage({ before: 'var navigation = { open: true }' });
  page.window.history.pushState({}, '', '/cup');
  assert.deepEqual(await page.kinds(), ['visit', 'visit']);
});

test("a page's wrapper that calls the prototype's function does not run in a circle", async () => {
  const page = openPage({
    before: `history.pushState = function (...args) {
      return Object.getPrototypeOf(history).pushState.apply(history, args);
    }`,
  });
  page.window.history.pushState({}, '', '/cup');
  assert.deepEqual(await page.kinds(), ['visit', 'visit']);
});
