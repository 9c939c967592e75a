// What is looked at, as the address says it. The hash is the only home of range, comparison, filters and
// sorting: a control writes it, `hashchange` reads it, and a link holds the whole view. Whatever it does not
// know it leaves out.

import { DIMENSIONS } from "./catalogue";
import { COUNTS, type Metric, RATES } from "./metrics";
import { type Days, MAX_DAYS, RANGES, type Range, countDays, isDay } from "./range";

export { DIMENSIONS };
export type Dimension = (typeof DIMENSIONS)[number];

export const COMPARISONS = ["previous", "weekday", "year", "none"] as const;
export type Comparison = (typeof COMPARISONS)[number];

export const INTERVALS = ["auto", "day", "week", "month"] as const;
export type Interval = (typeof INTERVALS)[number];

/** Columns of the breakdown, the value left out. */
export const COLUMNS = [
  "visitors", "effective_entry_rate", "inquiry_rate", "inquiry_conversion_rate", "silent_conversion_rate",
  "payment_rate", "overall_conversion_rate", "paid_amount",
] as const;
export type Column = (typeof COLUMNS)[number];

export interface Filter {
  dimension: Dimension;
  /** Empty is "unknown". */
  value: string;
}

export interface View {
  range: Range;
  /** Of the range `custom`. */
  custom: Days;
  compare: Comparison;
  interval: Interval;
  by: Dimension;
  sort: { column: Column; up: boolean };
  trend: Metric;
  filters: readonly Filter[];
}

/** What an address without a hash shows. */
export const START: View = {
  range: "30-days",
  custom: { from: "", to: "" },
  compare: "previous",
  interval: "auto",
  by: "source",
  sort: { column: "visitors", up: false },
  trend: "visitors",
  filters: [],
};

/** The view that a hash means. */
export function readView(hash: string): View {
  const said = new URLSearchParams(hash.replace(/^#/, ""));
  const one = <T extends string>(name: string, known: readonly T[], otherwise: T): T =>
    known.find((word) => word === said.get(name)) ?? otherwise;
  const custom = { from: said.get("from") ?? "", to: said.get("to") ?? "" };
  const usable = isUsable(custom);
  const range = one("range", RANGES, usable ? "custom" : START.range);
  const [column, direction] = (said.get("sort") ?? "").split(":");
  return {
    range: range === "custom" && !usable ? START.range : range,
    custom: usable ? custom : START.custom,
    compare: one("compare", COMPARISONS, START.compare),
    interval: one("interval", INTERVALS, START.interval),
    by: one("by", DIMENSIONS, START.by),
    sort: { column: COLUMNS.find((known) => known === column) ?? START.sort.column, up: direction === "up" },
    trend: one("trend", [...COUNTS, ...(Object.keys(RATES) as (keyof typeof RATES)[])], START.trend),
    filters: DIMENSIONS.flatMap((dimension) =>
      [...new Set(said.getAll(dimension))].map((value) => ({ dimension, value })),
    ),
  };
}

/** The hash of a view, without its `#`. What is as at the start is left out. */
export function writeView(view: View): string {
  const said = new URLSearchParams();
  if (view.range === "custom") {
    said.set("from", view.custom.from);
    said.set("to", view.custom.to);
  } else if (view.range !== START.range) said.set("range", view.range);
  for (const name of ["compare", "interval", "by", "trend"] as const) {
    if (view[name] !== START[name]) said.set(name, view[name]);
  }
  const { column, up } = view.sort;
  if (column !== START.sort.column || up) said.set("sort", up ? `${column}:up` : column);
  for (const { dimension, value } of view.filters) said.append(dimension, value);
  return said.toString();
}

/** Whether these days can be asked about. */
export function isUsable(days: Days): boolean {
  const length = countDays(days);
  return isDay(days.from) && isDay(days.to) && length >= 1 && length <= MAX_DAYS;
}

/** How the trend is cut: as chosen, else so that it has a readable number of points. */
export function intervalOf(view: View, days: number): Exclude<Interval, "auto"> {
  if (view.interval !== "auto") return view.interval;
  return days <= 92 ? "day" : days <= 366 ? "week" : "month";
}

/** The filters with one more, or without it when it is among them. */
export function toggled(filters: readonly Filter[], filter: Filter): Filter[] {
  const others = filters.filter((one) => one.dimension !== filter.dimension || one.value !== filter.value);
  return others.length < filters.length ? others : [...others, filter];
}
