// Knows whether the visitor's session is still a single page view.
//
// A session is what one visitor does without a pause of SESSION_IDLE_MS, in all tabs together. Promises to keep it across pages under
// `shopfunnel.session`. Does not send anything; the server forms its own opinion from the events.

import { read, write } from './storage';

const SESSION_KEY = 'shopfunnel.session';
const SESSION_IDLE_MS = 1_800_000;

interface Session {
  last_ms: number;
  views: number;
  acted: boolean;
}

const sessionAt = (nowMs: number): Session => {
  try {
    const session = JSON.parse(read(SESSION_KEY)!);
    // The distance, not the age: a clock that was set back must not keep a session alive until it catches up.
    if (Math.abs(nowMs - session.last_ms) < SESSION_IDLE_MS) return session;
  } catch {
    // Nothing stored yet, or not by us.
  }
  return { last_ms: 0, views: 0, acted: false };
};

/** Takes note of a page view, or of anything else the visitor did. */
export const noteActivity = (isView: boolean, nowMs: number): void => {
  const session = sessionAt(nowMs);
  session.last_ms = nowMs;
  if (isView) session.views++;
  else session.acted = true;
  write(SESSION_KEY, JSON.stringify(session));
};

/** Whether the view at `viewMs` is all that happened in a session that has not ended by `nowMs`. */
export const isOnlyView = (viewMs: number, nowMs: number): boolean => {
  const session = sessionAt(nowMs);
  return session.views === 1 && !session.acted && session.last_ms === viewMs;
};
