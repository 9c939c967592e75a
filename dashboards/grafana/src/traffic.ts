// The board of who sends visitors, and what they are worth.

import type { Board } from "./board";
import { breakdownTable, named } from "./funnel";
import { lines, steps, table, tiles } from "./panels";
import { byDay, funnel, ofAllDays, orUnknown } from "./sql";
import { type Dimension, type Language, dimensionOf, labelOf } from "./words";

const FILTERS = ["source", "medium", "device", "country"] as const;
const SHOWN = ["visitors", "effective", "bounced", "buyers", "payers"] as const;
const RATES = ["effective_entry_rate", "bounce_rate", "overall_conversion_rate"] as const;

/** Visitors of each value of a dimension, to scale. */
function bars(dimension: Dimension, language: Language): string {
  return `SELECT ${orUnknown("value", language)} AS step, visitors AS persons
FROM ${funnel({ breakdown: dimension, filters: FILTERS })}
ORDER BY visitors DESC
LIMIT 12`;
}

export const board: Board = {
  name: "traffic",
  title: { en: "Traffic and campaigns", zh: "流量与活动" },
  description: {
    en: "Where visitors come from, on what, and what becomes of them.",
    zh: "访客来自哪里、用什么设备、后续转化如何。",
  },
  filters: FILTERS,
  panels: (language) => {
    const byDimension = (dimension: Dimension, width: number, height: number) => {
      const found = breakdownTable(dimension, FILTERS, language);
      const name = { en: dimensionOf(dimension, "en"), zh: dimensionOf(dimension, "zh") };
      return table(
        {
          title: { en: `By ${name.en.toLowerCase()}`, zh: `按${name.zh}` },
          description: {
            en: "The funnel of the visitors with each value; a visitor may be in several rows. Amounts in ${currency}.",
            zh: "每个值对应的访客漏斗；一位访客可能出现在多行。金额以 ${currency} 计。",
          },
          width,
          height,
        },
        found.sql,
        found,
        language,
      );
    };
    const barsOf = (dimension: Dimension) => {
      const name = { en: dimensionOf(dimension, "en"), zh: dimensionOf(dimension, "zh") };
      return steps(
        {
          title: { en: `Visitors by ${name.en.toLowerCase()}`, zh: `按${name.zh}的访客数` },
          description: { en: "Distinct visitors of the twelve largest.", zh: "访客最多的十二项，去重人数。" },
          width: 8,
          height: 9,
        },
        bars(dimension, language),
        language,
      );
    };
    return [
      tiles(
        {
          title: { en: "Visitors", zh: "访客" },
          description: { en: "Distinct persons over all of the days.", zh: "所选日期内去重人数。" },
          width: 14,
          height: 4,
        },
        ofAllDays(named(SHOWN, language), FILTERS),
        {},
        language,
      ),
      tiles(
        {
          title: { en: "Rates", zh: "转化率" },
          description: { en: "Of the visitors above.", zh: "基于上述访客。" },
          width: 10,
          height: 4,
        },
        ofAllDays(named(RATES, language), FILTERS),
        { shares: RATES.map((id) => labelOf(id, language)) },
        language,
      ),
      lines(
        {
          title: { en: "Visitors by day", zh: "每日访客" },
          description: { en: "Each day is a window of its own.", zh: "每天单独计算。" },
          width: 24,
          height: 8,
        },
        byDay(named(["visitors", "effective", "bounced"], language), FILTERS),
        "locale",
        language,
      ),
      byDimension("source", 12, 10),
      byDimension("campaign", 12, 10),
      barsOf("device"),
      barsOf("country"),
      barsOf("browser"),
      byDimension("landing", 24, 10),
    ];
  },
};
