// What the plugin `grafana-clickhouse-datasource` 4.20 expects in a panel, a variable, an annotation and an
// alert.

import type * as cog from "@grafana/grafana-foundation-sdk/cog";
import type * as common from "@grafana/grafana-foundation-sdk/common";

export const PLUGIN = "grafana-clickhouse-datasource";
const PLUGIN_VERSION = "4.20.0";
/** Of a provisioned data source, which alert rules must name: they know no variables. */
export const PROVISIONED_UID = "shopfunnel-clickhouse";
export const PROMETHEUS_UID = "shopfunnel-prometheus";

/** The plugin's own numbers for the form of an answer. */
const FORMATS = { timeseries: 0, table: 1 } as const;
export type Format = keyof typeof FORMATS;

export const SOURCE: common.DataSourceRef = { type: PLUGIN, uid: "${datasource}" };
export const PROMETHEUS: common.DataSourceRef = { type: "prometheus", uid: "${prometheus}" };

/** A question as a target of a panel. */
export function question(rawSql: string, format: Format = "table", refId = "A"): cog.Builder<cog.Dataquery> {
  return built({
    datasource: SOURCE,
    refId,
    editorType: "sql",
    rawSql,
    format: FORMATS[format],
    queryType: format,
    pluginVersion: PLUGIN_VERSION,
    meta: {},
  });
}

/** The same as the query of a variable. */
export function variableQuery(rawSql: string): Record<string, unknown> {
  return {
    editorType: "sql",
    rawSql,
    format: FORMATS.table,
    queryType: "table",
    refId: "variable",
    pluginVersion: PLUGIN_VERSION,
    meta: {},
  };
}

/** The same as data of an alert rule. */
export function alertModel(rawSql: string): Record<string, unknown> {
  return {
    editorType: "sql",
    rawSql,
    format: FORMATS.table,
    queryType: "table",
    refId: "A",
    pluginVersion: PLUGIN_VERSION,
    meta: {},
  };
}

/** A question to Prometheus. */
export function prometheus(expr: string, legendFormat: string, refId = "A"): cog.Builder<cog.Dataquery> {
  return built({
    datasource: PROMETHEUS,
    refId,
    expr,
    legendFormat,
    range: true,
    instant: false,
    editorMode: "code",
  });
}

function built(target: object): cog.Builder<cog.Dataquery> {
  return { build: () => target as unknown as cog.Dataquery };
}
