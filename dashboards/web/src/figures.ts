// The panel of all figures.

import type { FunnelAnswer } from "./ask";
import { html, setText } from "./element";
import { formatRate } from "./format";
import { Panel } from "./panel";
import { Table } from "./table";
import { type Language, type Word, say } from "./words";

const COLUMNS: readonly { word: Word; look: string }[] = [
  { word: "figure", look: "" },
  { word: "value", look: "value" },
  { word: "value_before", look: "value before" },
  { word: "formula", look: "formula" },
];

export class Figures {
  readonly panel: Panel;
  private readonly heads = COLUMNS.map(({ look }) => {
    const head = html("th", look);
    head.scope = "col";
    return head;
  });
  private readonly table: Table;
  private readonly cookieless = html("p", "quiet");

  constructor(csv: () => Promise<Blob>) {
    this.panel = new Panel("figures", "all_figures", csv);
    const body = html("tbody");
    const table = html("table", "figures", html("thead", "", html("tr", "", ...this.heads)), body);
    table.setAttribute("aria-labelledby", "figures-title");
    this.table = new Table(body);
    this.panel.body.append(table, this.cookieless);
  }

  show(answer: FunnelAnswer | null, language: Language): void {
    this.panel.speak(language);
    COLUMNS.forEach(({ word }, at) => setText(this.heads[at]!, say(word, language)));
    this.table.show(answer, language);
    const share = answer?.cookieless_share ?? 0;
    setText(this.cookieless, share > 0 ? say("cookieless", language, { share: formatRate(share, language) }) : "");
  }
}
