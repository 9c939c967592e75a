// Panels in the few looks that the boards use. Core panels only, so that nothing has to be installed besides
// the data source.

import { PanelBuilder as BarGauge } from "@grafana/grafana-foundation-sdk/bargauge";
import {
  BarGaugeDisplayMode,
  BigValueColorMode,
  BigValueGraphMode,
  ReduceDataOptionsBuilder,
  VizLegendOptionsBuilder,
  LegendDisplayMode,
  LegendPlacement,
  VizOrientation,
  VizTooltipOptionsBuilder,
  TooltipDisplayMode,
  SortOrder,
} from "@grafana/grafana-foundation-sdk/common";
import type * as cog from "@grafana/grafana-foundation-sdk/cog";
import {
  type DynamicConfigValue,
  FieldColorBuilder,
  FieldColorModeId,
  type Panel,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder as Stat } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as Table } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as TimeSeries } from "@grafana/grafana-foundation-sdk/timeseries";
import { PROMETHEUS, SOURCE, question } from "./clickhouse";
import { type Language, type Wording, say } from "./words";

/** What every panel is given. */
export interface Frame {
  title: Wording;
  /** One or two sentences: what is counted, and on which basis. */
  description: Wording;
  width: number;
  height: number;
}

/** A panel that is placed by the board. */
export interface Placed {
  width: number;
  height: number;
  panel: Panel;
}

type Look = BarGauge | Stat | Table | TimeSeries;

function placed(frame: Frame, look: Look, language: Language): Placed {
  look.title(say(frame.title, language)).description(say(frame.description, language));
  return { width: frame.width, height: frame.height, panel: look.build() };
}

/** Which columns are no counts. */
export interface Columns {
  /** Names of columns that are shares of 1. */
  shares?: readonly string[];
  /** Names of columns that are amounts of money. */
  amounts?: readonly string[];
  /** Names of columns that are days with fractions. */
  days?: readonly string[];
}

/** Counts with their thousands apart: `short` would round 7 822 to 7.82 K. */
const COUNT = "locale";
const SHARE: DynamicConfigValue[] = [
  { id: "unit", value: "percentunit" },
  { id: "decimals", value: 1 },
];
/** A unit knows no variable, so panels name the currency in their title or description. */
const AMOUNT: DynamicConfigValue[] = [
  { id: "unit", value: "locale" },
  { id: "decimals", value: 2 },
];
/** Grafana's own unit of days says `day` in every language, and makes weeks of more than seven. */
const duration = (language: Language): DynamicConfigValue[] => [
  { id: "unit", value: `suffix:${say({ en: "days", zh: "天" }, language)}` },
  { id: "decimals", value: 1 },
];

/** Otherwise a text that looks like a number is written like one: the campaign 20261111 as 20,261,111. */
function withPlainTexts<T extends BarGauge | Table>(look: T): T {
  look.overrideByFieldType("string", [{ id: "unit", value: "string" }]);
  return look;
}

function withUnits<T extends Look>(
  look: T,
  { shares = [], amounts = [], days = [] }: Columns,
  language: Language,
): T {
  for (const [names, unit] of [
    [shares, SHARE],
    [amounts, AMOUNT],
    [days, duration(language)],
  ] as const) {
    for (const name of names) look.overrideByName(name, unit);
  }
  return look;
}

/** Steps one below the other, to scale. `sql`: one row per step, its name and its count. */
export function steps(frame: Frame, sql: string, language: Language): Placed {
  const look = new BarGauge()
    .datasource(SOURCE)
    .withTarget(question(sql))
    .unit(COUNT)
    .min(0)
    // Grafana's own choice is green to 80 and red from there.
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Fixed).fixedColor("blue"))
    .displayMode(BarGaugeDisplayMode.Gradient)
    .orientation(VizOrientation.Horizontal)
    .showUnfilled(true)
    .reduceOptions(new ReduceDataOptionsBuilder().values(true).calcs(["lastNotNull"]).fields("").limit(50));
  return placed(frame, withPlainTexts(look), language);
}

/** One tile per column. `sql`: one row. */
export function tiles(frame: Frame, sql: string, columns: Columns, language: Language): Placed {
  const look = new Stat()
    .datasource(SOURCE)
    .withTarget(question(sql))
    .unit(COUNT)
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().values(false).calcs(["lastNotNull"]).fields(""))
    .noValue("–");
  return placed(frame, withUnits(look, columns, language), language);
}

/** Lines over time. `sql`: a column `time`, and one column per line. */
export function lines(frame: Frame, sql: string, unit: "locale" | "percentunit", language: Language): Placed {
  return placed(frame, drawn(unit).datasource(SOURCE).withTarget(question(sql, "timeseries")), language);
}

/** Lines that Prometheus holds. */
export function counters(
  frame: Frame,
  targets: readonly cog.Builder<cog.Dataquery>[],
  unit: "locale" | "s" | "bytes" | "eps",
  language: Language,
): Placed {
  const look = drawn(unit).datasource(PROMETHEUS);
  for (const target of targets) look.withTarget(target);
  return placed(frame, look, language);
}

function drawn(unit: string): TimeSeries {
  return new TimeSeries()
    .unit(unit)
    .min(0)
    .lineWidth(2)
    .fillOpacity(8)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.None));
}

/** Rows and columns. */
export function table(frame: Frame, sql: string, columns: Columns, language: Language): Placed {
  const look = new Table()
    .datasource(SOURCE)
    .withTarget(question(sql))
    .unit(COUNT)
    .filterable(true)
    .noValue("–");
  return placed(frame, withUnits(withPlainTexts(look), columns, language), language);
}
