// Which days a range means. Pure: today comes in as a value, days are YYYY-MM-DD of the shop's calendar.

export const RANGES = [
  "today",
  "yesterday",
  "7-days",
  "30-days",
  "90-days",
  "month",
  "last-month",
  "custom",
] as const;
export type Range = (typeof RANGES)[number];

/** The longest span that the server answers about. */
export const MAX_DAYS = 731;
const DAY_MS = 86_400_000;

export interface Days {
  from: string;
  to: string;
}

/** The days of a range, both included; `custom` are the days that were typed. */
export function daysOf(range: Range, today: string, custom: Days): Days {
  const month = today.slice(0, 8);
  switch (range) {
    case "today":
      return { from: today, to: today };
    case "yesterday":
      return { from: addDays(today, -1), to: addDays(today, -1) };
    case "7-days":
    case "30-days":
    case "90-days":
      return { from: addDays(today, 1 - Number.parseInt(range)), to: today };
    case "month":
      return { from: `${month}01`, to: today };
    case "last-month": {
      const to = addDays(`${month}01`, -1);
      return { from: `${to.slice(0, 8)}01`, to };
    }
    case "custom":
      return custom;
  }
}

/** A day moved by whole days. Counted in UTC, where no day has 23 or 25 hours. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** How many days from the first to the last, both included; NaN when one is no day. */
export function countDays(days: Days): number {
  return (Date.parse(`${days.to}T00:00:00Z`) - Date.parse(`${days.from}T00:00:00Z`)) / DAY_MS + 1;
}

/** Whether a text is a day of the calendar. */
export function isDay(text: string): boolean {
  const at_ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  return !Number.isNaN(at_ms) && new Date(at_ms).toISOString().startsWith(text);
}

/** The calendar day at an instant (epoch ms) in a time zone. */
export function dayAt(at_ms: number, timeZone: string): string {
  const format = new Intl.DateTimeFormat("en", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  });
  const parts = Object.fromEntries(format.formatToParts(at_ms).map(({ type, value }) => [type, value]));
  return `${parts["year"]}-${parts["month"]}-${parts["day"]}`;
}
