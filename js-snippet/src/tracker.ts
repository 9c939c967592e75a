// Puts `shopfunnel(kind, fields?)` on the page and starts to watch it.
//
// Promises one tracker per page however often it is started, the calls made before replayed in order, and
// silence where nothing should be counted. Never throws into the page. Does not know how events travel or
// when a page counts as seen.

import type { EventFields, Options, Shopfunnel } from '../index.d.ts';
import { hasAgreed, isOff, obeyAddress, setConsent } from './consent';
import { uuid, visitorId } from './event';
import { takeOver } from './full/handover';
import { watchMore } from './full';
import { guard, warn } from './guard';
import { watchPage } from './page';
import { createQueue } from './queue';
import { noteAct } from './session';
import { useMemory } from './storage';

/** Whether this build has what s.full.js has. */
declare const FULL: boolean;

type Call = (kind: string, fields?: EventFields | boolean) => unknown;

/** What may stand at `window.shopfunnel`: the stub with the calls it kept, or the tracker. */
type Installed = Call & { q?: { push(args: unknown): void }; running?: boolean };

/**
 * The server's own bound of an address, and more than it takes of anything else; one endless text must not
 * make a request too large.
 */
const enum Limit {
  Chars = 2048,
}

const OPTION = FULL
  ? /^(shop|allow|consent|cookieless|hash|chatOpen|purchase|domains)$/
  : /^(shop|allow|consent|cookieless)$/;

// A `file:` page has an empty host name.
const LOCAL_HOST = /^(.*\blocalhost|127[.\d]+|\[::1]|)$/;

/** Of a script tag: `dataset` are the options, the events go to where `src` is. */
export const start = guard(({ dataset: options, src }: { dataset: Options; src: string }) => {
  const before = window.shopfunnel as Installed | undefined;
  if (before && before.running) return warn('runs twice');
  const { shop, consent, cookieless, allow = '' } = options;
  if (!shop) return warn('no data-shop');
  for (const name in options) if (!OPTION.test(name)) warn(`unknown data-${name}`);

  obeyAddress();
  const excluded = [
    navigator.webdriver && 'webdriver',
    LOCAL_HOST.test(location.hostname) && 'localhost',
    (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl && 'gpc',
  ].find((word) => word && !allow.includes(word));

  const isHeld = () => consent && !hasAgreed();
  const isSilent = () => excluded || isOff();
  if (isHeld() || cookieless != null) useMemory();

  const visitor = () => (isSilent() || cookieless != null ? undefined : visitorId());
  const queue = createQueue(new URL('e', src).href, shop, () => isSilent() || isHeld());

  const record = (kind: string, fields?: EventFields) => {
    const nowMs = Date.now();
    if (!isSilent()) {
      const id = uuid(nowMs);
      // As text, so that a caller who changes the fields afterwards changes nothing.
      const text = JSON.stringify(
        {
          url: location.href,
          ...(kind === 'visit' && { referrer: document.referrer, title: document.title }),
          ...fields,
          ...{ id, kind, visitor: visitor(), at: nowMs },
        },
        (_, value) => (typeof value === 'string' ? value.slice(0, Limit.Chars) : value),
      );
      if (kind !== 'bounce') noteAct(nowMs);
      queue.push(id, text);
    }
    return nowMs;
  };

  const call: Installed = guard<Parameters<Call>, unknown>((kind, fields) => {
    if (kind === 'visitor') return visitor();
    if (kind === 'consent') {
      setConsent(fields);
      return queue.flush();
    }
    record(kind, fields as EventFields);
  });
  call.running = true;
  // A page that kept the stub in a variable goes on pushing here.
  call.q = { push: (args: Parameters<Call>) => call(...args) };
  window.shopfunnel = call as Shopfunnel;

  if (excluded) warn(`${excluded} not in data-allow`);
  else {
    // Of a shop without other domains nobody can be handed over.
    if (FULL && options.domains) takeOver(!isOff());
    watchPage(record, queue.flush, FULL && options.hash != null);
    if (FULL) watchMore(options, record, visitor);
  }
  for (const args of (before && (before.q as Parameters<Call>[])) || []) call(...args);
});
