// The figures as tiles: one each, with its change since the days it is compared with, how it is counted a click away.

import type { Figures, FunnelAnswer } from "./ask";
import { html, setText } from "./element";
import { formatAmount, formatAverage, formatCount, formatGrowth, formatPoints, formatRate } from "./format";
import { AMOUNTS, DEFINITIONS, LABELS, type Metric, WHOLE_AMOUNTS, formulaInNumbers, formulaInWords, isRate } from "./metrics";
import { Panel } from "./panel";
import { type Language, say } from "./words";

type Amount = "paid_amount" | "avg_revenue_per_buyer";

/** In reading order; the colour says which branch a figure belongs to. */
const TILES: readonly { id: Metric | Amount; look: "whole" | "inquiry" | "silent" }[] = [
  { id: "visitors", look: "whole" },
  { id: "effective_entry_rate", look: "whole" },
  { id: "payers", look: "whole" },
  { id: "paid_amount", look: "whole" },
  { id: "inquiry_rate", look: "inquiry" },
  { id: "inquiry_conversion_rate", look: "inquiry" },
  { id: "inquiry_paid_rate", look: "inquiry" },
  { id: "avg_revenue_per_buyer", look: "whole" },
  { id: "silent_conversion_rate", look: "silent" },
  { id: "silent_paid_rate", look: "silent" },
  { id: "payment_rate", look: "whole" },
  { id: "overall_conversion_rate", look: "whole" },
];

const isAmount = (id: Metric | Amount): id is Amount => id === "paid_amount" || id === "avg_revenue_per_buyer";

export class Tiles {
  readonly panel: Panel;
  private readonly tiles = TILES.map(({ id, look }) => {
    const [value, label, change, before, words, numbers] = [
      html("span", "value"), html("span", "name"), html("span", "change"), html("span", "before"), html("p"), html("p", "numbers"),
    ];
    value.dataset["tile"] = id;
    value.classList.toggle("amount", isAmount(id));
    const root = html("details", `tile ${look}`, html("summary", "", label, value, html("span", "other", change, " ", before)), words, numbers);
    return { id, root, value, label, change, before, words, numbers };
  });

  constructor(csv: () => Promise<Blob>) {
    this.panel = new Panel("tiles", "rates", csv);
    this.panel.body.append(html("div", "tiles", ...this.tiles.map((tile) => tile.root)));
  }

  /** Shows an answer; dashes for null. `currency` is that of the amounts. */
  show(answer: FunnelAnswer | null, currency: string, language: Language): void {
    this.panel.speak(language);
    const count = (number: number) => formatCount(number, language);
    for (const { id, value, label, change, before, words, numbers } of this.tiles) {
      const now = answer ? figureOf(id, answer, currency) : null;
      const then = answer?.previous ? figureOf(id, answer.previous, currency) : undefined;
      const format = (figure: string | number | null) => formatFigure(id, figure, currency, language);
      setText(label, isAmount(id) ? amountName(id, language) : LABELS[id][language]);
      setText(value, format(now));
      value.dataset["exact"] = JSON.stringify(now);
      setText(before, then === undefined ? "" : say("before", language, { value: format(then) }));
      const [one, other] = [now, then].map((figure) => (figure === null || figure === undefined ? null : Number(figure)));
      const isKnown = one !== null && one !== undefined && other !== null && other !== undefined;
      setText(change, !isKnown ? "" : isRate(id) ? say("points", language, { count: formatPoints(one - other, language) }) : formatGrowth(one, other, language));
      change.dataset["direction"] = !isKnown || one === other ? "same" : one > other ? "up" : "down";
      setText(words, isRate(id) ? formulaInWords(id, language) : isAmount(id) ? say(`${id}_means`, language) : DEFINITIONS[id][language]);
      setText(numbers, isRate(id) && answer ? formulaInNumbers(id, answer.funnel, count) : "");
    }
  }
}

/** As the server says it: a count or a rate as a number, an amount as text. */
function figureOf(id: Metric | Amount, { funnel, money }: Figures, currency: string): string | number | null {
  if (!isAmount(id)) return funnel[id];
  const found = money.find((one) => one.currency === currency)?.[id];
  return found ?? (id === "paid_amount" ? "0.0000" : null);
}

function formatFigure(id: Metric | Amount, figure: string | number | null, currency: string, language: Language): string {
  if (typeof figure === "string") return id === "paid_amount" ? formatAmount(figure, currency, language) : formatAverage(figure, currency, language);
  return figure === null || isRate(id) ? formatRate(figure, language) : formatCount(figure, language);
}

function amountName(id: Amount, language: Language): string {
  return (id === "paid_amount" ? AMOUNTS.paid_amount : WHOLE_AMOUNTS.avg_revenue_per_buyer)[language];
}
