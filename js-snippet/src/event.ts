// Makes ids of events and of the visitor.

import { store, write } from './storage';

const VISITOR_KEY = 'shopfunnel.visitor';

let made = 0;

/**
 * UUID version 7, variant 10 (RFC 9562): 48 bits of `ms`, a counter of 12 bits so that ids of one page sort
 * as made, random bits.
 */
export const uuid = (ms: number): string => {
  const hex = (value: number) => value.toString(16).padStart(4, '0');
  const random = [...crypto.getRandomValues(new Uint16Array(4))].map(hex).join('');
  return (hex(ms).padStart(12, '0') + hex(made++ % 4096) + random).replace(
    /(.{8})(.{4}).(...).(...)/,
    '$1-$2-7$3-8$4-',
  );
};

let visitor = '';

/**
 * The visitor's id, the same on every page of the shop; for this page only when nothing can be stored. The
 * stored id wins over the one in memory, so that two tabs opened at once agree from their next event on; the
 * one in memory survives a page that empties localStorage.
 */
export const visitorId = (): string => {
  // The contract's form: with anything else the server would reject every event.
  if (/^[\w.:-]{1,64}$/.test(store[VISITOR_KEY] || ' ')) visitor = store[VISITOR_KEY]!;
  write(VISITOR_KEY, (visitor = visitor || uuid(Date.now())));
  return visitor;
};

export const adoptVisitor = (id: string): void => write(VISITOR_KEY, (visitor = id));
