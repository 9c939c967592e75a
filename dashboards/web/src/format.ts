// Figures, days and times as people read them. Input is what the server sends; rounding happens only here.

import { type Metric, isRate } from "./metrics";
import type { Language } from "./words";

const NO_VALUE = "–";
const ONE_DECIMAL = { minimumFractionDigits: 1, maximumFractionDigits: 1 } as const;

/** A rate (0..1) as percent with one decimal; null, a rate without a base, is a dash and never 0. */
export function formatRate(rate: number | null, language: Language): string {
  if (rate === null) return NO_VALUE;
  return new Intl.NumberFormat(language, { style: "percent", ...ONE_DECIMAL }).format(rate);
}

/** A count with its thousands grouped. */
export function formatCount(count: number, language: Language): string {
  return new Intl.NumberFormat(language).format(count);
}

/** A figure of the funnel as what it is: a count or a rate. */
export function formatMetric(id: Metric, figure: number | null, language: Language): string {
  return figure === null || isRate(id) ? formatRate(figure, language) : formatCount(figure, language);
}

/** A difference of two rates in percentage points, with its sign. */
export function formatPoints(points: number, language: Language): string {
  return new Intl.NumberFormat(language, { signDisplay: "exceptZero", ...ONE_DECIMAL }).format(points * 100);
}

/**
 * How much more a count or an amount is than before, with its sign; a dash where there was nothing before.
 */
export function formatGrowth(now: number, before: number, language: Language): string {
  if (before === 0) return now === 0 ? formatGrowth(1, 1, language) : NO_VALUE;
  const format = { style: "percent", signDisplay: "exceptZero", maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(language, format).format(now / before - 1);
}

/** An amount as the server writes it (text with 4 decimals), exactly; null is a dash. */
export function formatAmount(amount: string | null, currency: string, language: Language): string {
  return formatMoney(amount, currency, language, 4);
}

/** An average as the server writes it, to the hundredth; null is a dash. */
export function formatAverage(amount: string | null, currency: string, language: Language): string {
  return formatMoney(amount, currency, language, 2);
}

function formatMoney(
  amount: string | null,
  currency: string,
  language: Language,
  maximumFractionDigits: number,
): string {
  if (amount === null) return NO_VALUE;
  const format = new Intl.NumberFormat(language, {
    style: "currency",
    currency,
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: 2,
    maximumFractionDigits,
  });
  // A text is formatted digit by digit; as a number it would lose digits beyond the fifteenth.
  return format.format(amount as Intl.StringNumericLiteral);
}

/** A day (YYYY-MM-DD) without its year. */
export function formatDay(day: string, language: Language): string {
  const format = new Intl.DateTimeFormat(locale(language), {
    day: "numeric",
    month: "short",
    timeZone: "UTC",
  });
  return format.format(new Date(`${day}T00:00:00Z`));
}

/** An instant (RFC 3339) as day and time on the shop's clock. */
export function formatMoment(at: string, timeZone: string, language: Language): string {
  const format = new Intl.DateTimeFormat(locale(language), {
    dateStyle: "medium",
    timeStyle: "short",
    timeZone,
  });
  return format.format(new Date(at));
}

/** Two days (YYYY-MM-DD) as one span; a single day when they are equal. */
export function formatDays(from: string, to: string, language: Language): string {
  // A day has no zone of its own: UTC on both sides keeps the browser's out.
  const days = new Intl.DateTimeFormat(locale(language), { dateStyle: "medium", timeZone: "UTC" });
  return days.formatRange(new Date(`${from}T00:00:00Z`), new Date(`${to}T00:00:00Z`));
}

/** An instant (epoch ms) as HH:MM:SS on the shop's clock. */
export function formatTime(at_ms: number, timeZone: string): string {
  return new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", timeZone }).format(at_ms);
}

function locale(language: Language): string {
  return language === "zh" ? "zh-CN" : "en-GB";
}
