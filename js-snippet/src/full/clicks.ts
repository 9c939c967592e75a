// Sees clicks that mean something: links into a conversation, links to the shop's other domains, and
// `data-sf-event`.
//
// Promises to look only, but for the address of a link or form that hands the visitor over. Listens before the
// page's own listeners, because they may stop the click. Sees into open shadow roots, into SVG and XHTML.

import type { EventFields } from '../../index.d.ts';
import { guard } from '../guard';
import { handOver, handOverForm, watchNavigation } from './handover';
import { channelOf } from './links';

/** `data-sf-order-id="A-1"` is `{ order_id: 'A-1' }`. */
const fieldsOf = (data: DOMStringMap): EventFields => {
  const fields: Record<string, string> = {};
  for (const name of Object.keys(data)) {
    if (/^sf[A-Z]/.test(name) && name !== 'sfEvent') {
      fields[name.slice(2).replace(/[A-Z]/g, (letter, place) => (place ? '_' : '') + letter.toLowerCase())] =
        data[name]!;
    }
  }
  return fields as EventFields;
};

/** What the page tells of a conversation itself, what it opens right after is the same. */
const TOLD_MS = 1_000;
let toldMs = 0;

/** The page has told of an inquiry. */
export const noteTold = (): void => {
  toldMs = Date.now();
};

/** Whatever an element is, of HTML or SVG: where it leads. */
const addressOf = (link: any): string =>
  link.href && link.href.baseVal != null ? new URL(link.href.baseVal, document.baseURI).href : link.href;

export const watchClicks = (
  send: (kind: string, fields: EventFields) => unknown,
  inquire: (channel: string) => void,
  domains: string[],
  visitor: () => string | undefined,
): void => {
  const inquireBy = (address: string) => {
    const channel = channelOf(address);
    if (channel && Math.abs(Date.now() - toldMs) > TOLD_MS) inquire(channel);
  };

  const look = guard((event: Event) => {
    const isSubmit = event.type === 'submit';
    if (!isSubmit) toldMs = 0;
    const { button } = event as MouseEvent;
    // From the innermost out, through open shadow roots.
    const path = event.composedPath().filter((target) => (target as Element).matches) as HTMLElement[];
    const place = path.findIndex((element) => element.matches('[data-sf-event]'));
    const marked = path[place];
    const form = path.findIndex((element) => element.localName === 'form');
    // A form, or what surrounds it, is done when it is sent, not when it is clicked into.
    const isDone = isSubmit || form < 0 || form > place;
    // The right button opens a menu; the middle one opens a page, but says nothing.
    if (marked && isDone && !button) {
      send(marked.dataset.sfEvent!, fieldsOf(marked.dataset));
      noteTold();
    }
    if (isSubmit) return handOverForm(path[form] as HTMLFormElement, domains, visitor);
    const link = path.find((element) => element.matches('a[href],area[href],a[*|href]'));
    if (!link || button > 1) return;
    if (!marked && !button) inquireBy(addressOf(link));
    handOver(link, addressOf(link), domains, visitor);
  });
  // The middle button makes no click.
  for (const type of ['click', 'auxclick', 'submit']) addEventListener(type, look, true);

  guard(() => {
    const { open } = window;
    if (!open) return;
    const see = guard((address: unknown) => inquireBy(new URL(`${address}`, document.baseURI).href));
    window.open = function (...args) {
      if (args[0]) see(args[0]);
      return open.apply(this, args);
    };
  })();
  watchNavigation(domains, visitor, inquireBy);
};
