// The funnel's picture: the chart, what its steps explain, and what stands over it while there is none.

import { html, setText, svg, unpictured } from "../../element";
import { type Question, type Seen, figuresQuestion } from "../../questions";
import { type Scene, stateOf } from "../../scene";
import { say } from "../../words";
import { type Acts, Panel } from "../panel";
import { Chart } from "./chart";
import { Notice } from "./notice";
import { WORDS } from "./words";

export class FunnelPanel extends Panel {
  readonly #chart: Chart;
  readonly #legend = (["inquiry", "silent", "bounced"] as const).map((look) => html("li", look));
  readonly #notice: Notice;

  constructor(acts: Acts) {
    super("funnel", WORDS.funnel, acts);
    this.root.classList.add("picture");
    this.#notice = new Notice(acts.tryAgain);
    const picture = svg("svg", { id: "chart", role: "group", class: "ghost" });
    const explanation = unpictured(html("p", "explanation quiet"));
    explanation.setAttribute("role", "status");
    this.body.append(html("ul", "legend", ...this.#legend), picture, this.#notice.root, explanation);
    this.#chart = new Chart(picture, explanation);
  }

  protected override draw(scene: Scene): void {
    const words = [WORDS.inquiry_branch, WORDS.silent_branch, WORDS.bounced_part];
    words.forEach((word, at) => setText(this.#legend[at]!, say(word, scene.language)));
    const isEmpty = stateOf(scene) === "empty";
    this.#chart.show(isEmpty ? null : (scene.answer?.funnel ?? null), scene.language);
    this.#notice.show(scene);
  }

  protected override table(seen: Seen): Question {
    return figuresQuestion(seen);
  }

  /** The notice says what is waited for. */
  protected override isWaiting(): boolean {
    return false;
  }
}
