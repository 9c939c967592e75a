// What all boards have in common: the data source, the shop, its rules, the days, links from one to the next.

import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableHide,
  VariableRefresh,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { PLUGIN, SOURCE, question, variableQuery } from "./clickhouse";
import type { Placed } from "./panels";
import { ALL, type Filter, annotatedDays, funnel, orUnknown } from "./sql";
import { type Language, type Wording, dimensionOf, say } from "./words";

const COLUMNS = 24;
/** Tells our boards from others, for the links between them. */
const TAG = "shopfunnel";

export interface Board {
  /** Of the file, and with the language the uid. */
  name: string;
  title: Wording;
  description: Wording;
  filters?: readonly Filter[];
  /** Also asks Prometheus. */
  hasPrometheus?: boolean;
  /** Of a short time, not of days. */
  isLive?: boolean;
  panels: (language: Language) => readonly Placed[];
}

/** The board as Grafana reads it. */
export function build(board: Board, language: Language): Dashboard {
  const builder = new DashboardBuilder(say(board.title, language))
    .uid(`shopfunnel-${board.name}-${language}`)
    .description(say(board.description, language))
    .tags([TAG, language])
    .timezone("browser")
    .editable()
    .tooltip(DashboardCursorSync.Crosshair)
    .refresh(board.isLive ? "30s" : "1m")
    .link(
      new DashboardLinkBuilder(say({ en: "Other boards", zh: "其他仪表盘" }, language))
        .type(DashboardLinkType.Dashboards)
        .tags([TAG, language])
        .asDropdown(true)
        .includeVars(true)
        .keepTime(!board.isLive),
    );
  builder.withVariable(
    new DatasourceVariableBuilder("datasource")
      .label(say({ en: "Data source", zh: "数据源" }, language))
      .type(PLUGIN),
  );
  if (board.hasPrometheus)
    builder.withVariable(new DatasourceVariableBuilder("prometheus").label("Prometheus").type("prometheus"));
  builder.withVariable(
    new QueryVariableBuilder("shop")
      .label(say({ en: "Shop", zh: "店铺" }, language))
      .datasource(SOURCE)
      .query(variableQuery("SELECT shop, name FROM shop_list"))
      .refresh(VariableRefresh.OnDashboardLoad),
  );
  for (const name of ["time_zone", "currency", "after_sale_days"]) {
    const hidden = new QueryVariableBuilder(name)
      .label(name)
      .datasource(SOURCE)
      .query(variableQuery(`SELECT ${name} FROM shop_list WHERE shop = '\${shop}'`))
      .refresh(VariableRefresh.OnTimeRangeChanged);
    builder.withVariable(hidden.hide(VariableHide.HideVariable));
  }
  for (const filter of board.filters ?? []) builder.withVariable(filterVariable(filter, language));
  if (!board.isLive) {
    const sql = `SELECT toDateTime(day, '\${time_zone}') AS time, text, 'shopfunnel' AS tags FROM ${annotatedDays}`;
    builder.annotation(
      new AnnotationQueryBuilder()
        .name(say({ en: "Annotations", zh: "日期备注" }, language))
        .datasource(SOURCE)
        .enable(true)
        .iconColor("orange")
        .target(question(sql)),
    );
  }
  const dashboard = builder.build();
  dashboard.time = board.isLive ? { from: "now-6h", to: "now" } : { from: "now-29d/d", to: "now" };
  dashboard.panels = place(board.panels(language));
  return dashboard;
}

/** Values of a dimension in these days, most visitors first; in hexadecimal digits, see sql.ts. */
function filterVariable(filter: Filter, language: Language): QueryVariableBuilder {
  const sql = `SELECT concat('x', hex(ifNull(value, ''))) AS value, ${orUnknown("value", language)} AS text
FROM ${funnel({ breakdown: filter })}
ORDER BY visitors DESC, value
LIMIT 200`;
  return new QueryVariableBuilder(filter)
    .label(dimensionOf(filter, language))
    .datasource(SOURCE)
    .query(variableQuery(sql))
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue(ALL)
    .current({ selected: true, text: "All", value: "$__all" });
}

/** Panels from left to right, a new line where the next one does not fit. */
function place(panels: readonly Placed[]) {
  let [x, y, tallest] = [0, 0, 0];
  return panels.map(({ width, height, panel }, at) => {
    if (x + width > COLUMNS) [x, y, tallest] = [0, y + tallest, 0];
    const gridPos = { x, y, w: width, h: height };
    [x, tallest] = [x + width, Math.max(tallest, height)];
    return { ...panel, id: at + 1, gridPos };
  });
}
