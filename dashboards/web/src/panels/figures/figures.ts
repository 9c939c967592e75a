// The panel of all figures.

import { html, setText } from "../../element";
import { formatRate } from "../../format";
import { type Question, type Seen, figuresQuestion } from "../../questions";
import type { Scene } from "../../scene";
import { say } from "../../words";
import { type Acts, Panel } from "../panel";
import { Table } from "./table";
import { WORDS } from "./words";

const COLUMNS = [
  { word: WORDS.figure, look: "" },
  { word: WORDS.value, look: "value" },
  { word: WORDS.value_before, look: "value before" },
  { word: WORDS.formula, look: "formula" },
] as const;

export class Figures extends Panel {
  readonly #heads = COLUMNS.map(({ look }) => {
    const head = html("th", look);
    head.scope = "col";
    return head;
  });
  readonly #rows: Table;
  readonly #cookieless = html("p", "quiet");

  constructor(acts: Acts) {
    super("figures", WORDS.figures, acts);
    const body = html("tbody");
    const table = html("table", "figures", html("thead", "", html("tr", "", ...this.#heads)), body);
    table.setAttribute("aria-labelledby", "figures-title");
    this.#rows = new Table(body);
    this.body.append(table, this.#cookieless);
  }

  protected override draw({ answer, language }: Scene): void {
    COLUMNS.forEach(({ word }, at) => setText(this.#heads[at]!, say(word, language)));
    this.#rows.show(answer, language);
    const share = answer?.cookieless_share ?? 0;
    const said = share > 0 ? say(WORDS.cookieless, language, { share: formatRate(share, language) }) : "";
    setText(this.#cookieless, said);
  }

  protected override table(seen: Seen): Question {
    return figuresQuestion(seen);
  }
}
