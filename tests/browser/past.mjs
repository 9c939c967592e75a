// A shop's past with something of everything: sources, agents, cohorts, money of each kind, payments that
// wait.

const DAY_MS = 86_400_000;
/** What a phone and a desk say of themselves. */
export const USER_AGENTS = {
  phone:
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) " +
    "Version/18.5 Mobile/15E148 Safari/604.1",
  desk:
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) " +
    "Chrome/146.0.0.0 Safari/537.36",
};

/** The events of `days` days up to now. Made by counting, so that every run has the same figures. */
export function pastEvents(days, now = Date.now()) {
  const events = [];
  const add = (kind, visitor, at, more = {}) => events.push({ kind, visitor, at, ...more });
  const sources = ["https://www.baidu.com/", "https://www.xiaohongshu.com/", "", "https://www.google.com/"];
  for (let day = 0; day < days; day++) {
    for (let number = 0; number < 6 + (day % 3); number++) {
      const visitor = `v-${day}-${number}`;
      // Minutes before now, so that nothing is of tomorrow.
      const at = now - day * DAY_MS - (number + 2) * 60_000 * 7;
      const referrer = sources[number % sources.length];
      add("visit", visitor, at, {
        url: "https://tea.example/",
        referrer,
        user_agent: number % 2 ? USER_AGENTS.phone : USER_AGENTS.desk,
      });
      if (number % 3 === 0) {
        add("bounce", visitor, at + 1_000);
        continue;
      }
      add("visit", visitor, at + 2_000, { url: "https://tea.example/longjing" });
      if (number % 2 === 0) {
        add("inquiry", visitor, at + 3_000, {
          agent: day % 2 ? "mei" : "lin",
          channel: "web",
          product: "longjing",
        });
      }
      if (number % 4 === 1 && day % 5 === 0) continue;
      const order_id = `o-${day}-${number}`;
      add("order", visitor, at + 4_000, { order_id, amount: `${100 + day}.50`, currency: "CNY" });
      if (number !== 5) add("payment", visitor, at + 5_000, { order_id, payment_id: `p-${order_id}` });
      if (number === 4) {
        add("refund", visitor, at + 6_000, {
          order_id,
          refund_id: `r-${order_id}`,
          amount: "10.25",
          currency: "CNY",
        });
      }
    }
  }
  events.push({
    kind: "payment",
    order_id: "never-seen",
    payment_id: "waits",
    amount: "77.00",
    currency: "CNY",
    at: now - 60_000,
  });
  return events;
}
