// The figures as tiles: one each, with its change since the days it is compared with, how it is counted a
// click away.

import { type Figures, type FunnelAnswer, sumOf } from "../../ask";
import { html, setText } from "../../element";
import {
  formatAmount,
  formatAverage,
  formatCount,
  formatGrowth,
  formatMetric,
  formatPoints,
  formatRate,
} from "../../format";
import {
  AMOUNTS,
  DEFINITIONS,
  LABELS,
  type Metric,
  WHOLE_AMOUNTS,
  formulaInNumbers,
  formulaInWords,
  isRate,
} from "../../metrics";
import { type Question, type Seen, figuresQuestion } from "../../questions";
import type { Scene } from "../../scene";
import { type Language, say } from "../../words";
import { type Acts, Panel } from "../panel";
import { WORDS } from "./words";

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

/** A figure as the server says it: a count or a rate as a number, an amount as text. */
type Figure = string | number | null;

const isAmount = (id: Metric | Amount): id is Amount =>
  id === "paid_amount" || id === "avg_revenue_per_buyer";

class Tile {
  readonly #id: Metric | Amount;
  readonly root: HTMLDetailsElement;
  readonly #name = html("span", "name");
  readonly #value = html("span", "value");
  readonly #change = html("span", "change");
  readonly #before = html("span", "before");
  readonly #words = html("p");
  readonly #numbers = html("p", "numbers");

  constructor(id: Metric | Amount, look: string) {
    this.#id = id;
    this.#value.dataset["tile"] = id;
    this.#value.classList.toggle("amount", isAmount(id));
    const other = html("span", "other", this.#change, " ", this.#before);
    const summary = html("summary", "", this.#name, this.#value, other);
    this.root = html("details", `tile ${look}`, summary, this.#words, this.#numbers);
  }

  show(answer: FunnelAnswer | null, currency: string, language: Language): void {
    const id = this.#id;
    const now = answer ? figureOf(id, answer, currency) : null;
    const then = answer?.previous ? figureOf(id, answer.previous, currency) : undefined;
    setText(this.#name, nameOf(id, language));
    setText(this.#value, formatFigure(id, now, currency, language));
    this.#value.dataset["exact"] = JSON.stringify(now);
    const before = then === undefined ? "" : formatFigure(id, then, currency, language);
    setText(this.#before, before && say(WORDS.before, language, { value: before }));
    this.#showChange(now, then ?? null, language);
    setText(this.#words, meaningOf(id, language));
    const count = (number: number) => formatCount(number, language);
    setText(this.#numbers, isRate(id) && answer ? formulaInNumbers(id, answer.funnel, count) : "");
  }

  #showChange(now: Figure, then: Figure, language: Language): void {
    const isKnown = now !== null && then !== null;
    const [one, other] = [Number(now), Number(then)];
    const change = isRate(this.#id)
      ? say(WORDS.points, language, { count: formatPoints(one - other, language) })
      : formatGrowth(one, other, language);
    setText(this.#change, isKnown ? change : "");
    this.#change.dataset["direction"] = !isKnown || one === other ? "same" : one > other ? "up" : "down";
  }
}

export class Tiles extends Panel {
  readonly #tiles = TILES.map(({ id, look }) => new Tile(id, look));

  constructor(acts: Acts) {
    super("tiles", WORDS.tiles, acts);
    this.body.append(html("div", "tiles", ...this.#tiles.map((tile) => tile.root)));
  }

  protected override draw({ answer, currency, language }: Scene): void {
    for (const tile of this.#tiles) tile.show(answer, currency, language);
  }

  protected override table(seen: Seen): Question {
    return figuresQuestion(seen);
  }
}

function figureOf(id: Metric | Amount, figures: Figures, currency: string): Figure {
  if (!isAmount(id)) return figures.funnel[id];
  if (id === "paid_amount") return sumOf(figures, id, currency);
  return figures.money.find((one) => one.currency === currency)?.[id] ?? null;
}

function formatFigure(id: Metric | Amount, figure: Figure, currency: string, language: Language): string {
  if (typeof figure === "string") {
    return (id === "paid_amount" ? formatAmount : formatAverage)(figure, currency, language);
  }
  return isAmount(id) ? formatRate(null, language) : formatMetric(id, figure, language);
}

function nameOf(id: Metric | Amount, language: Language): string {
  if (!isAmount(id)) return LABELS[id][language];
  return (id === "paid_amount" ? AMOUNTS.paid_amount : WHOLE_AMOUNTS.avg_revenue_per_buyer)[language];
}

function meaningOf(id: Metric | Amount, language: Language): string {
  if (isAmount(id)) return say(WORDS[id], language);
  return isRate(id) ? formulaInWords(id, language) : DEFINITIONS[id][language];
}
