// What can be asked about a shop: each question as a path and its parameters. Pure.

import type { Query } from "./ask";
import { type Days, countDays } from "./range";
import { type Dimension, type View, intervalOf } from "./view";

/** What is looked at. */
export interface Seen {
  view: View;
  /** The days that the view means; null while only the server knows what today is. */
  days: Days | null;
}

export interface Question {
  path: string;
  query: Query;
}

export function daysQuery({ days }: Seen): Query {
  return days
    ? [
        ["from", days.from],
        ["to", days.to],
      ]
    : [];
}

/** The figures of the days, beside those that they are compared with. */
export function figuresQuestion(seen: Seen): Question {
  const { compare } = seen.view;
  const compared: Query = compare === "none" ? [] : [["compare", compare]];
  return { path: "funnel", query: [...daysQuery(seen), ...compared, ...filterQuery(seen)] };
}

/** The same with a series of buckets for the trend. */
export function seriesQuestion(seen: Seen): Question {
  const { path, query } = figuresQuestion(seen);
  const interval = intervalOf(seen.view, seen.days ? countDays(seen.days) : 30);
  return { path, query: [...query, ["interval", interval]] };
}

/** The figures of each value of a dimension. */
export function groupsQuestion(seen: Seen, dimension: Dimension): Question {
  return { path: "funnel", query: [...daysQuery(seen), ...filterQuery(seen), ["breakdown", dimension]] };
}

function filterQuery({ view }: Seen): Query {
  return view.filters.map(({ dimension, value }) => [dimension, value] as const);
}
