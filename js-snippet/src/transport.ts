// Brings event texts to the server.
//
// Promises that events pushed in the same tick travel in one request, in order (in several when they would not fit), and that a
// request survives the page that made it. Does not look at the answer, keep events for a later page or try again later: what fails
// both ways is lost.

import { warn } from './guard';

// A request is closed at this length. An event has 100 characters or more, so it holds at most the 100 events of the contract; a
// character has at most 3 bytes, which leaves half of the contract's 64 KiB for the event that went over.
const FULL_CHARS = 10_000;

export interface Transport {
  push(eventText: string): void;
  /** Sends what waits now, for a page about to go away. */
  flush(): void;
}

const send = async (endpoint: string, body: string): Promise<unknown> => {
  try {
    // Where fetch does not know keepalive, the request would die with the page; a beacon outlives it.
    if ('keepalive' in Request.prototype) {
      // A string goes as text/plain, which needs no CORS preflight: a page that is going away could not make one.
      return await fetch(endpoint, { method: 'POST', body, credentials: 'omit', keepalive: true });
    }
  } catch {
    // Refused, or no answer. Sending again is safe: an event counts once by its id.
  }
  // Second choice, because it carries the endpoint's cookies and its answer cannot be read.
  return navigator.sendBeacon(endpoint, body);
};

export const createTransport = (endpoint: string, shop: string): Transport => {
  let waiting = '';

  const flush = () => {
    if (waiting) send(endpoint, `{"shop":${JSON.stringify(shop)},"events":[${waiting}]}`).catch(warn);
    waiting = '';
  };

  return {
    push(eventText) {
      if (waiting) waiting += ',';
      // A microtask, not a timer: it still runs when the page's own pagehide listener pushes, and no background tab delays it.
      else Promise.resolve().then(flush);
      waiting += eventText;
      if (waiting.length >= FULL_CHARS) flush();
    },
    flush,
  };
};
