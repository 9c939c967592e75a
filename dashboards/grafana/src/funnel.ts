// The board of the shop funnel.

import { COUNTS, RATES } from "../../web/src/catalogue";
import type { Board } from "./board";
import { lines, steps, table, tiles } from "./panels";
import { type Filter, byDay, funnel, ofAllDays, orUnknown, quoted, text } from "./sql";
import { type Dimension, type Language, amountOf, dimensionOf, labelOf } from "./words";

const FILTERS = ["source", "device", "country", "agent"] as const;
const STEPS = [
  "visitors",
  "effective",
  "inquirers",
  "silent_visitors",
  "buyers",
  "inquiry_buyers",
  "silent_buyers",
  "payers",
  "inquiry_payers",
  "silent_payers",
] as const;
const RATE_IDS = Object.keys(RATES) as (keyof typeof RATES)[];
const DAILY_RATES = [
  "effective_entry_rate",
  "inquiry_conversion_rate",
  "silent_conversion_rate",
  "payment_rate",
] as const;

/** Columns of a funnel under their labels. */
export function named(
  ids: readonly (keyof typeof RATES | (typeof COUNTS)[number])[],
  language: Language,
): string {
  return ids.map((id) => `${id} AS ${quoted(labelOf(id, language))}`).join(", ");
}

/** What was paid in the shop's currency, of a row of a funnel. */
export const PAID = "arraySum(m -> if(m.currency = '${currency}', m.paid, 0), money)";

/** A table of the funnel of each value of a dimension. */
export function breakdownTable(
  dimension: Dimension,
  filters: readonly Filter[],
  language: Language,
): { sql: string; shares: string[]; amounts: string[] } {
  const rates = [
    "effective_entry_rate",
    "inquiry_rate",
    "inquiry_conversion_rate",
    "silent_conversion_rate",
    "payment_rate",
    "overall_conversion_rate",
  ] as const;
  const amount = amountOf("paid_amount", language);
  const sql = `SELECT ${orUnknown("value", language)} AS ${quoted(dimensionOf(dimension, language))}, ${named(["visitors", ...rates], language)},
  ${PAID} AS ${quoted(amount)}
FROM ${funnel({ breakdown: dimension, filters })}
ORDER BY visitors DESC
LIMIT 100`;
  return { sql, shares: rates.map((id) => labelOf(id, language)), amounts: [amount] };
}

export const board: Board = {
  name: "funnel",
  title: { en: "Shop funnel", zh: "店铺转化漏斗" },
  description: {
    en: "Who came, who stayed, who asked, who bought after asking and who silently, who paid.",
    zh: "到店、有效、咨询、咨询下单与静默下单、付款。",
  },
  filters: FILTERS,
  panels: (language) => {
    const sources = breakdownTable("source", FILTERS, language);
    const rates = RATE_IDS.map((id) => labelOf(id, language));
    const pairs = STEPS.map((id) => `(${text(labelOf(id, language))}, toInt64(${id}))`).join(", ");
    return [
      steps(
        {
          title: { en: "Funnel", zh: "漏斗图" },
          description: {
            en: "Distinct persons over all of the days, to one scale.",
            zh: "所选日期内去重人数，同一比例。",
          },
          width: 12,
          height: 14,
        },
        `SELECT pair.1 AS step, pair.2 AS persons FROM (${ofAllDays(STEPS.join(", "), FILTERS)}) ARRAY JOIN [${pairs}] AS pair`,
        language,
      ),
      tiles(
        {
          title: { en: "Rates", zh: "转化率" },
          description: {
            en: "Each rate divides two counts of the funnel; without a base it is empty, never 0.",
            zh: "各转化率均由漏斗人数相除；分母为 0 时为空，不是 0。",
          },
          width: 12,
          height: 14,
        },
        ofAllDays(named(RATE_IDS, language), FILTERS),
        { shares: rates },
        language,
      ),
      tiles(
        {
          title: { en: "Persons", zh: "人数" },
          description: { en: "Every count of the funnel.", zh: "漏斗中的全部人数。" },
          width: 24,
          height: 5,
        },
        ofAllDays(named(COUNTS, language), FILTERS),
        {},
        language,
      ),
      lines(
        {
          title: { en: "Persons by day", zh: "每日人数" },
          description: {
            en: "Each day is a window of its own; days do not add up to the funnel above.",
            zh: "每天单独计算，各天之和不等于上方漏斗。",
          },
          width: 12,
          height: 9,
        },
        byDay(named(["visitors", "effective", "inquirers", "buyers", "payers"], language), FILTERS),
        "locale",
        language,
      ),
      lines(
        {
          title: { en: "Rates by day", zh: "每日转化率" },
          description: { en: "Each day is a window of its own.", zh: "每天单独计算。" },
          width: 12,
          height: 9,
        },
        byDay(named(DAILY_RATES, language), FILTERS),
        "percentunit",
        language,
      ),
      table(
        {
          title: { en: "By source", zh: "按来源" },
          description: {
            en: "A visitor may have come from several sources, so rows may add up to more than the total. Amounts in ${currency}.",
            zh: "一位访客可能来自多个来源，各行之和可能大于总数。金额以 ${currency} 计。",
          },
          width: 24,
          height: 10,
        },
        sources.sql,
        sources,
        language,
      ),
    ];
  },
};
