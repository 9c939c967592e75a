// The types of the call the snippet puts on the page: `shopfunnel(kind, fields?)`.
//
// Promises the fields of the wire contract and nothing else. The tracker itself fills `id`, `kind`, `visitor` and `at`, so they are
// not here. Does not describe the server's `/v1/events`, which takes more.

/** Every field is optional on the wire unless its kind says otherwise. Text longer than the server's limit is cut, never rejected. */
export interface EventFields {
  /** The page's address when absent. */
  url?: string;
  /** Of a visit: `document.referrer` when absent. */
  referrer?: string;
  /** Of a visit: `document.title` when absent. */
  title?: string;
  /** 1..128 characters, as are the two below. */
  order_id?: string;
  payment_id?: string;
  refund_id?: string;
  /** Decimal, at most 4 decimals. Prefer a string: sums of JavaScript numbers such as 0.1 + 0.2 have more decimals and are rejected. */
  amount?: string | number;
  /** ISO 4217, only with `amount`; the shop's currency when absent. */
  currency?: string;
  /** Who answers an inquiry. */
  agent?: string;
  /** Which chat tool an inquiry came through. */
  channel?: string;
  topic?: 'pre_sale' | 'after_sale';
  score?: 1 | 2 | 3 | 4 | 5;
  /** Milliseconds, 0..86 400 000. */
  engaged_ms?: number;
  /** `"experiment:arm"`. */
  variant?: string;
  /** The shop's own opaque customer id; stored keyed-hashed. */
  customer?: string;
  product?: string;
}

/** An event that belongs to an order; without `order_id` it is not sent. */
export type OrderFields = EventFields & { order_id: string };

export type RatingFields = EventFields & { score: 1 | 2 | 3 | 4 | 5 };

export interface Shopfunnel {
  /**
   * The visitor id, to hand to the shop's server. `undefined` as long as only the queue stub is on the page, and in a browser that
   * was switched off with `?shopfunnel=off`.
   */
  (kind: 'visitor'): string | undefined;
  (kind: 'order' | 'payment' | 'refund', fields: OrderFields): void;
  (kind: 'rating', fields: RatingFields): void;
  (kind: 'visit' | 'inquiry' | 'cart' | 'favorite', fields?: EventFields): void;
}

declare global {
  var shopfunnel: Shopfunnel;
}
