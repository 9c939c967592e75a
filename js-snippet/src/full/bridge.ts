// Makes the shop's events out of the commerce events that it tells Google's data layer.
//
// Promises to see what was pushed before and what is pushed from now on, by `dataLayer.push({event,
// ecommerce})`, in the older form of `ecommerce` too, and by `gtag('event', …)`, and to change nothing of it.
// One order, payment or refund told twice, as thank-you pages that are loaded again do, has the same ids and
// counts once. Amounts go as they were pushed: the server reads them.

import type { EventFields } from '../../index.d.ts';
import { guard, warn } from '../guard';
import { once } from '../session';

type Data = Record<string, any>;
type Send = (kind: string, fields: EventFields) => unknown;

const CART = /^(add_to_cart|begin_checkout)$/;
const INQUIRY = /^(generate_lead|contact)$/;
/** What is told by an `ecommerce` of the older form, by its key. */
const OLDER: Record<string, string> = {
  add: 'add_to_cart',
  checkout: 'begin_checkout',
  purchase: 'purchase',
  refund: 'refund',
};

const isGiven = (value: unknown) => value != null && value !== '';

/** What goes back is told below zero by some. */
const withoutSign = (value: unknown) =>
  typeof value === 'number' ? Math.abs(value) : `${value}`.replace(/^\s*[-\u2212]\s*/, '');

const translate = (name: string, data: Data, send: Send, purchase: string | undefined) => {
  const item: Data = (data.items && data.items[0]) || {};
  const product = item.item_id || item.item_name;
  const hasAmount = isGiven(data.value);
  const amount = hasAmount ? data.value : undefined;
  // Without an amount JSON leaves both out.
  const order: Data & { order_id: string } = {
    order_id: `${data.transaction_id}`,
    amount,
    currency: hasAmount ? data.currency : undefined,
  };
  if (CART.test(name)) {
    const add = () => send('cart', { product });
    if (name === 'add_to_cart') add();
    else once(name, add);
  } else if (name === 'add_to_wishlist') send('favorite', { product });
  else if (INQUIRY.test(name)) {
    once(name, () => send('inquiry', { channel: name }));
  } else if (name === 'purchase' || name === 'refund') {
    if (!isGiven(data.transaction_id)) return warn(`${name} in dataLayer needs transaction_id`);
    if (name === 'refund') {
      const back = hasAmount ? withoutSign(amount) : undefined;
      // Without an amount it would be all of the order, and that is not what was told.
      if (hasAmount ? !`${back}`.trim() : data.items) return warn('refund in dataLayer needs value');
      send('refund', {
        ...order,
        amount: back!,
        refund_id: hasAmount ? `${order.order_id}:${back}` : order.order_id,
      });
    } else {
      send('order', order);
      if (purchase !== 'placed') send('payment', order);
    }
  }
};

/** An older `ecommerce` under the names of the newer; none where it tells nothing. */
const renamed = (key: string, { currencyCode, [key]: told }: Data): Data | undefined => {
  if (!told) return;
  const { actionField = {}, products } = told;
  const { id, name, ...rest } = (products && products[0]) || ({} as Data);
  return {
    transaction_id: actionField.id,
    value: actionField.revenue,
    currency: currencyCode,
    items: products && [{ ...rest, item_id: id, item_name: name }],
  };
};

/** Returns what is to be called now and then: a page may replace the whole layer, or its `push`. */
export const bridgeDataLayer = (send: Send, purchase: string | undefined): (() => void) => {
  /** Entries that were read, and layers that are listened to. */
  const seen = new WeakSet<object>();
  /** Pushed without an event, for the next one. */
  let apart: Data | null = null;

  const read = guard((entry: any) => {
    if (!entry || typeof entry !== 'object') return;
    seen.add(entry);
    if (entry[0] === 'event') return translate(entry[1], entry[2] || {}, send, purchase);
    const { event, ecommerce } = entry;
    let isOlder = false;
    for (const key of ecommerce ? Object.keys(OLDER) : []) {
      const data = renamed(key, ecommerce);
      if (!data) continue;
      isOlder = true;
      translate(OLDER[key]!, data, send, purchase);
    }
    if (isOlder) return;
    if (!event) {
      if (ecommerce !== undefined) apart = ecommerce;
      return;
    }
    if (ecommerce === null) apart = null;
    const isWhole = ecommerce || isGiven(entry.transaction_id) || entry.items;
    translate(event, isWhole ? ecommerce || entry : { ...entry, ...apart }, send, purchase);
    // A later event must not tell it again.
    if (/^[a-z_]+$/.test(event)) apart = null;
  });

  const look = guard(() => {
    const page = window as { dataLayer?: any };
    if (page.dataLayer == null) page.dataLayer = [];
    const layer = page.dataLayer;
    // An element of that name, or whatever else the page keeps there.
    if (!Array.isArray(layer)) return;
    // Where the page has put another `push` in place of ours, entries are found here.
    layer.forEach((entry) => seen.has(Object(entry)) || read(entry));
    const { push } = layer;
    if (seen.has(layer)) return;
    seen.add(layer);
    layer.push = function (...entries) {
      entries.forEach((entry) => read(entry));
      return push.apply(this, entries);
    };
  });
  look();
  return look;
};
