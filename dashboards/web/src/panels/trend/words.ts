import type { Interval } from "../../view";
import type { Phrase } from "../../words";

export const WORDS = {
  trend: { en: "Trend", zh: "趋势" },
  trend_of: { en: "Figure", zh: "指标" },
  interval: { en: "Interval", zh: "粒度" },
  as_table: { en: "As a table", zh: "以表格查看" },
  annotations: { en: "Annotations", zh: "日期备注" },
  no_annotation: { en: "No annotations for these days.", zh: "这段时间没有备注。" },
  annotation_text: { en: "What happened", zh: "发生了什么" },
  annotation_hint: { en: "A campaign, a new agent, a change of the shop", zh: "活动、新客服、店铺改动等" },
  add: { en: "Add", zh: "添加" },
} as const;

export const INTERVAL_WORDS: Record<Interval, Phrase> = {
  auto: { en: "Automatic", zh: "自动" },
  day: { en: "Day", zh: "日" },
  week: { en: "Week", zh: "周" },
  month: { en: "Month", zh: "月" },
};
