// The board of who asked, who answered, and what came of it.

import { COHORT_LABELS } from "../../web/src/catalogue";
import type { Board } from "./board";
import { named } from "./funnel";
import { lines, table, tiles } from "./panels";
import { byDay, cohorts, funnel, lostInquiries, ofAllDays, orUnknown, quoted } from "./sql";
import { type Language, dimensionOf, labelOf, say } from "./words";

const FILTERS = ["source", "device"] as const;
const COUNTS = ["inquirers", "inquiry_buyers", "inquiry_payers", "after_sale_inquirers"] as const;
const RATES = ["inquiry_rate", "inquiry_conversion_rate", "inquiry_paid_rate"] as const;

/** What came of the inquiries of each value of a dimension. */
function byAnswerer(dimension: "agent" | "channel" | "product", language: Language): string {
  return `SELECT ${orUnknown("value", language)} AS ${quoted(dimensionOf(dimension, language))}, ${named([...COUNTS.slice(0, 3), ...RATES.slice(1)], language)}
FROM ${funnel({ breakdown: dimension, filters: FILTERS })}
WHERE inquirers > 0
ORDER BY inquirers DESC
LIMIT 100`;
}

export const board: Board = {
  name: "inquiries",
  title: { en: "Inquiries and agents", zh: "咨询与客服" },
  description: {
    en: "Who asked before buying, who answered, and what came of it.",
    zh: "售前咨询、接待客服及转化结果。",
  },
  filters: FILTERS,
  panels: (language) => {
    const shares = RATES.map((id) => labelOf(id, language));
    const answered = (dimension: "agent" | "channel" | "product", title: { en: string; zh: string }) =>
      table(
        {
          title,
          description: {
            en: "Inquirers with their inquiries' value, and how many of them ordered and paid.",
            zh: "按咨询归属的人数，以及其中下单和付款的人数。",
          },
          width: 8,
          height: 9,
        },
        byAnswerer(dimension, language),
        { shares: shares.slice(1) },
        language,
      );
    const rates = Object.entries(COHORT_LABELS).map(
      ([id, name]) => `${id} AS ${quoted(say(name, language))}`,
    );
    const day = language === "zh" ? "日期" : "Day";
    const [asked, visitor] =
      language === "zh" ? (["最近咨询", "访客"] as const) : (["Last asked", "Visitor"] as const);
    return [
      tiles(
        {
          title: { en: "Inquirers", zh: "咨询人数" },
          description: {
            en: "Persons who asked before buying, those of them who ordered and paid, and those who only asked after a sale.",
            zh: "售前咨询人数、其中下单和付款人数，以及仅售后咨询人数。",
          },
          width: 14,
          height: 4,
        },
        ofAllDays(named(COUNTS, language), FILTERS),
        {},
        language,
      ),
      tiles(
        {
          title: { en: "Rates", zh: "转化率" },
          description: { en: "Of all visitors, and of the inquirers.", zh: "占全部访客和咨询者的比例。" },
          width: 10,
          height: 4,
        },
        ofAllDays(named(RATES, language), FILTERS),
        { shares },
        language,
      ),
      lines(
        {
          title: { en: "Inquiry and silent conversion by day", zh: "每日询单与静默转化率" },
          description: { en: "Each day is a window of its own.", zh: "每天单独计算。" },
          width: 24,
          height: 8,
        },
        byDay(
          named(["inquiry_conversion_rate", "inquiry_paid_rate", "silent_conversion_rate"], language),
          FILTERS,
        ),
        "percentunit",
        language,
      ),
      answered("agent", { en: "Agents", zh: "客服" }),
      answered("channel", { en: "Chat tools", zh: "咨询渠道" }),
      answered("product", { en: "Products asked about", zh: "咨询商品" }),
      table(
        {
          title: { en: "Inquiry cohorts", zh: "咨询追踪" },
          description: {
            en: "Of those who asked on a day: who ordered that day and within three more; who paid that day, by the next, within three more. The last three days are still open.",
            zh: "某日咨询者在当日、之后 3 天内下单，以及在当日、截至次日、之后 3 天内付款的占比；最近三天仍在统计。",
          },
          width: 12,
          height: 10,
        },
        `SELECT toString(day) AS ${quoted(day)}, ${named(["inquirers"], language)}, ${rates.join(", ")} FROM ${cohorts} WHERE day IS NOT NULL ORDER BY day DESC`,
        { shares: Object.values(COHORT_LABELS).map((name) => say(name, language)) },
        language,
      ),
      table(
        {
          title: { en: "Asked and has not bought", zh: "咨询未下单" },
          description: { en: "The hundred most recent, for calling back.", zh: "最近一百位，可用于回访。" },
          width: 12,
          height: 10,
        },
        `SELECT last_asked_at AS ${quoted(asked)}, visitor AS ${quoted(visitor)}, ${(["agent", "channel"] as const).map((id) => `${id} AS ${quoted(dimensionOf(id, language))}`).join(", ")}
FROM ${lostInquiries} WHERE is_next ORDER BY last_asked_at DESC`,
        {},
        language,
      ),
    ];
  },
};
