// Sees the visitor come to a page and leave it.
//
// Promises one `visit` per page view: the first time the page is visible, when pathname or search change without a load, when the
// page comes back from the back/forward cache. Promises one `bounce` at most per view, on leaving, when that view was all of the
// session. Does not listen to `unload` or `beforeunload`: they would keep the page out of the back/forward cache.

import type { EventFields } from '../index.d.ts';
import { guard } from './guard';
import { isOnlyView } from './session';

/** Sends an event; returns its `at` in epoch ms. */
export type RecordEvent = (kind: 'visit' | 'bounce', fields: EventFields) => number;

export const watchPage = (record: RecordEvent, flush: () => void): void => {
  // What the visitor saw last; no path before the first view and when the page comes back.
  let seenPath = '';
  let seenUrl: string;
  // 0 when there is no view that may still turn out to be a bounce.
  let seenMs = 0;

  // One look for every signal: whatever came first, the state of the page decides.
  const look = guard((event?: Event) => {
    const type = event && event.type;
    const path = location.pathname + location.search;
    if (type === 'pageshow' && (event as PageTransitionEvent).persisted) seenPath = '';

    // Hidden is the last a phone tells before it drops the page. A page opened in a background tab or rendered ahead is hidden
    // too: it is no view until somebody sees it.
    if (type === 'pagehide' || document.visibilityState !== 'visible') {
      const nowMs = Date.now();
      if (seenMs && isOnlyView(seenMs, nowMs)) {
        // Never above the contract's 86 400 000, because a session ends long before; below 0 when the clock was set back.
        record('bounce', { engaged_ms: Math.max(0, nowMs - seenMs) });
        seenMs = 0;
      }
      flush();
    } else if (path !== seenPath) {
      seenMs = record('visit', { referrer: seenPath ? seenUrl : document.referrer });
      seenPath = path;
      seenUrl = location.href;
    }
  });

  for (const name of ['pushState', 'replaceState'] as const) {
    const original = history[name];
    history[name] = function (...args) {
      // What `original` throws or returns is between it and the page.
      try {
        return original.apply(this, args);
      } finally {
        look();
      }
    };
  }
  // Capturing, because in older Safari visibilitychange does not bubble up to the window.
  for (const type of ['popstate', 'pagehide', 'pageshow', 'visibilitychange']) addEventListener(type, look, true);
  look();
};
