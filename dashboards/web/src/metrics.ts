// The figures of the shop funnel: their ids, their labels in both languages, what each rate divides.
//
// Ids and Chinese labels are those of METRICS section 2. A rate is written once, as lists of counts, and both its words
// and its numbers are made from that. Nothing here computes a figure: the server does.

import type { Language } from "./words";

export const COUNTS = [
  "visitors",
  "bounced",
  "effective",
  "open",
  "inquirers",
  "silent_visitors",
  "inquiry_buyers",
  "silent_buyers",
  "buyers",
  "inquiry_payers",
  "silent_payers",
  "payers",
  "after_sale_inquirers",
] as const;

export type Count = (typeof COUNTS)[number];

/** Each rate: the count above the line, the counts summed below it. */
export const RATES = {
  effective_entry_rate: { part: "effective", base: ["effective", "bounced"] },
  bounce_rate: { part: "bounced", base: ["effective", "bounced"] },
  inquiry_rate: { part: "inquirers", base: ["visitors"] },
  inquiry_conversion_rate: { part: "inquiry_buyers", base: ["inquirers"] },
  inquiry_paid_rate: { part: "inquiry_payers", base: ["inquirers"] },
  silent_conversion_rate: { part: "silent_buyers", base: ["silent_visitors"] },
  silent_paid_rate: { part: "silent_payers", base: ["silent_visitors"] },
  silent_rate_all_visitors: { part: "silent_buyers", base: ["visitors"] },
  silent_share_of_buyers: { part: "silent_buyers", base: ["buyers"] },
  payment_rate: { part: "payers", base: ["buyers"] },
  overall_conversion_rate: { part: "payers", base: ["visitors"] },
} as const satisfies Record<string, { part: Count; base: readonly Count[] }>;

export type Rate = keyof typeof RATES;
export type Metric = Count | Rate;

/** The `funnel` object of the server's answer. */
export type Funnel = Record<Count, number> & Record<Rate, number | null>;

export const LABELS: Record<Metric, Record<Language, string>> = {
  visitors: { en: "Visitors", zh: "访客数" },
  bounced: { en: "Bounced", zh: "跳失人数" },
  effective: { en: "Effective", zh: "有效入店人数" },
  open: { en: "Open", zh: "待定" },
  inquirers: { en: "Inquirers", zh: "咨询人数 (售前)" },
  silent_visitors: { en: "Silent visitors", zh: "静默访客数" },
  inquiry_buyers: { en: "Inquiry buyers", zh: "咨询下单" },
  silent_buyers: { en: "Silent buyers", zh: "静默下单" },
  buyers: { en: "Buyers", zh: "下单人数" },
  inquiry_payers: { en: "Inquiry payers", zh: "咨询成交" },
  silent_payers: { en: "Silent payers", zh: "静默成交" },
  payers: { en: "Payers", zh: "成交人数" },
  after_sale_inquirers: { en: "After-sale inquirers", zh: "售后咨询人数" },
  effective_entry_rate: { en: "Effective entry", zh: "有效入店率" },
  bounce_rate: { en: "Bounce", zh: "跳失率" },
  inquiry_rate: { en: "Inquiry", zh: "咨询率" },
  inquiry_conversion_rate: { en: "Inquiry conversion", zh: "询单转化率(下单)" },
  inquiry_paid_rate: { en: "Inquiry paid", zh: "询单转化率(付款)" },
  silent_conversion_rate: { en: "Silent conversion", zh: "静默转化率" },
  silent_paid_rate: { en: "Silent paid", zh: "静默支付率" },
  silent_rate_all_visitors: { en: "Silent conversion of all visitors", zh: "静默转化率(全部访客口径)" },
  silent_share_of_buyers: { en: "Silent share of buyers", zh: "静默占比" },
  payment_rate: { en: "Payment", zh: "订单支付率" },
  overall_conversion_rate: { en: "Overall conversion", zh: "成交转化率" },
};

/** Who is counted (METRICS section 2), in one sentence. */
export const DEFINITIONS: Record<Count, Record<Language, string>> = {
  visitors: {
    en: "Everybody who did something in the shop in these days, each person once.",
    zh: "所选日期内在店铺有任何行为的人，每人只计一次。",
  },
  bounced: {
    en: "Visitors who looked at one page and left: all who are neither effective nor open.",
    zh: "只看了一个页面就离开的访客，即既非有效入店也非待定的访客。",
  },
  effective: {
    en: "Visitors with two page views on one day, or an inquiry, a cart, a favorite or an order.",
    zh: "同一天浏览两个及以上页面，或有咨询、加购、收藏、下单的访客。",
  },
  open: {
    en: "Visitors with one page view today, less than 30 minutes ago: they may still become effective.",
    zh: "今天只浏览了一个页面且不到 30 分钟的访客，仍可能成为有效入店。",
  },
  inquirers: {
    en: "Visitors who asked before they ordered. A question in the days after an order is after-sale and does not count.",
    zh: "下单前咨询过的访客；下单后一段时间内的咨询属于售后，不计入。",
  },
  silent_visitors: { en: "Effective visitors who are no inquirers: effective − inquirers.", zh: "没有售前咨询的有效访客：有效入店人数 − 咨询人数。" },
  inquiry_buyers: { en: "Buyers who asked before their first order in these days.", zh: "在所选日期内首次下单前咨询过的下单者。" },
  silent_buyers: { en: "Buyers who did not ask before their first order in these days.", zh: "在所选日期内首次下单前没有咨询的下单者。" },
  buyers: { en: "Visitors who placed an order in these days: inquiry buyers + silent buyers.", zh: "所选日期内下单的访客：咨询下单 + 静默下单。" },
  inquiry_payers: { en: "Inquiry buyers at least one of whose orders was paid, whenever that was.", zh: "至少一笔订单已付款（不论何时付款）的咨询下单者。" },
  silent_payers: { en: "Silent buyers at least one of whose orders was paid, whenever that was.", zh: "至少一笔订单已付款（不论何时付款）的静默下单者。" },
  payers: { en: "Buyers at least one of whose orders was paid: inquiry payers + silent payers.", zh: "至少一笔订单已付款的下单者：咨询成交 + 静默成交。" },
  after_sale_inquirers: { en: "Visitors who asked in these days, but never before a sale.", zh: "所选日期内咨询过，但没有售前咨询的访客。" },
};

/** Amounts of each branch, by what they are of. */
export const AMOUNTS: Record<"ordered_amount" | "paid_amount" | "refunded_amount" | "net_amount" | "avg_order_value", Record<Language, string>> = {
  ordered_amount: { en: "Ordered", zh: "下单金额" },
  paid_amount: { en: "Paid", zh: "成交金额" },
  refunded_amount: { en: "Refunded", zh: "退款金额" },
  net_amount: { en: "Net", zh: "净成交金额" },
  avg_order_value: { en: "Average order", zh: "笔单价" },
};

/** Amounts that are of the shop as a whole. */
export const WHOLE_AMOUNTS: Record<"received_amount" | "avg_revenue_per_buyer" | "revenue_per_visitor", Record<Language, string>> = {
  received_amount: { en: "Received in these days", zh: "实收金额（按付款日）" },
  avg_revenue_per_buyer: { en: "Average per paying buyer", zh: "客单价" },
  revenue_per_visitor: { en: "Paid per visitor", zh: "访客价值" },
};

export function isRate(id: string): id is Rate {
  return Object.hasOwn(RATES, id);
}

/** The formula of a rate in words: "Effective ÷ (Effective + Bounced)". */
export function formulaInWords(rate: Rate, language: Language): string {
  const { part, base } = RATES[rate];
  const names = base.map((id) => LABELS[id][language]).join(" + ");
  return `${LABELS[part][language]} ÷ ${base.length > 1 ? `(${names})` : names}`;
}

/** The same formula with the numbers that are there now: "40 ÷ (40 + 60)". */
export function formulaInNumbers(rate: Rate, funnel: Funnel, show: (count: number) => string): string {
  const { part, base } = RATES[rate];
  const numbers = base.map((id) => show(funnel[id])).join(" + ");
  return `${show(funnel[part])} ÷ ${base.length > 1 ? `(${numbers})` : numbers}`;
}
