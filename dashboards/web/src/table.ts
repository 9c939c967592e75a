// Every count and rate as a table: for screen readers, for copying, for checking the picture against the server.
//
// The value cell of a figure carries `data-metric="<id>"`; counts stand there raw, rates as percent.

import { html, setText } from "./element";
import { formatRate } from "./format";
import { COUNTS, LABELS, RATES, formulaInWords, type Funnel, type Metric, type Rate } from "./metrics";
import type { Language } from "./words";

const METRICS: readonly Metric[] = [...COUNTS, ...(Object.keys(RATES) as Rate[])];

export class Table {
  private readonly rows = METRICS.map((id) => {
    const [label, value, formula] = [html("span"), html("td", "value"), html("td", "formula")];
    value.dataset["metric"] = id;
    const head = html("th", "", label, html("code", "", id));
    head.scope = "row";
    return { id, label, value, formula, root: html("tr", "", head, value, formula) };
  });

  constructor(body: Element) {
    body.append(...this.rows.map((row) => row.root));
  }

  /** Shows an answer; empty cells for null. */
  show(funnel: Funnel | null, language: Language): void {
    for (const { id, label, value, formula } of this.rows) {
      setText(label, LABELS[id][language]);
      setText(value, funnel === null ? "" : isRate(id) ? formatRate(funnel[id], language) : String(funnel[id]));
      setText(formula, isRate(id) ? formulaInWords(id, language) : "");
    }
  }
}

function isRate(id: Metric): id is Rate {
  return Object.hasOwn(RATES, id);
}
