// The figures as tiles: one each, with its change since the days it is compared with, its formula a click away.

import type { FunnelAnswer } from "./ask";
import { html, setText } from "./element";
import { formatCount, formatGrowth, formatPoints, formatRate } from "./format";
import { LABELS, type Metric, formulaInNumbers, formulaInWords, isRate } from "./metrics";
import { type Language, say } from "./words";

/** In reading order; the colour says which branch a figure belongs to. */
const TILES: readonly { id: Metric; look: "whole" | "inquiry" | "silent" }[] = [
  { id: "visitors", look: "whole" },
  { id: "effective_entry_rate", look: "whole" },
  { id: "inquiry_rate", look: "inquiry" },
  { id: "inquiry_conversion_rate", look: "inquiry" },
  { id: "inquiry_paid_rate", look: "inquiry" },
  { id: "payers", look: "whole" },
  { id: "overall_conversion_rate", look: "whole" },
  { id: "payment_rate", look: "whole" },
  { id: "silent_conversion_rate", look: "silent" },
  { id: "silent_paid_rate", look: "silent" },
];

export class Tiles {
  private readonly tiles = TILES.map(({ id, look }) => {
    const [value, label, change, before, words, numbers] = [
      html("span", "value"), html("span", "name"), html("span", "change"), html("span", "before"), html("p"), html("p", "numbers"),
    ];
    value.dataset["tile"] = id;
    const root = html("details", `tile ${look}`, html("summary", "", label, value, html("span", "other", change, " ", before)), words, numbers);
    return { id, root, value, label, change, before, words, numbers };
  });

  constructor(root: Element) {
    root.append(...this.tiles.map((tile) => tile.root));
  }

  /** Shows an answer; dashes for null. */
  show(answer: FunnelAnswer | null, language: Language): void {
    const show = (count: number) => formatCount(count, language);
    for (const { id, value, label, change, before, words, numbers } of this.tiles) {
      const now = answer?.funnel[id] ?? null;
      const then = answer?.previous?.funnel[id];
      const format = (figure: number | null) => (figure === null ? formatRate(null, language) : isRate(id) ? formatRate(figure, language) : show(figure));
      setText(label, LABELS[id][language]);
      setText(value, format(now));
      value.dataset["exact"] = JSON.stringify(now);
      setText(before, then === undefined ? "" : say("before", language, { value: format(then) }));
      const grown =
        now === null || then === undefined || then === null ? ""
        : isRate(id) ? say("points", language, { count: formatPoints(now - then, language) })
        : formatGrowth(now, then, language);
      setText(change, grown);
      change.dataset["direction"] = now === null || then === undefined || then === null || now === then ? "same" : now > then ? "up" : "down";
      setText(words, isRate(id) ? formulaInWords(id, language) : "");
      setText(numbers, isRate(id) && answer ? formulaInNumbers(id, answer.funnel, show) : "");
    }
  }
}
