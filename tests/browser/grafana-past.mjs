// What happened in the shop that the Grafana boards are looked at with, and its days.

import { epochMs } from "./grafana-source.mjs";
import { USER_AGENTS } from "./past.mjs";

export const DAY_MS = 86_400_000;
/** Of the demo shop. */
export const ZONE = "Asia/Shanghai";
/** Days of the past, today included. */
export const DAYS = 11;
/** Days ago on which nothing reached the shop; the first day is one of them. */
const OUTAGE = [10, 5, 4];
const AGENTS = { silent: USER_AGENTS.phone, asking: USER_AGENTS.desk };
/** The shop's day of a moment. */
export const dayText = (ms) => new Intl.DateTimeFormat("en-CA", { timeZone: ZONE }).format(ms);

/** When that day of the shop began. */
export const midnight_ms = (now_ms, daysAgo) =>
  epochMs(`${dayText(now_ms - daysAgo * DAY_MS)} 00:00:00`, ZONE);

/**
 * More than a thousand visitors on one day, an outage, a day without inquiries, texts that look like numbers,
 * money of several kinds.
 */
export function knownEvents(now_ms) {
  const events = [];
  const noon_ms = (daysAgo) => midnight_ms(now_ms, daysAgo) + DAY_MS / 2;
  for (let daysAgo = DAYS - 1; daysAgo >= 0; daysAgo--) {
    if (OUTAGE.includes(daysAgo)) continue;
    const start = daysAgo > 0 ? noon_ms(daysAgo) : Math.max(midnight_ms(now_ms, 0), now_ms - 10_000);
    const add = (kind, visitor, after_ms, more) =>
      events.push({ kind, visitor: `${visitor}-${daysAgo}`, at: start + after_ms, ...more });
    const visit = (visitor, campaign) => {
      add("visit", visitor, 0, {
        url: `https://tea.example/${visitor}?utm_source=baidu&utm_campaign=${campaign}`,
        user_agent: AGENTS[visitor],
      });
      add("visit", visitor, 1, { url: "https://tea.example/more", user_agent: AGENTS[visitor] });
    };
    for (let number = 0; number < (daysAgo === 9 ? 1_250 : 0); number++) {
      add("visit", `one-page-${number}`, number, { url: "https://tea.example/" });
    }
    visit("silent", "20261111");
    add("order", "silent", 2, { order_id: `s-${daysAgo}`, amount: "1234.5" });
    if (daysAgo % 2 === 0) add("payment", "silent", 3, { order_id: `s-${daysAgo}` });
    add("visit", "bounced", 0, { url: "https://tea.example/" });
    add("bounce", "bounced", 1);
    if (daysAgo === 7) continue;
    visit("asking", "2e3");
    add("inquiry", "asking", 2, { agent: "mei", channel: "web", product: "100123" });
    add("order", "asking", 3, { order_id: `a-${daysAgo}`, amount: "99.99" });
    add("payment", "asking", 4, { order_id: `a-${daysAgo}` });
  }
  const at = noon_ms(1);
  // A visitor and an agent whose names are numbers; an order that took more than a week; a refund; money of
  // nobody and of elsewhere.
  events.push({ kind: "inquiry", visitor: "10023", at, agent: "4711" });
  events.push({ kind: "order", visitor: "one-page-7-9", at, order_id: "late", amount: "10" });
  events.push({ kind: "payment", at, order_id: "late" });
  events.push({ kind: "refund", at, order_id: "a-1", refund_id: "r", amount: "9.5" });
  events.push({ kind: "order", at, order_id: "nobody", amount: "7.25" });
  events.push({ kind: "payment", at, order_id: "nobody" });
  events.push({ kind: "order", at, order_id: "dollars", amount: "5", currency: "USD" });
  return events;
}
