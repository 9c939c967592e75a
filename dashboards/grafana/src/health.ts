// The board of how events arrive, for whoever runs the server.

import { prometheus } from "./clickhouse";
import type { Board } from "./board";
import { counters, lines, table } from "./panels";
import { byPiece, pulse, quoted, recentEvents } from "./sql";

const KINDS = [
  "visit",
  "bounce",
  "inquiry",
  "cart",
  "favorite",
  "order",
  "payment",
  "refund",
  "rating",
  "bot",
] as const;

export const board: Board = {
  name: "health",
  title: { en: "Ingestion health", zh: "采集健康" },
  description: { en: "Whether events arrive, wait, or are refused.", zh: "事件是否到达、积压或被拒绝。" },
  hasPrometheus: true,
  isLive: true,
  panels: (language) => {
    const zh = language === "zh";
    const perKind = KINDS.map((kind) => `sumIf(events, kind = '${kind}') AS ${quoted(kind)}`).join(", ");
    const names = zh
      ? ["店铺", "最近 6 小时", "前一天同时段", "前一周同时段", "最近到达"]
      : ["Shop", "Last 6 hours", "A day before", "A week before", "Last arrival"];
    const [shop, events, day, week, last] = names.map(quoted);
    const [arrived, kind, visitor] = (zh ? ["到达", "类型", "访客"] : ["Arrived", "Kind", "Visitor"]).map(
      quoted,
    );
    return [
      lines(
        {
          title: { en: "Arrivals", zh: "到达事件" },
          description: {
            en: "Events of the shop that were stored, by kind; programs are the kind bot.",
            zh: "已存储的事件，按类型；爬虫单列为 bot。",
          },
          width: 24,
          height: 9,
        },
        byPiece(perKind),
        "locale",
        language,
      ),
      table(
        {
          title: { en: "Shops", zh: "店铺" },
          description: {
            en: "Events of the last hours, and of the same hours a day and a week before.",
            zh: "最近数小时的事件数，以及前一天和前一周同时段。",
          },
          width: 12,
          height: 9,
        },
        `SELECT name AS ${shop}, events AS ${events}, day_before AS ${day}, week_before AS ${week}, last_at AS ${last} FROM ${pulse(6)} ORDER BY name`,
        {},
        language,
      ),
      table(
        {
          title: { en: "Last events", zh: "最近事件" },
          description: {
            en: "The last hundred of the shop, newest first.",
            zh: "该店铺最近一百条，最新在前。",
          },
          width: 12,
          height: 9,
        },
        `SELECT received_at AS ${arrived}, kind AS ${kind}, visitor AS ${visitor}, url AS URL FROM ${recentEvents} ORDER BY received_at DESC`,
        {},
        language,
      ),
      counters(
        {
          title: { en: "Events a second", zh: "每秒事件数" },
          description: {
            en: "Taken, shipped to ClickHouse, rejected for what they hold, and refused for lack of room.",
            zh: "接收、写入 ClickHouse、因内容被拒、因空间不足被拒。",
          },
          width: 12,
          height: 8,
        },
        [
          prometheus(
            "rate(shopfunnel_events_accepted_total[$__rate_interval])",
            zh ? "接收" : "accepted",
            "A",
          ),
          prometheus("rate(shopfunnel_events_shipped_total[$__rate_interval])", zh ? "写入" : "shipped", "B"),
          prometheus(
            "sum(rate(shopfunnel_events_rejected_total[$__rate_interval]))",
            zh ? "拒绝" : "rejected",
            "C",
          ),
          prometheus(
            "rate(shopfunnel_events_refused_total[$__rate_interval])",
            zh ? "空间不足" : "refused",
            "D",
          ),
        ],
        "eps",
        language,
      ),
      counters(
        {
          title: { en: "How old figures are", zh: "数据延迟" },
          description: {
            en: "Age of the oldest event that waits for ClickHouse, and of the ledger that figures are summed from.",
            zh: "等待写入的最早事件的时长，以及汇总账本的滞后。",
          },
          width: 12,
          height: 8,
        },
        [
          prometheus("shopfunnel_spool_oldest_age_seconds", zh ? "待写入" : "waiting", "A"),
          prometheus("shopfunnel_ledger_age_seconds", zh ? "账本" : "ledger", "B"),
        ],
        "s",
        language,
      ),
      counters(
        {
          title: { en: "Waiting on disk", zh: "磁盘积压" },
          description: {
            en: "Bytes of the spool, and those not yet in ClickHouse.",
            zh: "暂存区字节数，以及尚未写入 ClickHouse 的部分。",
          },
          width: 12,
          height: 8,
        },
        [
          prometheus("shopfunnel_spool_bytes", zh ? "暂存区" : "spool", "A"),
          prometheus("shopfunnel_spool_unsent_bytes", zh ? "未写入" : "unsent", "B"),
        ],
        "bytes",
        language,
      ),
      counters(
        {
          title: { en: "What went wrong", zh: "异常" },
          description: {
            en: "Inserts that failed, starts of the engine, records that were lost, rows of the ledger that were mended.",
            zh: "写入失败、引擎重启、丢失记录、账本修正。",
          },
          width: 12,
          height: 8,
        },
        [
          prometheus(
            "increase(shopfunnel_insert_failures_total[1h])",
            zh ? "写入失败" : "insert failures",
            "A",
          ),
          prometheus(
            "increase(shopfunnel_engine_restarts_total[1h])",
            zh ? "引擎重启" : "engine restarts",
            "B",
          ),
          prometheus(
            "increase(shopfunnel_spool_lost_records_total[1h])",
            zh ? "丢失记录" : "lost records",
            "C",
          ),
          prometheus(
            "increase(shopfunnel_ledger_differences_total[1h])",
            zh ? "账本修正" : "ledger differences",
            "D",
          ),
        ],
        "locale",
        language,
      ),
    ];
  },
};
