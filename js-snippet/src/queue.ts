// Brings events to the server.
//
// Promises that an event stays in this browser until the server's answer names it, over pages and failures,
// and that it is sent again under the same id, which the server counts once. What this page was told stays in
// its memory as well, whatever becomes of localStorage meanwhile. Events of one tick travel together, in
// order; a request survives the page that made it. Once an answer tells that this browser's clock is wrong,
// what was never sent gets the right time. Keeps at most Limit.Events. Knows nothing of what events mean, but
// that page views may be lost first and orders and payments never.

import { guard, warn } from './guard';
import { disk, store, write } from './storage';

/** Whether this build has what s.full.js has. */
declare const FULL: boolean;

const CLOCK_KEY = 'shopfunnel.clock';
const QUEUE_FULL = 'queue full';

const enum Limit {
  Events = 100,
  /** More than these do not wait for the end of the tick. */
  Fresh = 50,
  /**
   * Of one request, but a single longer event: at most 100 of the shortest events, which is what the server
   * takes at once, and below 48 KiB in any script; 64 KiB may be under way with `keepalive`.
   */
  Chars = 8_800,
  FirstPauseMs = 3_000,
  Doublings = 7,
  /** Longer than a page's own wrapper of `fetch` may take. */
  AnswerMs = 30_000,
  /** Clocks that differ by less are right. */
  ClockMs = 300_000,
}

/** `problem`: why the event was not taken, absent when it was. */
export type Done = (problem?: string) => void;

interface Problem {
  index: number;
  code: string;
  message: string;
}

interface Waiting {
  text: string;
  isSent?: boolean;
  isUnderWay?: boolean;
  /** Told by an earlier page. */
  isLeft?: boolean;
  /** What was taken for the clock's lag when the event got its time, ms. */
  isBehindBy?: number;
  /** Not before its page has its title. */
  isLate?: boolean;
  done?: Done | undefined;
}

export interface Queue {
  /** `isLate`: it waits for `amend`, or until the page goes away. */
  push(id: string, text: string, done?: Done, isLate?: boolean): void;
  /** Adds fields to a late event and lets it go. */
  amend(id: string, fields: object): void;
  /** Sends what waits. `leaving`: now or on a later page, because this one is about to go away. */
  flush(leaving?: boolean): void;
  /** Drops what waits in the page's memory. */
  clear(): void;
  /** The server's time as far as it is known, epoch ms. */
  now(): number;
}

/** `mustWait` is asked before each sending. */
export const createQueue = (endpoint: string, shop: string, mustWait: () => unknown): Queue => {
  const prefix = `shopfunnel.queue.${shop}.`;
  // Taken before the page can wrap it any further.
  const { fetch } = window;
  const waiting = new Map<string, Waiting>();
  let pause: ReturnType<typeof setTimeout> | 0 = 0;
  let failures = 0;
  // No answer to the last request could be read.
  let isDeaf: unknown;
  let said: unknown;
  // How far this browser's clock is behind the server's, where that matters.
  let behindMs = +store[CLOCK_KEY]! || 0;

  const sayOnce = (message: string) => said === message || warn((said = message));

  const now = () => Date.now() + behindMs;

  /** Takes in what earlier pages left. */
  const load = () => {
    for (const key of Object.keys(store)) {
      if (key.startsWith(prefix) && !waiting.has(key)) waiting.set(key, { text: store[key]!, isLeft: true });
    }
  };

  const remove = (key: string) => {
    for (const texts of [store, disk]) delete texts[key];
    waiting.delete(key);
  };

  const settle = (key: string, problem?: string) => {
    const { done } = waiting.get(key)!;
    remove(key);
    if (FULL && done) guard(done)(problem);
  };

  const change = (key: string, fields: object) => {
    const event = waiting.get(key)!;
    event.text = JSON.stringify({ ...JSON.parse(event.text), ...fields });
    write(key, event.text);
  };

  /** Gives an event another time; its id stays, because another tab may tell of it too. */
  const retime = (key: string, at: number) => {
    const event = waiting.get(key)!;
    event.isUnderWay = false;
    event.isBehindBy = behindMs;
    change(key, { at });
  };

  const lag = ({ isBehindBy }: Waiting) => behindMs - (isBehindBy || 0);

  const timeOf = ({ text }: Waiting): number => JSON.parse(text).at;

  const setClock = (serverMs: number) => {
    const found = serverMs - Date.now();
    if (Math.abs(found - behindMs) < Limit.ClockMs) return;
    behindMs = found;
    write(CLOCK_KEY, `${behindMs}`);
    for (const [key, event] of waiting) {
      if (!event.isLeft && !event.isSent) retime(key, timeOf(event) + lag(event));
    }
  };

  const within = (promise: Promise<any>) =>
    Promise.race([promise, new Promise((_, fail) => setTimeout(fail, Limit.AnswerMs))]);

  const send = async (keys: string[], leaving?: boolean) => {
    const events = keys.map((key) => waiting.get(key)!);
    const texts = events.map((event) => {
      event.isUnderWay = event.isSent = true;
      return event.text;
    });
    const body = `{"shop":${JSON.stringify(shop)},"events":[${texts}]}`;
    let answer: any;
    let told: any;
    // The beacon is second choice, because its answer cannot be read: its events stay here as well. But a
    // fetch without keepalive would die with the page, and the page's own wrapper of `fetch` may never work.
    const isLast = leaving && (isDeaf || !('keepalive' in Request.prototype));
    try {
      if (isLast || (isDeaf && failures === 1)) navigator.sendBeacon(endpoint, body);
      if (isLast) throw 0;
      // A string goes as text/plain, which needs no CORS preflight: a page that is going away could not make
      // one.
      answer = await within(
        fetch.call(window, endpoint, { method: 'POST', body, credentials: 'omit', keepalive: true }),
      );
      // A page's wrapper may have read the answer already.
      told = answer.json ? await within(answer.json()) : answer;
    } catch {
      // No answer, or none that is ours.
    }
    isDeaf = !told;
    const { accepted, rejected, error, left_out = [], items_left_out = [], now: serverMs } = told || {};
    const isRead = accepted >= 0;
    // Of a request that cannot be read as a whole no event will ever be taken.
    if (isRead || (error && /400|41/.test(answer.status))) {
      // One event may have spoilt the request for its neighbours.
      if (FULL && !isRead && keys[1]) return keys.forEach((key) => void send([key], leaving).catch(warn));
      failures = 0;
      const problems: Problem[] = isRead ? rejected : keys.map((_, index) => ({ ...error, index }));
      for (const { message, text } of [...left_out, ...items_left_out]) warn(`${message}: ${text}`);
      if (serverMs) setClock(serverMs);
      keys.forEach((key, index) => {
        const problem = problems.find((each) => each.index === index);
        const event = events[index]!;
        // The visitor has gone meanwhile.
        if (!waiting.has(key)) return;
        if (!problem) return settle(key);
        const at = timeOf(event);
        // Rejected, so nobody has counted it: what a wrong clock told gets the right time.
        if (problem.code === 'at_out_of_range' && (lag(event) || at > serverMs)) {
          return retime(key, Math.min(at + lag(event), serverMs));
        }
        warn(problem.message);
        settle(key, problem.message);
      });
      queueFlush();
    } else {
      for (const event of events) event.isUnderWay = false;
      if (answer && !/503|42/.test(answer.status)) {
        sayOnce(error ? error.message : `${endpoint}: set data-host`);
      }
      pause =
        pause ||
        setTimeout(
          resume,
          ((answer && answer.headers && answer.headers.get('retry-after') * 1_000) || 0) +
            Limit.FirstPauseMs * 2 ** Math.min(failures, Limit.Doublings) * (0.5 + Math.random()),
        );
      failures++;
    }
  };

  const flush = guard((leaving?: boolean) => {
    if ((pause && !leaving) || mustWait()) return;
    let keys: string[] = [];
    let chars = 0;
    const go = () => {
      if (keys[0]) send(keys, leaving).catch(warn);
      keys = [];
      chars = 0;
    };
    // Oldest first: an id begins with its time.
    for (const key of [...waiting.keys()].sort()) {
      const { isLeft, isUnderWay, isLate, text } = waiting.get(key)!;
      // Another tab has settled it.
      if (isLeft && !store[key]) waiting.delete(key);
      else if (!isUnderWay && (!FULL || leaving || !isLate)) {
        if ((chars += text.length) > Limit.Chars) {
          go();
          chars = text.length;
        }
        keys.push(key);
      }
    }
    go();
  });

  // A microtask, not a timer: it still runs when the page's own pagehide listener pushes, and no background
  // tab delays it.
  const queueFlush = () => void Promise.resolve().then(() => flush());

  const resume = () => {
    pause = 0;
    load();
    flush();
  };
  addEventListener('online', resume);
  load();

  const push = (id: string, text: string, done?: Done, isLate?: boolean) => {
    waiting.set(prefix + id, {
      text,
      isBehindBy: behindMs,
      ...(FULL && { done, isLate: isLate as boolean }),
    });
    write(prefix + id, text);
    if (waiting.size > Limit.Events) {
      const first = (kinds: RegExp) => [...waiting.keys()].find((key) => kinds.test(waiting.get(key)!.text));
      const key = first(/"kind":"[vb]/) || first(/"kind":"[^op]/);
      if (key) {
        sayOnce(QUEUE_FULL);
        settle(key, QUEUE_FULL);
      }
    }
    if (waiting.size > Limit.Fresh) flush();
    else queueFlush();
  };

  return {
    push,
    amend(id: string, fields: object) {
      const event = FULL && waiting.get(prefix + id);
      if (!event || !event.isLate) return;
      event.isLate = false;
      change(prefix + id, fields);
      queueFlush();
    },
    flush,
    clear: () => waiting.clear(),
    now,
  };
};
