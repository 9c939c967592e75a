// Puts `shopfunnel(kind, fields?, done?)` on the page and starts to watch it.
//
// Promises one tracker per page however often it is started, the calls made before replayed in order whatever
// else fails, and silence where nothing should be counted. Never throws into the page. Does not know how
// events travel or when a page counts as seen.

import type { EventFields, Options, Shopfunnel } from '../index.d.ts';
import { hasAgreed, isOff, isWithdrawal, obeyAddress, setConsent } from './consent';
import { forgetVisitor, uuid, visitorId } from './event';
import { takeOver } from './full/handover';
import { warnOfMisspelt, watchMore } from './full';
import { noteTold } from './full/clicks';
import { unseen } from './full/exclude';
import { fillFields } from './full/fields';
import { guard, silence, warn } from './guard';
import { watchPage } from './page';
import { createQueue, type Done } from './queue';
import { noteAct } from './session';
import { useMemory } from './storage';

/** Whether this build has what s.full.js has. */
declare const FULL: boolean;

type Call = (kind: string, fields?: EventFields | boolean, done?: Done) => unknown;

/** What may stand at `window.shopfunnel`: the stub with the calls it kept, or the tracker. */
type Installed = Call & { q?: { push(args: unknown): void }; running?: boolean };

const enum Limit {
  /**
   * The server's own bound of an address, and more than it takes of anything else; one endless text must not
   * make a request too large.
   */
  Chars = 2_048,
  /** Of one event, which must fit into one request in any script. */
  EventChars = 16_000,
  /** Applications write a page's title some time after its address. */
  TitleMs = 500,
}

// A `file:` page has an empty host name.
const LOCAL_HOST = /^(.*\blocalhost|127[.\d]+|\[::1]|)$/;

/** Cut at a whole character. */
const cut = (text: string) => text.slice(0, Limit.Chars).replace(/[\ud800-\udbff]$/, '');

/** What JSON would drop or refuse goes as text, so that the server can say what it was. */
const asSent = (_: string, value: unknown) =>
  typeof value === 'string'
    ? cut(value)
    : typeof value === 'bigint' || (typeof value === 'number' && !isFinite(value))
      ? `${value}`
      : value;

/** Of a script tag: `dataset` are the options, the events go to where `src` is. */
export const start = guard(({ dataset: options, src }: { dataset: Options; src?: string }) => {
  const before = window.shopfunnel as Installed | undefined;
  if (before && before.running) return warn('runs twice');
  const { consent, cookieless, host, allow = '' } = options;
  const cookie = FULL ? options.cookie : undefined;
  if (FULL && options.log === 'off') silence();
  const shop = (options.shop || '').trim();
  if (!shop) return warn('no data-shop');
  if (FULL) warnOfMisspelt(options);
  const base = host ? host.replace(/\/*$/, '/') : src;
  if (!base) return warn('set data-host');

  obeyAddress();
  const excluded = [
    navigator.webdriver && 'webdriver',
    LOCAL_HOST.test(location.hostname) && 'localhost',
    (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl && 'gpc',
  ].find((word) => word && !allow.includes(word));
  const isUnseen = FULL && unseen(options.exclude);

  // Whatever the attribute says: without the visitor's word there is none.
  const isHeld = () => consent != null && !hasAgreed();
  const isSilent = () => excluded || isOff() || (isUnseen && isUnseen());
  if (isHeld() || cookieless != null) useMemory();

  const visitor = () =>
    isSilent() || cookieless != null ? undefined : visitorId(isHeld() ? undefined : cookie);
  const queue = createQueue(new URL('e', base).href, shop, () => isOff() || isHeld());
  let fill: (() => void) | undefined;
  let viewed: ((nowMs: number) => void) | undefined;
  let hasSeen: unknown;
  let untitled = '';
  const giveTitle = (id: string) => FULL && queue.amend(id, { title: cut(document.title) });

  const record = (kind: string, fields?: EventFields, done?: Done) => {
    const nowMs = Date.now();
    if (isSilent()) {
      if (FULL && done) guard(done)('not counted');
      return;
    }
    const isView = kind === 'visit';
    // By now the title is still that of the page before.
    if (isView) giveTitle(untitled);
    const at = queue.now();
    const id = uuid(at);
    const isLate = FULL && isView && !(fields && fields.title) && (hasSeen || !document.title);
    const event = {
      url: location.href,
      ...(isView && { referrer: document.referrer, ...(!isLate && { title: document.title }) }),
      ...fields,
      ...{ id, kind, visitor: visitor(), at },
    };
    // As text, so that a caller who changes the fields afterwards changes nothing.
    let text = JSON.stringify(event, asSent);
    if (text.length > Limit.EventChars) {
      warn('long items');
      text = JSON.stringify({ ...event, items: undefined }, asSent);
    }
    if (kind !== 'bounce') noteAct(nowMs);
    queue.push(id, text, done, isLate as boolean);
    if (FULL && isView) hasSeen = 1;
    if (FULL && isLate) {
      untitled = id;
      setTimeout(() => giveTitle(id), Limit.TitleMs);
    }
    return nowMs;
  };

  const forget = () => {
    queue.clear();
    forgetVisitor(cookie);
  };

  const call: Installed = guard<Parameters<Call>, unknown>((kind, fields, done) => {
    if (kind === 'visitor') return visitor();
    if (kind === 'consent') {
      if (!setConsent(fields, cookieless == null)) forget();
      if (FULL && fill) fill();
      return queue.flush();
    }
    const nowMs = record(kind, fields as EventFields, done);
    if (FULL && viewed && kind === 'visit') viewed(nowMs || 0);
    if (FULL && kind === 'inquiry') noteTold();
  });
  call.running = true;
  // A page that kept the stub in a variable goes on pushing here.
  call.q = { push: (args: Parameters<Call>) => call(...args) };
  window.shopfunnel = call as Shopfunnel;

  addEventListener('storage', (event) => isWithdrawal(event) && forget());
  if (excluded) warn(`${excluded} not in data-allow`);
  else {
    if (FULL) fill = guard(fillFields)(() => (isHeld() ? undefined : visitor()));
    // A frame is part of the page around it.
    if (window === window.top) {
      guard(() => {
        // Of a shop without other domains nobody can be handed over.
        if (FULL && options.domains) guard(takeOver)(!isOff());
        viewed = watchPage(
          record,
          () => {
            giveTitle(untitled);
            queue.flush(true);
          },
          options,
        );
      })();
      if (FULL) guard(watchMore)(options, record, () => (isHeld() ? undefined : visitor()));
    }
  }
  const kept = (before && before.q) as Parameters<Call>[] | undefined;
  for (const args of kept || []) call(...args);
});
