// Sees the visitor come to a page and leave it.
//
// Promises one `visit` per page view: the first time the page is visible, when the address changes without a
// load to what is another page (another path; query and hash only as the shop says), when the page comes back
// from the back/forward cache. Promises one `bounce` at most per view, on leaving, when that view was all of
// the session, with the time for which the page was both visible and focused; the next page's view tells that
// time of a page that was left for it. Does not listen to `unload` or `beforeunload`: they would keep the page
// out of the back/forward cache.

import type { EventFields, Options } from '../index.d.ts';
import { words } from './full/words';
import { guard } from './guard';
import { isOnlyAct } from './session';

/** Whether this build has what s.full.js has. */
declare const FULL: boolean;

/** Sends an event; returns its time by this browser's clock in epoch ms, nothing where it is not counted. */
export type RecordEvent = (kind: 'visit' | 'bounce', fields: EventFields) => number | undefined;

/** Returns what is to be called when the page tells of a view itself, at a time by this browser's clock. */
export const watchPage = (
  record: RecordEvent,
  leave: () => void,
  options: Options,
): ((nowMs: number) => void) => {
  // What the visitor saw last; no path before the first view and when the page comes back.
  let seenPath = '';
  let seenUrl: string;
  // 0 when there is no view that may still turn out to be a bounce.
  let seenMs = 0;
  let engagedMs = 0;
  // Since when the page has the visitor's eyes, 0 when it has not.
  let engagedSinceMs = 0;

  const query = FULL ? words(options.query) : [];
  const here = () => {
    if (!FULL) return location.pathname;
    const { pathname, search, hash } = location;
    const parameters = query[0] && new URLSearchParams(search);
    return [
      pathname,
      ...query.map((name) => (name === '*' ? search : (parameters as URLSearchParams).getAll(name))),
      options.hash != null && hash,
    ].join('\n');
  };

  // One look for every signal: whatever came first, the state of the page decides.
  const look = guard((event?: Event) => {
    const path = here();
    const nowMs = Date.now();
    const gone = event && event.type === 'pagehide';
    const hidden = gone || document.hidden;
    // The page came back, from the back/forward cache: it is another view.
    if (event && (event as PageTransitionEvent).persisted && !gone) seenPath = '';

    // Below 0 when the clock was set back.
    if (engagedSinceMs) engagedMs += Math.max(0, nowMs - engagedSinceMs);
    engagedSinceMs = !hidden && document.hasFocus() ? nowMs : 0;

    // Hidden is the last a phone tells before it drops the page. A page opened in a background tab or
    // rendered ahead is hidden too: it is no view until somebody sees it.
    if (hidden) {
      const leftMs = seenMs;
      seenMs = 0;
      // Never above the contract's 86 400 000, because a session ends long before.
      if (isOnlyAct(leftMs, nowMs)) {
        const engaged_ms = engagedMs;
        engagedMs = 0;
        record('bounce', { engaged_ms });
      }
      leave();
    } else if (path !== seenPath) {
      // All of this before the view is recorded: should that fail, it must not be tried for ever.
      // The title is still that of the page before; s.js does not wait for another.
      const fields: EventFields = seenPath
        ? { referrer: seenUrl, engaged_ms: engagedMs, ...(!FULL && { title: '' }) }
        : {};
      seenPath = path;
      seenUrl = location.href;
      engagedMs = 0;
      if (!FULL || options.views !== 'manual') seenMs = record('visit', fields)!;
    }
  });

  // A page may have something else of that name.
  const { navigation } = window as { navigation?: EventTarget & { currentEntry?: unknown } };
  if (navigation && navigation.currentEntry) navigation.addEventListener('currententrychange', () => look());
  else
    for (const name of ['pushState', 'replaceState'] as const) {
      const wrap = (owner: object) => {
        const original = (owner as History)[name];
        return Reflect.defineProperty(owner, name, {
          configurable: true,
          writable: true,
          value(this: History, ...args: Parameters<History['pushState']>) {
            const result = original.apply(this, args);
            look();
            return result;
          },
        });
      };
      // A page may have frozen the prototype, or put its own wrapper before it.
      if (!wrap(Object.getPrototypeOf(history)) || Object.getOwnPropertyDescriptor(history, name)) wrap(history);
    }
  // Capturing, because in older Safari visibilitychange does not bubble up to the window.
  for (const type of ['popstate', 'pagehide', 'pageshow', 'visibilitychange', 'focus', 'blur'])
    addEventListener(type, look, true);
  look();
  return (nowMs) => {
    if (FULL) {
      seenMs = nowMs;
      engagedMs = 0;
    }
  };
};
