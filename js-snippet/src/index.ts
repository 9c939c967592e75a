// Reads the script tag and puts `shopfunnel(kind, fields?)` on the page.
//
// Promises one tracker per page however often the script runs, the calls made before it loaded replayed in order, and silence where
// nothing should be counted. Never throws into the page. Does not know how events travel or when a page counts as seen.

import type { EventFields, Shopfunnel } from '../index.d.ts';
import { eventText, type Kind, visitorId } from './event';
import { guard, warn } from './guard';
import { isOff, obeyAddress } from './optout';
import { watchPage } from './page';
import { noteActivity } from './session';
import { createTransport } from './transport';

type Call = (kind: string, fields?: EventFields) => unknown;

/** What may stand at `window.shopfunnel`: the stub with the calls it kept, or the tracker. */
type Installed = Call & { q?: { push(args: unknown): void }; running?: boolean };

// The first group holds the kinds that are nothing without the order they belong to.
const KIND = /^(?:(order|payment|refund)|visit|inquiry|cart|favorite|rating)$/;

// A `file:` page has an empty host name.
const LOCAL_HOST = /^((.+\.)?localhost|127(\.\d+){3}|\[::1])?$/;

guard(() => {
  const before = window.shopfunnel as Installed | undefined;
  if (before && before.running) return warn('s.js runs twice, remove one script tag');

  const script = document.currentScript as HTMLScriptElement | null;
  const shop = script && script.dataset.shop;
  if (!script || !shop) return warn('nothing is sent, add data-shop="pk_..." to the script tag');

  obeyAddress();
  const allowed = script.dataset.allow || '';
  const missing = [navigator.webdriver && 'webdriver', LOCAL_HOST.test(location.hostname) && 'localhost'].find(
    (word) => word && !allowed.includes(word),
  );

  const transport = createTransport(new URL('e', script.src).href, shop);

  const record = (kind: Kind, fields?: EventFields) => {
    const nowMs = Date.now();
    if (!missing && !isOff()) {
      const text = eventText(kind, fields, nowMs);
      if (kind !== 'bounce') noteActivity(kind === 'visit', nowMs);
      transport.push(text);
    }
    return nowMs;
  };

  const call: Installed = guard<Parameters<Call>, unknown>((kind, fields) => {
    if (kind === 'visitor') return isOff() ? undefined : visitorId();
    const known = KIND.exec(kind);
    if (!known) return warn(`unknown kind ${kind}`);
    if (known[1] && !(fields && fields.order_id)) return warn(`${kind} without order_id is not sent`);
    return void record(kind as Kind, fields);
  });
  call.running = true;
  // A page that kept the stub in a variable goes on pushing here.
  call.q = { push: (args: Parameters<Call>) => call(...args) };
  window.shopfunnel = call as Shopfunnel;

  if (missing) warn(`nothing is sent, add data-allow="${missing}" to the script tag`);
  else watchPage(record, transport.flush);
  for (const args of (before && (before.q as Parameters<Call>[])) || []) call(...args);
})();
