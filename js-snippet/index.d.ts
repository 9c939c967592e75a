// The types of the call the snippet puts on the page, `shopfunnel(kind, fields?)`, and of its options.
//
// Promises the fields of the wire contract and nothing else. The tracker itself fills `id`, `kind`, `visitor`
// and `at`, so they are not here. Does not describe the server's `/v1/events`, which takes more.

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
   * The visitor id, to hand to the shop's server. `undefined` as long as only the queue stub is on the page, where nothing is counted, and
   * in cookieless mode.
   */
  (kind: 'visitor'): string | undefined;
  /** The visitor's word about being counted. `false` takes everything of them out of this browser and stops; `true` goes on. */
  (kind: 'consent', given: boolean): void;
  (kind: 'order' | 'payment' | 'refund', fields: OrderFields): void;
  (kind: 'rating', fields: RatingFields): void;
  (kind: 'visit' | 'inquiry' | 'cart' | 'favorite', fields?: EventFields): void;
}

/** The script tag's data-* attributes, without `data-`. Those that are switches are on when they are there, with any text. */
export interface Options {
  /** Public key of the shop, `pk_…`. */
  shop?: string;
  /** Words of `localhost`, `webdriver`, `gpc`: what is counted although it is left out otherwise. */
  allow?: string;
  /** `required`: nothing is sent or stored before `shopfunnel('consent', true)`. */
  consent?: string;
  /** A switch: no id, nothing stored; the server knows such visitors for a day. */
  cookieless?: string;
  /** A switch: another `#hash` is another page. This one and the following want the full build. */
  hash?: string;
  /** `inquiry`: a chat that was opened counts, for tools that tell of no message. */
  chatOpen?: string;
  /** `placed`: `purchase` in the data layer is an order and no payment. */
  purchase?: string;
  /** The shop's other domains, separated by spaces or commas. */
  domains?: string;
}

/**
 * Starts the tracker, with everything that s.full.js has, for shops that bundle their own scripts; calling it again changes nothing.
 * `host`: address of the shopfunnel server. `undefined` where an option is wrong, which is said on the console.
 */
export function install(host: string, options: Options): Shopfunnel | undefined;

declare global {
  var shopfunnel: Shopfunnel;
}
