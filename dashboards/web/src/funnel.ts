// The panel of the funnel's picture: the chart, what its steps explain, and what stands over it while there is none.

import { Chart } from "./chart";
import { html, setText } from "./element";
import type { Funnel } from "./metrics";
import { Panel } from "./panel";
import { type Language, say } from "./words";

/** What is said over the chart. */
export interface Notice {
  title: string;
  text: string;
  /** The server's name for the request that failed. */
  request: string;
  showsTag: boolean;
  triesAgain: boolean;
}

export class FunnelPanel {
  readonly panel: Panel;
  private readonly chart: Chart;
  private readonly legend = (["inquiry", "silent", "bounced"] as const).map((look) => html("li", look));
  private readonly title = html("strong");
  private readonly text = html("p");
  private readonly tag = html("pre", "tag");
  private readonly request = html("p", "quiet");
  private readonly again = html("button");
  private readonly notice = html("div", "notice", this.title, this.text, this.tag, this.request, this.again);

  constructor(csv: () => Promise<Blob>, tryAgain: () => void) {
    this.panel = new Panel("funnel", "funnel", csv);
    this.panel.root.classList.add("picture");
    const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    picture.id = "chart";
    picture.setAttribute("role", "group");
    picture.classList.add("ghost");
    const explanation = html("p", "explanation quiet");
    explanation.setAttribute("role", "status");
    explanation.setAttribute("data-unpictured", "");
    this.notice.setAttribute("role", "status");
    this.notice.setAttribute("data-unpictured", "");
    this.again.type = "button";
    this.again.id = "try-again";
    this.again.addEventListener("click", tryAgain);
    this.panel.body.append(html("ul", "legend", ...this.legend), picture, this.notice, explanation);
    this.chart = new Chart(picture, explanation);
    setText(this.tag, `<script defer src="${location.origin}/s.js" data-shop="pk_…"></script>`);
  }

  /** Shows the funnel, or the wordless ghost for null. */
  show(funnel: Funnel | null, notice: Notice | null, language: Language): void {
    this.panel.speak(language);
    const words = ["inquiry_branch", "silent_branch", "bounced_part"] as const;
    words.forEach((word, at) => setText(this.legend[at]!, say(word, language)));
    this.chart.show(funnel, language);
    this.notice.hidden = notice === null;
    setText(this.title, notice?.title ?? "");
    setText(this.text, notice?.text ?? "");
    setText(this.request, notice?.request ?? "");
    setText(this.again, say("try_again", language));
    this.tag.hidden = !notice?.showsTag;
    this.again.hidden = !notice?.triesAgain;
  }
}
