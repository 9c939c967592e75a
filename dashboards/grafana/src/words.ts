// Titles and sentences of the boards in both languages. What a figure is called stands in the page's metrics.ts, once for both.

import { AMOUNTS, LABELS, type Metric } from "../../web/src/metrics";

export type Language = "en" | "zh";
export const LANGUAGES: readonly Language[] = ["en", "zh"];

export interface Wording {
  en: string;
  zh: string;
}

export const say = (wording: Wording, language: Language): string => wording[language];

export const labelOf = (id: Metric, language: Language): string => LABELS[id][language];

export const amountOf = (id: keyof typeof AMOUNTS, language: Language): string => AMOUNTS[id][language];

export const DIMENSIONS: Record<string, Wording> = {
  source: { en: "Source", zh: "来源" },
  medium: { en: "Medium", zh: "媒介" },
  campaign: { en: "Campaign", zh: "活动" },
  landing: { en: "Landing page", zh: "落地页" },
  device: { en: "Device", zh: "设备" },
  browser: { en: "Browser", zh: "浏览器" },
  country: { en: "Country", zh: "国家/地区" },
  city: { en: "City", zh: "城市" },
  channel: { en: "Chat tool", zh: "咨询渠道" },
  agent: { en: "Agent", zh: "客服" },
  product: { en: "Product", zh: "商品" },
  customer_type: { en: "Customers", zh: "新老客户" },
};
