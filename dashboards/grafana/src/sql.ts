// The questions of the dashboards, each about one view of sql/views. Grafana's macros and variables stand in
// them as they are; nothing that was tracked is ever glued into SQL as text.
//
// A filter's variable holds `x` and the value in hexadecimal digits, because Grafana's quoting does not
// escape a backslash. Its values come joined by commas: between `,x` stands a zero byte after decoding, which
// no tracked value holds.

import type { Dimension, Language } from "./words";

/** Dimensions that a board may filter by. */
export const FILTERS = [
  "source",
  "medium",
  "device",
  "country",
  "agent",
] as const satisfies readonly Dimension[];
export type Filter = (typeof FILTERS)[number];

/** What a filter's variable holds while it filters nothing. */
export const ALL = "x*";

const FROM = "toDate($__fromTime_ms, '${time_zone}')";
const LAST = "toDate($__toTime_ms, '${time_zone}')";
const TODAY = "toDate(now(), '${time_zone}')";
/** A range may end in the future ("this month"), but no day after today has figures. */
const TO = `least(${LAST}, ${TODAY})`;
const SHOP = "shop = '${shop}'";

export interface FunnelCall {
  interval?: "day" | "";
  breakdown?: Dimension | "";
  /** None: the variables that filter are asked for with it, or the board has none. */
  filters?: readonly Filter[];
}

/** A call of the view `funnel`. */
export function funnel({ interval = "", breakdown = "", filters = [] }: FunnelCall): string {
  const isAll = (filter: Filter) => `'\${${filter}:csv}' = '${ALL}'`;
  const values = (filter: Filter) =>
    `splitByChar(char(0), unhex(replaceAll(substring('\${${filter}:csv}', 2), ',x', '00')))`;
  const dimensions = filters.map((filter) => `if(${isAll(filter)}, [], ['${filter}'])`);
  const allowed = filters.map((filter) => `if(${isAll(filter)}, [], [${values(filter)}])`);
  // An empty array of a known type is refused as an argument of a view; a plain one is taken.
  const all = (parts: readonly string[]) => (parts.length > 0 ? `arrayConcat(${parts.join(", ")})` : "[]");
  return `funnel(${SHOP}, from = ${FROM}, to = ${TO}, today = ${TODAY}, now = now64(3, 'UTC'),
  interval = '${interval}', breakdown = '${breakdown}',
  filter_dimensions = ${all(dimensions)},
  filter_values = ${all(allowed)})`;
}

export const cohorts = `cohorts(${SHOP}, from = ${FROM}, to = ${TO})`;

export const lostInquiries = `lost_inquiries(${SHOP}, from = ${FROM}, to = ${TO}, after_sale_days = \${after_sale_days},
  agents = [], channels = [], as_of = now64(3, 'UTC'),
  after_at = toDateTime64('2199-12-31 00:00:00', 3, 'UTC'), after_person = 0, limit = 100)`;

export const repeatBuyers = `repeat_buyers(${SHOP}, from = ${FROM}, to = ${TO})`;

export const cycles = `cycles(${SHOP}, from = ${FROM}, to = ${TO})`;

export const annotatedDays = `annotated_days(${SHOP}, from = ${FROM}, to = ${LAST})`;

const PIECE_SECONDS = "greatest(60, $__interval_s)";
const arrivals = `arrivals(${SHOP}, since = $__fromTime_ms, until = $__toTime_ms, seconds = ${PIECE_SECONDS})`;

export const recentEvents =
  "recent_events(shop = '${shop}', kind = '', since = now64(3, 'UTC') - toIntervalDay(1))";

/** Rows of a view, and one for each key from `first` up to `end` (not included) that it has none for, with what the API answers
 * where nothing happened: counts and amounts 0, rates NULL. Without it Grafana draws a straight line across an outage. */
function filled(
  view: string,
  columns: string,
  key: string,
  first: string,
  end: string,
  step: string,
): string {
  // A view has no row before `first`. Where it is after `end`, ClickHouse would refuse the statement.
  return `(
  SELECT ${key}, ${columns}
  FROM ${view}
  ORDER BY ${key} WITH FILL FROM ${first} TO greatest(${first}, ${end}) STEP ${step}
)`;
}

/** Columns of the funnel of each day, as a series. */
export function byDay(columns: string, filters: readonly Filter[]): string {
  const days = filled(
    funnel({ interval: "day", filters }),
    columns,
    "bucket",
    FROM,
    `${TO} + 1`,
    "toIntervalDay(1)",
  );
  return `SELECT toDateTime(bucket, '\${time_zone}') AS time, * EXCEPT (bucket)\nFROM ${days}\nORDER BY time`;
}

/** Columns of the funnel of all days together: one row, also when nobody came. */
export function ofAllDays(columns: string, filters: readonly Filter[]): string {
  const days = filled(funnel({ filters }), columns, "bucket", FROM, `${FROM} + 1`, "toIntervalDay(1)");
  return `SELECT * EXCEPT (bucket)\nFROM ${days}`;
}

/** Columns of what arrived in each piece of the range, as a series. */
export function byPiece(columns: string): string {
  const piece = (at: string) =>
    `toDateTime(intDiv(toUnixTimestamp(${at}), ${PIECE_SECONDS}) * ${PIECE_SECONDS}, 'UTC')`;
  const end = `${piece("least($__toTime_ms, now64(3, 'UTC'))")} + ${PIECE_SECONDS}`;
  const pieces = filled(
    `${arrivals} GROUP BY time`,
    columns,
    "time",
    piece("$__fromTime_ms"),
    end,
    `toIntervalSecond(${PIECE_SECONDS})`,
  );
  return `SELECT *\nFROM ${pieces}\nORDER BY time`;
}

export function pulse(hours: number): string {
  return `pulse(now = now64(3, 'UTC'), hours = ${hours})`;
}

/** A name in a statement. */
export function quoted(name: string): string {
  return `\`${name}\``;
}

/** A text in a statement; ours alone, which hold no quote. */
export function text(value: string): string {
  if (/['\\]/.test(value)) throw new Error(`a quote in ${value}`);
  return `'${value}'`;
}

/** What a dimension's missing value is called. */
export function orUnknown(column: string, language: Language): string {
  return `ifNull(${column}, ${text(language === "zh" ? "未知" : "unknown")})`;
}
