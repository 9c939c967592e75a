// Sees the visitor come to a page and leave it.
//
// Promises one `visit` per page view: the first time the page is visible, when pathname or search change
// without a load, when the page comes back from the back/forward cache. Promises one `bounce` at most per
// view, on leaving, when that view was all of the session, with the time for which the page was both visible
// and focused. Does not listen to `unload` or `beforeunload`: they would keep the page out of the
// back/forward cache.

import type { EventFields } from '../index.d.ts';
import { guard } from './guard';
import { isOnlyAct } from './session';

/** Whether this build has what s.full.js has. */
declare const FULL: boolean;

/** Sends an event; returns its `at` in epoch ms. */
export type RecordEvent = (kind: 'visit' | 'bounce', fields: EventFields) => number;

/** `withHash`: another hash is another page. */
export const watchPage = (
  record: RecordEvent,
  flush: (leaving: boolean) => void,
  withHash?: boolean,
): void => {
  // What the visitor saw last; no path before the first view and when the page comes back.
  let seenPath = '';
  let seenUrl: string;
  // 0 when there is no view that may still turn out to be a bounce.
  let seenMs = 0;
  let engagedMs = 0;
  // Since when the page has the visitor's eyes, 0 when it has not.
  let engagedSinceMs = 0;

  // One look for every signal: whatever came first, the state of the page decides.
  const look = guard((event?: Event) => {
    let path = location.pathname + location.search;
    if (FULL && withHash) path += location.hash;
    const nowMs = Date.now();
    const gone = event && event.type === 'pagehide';
    const hidden = gone || document.hidden;
    // Should the page come back, from the back/forward cache, it is another view.
    if (gone) seenPath = '';

    // Below 0 when the clock was set back.
    if (engagedSinceMs) engagedMs += Math.max(0, nowMs - engagedSinceMs);
    engagedSinceMs = !hidden && document.hasFocus() ? nowMs : 0;

    // Hidden is the last a phone tells before it drops the page. A page opened in a background tab or
    // rendered ahead is hidden too: it is no view until somebody sees it.
    if (hidden) {
      // Never above the contract's 86 400 000, because a session ends long before.
      if (isOnlyAct(seenMs, nowMs)) record('bounce', { engaged_ms: engagedMs });
      seenMs = 0;
      flush(true);
    } else if (path !== seenPath) {
      engagedMs = 0;
      seenMs = record('visit', seenPath ? { referrer: seenUrl } : {});
      seenPath = path;
      seenUrl = location.href;
    }
  });

  for (const name of ['pushState', 'replaceState'] as const) {
    const original = history[name];
    history[name] = function (...args) {
      const result = original.apply(this, args);
      look();
      return result;
    };
  }
  // Capturing, because in older Safari visibilitychange does not bubble up to the window.
  for (const type of ['popstate', 'pagehide', 'pageshow', 'visibilitychange', 'focus', 'blur'])
    addEventListener(type, look, true);
  look();
};
