// Knows whether this browser may be counted.
//
// Two switches, each 'on' or 'off' under its own key, so that neither undoes the other: `?shopfunnel=off` in
// any address of the shop is for staff and testers, `shopfunnel('consent', …)` is the visitor's own word.
// Looked at each time, because another tab may have been switched.

import { warn } from './guard';
import { store, useDisk, write } from './storage';

const SWITCH_KEY = 'shopfunnel.on';
const CONSENT_KEY = 'shopfunnel.consent';

/** Whether nothing may be sent or stored. */
export const isOff = (): boolean => store[SWITCH_KEY] === 'off' || store[CONSENT_KEY] === 'off';

export const hasAgreed = (): boolean => store[CONSENT_KEY] === 'on';

/** Takes the visitor's word; without it everything of them in this browser goes. */
export const setConsent = (given: unknown): void => {
  if (given) useDisk();
  else for (const key in store) if (/^shopfunnel\.[^o]/.test(key)) delete store[key];
  write(CONSENT_KEY, given ? 'on' : 'off');
};

/** Does what the page's address says. */
export const obeyAddress = (): void => {
  const asked = /[?&]shopfunnel=(off|on)\b/.exec(location.search);
  if (asked) {
    write(SWITCH_KEY, asked[1]!);
    warn(asked[1]);
  }
};
