// What the orders of these days are worth, by how they came about.

import type { FunnelAnswer, Money } from "./ask";
import { html, setText } from "./element";
import { formatAmount, formatAverage, formatCount } from "./format";
import { Grid } from "./grid";
import { AMOUNTS, WHOLE_AMOUNTS } from "./metrics";
import { Panel } from "./panel";
import { type Language, say } from "./words";

/** Each column: what the ids of its amounts begin with. */
const BRANCHES = [
  { prefix: "", word: "branch_total" },
  { prefix: "inquiry_", word: "inquiry" },
  { prefix: "silent_", word: "silent" },
  { prefix: "unattributed_", word: "unattributed" },
] as const;

export class MoneyPanel {
  readonly panel: Panel;
  private readonly grid: Grid;
  private readonly whole = html("dl", "whole-amounts");
  private readonly waiting = html("p", "warning");
  private readonly nothing = html("p", "quiet");

  constructor(csv: () => Promise<Blob>) {
    this.panel = new Panel("money", "money", csv);
    this.grid = new Grid("money-title", "money");
    this.panel.body.append(this.grid.root, this.whole, this.waiting, this.nothing);
  }

  show(answer: FunnelAnswer | null, language: Language): void {
    this.panel.speak(language);
    const all = answer?.money ?? [];
    const currencies = all.map(({ currency }) => currency).join(", ");
    setText(this.panel.hint, currencies && say("money_hint", language, { currency: currencies }));
    this.grid.show(
      [{ text: "", isFigure: false }, ...BRANCHES.map(({ word }) => ({ text: say(word, language), isFigure: true }))],
      all.flatMap((money) =>
        (Object.keys(AMOUNTS) as (keyof typeof AMOUNTS)[]).map((id) => ({
          key: `${money.currency} ${id}`,
          cells: [
            { text: all.length > 1 ? `${AMOUNTS[id][language]} (${money.currency})` : AMOUNTS[id][language] },
            ...BRANCHES.map(({ prefix }) => amountCell(money, `${prefix}${id}`, language)),
          ],
        })),
      ),
    );
    const rows = all.flatMap((money) =>
      (Object.keys(WHOLE_AMOUNTS) as (keyof typeof WHOLE_AMOUNTS)[])
        .filter((id) => money[id] !== null)
        .map((id) => [WHOLE_AMOUNTS[id][language], money[id] as string, money.currency, id] as const),
    );
    const now = JSON.stringify([rows, language]);
    if (this.whole.dataset["shown"] !== now) {
      this.whole.dataset["shown"] = now;
      this.whole.replaceChildren(
        ...rows.map(([name, amount, currency, id]) => {
          const format = id === "received_amount" ? formatAmount : formatAverage;
          const value = html("dd", "", format(amount, currency, language));
          value.dataset["exact"] = amount;
          value.dataset["amount"] = id;
          return html("div", "", html("dt", "", name), value);
        }),
      );
    }
    const waits = all.flatMap(({ currency, waiting_payments: waiting }) =>
      waiting && waiting.count > 0 ? [say("waiting", language, { count: formatCount(waiting.count, language), amount: formatAmount(waiting.amount, currency, language) })] : [],
    );
    setText(this.waiting, waits.join(" "));
    this.waiting.hidden = waits.length === 0;
    setText(this.nothing, answer && all.length === 0 ? say("nothing", language) : "");
    this.grid.root.hidden = all.length === 0;
  }
}

function amountCell(money: Money, id: string, language: Language) {
  const amount = money[id];
  // No average is told of orders that nobody is known for.
  if (amount === undefined) return { text: "" };
  const format = id.endsWith("avg_order_value") ? formatAverage : formatAmount;
  return { text: format(amount as string | null, money.currency, language), exact: JSON.stringify(amount) };
}
