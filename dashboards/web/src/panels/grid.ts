// A table of figures: made anew only when something in it changed, so that a poll without news disturbs
// nothing.

import { html } from "../element";

/** A cell: its text, or an element that shows more. */
export interface Cell {
  text: string;
  /** What the server said, unrounded, for whoever checks the page against it. */
  exact?: string | undefined;
  /** 0..1: how far its bar goes. */
  bar?: number | undefined;
  /** 0..1: how strong its background is. */
  tint?: number | undefined;
  /** Stands for the text, and is as the text says it is. */
  element?: HTMLElement;
}

export interface Column {
  text: string;
  /** Figures stand to the right. */
  isFigure: boolean;
  /** In the head instead of the text. */
  element?: HTMLElement;
  sorted?: "ascending" | "descending" | "none";
}

export interface Row {
  key: string;
  /** The first one is the row's heading. */
  cells: readonly Cell[];
  look?: string;
}

export class Grid {
  readonly root = html("div", "scroll");
  readonly #head = html("tr");
  readonly #rows = html("tbody");
  #shown = "";

  /** `name`: the panel's. */
  constructor(name: string) {
    const labelledBy = `${name}-title`;
    const table = html("table", "grid", html("thead", "", this.#head), this.#rows);
    table.setAttribute("aria-labelledby", labelledBy);
    table.dataset["grid"] = name;
    this.root.append(table);
    // Wider than a phone: its columns are reached by keyboard too.
    this.root.tabIndex = 0;
    this.root.setAttribute("role", "region");
    this.root.setAttribute("aria-labelledby", labelledBy);
  }

  show(columns: readonly Column[], rows: readonly Row[]): void {
    const now = JSON.stringify([
      columns.map(({ text, sorted }) => [text, sorted]),
      rows.map(({ cells, look }) => [
        look,
        ...cells.map(({ text, exact, bar, tint }) => [text, exact, bar, tint]),
      ]),
    ]);
    if (now === this.#shown) return;
    this.#shown = now;
    const active = document.activeElement as HTMLElement | null;
    const focused = this.root.contains(active) ? active?.dataset["focus"] : undefined;
    this.#head.replaceChildren(
      ...columns.map(({ text, isFigure, element, sorted }) => {
        const cell = html("th", isFigure ? "figure" : "", element ?? text);
        cell.scope = "col";
        if (sorted) cell.setAttribute("aria-sort", sorted);
        return cell;
      }),
    );
    this.#rows.replaceChildren(...rows.map((row) => this.#row(row, columns)));
    if (focused) this.root.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }

  #row({ key, cells, look }: Row, columns: readonly Column[]): HTMLTableRowElement {
    const made = cells.map(({ text, exact, bar, tint, element }, at) => {
      const cell = html(at === 0 ? "th" : "td", columns[at]?.isFigure ? "figure" : "", element ?? text);
      if (at === 0) (cell as HTMLTableCellElement).scope = "row";
      if (exact !== undefined) cell.dataset["exact"] = exact;
      if (bar !== undefined) {
        const drawn = html("span", "bar-inline");
        drawn.style.width = `${Math.round(Math.min(bar, 1) * 1000) / 10}%`;
        cell.append(html("span", "bar-track", drawn));
      }
      if (tint !== undefined) {
        cell.classList.add("tinted");
        cell.style.setProperty("--share", `${Math.round(Math.min(tint, 1) * 36)}%`);
      }
      return cell;
    });
    const row = html("tr", look ?? "", ...made);
    row.dataset["key"] = key;
    return row;
  }
}
