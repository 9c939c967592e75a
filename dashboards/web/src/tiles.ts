// The ten rates as tiles: one figure each, its formula a click away. The page's second look after the funnel.

import { html, setText } from "./element";
import { formatCount, formatRate } from "./format";
import { LABELS, formulaInNumbers, formulaInWords, type Funnel, type Rate } from "./metrics";
import type { Language } from "./words";

/** In reading order; the colour says which branch a rate belongs to. */
const TILES: readonly { rate: Rate; look: "whole" | "inquiry" | "silent" }[] = [
  { rate: "overall_conversion_rate", look: "whole" },
  { rate: "effective_entry_rate", look: "whole" },
  { rate: "inquiry_rate", look: "inquiry" },
  { rate: "inquiry_conversion_rate", look: "inquiry" },
  { rate: "inquiry_paid_rate", look: "inquiry" },
  { rate: "payment_rate", look: "whole" },
  { rate: "bounce_rate", look: "whole" },
  { rate: "silent_share_of_buyers", look: "silent" },
  { rate: "silent_conversion_rate", look: "silent" },
  { rate: "silent_paid_rate", look: "silent" },
];

export class Tiles {
  private readonly tiles = TILES.map(({ rate, look }) => {
    const [value, label, other, words, numbers] = [
      html("span", "value"), html("span", "name"), html("span", "other"), html("p"), html("p", "numbers"),
    ];
    const root = html("details", `tile ${look}`, html("summary", "", label, value, other), words, numbers);
    return { rate, root, value, label, other, words, numbers };
  });

  constructor(root: Element) {
    root.append(...this.tiles.map((tile) => tile.root));
  }

  /** Shows an answer; dashes for null. */
  show(funnel: Funnel | null, language: Language): void {
    const otherLanguage = language === "en" ? "zh" : "en";
    for (const { rate, root, value, label, other, words, numbers } of this.tiles) {
      const formula = formulaInWords(rate, language);
      setText(value, formatRate(funnel ? funnel[rate] : null, language));
      setText(label, LABELS[rate][language]);
      setText(other, LABELS[rate][otherLanguage]);
      other.lang = otherLanguage;
      setText(words, formula);
      setText(numbers, funnel ? formulaInNumbers(rate, funnel, (count) => formatCount(count, language)) : "");
      root.title = formula;
    }
  }
}
