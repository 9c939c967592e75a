// Keeps a visitor one person over the shop's domains.
//
// A link to another domain of the shop carries the visitor's id and the time in a parameter, good for
// VALID_MS, so that a copied address hands nobody over. So do forms, and, where the browser lets a page see
// it, what its scripts navigate to. The domain that receives it takes the id and cleans its address before
// anything is recorded.

import { adoptVisitor } from '../event';
import { guard } from '../guard';

const NAME = '_sf';
// A form writes the sign between as an escape.
const PARAMETER = /([?&])_sf=([\w.:-]{1,64})(?:~|%7E)(\w+)(&|(?=#|$))/;

const enum Valid {
  Ms = 120_000,
}

type Visitor = () => string | undefined;

/** Takes the parameter out of the page's address, and takes over its visitor when `isWanted`. */
export const takeOver = (isWanted: boolean): void => {
  const found = PARAMETER.exec(location.href);
  if (!found) return;
  const [, , id, time] = found;
  // Nothing may stand between a page and its address but the parameter: what is left is as it was.
  history.replaceState(history.state, '', bare(location.href));
  const age = Date.now() - parseInt(time!, 36);
  if (isWanted && Math.abs(age) < Valid.Ms) adoptVisitor(id!);
};

const bare = (address: string) =>
  address.replace(PARAMETER, (_, before, __, ___, after) => (after === '&' ? before : ''));

/** Who is handed over with this address; nobody where it stays in the shop's domain or leaves the shop. */
const companion = (address: string, domains: string[], visitor: Visitor): string | undefined => {
  const { hostname } = new URL(address, document.baseURI);
  const isOurs =
    hostname !== location.hostname &&
    domains.some((domain) => hostname === domain || hostname.endsWith(`.${domain}`));
  const id = isOurs && visitor();
  return id ? `${id}~${Date.now().toString(36)}` : undefined;
};

/** The address with the visitor; none where nobody is handed over. */
const carrying = (to: string, domains: string[], visitor: Visitor): string | undefined => {
  const value = companion(to, domains, visitor);
  if (!value) return;
  const [address, hash] = bare(to).split(/(?=#)/);
  return `${address}${address!.includes('?') ? '&' : '?'}${NAME}=${value}${hash || ''}`;
};

/** Gives the visitor to a link that leads to one of `domains`. */
export const handOver = (link: Element, to: string, domains: string[], visitor: Visitor): void => {
  const address = carrying(to, domains, visitor);
  if (!address) return;
  for (const { name, namespaceURI } of [...link.attributes]) {
    if (/^(xlink:)?href$/.test(name)) link.setAttributeNS(namespaceURI, name, address);
  }
};

/** Gives the visitor to a form that is sent to one of `domains`. */
export const handOverForm = (form: HTMLFormElement, domains: string[], visitor: Visitor): void => {
  const to = new URL(form.getAttribute('action') || '', document.baseURI).href;
  const value = companion(to, domains, visitor);
  if (!value) return;
  if (/^post$/i.test(form.getAttribute('method')!)) {
    return form.setAttribute('action', carrying(to, domains, visitor)!);
  }
  // What a form sends replaces the parameters of its address.
  form.addEventListener('formdata', ({ formData }) => formData.set(NAME, value), { once: true });
};

/**
 * Sees what scripts navigate to, where the browser tells it: into a conversation, and to other domains, for
 * which the navigation is begun again with the visitor.
 */
export const watchNavigation = (
  domains: string[],
  visitor: Visitor,
  inquireBy: (address: string) => void,
): void => {
  const { navigation } = window as { navigation?: EventTarget & { currentEntry?: unknown } };
  if (!navigation || !navigation.currentEntry) return;
  navigation.addEventListener(
    'navigate',
    guard((event: any) => {
      const to = event.destination.url;
      inquireBy(to);
      if (PARAMETER.test(to) || event.formData || !event.cancelable || event.downloadRequest != null) return;
      const address = carrying(to, domains, visitor);
      if (!address) return;
      event.preventDefault();
      // Not within the event, which may still be somebody else's.
      setTimeout(() => location[event.navigationType === 'replace' ? 'replace' : 'assign'](address));
    }),
  );
};
