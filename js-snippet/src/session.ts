// Knows whether the visitor's session is still a single page view.
//
// A session is what one visitor does without a pause of Limit.IdleMs, in all tabs together. It is kept across
// pages under `shopfunnel.session` as "<epoch ms of the last act> <number of acts>". Does not send anything;
// the server forms its own opinion from the events.

import { store, write } from './storage';

/** Whether this build has what s.full.js has. */
declare const FULL: boolean;

const SESSION_KEY = 'shopfunnel.session';
const ONCE_KEY = 'shopfunnel.done';

const enum Limit {
  IdleMs = 1_800_000,
}

/** Takes note of a page view, or of anything else the visitor did. */
export const noteAct = (nowMs: number): void => {
  const [lastMs, acts] = (store[SESSION_KEY] || '').split(' ');
  const age = nowMs - (lastMs as unknown as number);
  // Where something is done once a session, a clock that was set back must not keep the session alive until
  // it catches up.
  const isSame = (FULL ? Math.abs(age) : age) < Limit.IdleMs;
  write(SESSION_KEY, `${nowMs} ${isSame ? +acts! + 1 : 1}`);
  if (FULL && !isSame) delete store[ONCE_KEY];
};

/** Does what is to be done once in a session; `act` returns whether it was. */
export const once = (what: string, act: () => unknown): void => {
  const done =
    Math.abs(Date.now() - parseInt(store[SESSION_KEY]!)) < Limit.IdleMs ? store[ONCE_KEY] || '' : '';
  if (done.split(' ').includes(what)) return;
  // After it, because it may begin another session; and not where it was not counted.
  if (act()) write(ONCE_KEY, `${done} ${what}`);
};

/** Whether the view at `viewMs` is all that happened in a session that has not ended by `nowMs`. */
export const isOnlyAct = (viewMs: number, nowMs: number): boolean =>
  store[SESSION_KEY] === `${viewMs} 1` && nowMs - viewMs < Limit.IdleMs;
