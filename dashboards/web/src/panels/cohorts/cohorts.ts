// What became of those who asked on each day. A day whose followers can still order or pay says so.

import type { CohortsAnswer, Outcome } from "../../ask";
import { html, setText } from "../../element";
import { formatCount, formatDays, formatRate } from "../../format";
import { LABELS } from "../../metrics";
import { type Question, type Seen, daysQuery } from "../../questions";
import type { Scene } from "../../scene";
import { type Language, say } from "../../words";
import { type Cell, Grid } from "../grid";
import { type Acts, AskingPanel } from "../panel";
import { WORDS } from "./words";

const RATES = ["order_d0", "order_final", "paid_d0", "paid_d1", "paid_final"] as const;

export class Cohorts extends AskingPanel<CohortsAnswer> {
  readonly #grid = new Grid("cohorts");
  readonly #nothing = html("p", "quiet");

  constructor(acts: Acts) {
    super("cohorts", WORDS.cohorts, acts);
    this.#grid.root.classList.add("tall");
    this.body.append(this.#grid.root, this.#nothing);
  }

  override ask(seen: Seen): Question {
    return { path: "cohorts", query: daysQuery(seen) };
  }

  protected override draw({ language }: Scene, own: CohortsAnswer | null): void {
    setText(this.hint, say(WORDS.hint, language));
    // Newest first: what is still open is what is looked at.
    const days = (own?.cohorts ?? []).filter(({ inquirers }) => inquirers > 0).reverse();
    const rows = days.map((day) => ({
      key: day.day,
      look: day.open ? "open" : "",
      cells: cellsOf(formatDays(day.day, day.day, language), day, language),
    }));
    const total = own && {
      key: "total",
      look: "total",
      cells: cellsOf(say(WORDS.total, language), own.total, language),
    };
    this.#grid.show(
      [
        { text: say("day", language), isFigure: false },
        { text: LABELS.inquirers[language], isFigure: true },
        ...RATES.map((id) => ({ text: say(WORDS[id], language), isFigure: true })),
      ],
      total && rows.length > 0 ? [total, ...rows] : [],
    );
    this.#grid.root.hidden = rows.length === 0;
    setText(this.#nothing, own && rows.length === 0 ? say("nothing", language) : "");
  }

  protected override table(seen: Seen): Question {
    return this.ask(seen);
  }
}

function cellsOf(name: string, outcome: Outcome, language: Language): Cell[] {
  return [
    { text: outcome.open ? `${name} · ${say(WORDS.still_open, language)}` : name },
    { text: formatCount(outcome.inquirers, language), exact: String(outcome.inquirers) },
    ...RATES.map((id) => ({
      text: formatRate(outcome[id], language),
      exact: JSON.stringify(outcome[id]),
      tint: outcome[id] ?? undefined,
    })),
  ];
}
