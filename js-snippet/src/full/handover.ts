// Keeps a visitor one person over the shop's domains.
//
// A link to another domain of the shop carries the visitor's id and the time in a parameter, good for
// VALID_MS, so that a copied address hands nobody over. The domain that receives it takes the id and cleans
// its address before anything is recorded.

import { adoptVisitor } from '../event';

const PARAMETER = /([?&])_sf=([\w.:-]{1,64})~(\w+)(&|(?=#|$))/;

const enum Valid {
  Ms = 120_000,
}

/** Takes the parameter out of the page's address, and takes over its visitor when `isWanted`. */
export const takeOver = (isWanted: boolean): void => {
  const found = PARAMETER.exec(location.href);
  if (!found) return;
  const [, before, id, time, after] = found;
  // Nothing may stand between a page and its address but the parameter: what is left is as it was.
  history.replaceState(history.state, '', location.href.replace(PARAMETER, after === '&' ? before! : ''));
  const age = Date.now() - parseInt(time!, 36);
  if (isWanted && Math.abs(age) < Valid.Ms) adoptVisitor(id!);
};

/** Gives the visitor to a link that leads to one of `domains`. */
export const handOver = (
  link: HTMLAnchorElement,
  domains: string[],
  visitor: () => string | undefined,
): void => {
  const host = link.hostname;
  const isOurs =
    host !== location.hostname && domains.some((domain) => host === domain || host.endsWith(`.${domain}`));
  const id = isOurs && visitor();
  if (!id) return;
  const [address, hash] = link.href
    .replace(PARAMETER, (_, before, __, ___, after) => (after === '&' ? before : ''))
    .split(/(?=#)/);
  link.href =
    `${address}${address!.includes('?') ? '&' : '?'}_sf=${id}` + `~${Date.now().toString(36)}${hash || ''}`;
};
