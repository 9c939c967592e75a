// What is looked at: days, comparison, filters. Each control changes the view and shows what it is.

import { button, find, html, isNews, setOptions, setText } from "./element";
import { RANGES, type Range } from "./range";
import { nameOf } from "./values";
import { COMPARISONS, type Comparison, type View, isUsable, toggled } from "./view";
import { type Language, say } from "./words";

export class Controls {
  readonly #look: (change: Partial<View>) => void;
  readonly #ranges: { name: Range; button: HTMLButtonElement }[];
  readonly #custom = find<HTMLFormElement>("custom");
  readonly #from = find<HTMLInputElement>("custom-from");
  readonly #to = find<HTMLInputElement>("custom-to");
  readonly #problem = find("custom-problem");
  readonly #compare = find<HTMLSelectElement>("compare");
  readonly #filters = find("filters");
  /** The days are being typed, and not yet those of the view. */
  #isTyping = false;
  #language: Language = "en";

  constructor(look: (change: Partial<View>) => void) {
    this.#look = look;
    this.#ranges = RANGES.map((name) => {
      const made = button("", "", () => {
        this.#isTyping = name === "custom";
        if (name === "custom") {
          this.#custom.hidden = false;
          this.#from.focus();
        } else look({ range: name });
      });
      made.dataset["range"] = name;
      find("ranges").append(made);
      return { name, button: made };
    });
    this.#custom.addEventListener("submit", (event) => {
      event.preventDefault();
      const custom = { from: this.#from.value, to: this.#to.value };
      if (!isUsable(custom)) return setText(this.#problem, say("wrong_days", this.#language));
      this.#isTyping = false;
      look({ range: "custom", custom });
    });
    this.#compare.addEventListener("change", () => look({ compare: this.#compare.value as Comparison }));
  }

  /** `days`: those that are shown, from which typing others begins. */
  show(view: View, days: { from: string; to: string } | null, language: Language): void {
    this.#language = language;
    for (const { name, button: made } of this.#ranges) {
      setText(made, say(name, language));
      made.setAttribute("aria-pressed", String(name === view.range));
    }
    this.#custom.hidden = !this.#isTyping && view.range !== "custom";
    if (!this.#isTyping || !this.#from.value) {
      setText(this.#problem, "");
      const typed = view.range === "custom" ? view.custom : days;
      if (typed && document.activeElement !== this.#from && document.activeElement !== this.#to) {
        this.#from.value = typed.from;
        this.#to.value = typed.to;
      }
    }
    setOptions(
      this.#compare,
      COMPARISONS.map((name) => [name, say(name, language)] as const),
      view.compare,
    );
    this.#showFilters(view);
  }

  #showFilters(view: View): void {
    const language = this.#language;
    if (!isNews(this.#filters, [view.filters, language])) return;
    this.#filters.hidden = view.filters.length === 0;
    const chips = view.filters.map((filter) => {
      const value = nameOf(filter.dimension, filter.value, language);
      const text = say("named", language, { name: say(filter.dimension, language), value });
      const chip = button("chip", "", () => this.#look({ filters: toggled(view.filters, filter) }));
      chip.append(html("span", "", text), html("span", "cross", "×"));
      chip.setAttribute("aria-label", say("remove", language, { what: text }));
      return chip;
    });
    const clear = button("small", say("clear_filters", language), () => this.#look({ filters: [] }));
    const title = html("span", "quiet", say("filters", language));
    this.#filters.replaceChildren(title, ...chips, ...(chips.length > 1 ? [clear] : []));
  }
}
