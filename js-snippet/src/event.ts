// Makes the wire form of one event.
//
// Promises an `id` that no other event has, the visitor, the time it was given, and the JSON text of all of it, so that a caller
// who changes the fields afterwards changes nothing. Throws when the fields cannot be JSON. Does not judge them: the server does.

import type { EventFields } from '../index.d.ts';
import { read, write } from './storage';

export type Kind = 'visit' | 'bounce' | 'inquiry' | 'cart' | 'favorite' | 'order' | 'payment' | 'refund' | 'rating';

/** The server's own bound; one endless address must not make a whole request too large. */
const MAX_URL_CHARS = 2048;
const VISITOR_KEY = 'shopfunnel.visitor';

/** UUID version 7, variant 10 (RFC 9562): 48 bits of `nowMs`, then random bits. */
const uuid = (nowMs: number): string => {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
  const random = Array.from(crypto.getRandomValues(new Uint16Array(5)), (word) => hex(word, 4)).join('');
  return (hex(nowMs, 12) + random).replace(/(.{8})(.{4}).(...).(...)/, '$1-$2-7$3-8$4-');
};

let visitor = '';

/** The visitor's id, the same on every page of the shop; for this page only when nothing can be stored. */
export const visitorId = (): string => {
  const stored = read(VISITOR_KEY);
  // The contract's form: with anything else the server would reject every event. The stored id wins over the one in memory, so
  // that two tabs opened at once agree from their next event on; the one in memory survives a page that empties localStorage.
  if (stored && /^[\w.:-]{1,64}$/.test(stored)) visitor = stored;
  else write(VISITOR_KEY, (visitor = visitor || uuid(Date.now())));
  return visitor;
};

/** The event as JSON text. `fields` may name another `url`, `referrer` or `title`, never another `id`, `kind`, `visitor` or `at`. */
export const eventText = (kind: Kind, fields: EventFields | undefined, nowMs: number): string =>
  JSON.stringify(
    Object.assign(
      { url: location.href.slice(0, MAX_URL_CHARS) },
      kind === 'visit' && { referrer: document.referrer, title: document.title },
      fields,
      { id: uuid(nowMs), kind, visitor: visitorId(), at: nowMs },
    ),
  );
