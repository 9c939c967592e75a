// The funnel of each value of a dimension: sorted by any column, one click from a value to its figures alone.

import { type Figures, type FunnelAnswer, type Group, sumOf } from "../../ask";
import { button, html, isNews, setOptions, setText } from "../../element";
import { formatAmount, formatCount, formatMetric } from "../../format";
import { AMOUNTS, LABELS } from "../../metrics";
import { type Question, type Seen, groupsQuestion } from "../../questions";
import type { Scene } from "../../scene";
import { nameOf } from "../../values";
import {
  COLUMNS,
  type Column,
  DIMENSIONS,
  type Dimension,
  type Filter,
  type View,
  toggled,
} from "../../view";
import { type Language, say } from "../../words";
import { type Cell, Grid } from "../grid";
import { type Acts, AskingPanel } from "../panel";
import { CREDITS, WORDS } from "./words";

const CREDITED = [
  { code: "places_by_db_ip", url: "https://db-ip.com/" },
  { code: "places_by_maxmind", url: "https://www.maxmind.com/" },
  { code: "places_by_nro", url: "https://www.nro.net/" },
] as const;

export class Breakdown extends AskingPanel<FunnelAnswer> {
  readonly #acts: Acts;
  readonly #by = html("select");
  readonly #grid = new Grid("breakdown");
  readonly #leftOff = html("p", "quiet");
  readonly #credits = html("p", "quiet credits");

  constructor(acts: Acts) {
    super("breakdown", WORDS.breakdown, acts);
    this.#acts = acts;
    this.#by.id = "breakdown-by";
    this.#by.addEventListener("change", () =>
      acts.look({ by: this.#by.value as Dimension, sort: { column: "visitors", up: false } }),
    );
    this.choices.append(this.#by);
    this.body.append(this.#grid.root, this.#leftOff, this.#credits);
  }

  override ask(seen: Seen): Question {
    return groupsQuestion(seen, seen.view.by);
  }

  /** What was broken down by something else would stand under the new name. */
  override isOutdated(before: View, now: View): boolean {
    return before.by !== now.by;
  }

  protected override draw({ view, currency, language }: Scene, own: FunnelAnswer | null): void {
    setText(this.hint, say(WORDS.hint, language));
    setOptions(
      this.#by,
      DIMENSIONS.map((dimension) => [dimension, say(dimension, language)] as const),
      view.by,
    );
    this.#by.setAttribute("aria-label", say(WORDS.by, language));
    const groups = sorted(own?.groups ?? [], view.sort.column, view.sort.up, currency);
    const most = Math.max(1, ...groups.map(({ funnel }) => funnel.visitors));
    this.#grid.show(
      [
        { text: say(view.by, language), isFigure: false },
        ...COLUMNS.map((column) => this.#head(column, view, language)),
      ],
      groups.map((group) => ({
        key: group.value ?? "",
        cells: [
          this.#value(group, view, language),
          ...COLUMNS.map((column) => cell(group, column, most, currency, language)),
        ],
      })),
    );
    this.#showCredits(own, language);
    const more = own?.groups_left_off ?? 0;
    const leftOff = more > 0 ? say(WORDS.left_off, language, { count: formatCount(more, language) }) : "";
    setText(this.#leftOff, own?.groups?.length === 0 ? say("nothing", language) : leftOff);
  }

  protected override table(seen: Seen): Question {
    return this.ask(seen);
  }

  /** Names who made what places are found by, as their licences want it. */
  #showCredits(answer: FunnelAnswer | null, language: Language): void {
    const owed = CREDITED.filter(({ code }) => answer?.notes?.some((note) => note.code === code));
    if (!isNews(this.#credits, [owed, language])) return;
    this.#credits.hidden = owed.length === 0;
    this.#credits.replaceChildren(
      ...owed.map(({ code, url }) => {
        const link = html("a", "", say(CREDITS[code], language));
        link.href = url;
        link.rel = "noreferrer noopener";
        return link;
      }),
    );
  }

  #head(column: Column, view: View, language: Language) {
    const text = column === "paid_amount" ? AMOUNTS.paid_amount[language] : LABELS[column][language];
    const isSorted = view.sort.column === column;
    const element = button("sort", text, () =>
      this.#acts.look({ sort: { column, up: isSorted && !view.sort.up } }),
    );
    element.dataset["focus"] = `sort ${column}`;
    const sorted = isSorted ? (view.sort.up ? "ascending" : "descending") : "none";
    return { text: `${text}${JSON.stringify(view.filters)}`, isFigure: true, element, sorted } as const;
  }

  #value({ value }: Group, view: View, language: Language): Cell {
    const filter: Filter = { dimension: view.by, value: value ?? "" };
    const text = nameOf(view.by, value, language);
    const isChosen = view.filters.some(
      (one) => one.dimension === filter.dimension && one.value === filter.value,
    );
    const element = button(value === null ? "value unknown" : "value", text, () =>
      this.#acts.look({ filters: toggled(view.filters, filter) }),
    );
    element.setAttribute("aria-pressed", String(isChosen));
    element.dataset["focus"] = `value ${value ?? "unknown"}`;
    return { text: `${text}${isChosen}`, element };
  }
}

function cell(figures: Figures, column: Column, most: number, currency: string, language: Language): Cell {
  if (column === "paid_amount") {
    const amount = sumOf(figures, column, currency);
    return { text: formatAmount(amount, currency, language), exact: amount };
  }
  const figure = figures.funnel[column];
  return {
    text: formatMetric(column, figure, language),
    exact: JSON.stringify(figure),
    bar: column === "visitors" ? figures.funnel.visitors / most : undefined,
  };
}

/**
 * Groups by a column; without a figure they come last; ties stay as the server has them. Exported for tests.
 */
export function sorted(groups: readonly Group[], column: Column, up: boolean, currency: string): Group[] {
  const figure = (group: Group) =>
    column === "paid_amount" ? Number(sumOf(group, column, currency)) : group.funnel[column];
  return [...groups].sort((a, b) => {
    const [left, right] = [figure(a), figure(b)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    return up ? left - right : right - left;
  });
}
