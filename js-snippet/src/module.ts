// The tracker for shops that bundle their own scripts: everything that s.full.js has, started by a call.

import type { Options, Shopfunnel } from '../index.d.ts';
import { start } from './tracker';

export const install = (host: string, options: Options): Shopfunnel | undefined => {
  if (!(window.shopfunnel as { running?: boolean } | undefined)?.running) {
    start({ dataset: { ...options, host } });
  }
  return window.shopfunnel as Shopfunnel | undefined;
};
