// Every count and rate as a table: for screen readers, for copying, for checking the picture against the
// server.
//
// The value cell of a figure carries `data-metric="<id>"`; counts stand there raw, rates as percent, and
// `data-exact` is what the server said.

import type { FunnelAnswer } from "../../ask";
import { html, setText } from "../../element";
import { formatRate } from "../../format";
import {
  COUNTS,
  DEFINITIONS,
  type Funnel,
  LABELS,
  type Metric,
  RATES,
  type Rate,
  formulaInWords,
  isRate,
} from "../../metrics";
import type { Language } from "../../words";

const METRICS: readonly Metric[] = [...COUNTS, ...(Object.keys(RATES) as Rate[])];

export class Table {
  readonly #rows = METRICS.map((id) => {
    const label = html("span");
    const [value, before, formula] = [html("td", "value"), html("td", "value before"), html("td", "formula")];
    value.dataset["metric"] = id;
    const head = html("th", "", label, html("code", "", id));
    head.scope = "row";
    return { id, label, value, before, formula, root: html("tr", "", head, value, before, formula) };
  });

  constructor(body: Element) {
    body.append(...this.#rows.map((row) => row.root));
  }

  /** Shows an answer; empty cells for null. */
  show(answer: FunnelAnswer | null, language: Language): void {
    const write = (cell: HTMLElement, id: Metric, funnel: Funnel | undefined) => {
      const figure = funnel?.[id];
      setText(cell, figure === undefined ? "" : isRate(id) ? formatRate(figure, language) : String(figure));
      cell.dataset["exact"] = figure === undefined ? "" : JSON.stringify(figure);
    };
    for (const { id, label, value, before, formula } of this.#rows) {
      setText(label, LABELS[id][language]);
      write(value, id, answer?.funnel);
      write(before, id, answer?.previous?.funnel);
      setText(formula, isRate(id) ? formulaInWords(id, language) : DEFINITIONS[id][language]);
    }
  }
}
