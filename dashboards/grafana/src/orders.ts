// The board of orders and what they are worth.

import { OTHER_LABELS } from "../../web/src/catalogue";
import type { Board } from "./board";
import { named } from "./funnel";
import { lines, table, tiles } from "./panels";
import { byDay, cycles, funnel, ofAllDays, quoted, repeatBuyers, text } from "./sql";
import { type Language, amountOf, labelOf, say } from "./words";

const FILTERS = ["source", "device", "country", "agent"] as const;
const BRANCHES = [
  { number: 1, name: { en: "Inquiry", zh: "咨询" } },
  { number: 2, name: { en: "Silent", zh: "静默" } },
  { number: 0, name: { en: "Unattributed", zh: "未归属" } },
] as const;
const MINE = "m.currency = '${currency}'";

const SUMS = {
  ordered_amount: "m.ordered",
  paid_amount: "m.paid",
  refunded_amount: "m.refunded",
  net_amount: "m.paid - m.refunded",
} as const;
const IDS = Object.keys(SUMS) as (keyof typeof SUMS)[];

/** Sums of a row of a funnel in the shop's currency, under their labels. */
function sums(language: Language): string {
  return IDS.map(
    (id) => `arraySum(m -> if(${MINE}, ${SUMS[id]}, 0), money) AS ${quoted(amountOf(id, language))}`,
  ).join(", ");
}

export const board: Board = {
  name: "orders",
  title: { en: "Orders and money", zh: "订单与金额" },
  description: {
    en: "What the orders of these days are worth, by how they came about, in the shop's currency.",
    zh: "所选日期内订单的金额与来路，以店铺币种计。",
  },
  filters: FILTERS,
  panels: (language) => {
    const amounts = IDS.map((id) => amountOf(id, language));
    const branch = say({ en: "Branch", zh: "路径" }, language);
    const paidBy = BRANCHES.map(
      ({ number, name }) =>
        `arraySum(m -> if(${MINE} AND m.branch = ${number}, m.paid, 0), money) AS ${quoted(say(name, language))}`,
    );
    const names = BRANCHES.map(({ number, name }) => `m.branch = ${number}, ${text(say(name, language))}`);
    const repeat = {
      payers: { en: "Paying persons", zh: "付款人数" },
      repeat_buyers: { en: "Bought again", zh: "复购人数" },
      repeat_buyer_rate: OTHER_LABELS.repeat_buyer_rate,
      old_buyer_share: OTHER_LABELS.old_buyer_share,
    };
    const days = {
      order_median: { en: "To order, median", zh: "下单中位天数" },
      order_mean: { en: "To order, mean", zh: "下单平均天数" },
      payment_median: { en: "To payment, median", zh: "付款中位天数" },
      payment_mean: { en: "To payment, mean", zh: "付款平均天数" },
    };
    const columns = (all: Record<string, { en: string; zh: string }>) =>
      Object.entries(all)
        .map(([id, name]) => `${id} AS ${quoted(say(name, language))}`)
        .join(", ");
    return [
      tiles(
        {
          title: { en: "Money, ${currency}", zh: "金额（${currency}）" },
          description: {
            en: "Of the orders placed in these days, whenever they are paid.",
            zh: "所选日期内所下订单的金额，不论何时付款。",
          },
          width: 16,
          height: 4,
        },
        ofAllDays(sums(language), FILTERS),
        { amounts },
        language,
      ),
      tiles(
        {
          title: { en: "Payment", zh: "付款" },
          description: { en: "Share of the buyers who paid.", zh: "下单者中付款的占比。" },
          width: 8,
          height: 4,
        },
        ofAllDays(named(["buyers", "payers", "payment_rate"], language), FILTERS),
        { shares: [labelOf("payment_rate", language)] },
        language,
      ),
      lines(
        {
          title: { en: "Paid by day of the order, ${currency}", zh: "每日成交金额（按下单日，${currency}）" },
          description: {
            en: "What has been paid for the orders of each day, by how they came about.",
            zh: "每日所下订单的付款金额，按路径划分。",
          },
          width: 24,
          height: 9,
        },
        byDay(paidBy.join(", "), FILTERS),
        "locale",
        language,
      ),
      table(
        {
          title: { en: "By branch, ${currency}", zh: "按路径（${currency}）" },
          description: {
            en: "An order is of the inquiry branch when its visitor asked before it in these days; without a known visitor it is nobody's.",
            zh: "下单前在所选日期内咨询过的订单属于咨询路径；没有访客的订单为未归属。",
          },
          width: 24,
          height: 7,
        },
        `SELECT multiIf(${names.join(", ")}, '') AS ${quoted(branch)}, m.orders AS ${quoted(amountOf("orders", language))}, m.paid_orders AS ${quoted(amountOf("paid_orders", language))}, ${IDS.map((id) => `${SUMS[id]} AS ${quoted(amountOf(id, language))}`).join(", ")}
FROM ${funnel({ filters: FILTERS })} ARRAY JOIN money AS m
WHERE ${MINE}
ORDER BY m.branch = 0, m.branch`,
        { amounts },
        language,
      ),
      tiles(
        {
          title: { en: "Buying again", zh: "复购" },
          description: {
            en: "Persons with two paid orders in these days, and those who had paid in the year before.",
            zh: "所选日期内付款两单及以上的人，以及此前一年内付过款的人。",
          },
          width: 12,
          height: 5,
        },
        `SELECT ${columns(repeat)} FROM ${repeatBuyers}`,
        { shares: [say(repeat.repeat_buyer_rate, language), say(repeat.old_buyer_share, language)] },
        language,
      ),
      tiles(
        {
          title: { en: "Days from the first visit", zh: "从首次访问起的天数" },
          description: {
            en: "To the order and to its payment, with fractions.",
            zh: "到下单和到付款的天数，含小数。",
          },
          width: 12,
          height: 5,
        },
        `SELECT ${columns(days)} FROM ${cycles}`,
        { days: Object.values(days).map((name) => say(name, language)) },
        language,
      ),
    ];
  },
};
