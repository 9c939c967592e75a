// The funnel of each value of a dimension: sorted by any column, one click from a value to its figures alone.

import type { Figures, FunnelAnswer, Group } from "./ask";
import { button, html, setOptions, setText } from "./element";
import { formatAmount, formatCount, formatRate } from "./format";
import { type Cell, Grid } from "./grid";
import { AMOUNTS, LABELS } from "./metrics";
import { Panel } from "./panel";
import { nameOf } from "./values";
import { COLUMNS, type Column, DIMENSIONS, type Dimension, type Filter, type View, toggled } from "./view";
import { type Language, say } from "./words";

const CREDITS = [
  { code: "places_by_db_ip", url: "https://db-ip.com/" },
  { code: "places_by_maxmind", url: "https://www.maxmind.com/" },
  { code: "places_by_nro", url: "https://www.nro.net/" },
] as const;

export interface BreakdownActs {
  csv: () => Promise<Blob>;
  look: (change: Partial<View>) => void;
}

export class Breakdown {
  readonly panel: Panel;
  private readonly by = html("select");
  private readonly grid: Grid;
  private readonly leftOff = html("p", "quiet");
  private readonly credits = html("p", "quiet credits");

  constructor(private readonly acts: BreakdownActs) {
    this.panel = new Panel("breakdown", "breakdown", acts.csv);
    this.grid = new Grid("breakdown-title", "breakdown");
    this.by.id = "breakdown-by";
    this.by.addEventListener("change", () => acts.look({ by: this.by.value as Dimension, sort: { column: "visitors", up: false } }));
    this.panel.choices.append(this.by);
    this.panel.body.append(this.grid.root, this.leftOff, this.credits);
  }

  show(answer: FunnelAnswer | null, view: View, currency: string, language: Language): void {
    this.panel.speak(language);
    setText(this.panel.hint, say("filter_hint", language));
    setOptions(this.by, DIMENSIONS.map((dimension) => [dimension, say(dimension, language)] as const), view.by);
    this.by.setAttribute("aria-label", say("break_by", language));
    const groups = sorted(answer?.groups ?? [], view.sort.column, view.sort.up, currency);
    const most = Math.max(1, ...groups.map(({ funnel }) => funnel.visitors));
    this.grid.show(
      [
        { text: say(view.by, language), isFigure: false },
        ...COLUMNS.map((column) => this.head(column, view, language)),
      ],
      groups.map((group) => ({
        key: group.value ?? "",
        cells: [this.value(group, view, language), ...COLUMNS.map((column) => cell(group, column, most, currency, language))],
      })),
    );
    this.showCredits(answer, language);
    const more = answer?.groups_left_off ?? 0;
    const empty = answer?.groups?.length === 0;
    setText(this.leftOff, empty ? say("nothing", language) : more > 0 ? say("left_off", language, { count: formatCount(more, language) }) : "");
  }

  /** Names who made what places are found by, as their licences want it. */
  private showCredits(answer: FunnelAnswer | null, language: Language): void {
    const owed = CREDITS.filter(({ code }) => answer?.notes?.some((note) => note.code === code));
    const now = JSON.stringify([owed, language]);
    if (this.credits.dataset["shown"] === now) return;
    this.credits.dataset["shown"] = now;
    this.credits.hidden = owed.length === 0;
    this.credits.replaceChildren(
      ...owed.map(({ code, url }) => {
        const link = html("a", "", say(code, language));
        link.href = url;
        link.rel = "noreferrer noopener";
        return link;
      }),
    );
  }

  private head(column: Column, view: View, language: Language) {
    const text = column === "paid_amount" ? AMOUNTS.paid_amount[language] : LABELS[column][language];
    const isSorted = view.sort.column === column;
    const element = button("sort", text, () => this.acts.look({ sort: { column, up: isSorted && !view.sort.up } }));
    element.dataset["focus"] = `sort ${column}`;
    const sorted = isSorted ? (view.sort.up ? "ascending" : "descending") : "none";
    return { text: `${text}${JSON.stringify(view.filters)}`, isFigure: true, element, sorted } as const;
  }

  private value({ value }: Group, view: View, language: Language): Cell {
    const filter: Filter = { dimension: view.by, value: value ?? "" };
    const text = nameOf(view.by, value, language);
    const isChosen = view.filters.some((one) => one.dimension === filter.dimension && one.value === filter.value);
    const element = button(value === null ? "value unknown" : "value", text, () => this.acts.look({ filters: toggled(view.filters, filter) }));
    element.setAttribute("aria-pressed", String(isChosen));
    element.dataset["focus"] = `value ${value ?? "unknown"}`;
    return { text: `${text}${isChosen}`, element };
  }
}

function cell(figures: Figures, column: Column, most: number, currency: string, language: Language): Cell {
  if (column === "paid_amount") {
    const amount = paid(figures, currency);
    return { text: formatAmount(amount, currency, language), exact: amount };
  }
  const figure = figures.funnel[column];
  const exact = JSON.stringify(figure);
  if (column === "visitors") return { text: formatCount(figures.funnel.visitors, language), exact, bar: figures.funnel.visitors / most };
  return { text: formatRate(figure, language), exact };
}

function paid({ money }: Figures, currency: string): string {
  return money.find((one) => one.currency === currency)?.["paid_amount"] ?? "0.0000";
}

/** Groups by a column; without a figure they come last; ties stay as the server has them. Exported for tests. */
export function sorted(groups: readonly Group[], column: Column, up: boolean, currency: string): Group[] {
  const figure = (group: Group) => (column === "paid_amount" ? Number(paid(group, currency)) : group.funnel[column]);
  return [...groups].sort((a, b) => {
    const [left, right] = [figure(a), figure(b)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    return up ? left - right : right - left;
  });
}
