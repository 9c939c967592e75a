// What became of those who asked on each day. A day whose followers can still order or pay says so.

import type { CohortsAnswer, Outcome } from "./ask";
import { html, setText } from "./element";
import { formatCount, formatDays, formatRate } from "./format";
import { type Cell, Grid } from "./grid";
import { LABELS } from "./metrics";
import { Panel } from "./panel";
import { type Language, say } from "./words";

const RATES = ["order_d0", "order_final", "paid_d0", "paid_d1", "paid_final"] as const;

export class Cohorts {
  readonly panel: Panel;
  private readonly grid: Grid;
  private readonly nothing = html("p", "quiet");

  constructor(csv: () => Promise<Blob>) {
    this.panel = new Panel("cohorts", "cohorts", csv);
    this.grid = new Grid("cohorts-title", "cohorts");
    this.grid.root.classList.add("tall");
    this.panel.body.append(this.grid.root, this.nothing);
  }

  show(answer: CohortsAnswer | null, language: Language): void {
    this.panel.speak(language);
    setText(this.panel.hint, say("cohorts_hint", language));
    const cells = (name: string, outcome: Outcome): Cell[] => [
      { text: outcome.open ? `${name} · ${say("still_open", language)}` : name },
      { text: formatCount(outcome.inquirers, language), exact: String(outcome.inquirers) },
      ...RATES.map((id) => ({ text: formatRate(outcome[id], language), exact: JSON.stringify(outcome[id]), tint: outcome[id] ?? undefined })),
    ];
    // Newest first: what is still open is what is looked at.
    const days = (answer?.cohorts ?? []).filter(({ inquirers }) => inquirers > 0).reverse();
    this.grid.show(
      [
        { text: say("day", language), isFigure: false },
        { text: LABELS.inquirers[language], isFigure: true },
        ...RATES.map((id) => ({ text: say(id, language), isFigure: true })),
      ],
      answer && days.length > 0
        ? [
            { key: "total", look: "total", cells: cells(say("total", language), answer.total) },
            ...days.map((day) => ({ key: day.day, look: day.open ? "open" : "", cells: cells(formatDays(day.day, day.day, language), day) })),
          ]
        : [],
    );
    this.grid.root.hidden = days.length === 0;
    setText(this.nothing, answer && days.length === 0 ? say("nothing", language) : "");
  }
}
