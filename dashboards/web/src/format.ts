// Figures, days and times as people read them. Input is what the server sends; rounding happens only here.

import type { Language } from "./words";

const NO_VALUE = "–";

/** A rate (0..1) as percent with one decimal; null, a rate without a base, is a dash and never 0. */
export function formatRate(rate: number | null, language: Language): string {
  if (rate === null) return NO_VALUE;
  return new Intl.NumberFormat(language, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(rate);
}

/** A count with its thousands grouped. */
export function formatCount(count: number, language: Language): string {
  return new Intl.NumberFormat(language).format(count);
}

/** Two days (YYYY-MM-DD) as one span; a single day when they are equal. */
export function formatDays(from: string, to: string, language: Language): string {
  // A day has no zone of its own: UTC on both sides keeps the browser's out.
  const days = new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", { dateStyle: "medium", timeZone: "UTC" });
  return days.formatRange(new Date(`${from}T00:00:00Z`), new Date(`${to}T00:00:00Z`));
}

/** An instant (epoch ms) as HH:MM:SS on the shop's clock. */
export function formatTime(at_ms: number, timeZone: string): string {
  return new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", timeZone }).format(at_ms);
}
