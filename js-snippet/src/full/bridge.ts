// Makes the shop's events out of the commerce events that it tells Google's data layer.
//
// Promises to see what was pushed before and what is pushed from now on, by `dataLayer.push({event,
// ecommerce})` and by `gtag('event', …)`, and to change nothing of it. One order, payment or refund told
// twice, as thank-you pages that are loaded again do, has the same ids and counts once.

import type { EventFields } from '../../index.d.ts';
import { guard, warn } from '../guard';
import { once } from '../session';

type Data = Record<string, any>;
type Send = (kind: string, fields: EventFields) => void;

const CART = /^(add_to_cart|begin_checkout)$/;
const INQUIRY = /^(generate_lead|contact)$/;

/** Sums of JavaScript numbers have more decimals than the contract takes. */
const amountOf = (value: unknown) => {
  const amount = parseFloat(value as string);
  return amount >= 0 ? +amount.toFixed(4) : undefined;
};

const translate = (name: string, data: Data, send: Send, purchase: string | undefined) => {
  const item: Data = (data.items && data.items[0]) || {};
  const product = item.item_id || item.item_name;
  const amount = amountOf(data.value);
  // Without an amount JSON leaves both out.
  const order: Data & { order_id: string } = {
    order_id: `${data.transaction_id}`,
    amount,
    currency: amount === undefined ? undefined : data.currency,
  };
  if (CART.test(name)) {
    const add = () => send('cart', { product });
    if (name === 'add_to_cart') add();
    else once(name, add);
  } else if (name === 'add_to_wishlist') send('favorite', { product });
  else if (INQUIRY.test(name)) {
    once(name, () => send('inquiry', { channel: name }));
  } else if (name === 'purchase' || name === 'refund') {
    if (!data.transaction_id) return warn(`${name} in dataLayer needs transaction_id`);
    if (name === 'refund')
      send('refund', {
        ...order,
        refund_id: amount === undefined ? order.order_id : `${order.order_id}:${amount}`,
      });
    else {
      send('order', order);
      if (purchase !== 'placed') send('payment', order);
    }
  }
};

/** `purchase`: 'placed' when the shop's `purchase` does not mean that it was paid. */
export const bridgeDataLayer = (send: Send, purchase: string | undefined): void => {
  const read = guard((entry: any) => {
    if (!entry) return;
    if (entry[0] === 'event') translate(entry[1], entry[2] || {}, send, purchase);
    else if (entry.event) translate(entry.event, entry.ecommerce || entry, send, purchase);
  });
  const layer: any[] = ((window as any).dataLayer = (window as any).dataLayer || []);
  layer.slice().forEach((entry) => read(entry));
  const { push } = layer;
  layer.push = function (...entries) {
    entries.forEach((entry) => read(entry));
    return push.apply(this, entries);
  };
};
