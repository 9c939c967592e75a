// Knows whether this browser may be counted.
//
// Two switches, each 'on' or 'off' under its own key, so that neither undoes the other: `?shopfunnel=off` in
// any address of the shop is for staff and testers, `shopfunnel('consent', …)` is the visitor's own word.
// Looked at each time, because another tab may have been switched.

import { guard, warn } from './guard';
import { disk, forget, store, useDisk, write } from './storage';

const SWITCH_KEY = 'shopfunnel.on';
const CONSENT_KEY = 'shopfunnel.consent';

/** Whether nothing may be sent or stored. */
export const isOff = (): boolean =>
  [SWITCH_KEY, CONSENT_KEY].some((key) => (disk[key] || store[key]) === 'off');

export const hasAgreed = (): boolean => store[CONSENT_KEY] === 'on';

/**
 * Takes the visitor's word: nothing but `true` and 'granted' is a yes, and without it everything of them in
 * this browser goes. Whether it is a yes.
 */
export const setConsent = (word: unknown, mayStore: boolean): boolean => {
  const given = word === true || word === 'granted';
  // The page's own memory may hold what another tab has deleted.
  if (!given) forget(/^shopfunnel\.[^o]/);
  // Full: the page remembers what it can.
  else if (mayStore) guard(useDisk)();
  write(CONSENT_KEY, given ? 'on' : 'off', true);
  return given;
};

/** Whether this tells that another tab took the visitor's word back. */
export const isWithdrawal = (event: StorageEvent): boolean =>
  event.key === CONSENT_KEY && event.newValue === 'off';

/** Does what the page's address says. */
export const obeyAddress = (): void => {
  const asked = /[?&]shopfunnel=(off|on)\b/.exec(location.search);
  if (asked) {
    write(SWITCH_KEY, asked[1]!);
    warn(asked[1]);
  }
};
