// The types of the call the snippet puts on the page, `shopfunnel(kind, fields?)`, and of its options.
//
// Promises the fields of the wire contract and nothing else. The tracker itself fills `id`, `kind`, `visitor`
// and `at`, so they are not here. Does not describe the server's `/v1/events`, which takes more.

/**
 * Every field is optional on the wire unless its kind says otherwise. Text longer than the server's limit is cut,
 * never rejected.
 */
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
  /**
   * A decimal, or one amount as people write it (`"1.299,00 €"`). What cannot be read without doubt is left out,
   * and the answer names it.
   */
  amount?: string | number;
  /** ISO 4217, only with `amount`. Absent: of an order the shop's, of a payment or refund its order's. */
  currency?: string;
  /** Of an order, payment or refund: when the shop's record last changed, RFC 3339 or epoch milliseconds. */
  as_of?: string | number;
  /** Lines of an order or refund, at most 100. */
  items?: Item[];
  /** Of an order, in its currency, as the three below. */
  cost?: string | number;
  shipping?: string | number;
  tax?: string | number;
  discount?: string | number;
  /** Of an inquiry or reply: the chat tool's id of the conversation, 1..128 characters. */
  conversation?: string;
  /** Of an inquiry or reply: who wrote it. */
  by?: 'person' | 'bot';
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

/** A line of an order. Amount and cost are of the whole line, after discount. */
export interface Item {
  product?: string;
  name?: string;
  variant?: string;
  /** 1 when absent; above 0, at most 3 decimals. */
  quantity?: number;
  amount?: string | number;
  cost?: string | number;
}

/** An event that belongs to an order; without `order_id` it is not sent. */
export type OrderFields = EventFields & { order_id: string };

export type RatingFields = EventFields & { score: 1 | 2 | 3 | 4 | 5 };

/** An answer in a chat; without the conversation it is not kept. */
export type ReplyFields = EventFields & { conversation: string; by: 'person' | 'bot' };

export interface Shopfunnel {
  /**
   * The visitor id, to hand to the shop's server. `undefined` as long as only the queue stub is on the page,
   * where nothing is counted, and in cookieless mode.
   */
  (kind: 'visitor'): string | undefined;
  /**
   * The visitor's word about being counted. `true` and `'granted'` are a yes; anything else takes everything of
   * them out of this browser and stops.
   */
  (kind: 'consent', word: unknown): void;
  /** `done` is called once the event is settled, as of every kind below. */
  (kind: 'order' | 'payment' | 'refund', fields: OrderFields, done?: Done): void;
  (kind: 'rating', fields: RatingFields, done?: Done): void;
  (kind: 'reply', fields: ReplyFields, done?: Done): void;
  (kind: 'visit' | 'inquiry' | 'cart' | 'favorite', fields?: EventFields, done?: Done): void;
}

/** Without a `problem` the server has the event; else it is not counted, and why. Not called for what still waits. */
export type Done = (problem?: string) => void;

/** The script tag's data-* attributes, without `data-`. Those that are switches are on when they are there, with any text. */
export interface Options {
  /** Public key of the shop, `pk_…`. */
  shop?: string;
  /** Address of the shopfunnel server, where the script does not come from there. */
  host?: string;
  /** Words of `localhost`, `webdriver`, `gpc`: what is counted although it is left out otherwise. */
  allow?: string;
  /** With any text: nothing is sent or stored before `shopfunnel('consent', true)`. */
  consent?: string;
  /** The visitor's id is also in the cookie `shopfunnel_visitor`, of this domain, or of the page's host when empty. */
  cookie?: string;
  /** A switch: no id, nothing stored; the server knows such visitors for a day. */
  cookieless?: string;
  /** Names of parameters, separated by blanks or commas: another value is another page. `*`: all of them. */
  query?: string;
  /** Paths, separated by blanks or commas, on which nothing is counted; `*` stands for any characters. */
  exclude?: string;
  /** `manual`: the page tells its views by `shopfunnel('visit', { url, title })`. */
  views?: string;
  /** `off`: nothing is said on the console. */
  log?: string;
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
