// Lets staff and testers keep their browser out of the figures.
//
// Opening any page of the shop with `?shopfunnel=off` switches it off for the shop, `?shopfunnel=on` back on; the console of that page says
// so. Where nothing can be stored the switch lasts as long as the page. Does not delete what was sent before.

import { read, remove, write } from './storage';

const OFF_KEY = 'shopfunnel.off';

/** Whether nothing may be sent or stored. Looked at each time, because another tab may have been switched. */
export const isOff = (): boolean => !!read(OFF_KEY);

/** Does what the page's address says. */
export const obeyAddress = (): void => {
  const asked = /[?&]shopfunnel=(off|on)(&|$)/.exec(location.search);
  if (!asked) return;
  if (asked[1] === 'off') write(OFF_KEY, '1');
  else remove(OFF_KEY);
  console.info(`shopfunnel: ${asked[1]} in this browser`);
};
