// A shop page as far as the snippet can tell: a window, a document, a history, a storage, a clock with timers
// and a network that records.
//
// Promises that nothing happens which the test did not ask for: time stands still, requests are answered when
// made. Does not imitate a browser's order of loading; real browsers are the business of tests/browser.

import { readFileSync } from 'node:fs';
import { webcrypto } from 'node:crypto';
import vm from 'node:vm';

const builds = Object.fromEntries(
  ['s.js', 's.full.js'].map((name) => [
    name,
    readFileSync(new URL(`../dist/${name}`, import.meta.url), 'utf8'),
  ]),
);

export const STUB =
  'window.shopfunnel=window.shopfunnel||function(){(shopfunnel.q=shopfunnel.q||[]).push(arguments)}';
export const START_MS = Date.UTC(2026, 2, 14, 9, 30);

/** A visitor's browser: what is left when one page goes and the next comes. */
export function openBrowser() {
  return { nowMs: START_MS, stored: new Map() };
}

/**
 * Opens a page and runs the snippet on it.
 *
 * `storage`: 'works', 'denied' (reading the property throws), 'full' (reads work, writes throw).
 * `network`: 'works', 'fails' (fetch rejects), 'throws' (fetch throws), 'old' (no keepalive). `answer(events)` gives the server's answer:
 * `{ status, headers, json }`.
 */
export function openPage({
  browser = openBrowser(),
  url = 'https://shop.example/tea?page=1',
  referrer = 'https://search.example/',
  title = 'Tea',
  tag = { 'data-shop': 'pk_test' },
  src = 'https://funnel.example/s.js',
  visibility = 'visible',
  webdriver = false,
  storage = 'works',
  network = 'works',
  answer = () => ({}),
  focused = true,
  gpc = false,
  build = 's.js',
  before = '',
} = {}) {
  const warnings = [];
  const infos = [];
  const requests = [];
  const timers = [];
  const listeners = { window: {}, document: {} };
  const listenOn = (target) => (type, listener, options) => {
    const capture = options === true || Boolean(options?.capture);
    (listeners[target][type] ??= []).push({ listener, capture });
  };

  const location = {};
  const moveTo = (to) => {
    const { href, protocol, hostname, pathname, search } = new URL(to, location.href);
    Object.assign(location, { href, protocol, hostname, pathname, search });
  };
  moveTo(url);

  const document = {
    referrer,
    title,
    visibilityState: visibility,
    get hidden() {
      return document.visibilityState !== 'visible';
    },
    hasFocus: () => focused && !document.hidden,
    addEventListener: listenOn('document'),
    currentScript: null,
    cookie: '',
    querySelector: () => null,
    querySelectorAll: () => [],
  };
  // As in a browser: methods of the prototype that insist on their own `this`.
  class History {
    pushState(state, unused, to) {
      if (this !== history) throw new TypeError('Illegal invocation');
      if (to != null) moveTo(to);
    }
    replaceState(state, unused, to) {
      if (this !== history) throw new TypeError('Illegal invocation');
      if (to != null) moveTo(to);
    }
  }
  const history = new History();

  const Request =
    network === 'old'
      ? class {}
      : class {
          get keepalive() {
            return false;
          }
        };
  const window = {
    document,
    location,
    history,
    Request,
    URL,
    crypto: webcrypto,
    console: {
      warn: (...parts) => warnings.push(parts.map(String).join(' ')),
      info: (...parts) => infos.push(parts.map(String).join(' ')),
    },
    navigator: {
      webdriver,
      globalPrivacyControl: gpc || undefined,
      sendBeacon(to, body) {
        requests.push({ by: 'beacon', to, body });
        return true;
      },
    },
    fetch(to, options) {
      if (network === 'throws') throw new TypeError('not today');
      requests.push({ by: 'fetch', to, ...options });
      if (network === 'fails') return Promise.reject(new TypeError('Failed to fetch'));
      const { events } = JSON.parse(options.body);
      const {
        status = 202,
        headers = {},
        json = status < 300
          ? { accepted: events.length, rejected: [], now: browser.nowMs }
          : { error: { code: 'no', message: 'no' } },
      } = answer(events) ?? {};
      return Promise.resolve({
        status,
        headers: { get: (name) => headers[name] ?? null },
        json: async () => (typeof json === 'string' ? JSON.parse(json) : json),
      });
    },
    queueMicrotask,
    setTimeout: (work, ms) => timers.push({ work, dueMs: browser.nowMs + ms }),
    setInterval: (work, ms) => timers.push({ work, dueMs: browser.nowMs + ms, everyMs: ms }),
    clearTimeout: (number) => (timers[number - 1] = undefined),
    clearInterval: (number) => (timers[number - 1] = undefined),
    addEventListener: listenOn('window'),
  };
  Object.defineProperty(window, 'localStorage', {
    get() {
      if (storage === 'denied') throw new Error('SecurityError');
      // As a browser's: an object whose properties are what is stored.
      return new Proxy(
        {},
        {
          get: (_, key) => browser.stored.get(key),
          set(_, key, text) {
            if (storage === 'full') throw new Error('QuotaExceededError');
            browser.stored.set(key, String(text));
            return true;
          },
          has: (_, key) => browser.stored.has(key),
          deleteProperty: (_, key) => browser.stored.delete(key) || true,
          ownKeys: () => [...browser.stored.keys()],
          getOwnPropertyDescriptor: (_, key) =>
            browser.stored.has(key)
              ? { value: browser.stored.get(key), configurable: true, enumerable: true, writable: true }
              : undefined,
        },
      );
    },
  });
  window.window = window.top = window;
  const context = vm.createContext(window);
  context.nowMs = () => browser.nowMs;
  vm.runInContext('Date.now = nowMs', context);

  // window first when capturing, then the document, then the window again when the event bubbles.
  const dispatch = (target, event) => {
    const run = (where, capture) =>
      (listeners[where][event.type] ?? [])
        .filter((l) => capture === undefined || l.capture === capture)
        .forEach((l) => l.listener(event));
    if (target === 'window') return run('window');
    run('window', true);
    run('document');
  };

  const page = {
    window,
    warnings,
    infos,
    requests,
    browser,
    run: (code) => vm.runInContext(code, context),
    load(attributes = tag) {
      document.currentScript = {
        src,
        dataset: Object.fromEntries(
          Object.entries(attributes).map(([name, value]) => [
            name.replace(/^data-/, '').replace(/-(\w)/g, (_, letter) => letter.toUpperCase()),
            value,
          ]),
        ),
        getAttribute: (name) => attributes[name] ?? null,
      };
      vm.runInContext(builds[build] || '', context);
      document.currentScript = null;
    },
    setStorage(state) {
      storage = state;
    },
    call: (...args) => window.shopfunnel(...args),
    wait(ms) {
      const untilMs = browser.nowMs + ms;
      const isDue = (timer) => timer && timer.dueMs <= untilMs;
      for (let timer; (timer = timers.filter(isDue).sort((a, b) => a.dueMs - b.dueMs)[0]);) {
        browser.nowMs = Math.max(browser.nowMs, timer.dueMs);
        if (timer.everyMs) timer.dueMs += timer.everyMs;
        else timers[timers.indexOf(timer)] = undefined;
        timer.work();
      }
      browser.nowMs = untilMs;
    },
    /** As `wait`, but requests are answered meanwhile. */
    async pass(ms) {
      for (; ms > 0; ms -= 5_000) {
        page.wait(Math.min(ms, 5_000));
        await tick();
      }
    },
    /** The next answers come from here; a request under way keeps its own. */
    serve(next) {
      answer = next;
    },
    connect(state) {
      network = state;
      if (state === 'works') dispatch('window', { type: 'online' });
    },
    focus(state) {
      focused = state;
      dispatch('window', { type: state ? 'focus' : 'blur' });
    },
    dispatch,
    back(to) {
      moveTo(to);
      dispatch('window', { type: 'popstate' });
    },
    become(state) {
      document.visibilityState = state;
      dispatch('document', { type: 'visibilitychange' });
    },
    /** Goes away as an older Safari does: pagehide is all it tells. */
    vanish: () => dispatch('window', { type: 'pagehide', persisted: false }),
    /** Leaves as a browser does: pagehide, then hidden. */
    leave({ persisted = false } = {}) {
      dispatch('window', { type: 'pagehide', persisted });
      page.become('hidden');
    },
    comeBack({ visibleFirst }) {
      if (visibleFirst) page.become('visible');
      dispatch('window', { type: 'pageshow', persisted: true });
      if (!visibleFirst) page.become('visible');
    },
    finishLoading: () => dispatch('window', { type: 'pageshow', persisted: false }),
    /** Every event sent so far, in order. */
    events: () => requests.flatMap((request) => JSON.parse(request.body).events),
    /** What is stored and not settled, as sent, oldest first. */
    waiting: () =>
      [...browser.stored]
        .filter(([key]) => key.startsWith('shopfunnel.queue.'))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, text]) => JSON.parse(text)),
    /** Kinds sent so far, after the tick has ended. */
    async kinds() {
      await tick();
      return page.events().map((event) => event.kind);
    },
  };
  if (before) page.run(before);
  page.load();
  return page;
}

export const tick = () => new Promise((resolve) => setImmediate(resolve));
