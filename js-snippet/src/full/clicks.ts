// Sees clicks that mean something: links into a conversation, links to the shop's other domains, and
// `data-sf-event`.
//
// Promises to look only, but for the address of a link that hands the visitor over. Listens before the page's
// own listeners, because they may stop the click.

import type { EventFields } from '../../index.d.ts';
import { guard } from '../guard';
import { handOver } from './handover';
import { channelOf } from './links';

/** `data-sf-order-id="A-1"` is `{ order_id: 'A-1' }`. */
const fieldsOf = (data: DOMStringMap): EventFields => {
  const fields: Record<string, string> = {};
  for (const name in data) {
    if (/^sf[A-Z]/.test(name) && name !== 'sfEvent') {
      fields[name.slice(2).replace(/[A-Z]/g, (letter, place) => (place ? '_' : '') + letter.toLowerCase())] =
        data[name]!;
    }
  }
  return fields as EventFields;
};

export const watchClicks = (
  send: (kind: string, fields: EventFields) => void,
  inquire: (channel: string) => void,
  domains: string[],
  visitor: () => string | undefined,
): void => {
  const look = guard((event: Event) => {
    const target = event.target as Element | null;
    if (!target || !target.closest) return;
    const marked = target.closest<HTMLElement>('[data-sf-event]');
    // A form is done when it is sent, not when it is clicked into.
    if (marked && (marked.tagName === 'FORM') === (event.type === 'submit')) {
      send(marked.dataset.sfEvent!, fieldsOf(marked.dataset));
    }
    const link = event.type !== 'submit' && target.closest<HTMLAnchorElement>('a[href],area[href]');
    if (!link) return;
    const channel = channelOf(link.href);
    if (channel) inquire(channel);
    handOver(link, domains, visitor);
  });
  for (const type of ['click', 'auxclick', 'submit']) document.addEventListener(type, look, true);
};
