// Which days a range button means. Pure: today comes in as a value, days are YYYY-MM-DD of the shop's calendar.

export const RANGES = ["today", "7-days", "30-days"] as const;
export type Range = (typeof RANGES)[number];

const LENGTH_DAYS: Record<Range, number> = { today: 1, "7-days": 7, "30-days": 30 };
const DAY_MS = 86_400_000;

export interface Days {
  from: string;
  to: string;
}

/** The range the address names (`#7-days`), else 30 days. */
export function rangeOfHash(hash: string): Range {
  return RANGES.find((range) => hash === `#${range}`) ?? "30-days";
}

/** The last days of the range up to today, both included. */
export function daysOf(range: Range, today: string): Days {
  return { from: addDays(today, 1 - LENGTH_DAYS[range]), to: today };
}

/** A day moved by whole days. Counted in UTC, where no day has 23 or 25 hours. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** The calendar day at an instant (epoch ms) in a time zone. */
export function dayAt(at_ms: number, timeZone: string): string {
  const format = new Intl.DateTimeFormat("en", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
  const parts = Object.fromEntries(format.formatToParts(at_ms).map(({ type, value }) => [type, value]));
  return `${parts["year"]}-${parts["month"]}-${parts["day"]}`;
}
