// Brings events to the server.
//
// Promises that an event stays in this browser until the server has settled it (202, or a 4xx that will not
// change), over pages and failures, and that it is sent again under the same id, which the server counts
// once. Events of one tick travel together, in order; a request survives the page that made it. Keeps at most
// Limit.Events for Limit.AgeMs. Knows nothing of what events mean, but that page views may be lost first and
// orders and payments never.

import { uuid } from './event';
import { guard, warn } from './guard';
import { store, write } from './storage';

const enum Limit {
  Events = 100,
  AgeMs = 604_800_000,
  /** More than these do not wait for the end of the tick. */
  Fresh = 50,
  /**
   * Of page views with the longest addresses and title this many stay below 48 KiB; 64 KiB may be under way
   * with `keepalive`.
   */
  Batch = 4,
  FirstPauseMs = 3_000,
  Doublings = 7,
}

export interface Queue {
  push(id: string, text: string): void;
  /** Sends what waits. `leaving`: now or on a later page, because this one is about to go away. */
  flush(leaving?: boolean): void;
}

/** `mustWait` is asked before each sending. */
export const createQueue = (endpoint: string, shop: string, mustWait: () => unknown): Queue => {
  const prefix = `shopfunnel.queue.${shop}.`;
  const underWay: Record<string, unknown> = {};
  let pause: ReturnType<typeof setTimeout> | 0 = 0;
  let failures = 0;

  /** Keys of what waits, oldest first: an id begins with its time. */
  const waiting = () =>
    Object.keys(store)
      .filter((key) => key.startsWith(prefix))
      .sort();

  const send = async (keys: string[], leaving?: boolean) => {
    const texts = keys.map((key) => ((underWay[key] = 1), store[key]!));
    const body = `{"shop":${JSON.stringify(shop)},"events":[${texts}]}`;
    let answer: Response | undefined;
    try {
      // A string goes as text/plain, which needs no CORS preflight: a page that is going away could not make
      // one. A fetch without keepalive would die with the page. The beacon is second choice, because its
      // answer cannot be read: its events stay here as well.
      answer =
        leaving && !('keepalive' in Request.prototype)
          ? void navigator.sendBeacon(endpoint, body)
          : await fetch(endpoint, { method: 'POST', body, credentials: 'omit', keepalive: true });
    } catch {
      // No answer.
    }
    const settled = answer && /202|4(?!08|29)../.test(answer.status as unknown as string);
    for (const key of keys) delete (settled ? store : underWay)[key];
    if (settled) {
      failures = 0;
      const { error, rejected, now } = await answer!.json();
      for (const { index, code, message } of rejected || [error]) {
        if (code === 'at_out_of_range') {
          // This browser's clock is wrong.
          const id = uuid(now);
          push(id, JSON.stringify({ ...JSON.parse(texts[index]!), id, at: now }));
        } else warn(message);
      }
    } else {
      pause =
        pause ||
        setTimeout(
          resume,
          ((answer && (answer.headers.get('retry-after') as unknown as number) * 1_000) || 0) +
            Limit.FirstPauseMs * 2 ** Math.min(failures++, Limit.Doublings) * (0.5 + Math.random()),
        );
    }
  };

  const flush = guard((leaving?: boolean) => {
    if ((pause && !leaving) || mustWait()) return;
    const keys = waiting().filter((key) => !underWay[key]);
    while (keys[0]) send(keys.splice(0, Limit.Batch), leaving).catch(warn);
  });

  const resume = () => {
    pause = 0;
    flush();
  };
  addEventListener('online', resume);

  const push = (id: string, text: string) => {
    write(prefix + id, text);
    const keys = waiting();
    const first = (kinds: RegExp) => keys.find((key) => kinds.test(store[key]!));
    const tooOld = prefix + uuid(Date.now() - Limit.AgeMs);
    for (const key of keys) if (key < tooOld) delete store[key];
    if (keys[Limit.Events]) delete store[first(/"kind":"[vb]/) || first(/"kind":"[^op]/)!];
    // A microtask, not a timer: it still runs when the page's own pagehide listener pushes, and no background
    // tab delays it.
    if (keys[Limit.Fresh]) flush();
    else queueMicrotask(flush);
  };

  return { push, flush };
};
