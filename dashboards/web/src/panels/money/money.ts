// What the orders of these days are worth, by how they came about.

import type { Money } from "../../ask";
import { html, isNews, setText } from "../../element";
import { formatAmount, formatAverage, formatCount } from "../../format";
import { AMOUNTS, WHOLE_AMOUNTS } from "../../metrics";
import { type Question, type Seen, figuresQuestion } from "../../questions";
import type { Scene } from "../../scene";
import { type Language, listed, say, sentences } from "../../words";
import { Grid } from "../grid";
import { type Acts, Panel } from "../panel";
import { WORDS } from "./words";

/** Each column: what the ids of its amounts begin with. */
const BRANCHES = [
  { prefix: "", word: WORDS.total },
  { prefix: "inquiry_", word: WORDS.inquiry },
  { prefix: "silent_", word: WORDS.silent },
  { prefix: "unattributed_", word: WORDS.unattributed },
] as const;

export class MoneyPanel extends Panel {
  readonly #grid = new Grid("money");
  readonly #whole = html("dl", "whole-amounts");
  readonly #waiting = html("p", "warning");
  readonly #unverified = html("p", "warning");
  readonly #nothing = html("p", "quiet");

  constructor(acts: Acts) {
    super("money", WORDS.money, acts);
    this.body.append(this.#grid.root, this.#whole, this.#waiting, this.#unverified, this.#nothing);
  }

  protected override draw({ answer, language }: Scene): void {
    const all = answer?.money ?? [];
    const currency = listed(
      all.map((money) => money.currency),
      language,
    );
    setText(this.hint, currency && say(WORDS.hint, language, { currency }));
    this.#grid.show(
      [
        { text: "", isFigure: false },
        ...BRANCHES.map(({ word }) => ({ text: say(word, language), isFigure: true })),
      ],
      all.flatMap((money) =>
        (Object.keys(AMOUNTS) as (keyof typeof AMOUNTS)[]).map((id) => ({
          key: `${money.currency} ${id}`,
          cells: [
            { text: all.length > 1 ? nameIn(money.currency, id, language) : AMOUNTS[id][language] },
            ...BRANCHES.map(({ prefix }) => amountCell(money, `${prefix}${id}`, language)),
          ],
        })),
      ),
    );
    this.#showWhole(all, language);
    const waits = all.flatMap(({ currency, waiting_payments: waiting }) => {
      if (!waiting || waiting.count === 0) return [];
      const amount = formatAmount(waiting.amount, currency, language);
      return [say(WORDS.waiting, language, { count: formatCount(waiting.count, language), amount })];
    });
    setText(this.#waiting, sentences(waits, language));
    this.#waiting.hidden = waits.length === 0;
    const unverified = all.filter((money) => Number(money["unverified_paid_amount"]) !== 0);
    const amounts = unverified.map((money) =>
      formatAmount(money["unverified_paid_amount"] as string, money.currency, language),
    );
    const amount = listed(amounts, language);
    setText(this.#unverified, amount && say(WORDS.unverified, language, { amount }));
    this.#unverified.hidden = amounts.length === 0;
    setText(this.#nothing, answer && all.length === 0 ? say("nothing", language) : "");
    this.#grid.root.hidden = all.length === 0;
  }

  protected override table(seen: Seen): Question {
    return figuresQuestion(seen);
  }

  /** The amounts that are of the shop as a whole. */
  #showWhole(all: readonly Money[], language: Language): void {
    const rows = all.flatMap((money) =>
      (Object.keys(WHOLE_AMOUNTS) as (keyof typeof WHOLE_AMOUNTS)[])
        .filter((id) => money[id] !== null)
        .map((id) => [WHOLE_AMOUNTS[id][language], money[id] as string, money.currency, id] as const),
    );
    if (!isNews(this.#whole, [rows, language])) return;
    this.#whole.replaceChildren(
      ...rows.map(([name, amount, currency, id]) => {
        const format = id === "received_amount" ? formatAmount : formatAverage;
        const value = html("dd", "", format(amount, currency, language));
        value.dataset["exact"] = amount;
        value.dataset["amount"] = id;
        return html("div", "", html("dt", "", name), value);
      }),
    );
  }
}

/** The name of an amount where there are several currencies. */
function nameIn(currency: string, id: keyof typeof AMOUNTS, language: Language): string {
  return say("bracketed", language, { name: AMOUNTS[id][language], value: currency });
}

function amountCell(money: Money, id: string, language: Language) {
  const amount = money[id];
  // No average is told of orders that nobody is known for.
  if (amount === undefined) return { text: "" };
  const format = id.endsWith("avg_order_value") ? formatAverage : formatAmount;
  return { text: format(amount as string | null, money.currency, language), exact: JSON.stringify(amount) };
}
