// The figures of the shop funnel: their types, and the formula of a rate in words and in numbers.
//
// Ids, labels and what each rate divides are the server's catalogue (catalogue.ts). Nothing here computes a
// figure: the server does.

import { COUNTS, DEFINITIONS, LABELS, MONEY_LABELS, RATES } from "./catalogue";
import type { Language } from "./words";

export { COUNTS, DEFINITIONS, LABELS, RATES };

export type Count = (typeof COUNTS)[number];
export type Rate = keyof typeof RATES;
export type Metric = Count | Rate;

/** The `funnel` object of the server's answer. */
export type Funnel = Record<Count, number> & Record<Rate, number | null>;

const { ordered_amount, paid_amount, refunded_amount, net_amount, avg_order_value } = MONEY_LABELS;
const { received_amount, avg_revenue_per_buyer, revenue_per_visitor } = MONEY_LABELS;

/** Amounts of each branch, by what they are of. */
export const AMOUNTS = { ordered_amount, paid_amount, refunded_amount, net_amount, avg_order_value };

/** Amounts that are of the shop as a whole. */
export const WHOLE_AMOUNTS = { received_amount, avg_revenue_per_buyer, revenue_per_visitor };

interface Ratio {
  part: Count;
  base: readonly Count[];
}

export function isRate(id: string): id is Rate {
  return Object.hasOwn(RATES, id);
}

/** The formula of a rate in words: "Effective ÷ (Effective + Bounced)". */
export function formulaInWords(rate: Rate, language: Language): string {
  const { part, base }: Ratio = RATES[rate];
  const names = base.map((id) => LABELS[id][language]).join(" + ");
  return `${LABELS[part][language]} ÷ ${base.length > 1 ? `(${names})` : names}`;
}

/** The same formula with the numbers that are there now: "40 ÷ (40 + 60)". */
export function formulaInNumbers(rate: Rate, funnel: Funnel, show: (count: number) => string): string {
  const { part, base }: Ratio = RATES[rate];
  const numbers = base.map((id) => show(funnel[id])).join(" + ");
  return `${show(funnel[part])} ÷ ${base.length > 1 ? `(${numbers})` : numbers}`;
}
