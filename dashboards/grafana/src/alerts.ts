// Alert rules, provisioned for all shops together. Those that ask ClickHouse name each shop in a label.

import { PROMETHEUS_UID, PROVISIONED_UID, alertModel } from "./clickhouse";
import { pulse } from "./sql";

interface Rule {
  uid: string;
  title: string;
  summary: string;
  /** A question to ClickHouse: labels and one number per row; or to Prometheus: one number. */
  sql?: string;
  promql?: string;
  /** Fires when the number is beyond. */
  above?: number;
  below?: number;
  /** For so long. */
  lasts: string;
}

export const RULES: readonly Rule[] = [
  {
    uid: "shopfunnel-silence",
    title: "A shop has fallen silent · 店铺没有事件",
    summary:
      "{{ $labels.name }}: far fewer events than in the same hours a day and a week before. Is the tag still in the pages? 事件数远低于前一天和前一周同时段，请检查页面标签。",
    sql: `SELECT shop, name, toFloat64(events / greatest(1, least(day_before, week_before))) AS share FROM ${pulse(3)} WHERE least(day_before, week_before) >= 50`,
    below: 0.1,
    lasts: "15m",
  },
  {
    uid: "shopfunnel-late",
    title: "Figures are late · 数据延迟",
    summary: "The ledger is more than five minutes behind. 账本滞后超过五分钟。",
    promql: "shopfunnel_ledger_age_seconds",
    above: 300,
    lasts: "5m",
  },
  {
    uid: "shopfunnel-refused",
    title: "Events are refused · 事件被拒收",
    summary:
      "The disk is full or broken; senders keep their events and try again. 磁盘已满或故障，发送方会保留事件并重试。",
    promql: "increase(shopfunnel_events_refused_total[5m])",
    above: 0,
    lasts: "1m",
  },
  {
    uid: "shopfunnel-differences",
    title: "The ledger was wrong and is mended · 账本有误并已修正",
    summary:
      "The nightly verification found rows that did not follow from the events. 夜间校验发现与事件不符的账本行。",
    promql: "increase(shopfunnel_ledger_differences_total[1d])",
    above: 0,
    lasts: "0s",
  },
];

/** The provisioning file of the rules that ask ClickHouse, or of those that ask Prometheus, which not everybody has. */
export function ruleFile(of: "ClickHouse" | "Prometheus"): object {
  const rules = RULES.filter(({ sql }) => (sql !== undefined) === (of === "ClickHouse"));
  const name = of === "ClickHouse" ? "shopfunnel" : "shopfunnel-server";
  return {
    apiVersion: 1,
    groups: [{ orgId: 1, name, folder: "Shopfunnel", interval: "1m", rules: rules.map(rule) }],
  };
}

function rule({ uid, title, summary, sql, promql, above, below, lasts }: Rule): object {
  const source = sql
    ? { datasourceUid: PROVISIONED_UID, model: alertModel(sql) }
    : {
        datasourceUid: PROMETHEUS_UID,
        model: { refId: "A", expr: promql, instant: true, range: false, editorMode: "code" },
      };
  const evaluator = below === undefined ? { type: "gt", params: [above] } : { type: "lt", params: [below] };
  // A table's rows are reduced already; a series of Prometheus is reduced to its last value.
  const reduced = sql
    ? []
    : [
        {
          refId: "B",
          relativeTimeRange: { from: 600, to: 0 },
          datasourceUid: "__expr__",
          model: { refId: "B", type: "reduce", expression: "A", reducer: "last" },
        },
      ];
  return {
    uid,
    title,
    condition: "C",
    for: lasts,
    noDataState: "OK",
    execErrState: "Error",
    labels: { service: "shopfunnel" },
    annotations: { summary },
    data: [
      { refId: "A", relativeTimeRange: { from: 600, to: 0 }, ...source },
      ...reduced,
      {
        refId: "C",
        relativeTimeRange: { from: 600, to: 0 },
        datasourceUid: "__expr__",
        model: { refId: "C", type: "threshold", expression: sql ? "A" : "B", conditions: [{ evaluator }] },
      },
    ],
  };
}
