// What s.full.js has more: it sees inquiries, clicks and the data layer by itself.

import type { EventFields, Options } from '../../index.d.ts';
import { warn } from '../guard';
import { once } from '../session';
import { bridgeDataLayer } from './bridge';
import { watchChats } from './chat';
import { watchClicks } from './clicks';

export const watchMore = (
  options: Options,
  send: (kind: string, fields?: EventFields) => void,
  visitor: () => string | undefined,
): void => {
  // Once per session and channel, whichever of a tool's signals comes first.
  const inquire = (channel: string) => once(channel, () => send('inquiry', { channel }));
  const { chatOpen, purchase } = options;
  if (chatOpen && chatOpen !== 'inquiry') warn('data-chat-open can be inquiry only');
  if (purchase && purchase !== 'placed') warn('data-purchase can be placed only');
  watchChats(inquire, (channel) => {
    if (chatOpen === 'inquiry') inquire(channel);
  });
  watchClicks(send, inquire, (options.domains || '').split(/[\s,]+/).filter(Boolean), visitor);
  bridgeDataLayer(send, purchase);
};
