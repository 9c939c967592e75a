// Makes ids of events and of the visitor.

import { store, write } from './storage';

/** Whether this build has what s.full.js has. */
declare const FULL: boolean;

const VISITOR_KEY = 'shopfunnel.visitor';
const COOKIE = 'shopfunnel_visitor';
/** The contract's form: with anything else the server would reject every event. */
const FORM = /^[\w.:-]{1,64}$/;

const enum Limit {
  /** The longest that browsers keep a cookie. */
  CookieS = 34_560_000,
}

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
let isCookieNew = true;

/**
 * The visitor's id, the same on every page of the shop; for this page only when nothing can be stored. The
 * stored id wins over the one in memory, so that two tabs opened at once agree from their next event on; the
 * one in memory survives a page that empties localStorage. `cookie`: also in a cookie, which the shop's server
 * can read, of that domain or, when empty, of this host; undefined for none.
 */
export const visitorId = (cookie: string | undefined): string => {
  const wanted = FULL && cookie != null;
  const kept = wanted && (/(?:^|; )shopfunnel_visitor=([^;]*)/.exec(document.cookie) || [])[1];
  if (kept && FORM.test(kept)) visitor = kept;
  const stored = store[VISITOR_KEY] || ' ';
  if (FORM.test(stored)) visitor = stored;
  else write(VISITOR_KEY, (visitor = visitor || uuid(Date.now())));
  if (wanted && (isCookieNew || kept !== visitor)) putCookie(cookie!, visitor, Limit.CookieS);
  return visitor;
};

const putCookie = (domain: string, id: string, seconds: number) => {
  isCookieNew = false;
  document.cookie =
    `${COOKIE}=${id};path=/;max-age=${seconds};samesite=lax` +
    (domain && `;domain=${domain}`) +
    (location.protocol === 'https:' ? ';secure' : '');
};

export const adoptVisitor = (id: string): void => write(VISITOR_KEY, (visitor = id));

/** So that whoever agrees again is somebody else. */
export const forgetVisitor = (cookie: string | undefined): void => {
  visitor = '';
  if (FULL && cookie != null) putCookie(cookie, '', 0);
};
