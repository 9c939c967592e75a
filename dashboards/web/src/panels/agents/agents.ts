// What came of the inquiries that each agent answered.

import { type FunnelAnswer, sumOf } from "../../ask";
import { html, setText } from "../../element";
import { formatAmount, formatMetric } from "../../format";
import { AMOUNTS, LABELS } from "../../metrics";
import { type Question, type Seen, groupsQuestion } from "../../questions";
import type { Scene } from "../../scene";
import { nameOf } from "../../values";
import { say } from "../../words";
import { Grid } from "../grid";
import { type Acts, AskingPanel } from "../panel";
import { WORDS } from "./words";

const FIGURES = [
  "inquirers",
  "inquiry_buyers",
  "inquiry_conversion_rate",
  "inquiry_payers",
  "inquiry_paid_rate",
] as const;

export class Agents extends AskingPanel<FunnelAnswer> {
  readonly #grid = new Grid("agents");
  readonly #nothing = html("p", "quiet");

  constructor(acts: Acts) {
    super("agents", WORDS.agents, acts);
    this.body.append(this.#grid.root, this.#nothing);
  }

  override ask(seen: Seen): Question {
    return groupsQuestion(seen, "agent");
  }

  protected override draw({ currency, language }: Scene, own: FunnelAnswer | null): void {
    setText(this.hint, say(WORDS.hint, language));
    const groups = (own?.groups ?? [])
      .filter(({ funnel }) => funnel.inquirers > 0)
      .sort((a, b) => b.funnel.inquirers - a.funnel.inquirers);
    const most = groups[0]?.funnel.inquirers ?? 1;
    this.#grid.show(
      [
        { text: say("agent", language), isFigure: false },
        ...FIGURES.map((id) => ({ text: LABELS[id][language], isFigure: true })),
        { text: AMOUNTS.paid_amount[language], isFigure: true },
      ],
      groups.map((group) => {
        const { value, funnel } = group;
        const amount = sumOf(group, "inquiry_paid_amount", currency);
        return {
          key: value ?? "",
          cells: [
            { text: nameOf("agent", value, language) },
            ...FIGURES.map((id) => ({
              text: formatMetric(id, funnel[id], language),
              exact: JSON.stringify(funnel[id]),
              bar: id === "inquirers" ? funnel.inquirers / most : undefined,
            })),
            { text: formatAmount(amount, currency, language), exact: amount },
          ],
        };
      }),
    );
    this.#grid.root.hidden = groups.length === 0;
    setText(this.#nothing, own && groups.length === 0 ? say("nothing", language) : "");
  }

  protected override table(seen: Seen): Question {
    return this.ask(seen);
  }
}
