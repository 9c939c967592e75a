// What came of the inquiries that each agent answered.

import type { FunnelAnswer } from "./ask";
import { html, setText } from "./element";
import { formatAmount, formatCount, formatRate } from "./format";
import { Grid } from "./grid";
import { AMOUNTS, LABELS } from "./metrics";
import { Panel } from "./panel";
import { nameOf } from "./values";
import { type Language, say } from "./words";

const FIGURES = ["inquirers", "inquiry_buyers", "inquiry_conversion_rate", "inquiry_payers", "inquiry_paid_rate"] as const;

export class Agents {
  readonly panel: Panel;
  private readonly grid: Grid;
  private readonly nothing = html("p", "quiet");

  constructor(csv: () => Promise<Blob>) {
    this.panel = new Panel("agents", "agents", csv);
    this.grid = new Grid("agents-title", "agents");
    this.panel.body.append(this.grid.root, this.nothing);
  }

  show(answer: FunnelAnswer | null, currency: string, language: Language): void {
    this.panel.speak(language);
    setText(this.panel.hint, say("agents_hint", language));
    const groups = (answer?.groups ?? []).filter(({ funnel }) => funnel.inquirers > 0).sort((a, b) => b.funnel.inquirers - a.funnel.inquirers);
    const most = groups[0]?.funnel.inquirers ?? 1;
    this.grid.show(
      [
        { text: say("agent", language), isFigure: false },
        ...FIGURES.map((id) => ({ text: LABELS[id][language], isFigure: true })),
        { text: AMOUNTS.paid_amount[language], isFigure: true },
      ],
      groups.map(({ value, funnel, money }) => {
        const amount = money.find((one) => one.currency === currency)?.["inquiry_paid_amount"] ?? "0.0000";
        return {
          key: value ?? "",
          cells: [
            { text: nameOf("agent", value, language) },
            ...FIGURES.map((id) => ({
              text: id.endsWith("rate") ? formatRate(funnel[id], language) : formatCount(funnel[id] ?? 0, language),
              exact: JSON.stringify(funnel[id]),
              bar: id === "inquirers" ? funnel.inquirers / most : undefined,
            })),
            { text: formatAmount(amount, currency, language), exact: amount },
          ],
        };
      }),
    );
    this.grid.root.hidden = groups.length === 0;
    setText(this.nothing, answer && groups.length === 0 ? say("nothing", language) : "");
  }
}
