// What s.full.js has more: it sees inquiries, clicks and the data layer by itself.

import type { EventFields, Options } from '../../index.d.ts';
import { warn } from '../guard';
import { once } from '../session';
import { bridgeDataLayer } from './bridge';
import { watchChats } from './chat';
import { watchClicks } from './clicks';
import { words } from './words';

/** How often it is looked whether the page has loaded something: once a second at first, later less. */
const enum Look {
  EveryMs = 1_000,
  Times = 20,
  LaterEvery = 5,
}

const OPTIONS =
  'shop host allow consent cookie cookieless query exclude views log hash chatOpen purchase domains';
/** Shorter words are near to too many that others use. */
const MIN_CHARS = 5;

/** Says which options are none of ours, but nearly: frameworks put their own beside them. */
export const warnOfMisspelt = (options: Options): void => {
  const known = OPTIONS.split(' ');
  for (const name of Object.keys(options)) {
    const isNear = (option: string) => {
      const length = Math.max(option.length, name.length);
      let start = 0;
      while (start < length && option[start] === name[start]) start++;
      let end = 0;
      while (end < length - start && option[option.length - 1 - end] === name[name.length - 1 - end]) end++;
      return option.length >= MIN_CHARS && length - start - end <= 1;
    };
    if (!known.includes(name) && known.some(isNear)) warn(`unknown data-${name}`);
  }
};

export const watchMore = (
  options: Options,
  send: (kind: string, fields?: EventFields) => unknown,
  visitor: () => string | undefined,
): void => {
  // Once per session and channel, whichever of a tool's signals comes first.
  const inquire = (channel: string) => once(channel, () => send('inquiry', { channel }));
  const { chatOpen, purchase, domains } = options;
  if (/Headless/.test(navigator.userAgent)) warn('the server counts this browser as a bot');
  if (chatOpen && chatOpen !== 'inquiry') warn('data-chat-open can be inquiry only');
  if (purchase && purchase !== 'placed') warn('data-purchase can be placed only');
  const looks = [
    watchChats(inquire, (channel) => {
      if (chatOpen === 'inquiry') inquire(channel);
    }),
    bridgeDataLayer(send, purchase),
  ];
  watchClicks(send, inquire, words(domains), visitor);

  const look = () => looks.forEach((each) => each());
  let times = 0;
  setInterval(() => {
    if (!document.hidden && (++times <= Look.Times || times % Look.LaterEvery === 0)) look();
  }, Look.EveryMs);
  // What consent or a click brings: the click itself, and the focus that goes into a chat's frame.
  for (const type of ['click', 'blur', 'visibilitychange']) addEventListener(type, look, true);
  addEventListener('click', () => (times = 0), true);
  look();
};
