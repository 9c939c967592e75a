// Every panel of the Grafana boards as a person sees it: the boards that the program gives, the answers that
// its ClickHouse and its counters give, made into bars, tiles, lines and rows by Grafana's own package, and
// compared with the API about the same days.

import { expect, test } from "@playwright/test";
import { build } from "esbuild";
import { fileURLToPath } from "node:url";
import { DAYS, DAY_MS, ZONE, dayText, knownEvents, midnight_ms } from "./grafana-past.mjs";
import { Prometheus } from "./grafana-prometheus.mjs";
import { epochMs, openGrafana } from "./grafana-source.mjs";
import { awaitQuietHour } from "./owner.mjs";
import { startDemo } from "./server.mjs";

/** Longer than this file takes. */
const RUN_MS = 120_000;
const LOCALES = { en: "en-GB", zh: "zh-CN" };

const RATES = [
  "effective_entry_rate", "bounce_rate", "inquiry_rate", "inquiry_conversion_rate", "inquiry_paid_rate",
  "silent_conversion_rate", "silent_paid_rate", "silent_rate_all_visitors", "silent_share_of_buyers",
  "payment_rate", "overall_conversion_rate",
];
const COUNTS = [
  "visitors", "bounced", "effective", "open", "inquirers", "silent_visitors", "inquiry_buyers",
  "silent_buyers", "buyers", "inquiry_payers", "silent_payers", "payers", "after_sale_inquirers",
];
const STEPS = [
  "visitors", "effective", "inquirers", "silent_visitors", "buyers", "inquiry_buyers", "silent_buyers",
  "payers", "inquiry_payers", "silent_payers",
];
const AMOUNTS = ["ordered_amount", "paid_amount", "refunded_amount", "net_amount"];
const OF_A_VALUE = [
  "visitors", "effective_entry_rate", "inquiry_rate", "inquiry_conversion_rate", "silent_conversion_rate",
  "payment_rate", "overall_conversion_rate", "paid_amount",
];
const OF_AN_ANSWERER = [
  "inquirers", "inquiry_buyers", "inquiry_payers", "inquiry_conversion_rate", "inquiry_paid_rate",
];

/** Panels of each board in their order: the title in both languages, and what is to be seen. */
const PANELS = {
  funnel: [
    [["Funnel", "漏斗图"], steps],
    [["Rates", "转化率"], tiles(RATES)],
    [["Persons", "人数"], tiles(COUNTS)],
    [["Persons by day", "每日人数"], series(["visitors", "effective", "inquirers", "buyers", "payers"])],
    [
      ["Rates by day", "每日转化率"],
      series(["effective_entry_rate", "inquiry_conversion_rate", "silent_conversion_rate", "payment_rate"]),
    ],
    [["By source", "按来源"], groups("source", ["Source", "来源"], OF_A_VALUE)],
  ],
  traffic: [
    [["Visitors", "访客"], tiles(["visitors", "effective", "bounced", "buyers", "payers"])],
    [["Rates", "转化率"], tiles(["effective_entry_rate", "bounce_rate", "overall_conversion_rate"])],
    [["Visitors by day", "每日访客"], series(["visitors", "effective", "bounced"])],
    [["By source", "按来源"], groups("source", ["Source", "来源"], OF_A_VALUE)],
    [["By campaign", "按活动"], groups("campaign", ["Campaign", "活动"], OF_A_VALUE)],
    [["Visitors by device", "按设备的访客数"], values("device")],
    [["Visitors by country", "按国家/地区的访客数"], values("country")],
    [["Visitors by browser", "按浏览器的访客数"], values("browser")],
    [["By landing page", "按落地页"], groups("landing", ["Landing page", "落地页"], OF_A_VALUE)],
  ],
  inquiries: [
    [
      ["Inquirers", "咨询人数"],
      tiles(["inquirers", "inquiry_buyers", "inquiry_payers", "after_sale_inquirers"]),
    ],
    [["Rates", "转化率"], tiles(["inquiry_rate", "inquiry_conversion_rate", "inquiry_paid_rate"])],
    [
      ["Inquiry and silent conversion by day", "每日询单与静默转化率"],
      series(["inquiry_conversion_rate", "inquiry_paid_rate", "silent_conversion_rate"]),
    ],
    [["Agents", "客服"], groups("agent", ["Agent", "客服"], OF_AN_ANSWERER)],
    [["Chat tools", "咨询渠道"], groups("channel", ["Chat tool", "咨询渠道"], OF_AN_ANSWERER)],
    [["Products asked about", "咨询商品"], groups("product", ["Product", "商品"], OF_AN_ANSWERER)],
    [["Inquiry cohorts", "咨询追踪"], cohorts],
    [["Asked and has not bought", "咨询未下单"], lost],
  ],
  orders: [
    [["Money, CNY", "金额（CNY）"], tiles(AMOUNTS)],
    [["Payment", "付款"], tiles(["buyers", "payers", "payment_rate"])],
    [["Paid by day of the order, CNY", "每日成交金额（按下单日，CNY）"], paidByDay],
    [["By branch, CNY", "按路径（CNY）"], branches],
    [["Buying again", "复购"], repeat],
    [["Days from the first visit", "从首次访问起的天数"], cycles],
  ],
  health: [
    [["Arrivals", "到达事件"], arrivals],
    [["Shops", "店铺"], shops],
    [["Last events", "最近事件"], lastEvents],
    [["Events a second", "每秒事件数"], eventsASecond],
    [
      ["How old figures are", "数据延迟"],
      counters(
        [
          ["waiting", "待写入"],
          ["ledger", "账本"],
        ],
        /^[\d.]+ (µs|ms|s)$/,
      ),
    ],
    [
      ["Waiting on disk", "磁盘积压"],
      counters(
        [
          ["spool", "暂存区"],
          ["unsent", "未写入"],
        ],
        /^[\d.]+ (B|KiB|MiB)$/,
      ),
    ],
    [
      ["What went wrong", "异常"],
      counters(
        [
          ["insert failures", "写入失败"],
          ["engine restarts", "引擎重启"],
          ["lost records", "丢失记录"],
          ["ledger differences", "账本修正"],
        ],
        /^0$/,
      ),
    ],
  ],
};

let demo;
let grafana;
const prometheus = new Prometheus();
let scripts;
/** Of the API, by their questions. */
const answers = new Map();
/** What was sent, the moment up to which it happened, and the end of all ranges. */
let sent;
let now_ms;
let end_ms;

test.beforeAll(async () => {
  await awaitQuietHour(test, RUN_MS);
  [demo, scripts] = await Promise.all([startDemo("--empty"), bundled()]);
  // Prometheus knows a counter from when something was counted.
  await fetch(`${demo.url}/v1/events`, {
    method: "POST",
    body: '{"kind":"nothing"}',
    headers: { "content-type": "application/json", authorization: `Bearer ${demo.keys.secret_key}` },
  });
  await prometheus.scrape(`${demo.adminUrl}/metrics`);
  now_ms = Date.now();
  sent = knownEvents(now_ms);
  await demo.send(sent);
  await demo.funnel();
  await prometheus.scrape(`${demo.adminUrl}/metrics`);
  end_ms = Date.now();
  grafana = await openGrafana(demo);
});
test.afterAll(async () => {
  await demo?.stop();
});

/** Grafana's functions for the browser, and how the page calls the figures. */
async function bundled() {
  const bundle = async (path, more) => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL(path, import.meta.url))],
      bundle: true,
      write: false,
      target: ["es2022"],
      ...more,
    });
    return outputFiles[0].text;
  };
  const metrics = bundle("../../dashboards/web/src/metrics.ts", { format: "esm" });
  const panels = bundle("grafana-panels.mjs", {
    format: "iife",
    globalName: "panels",
    define: { "process.env.NODE_ENV": '"production"' },
  });
  return {
    panels: await panels,
    names: await import(`data:text/javascript;base64,${Buffer.from(await metrics).toString("base64")}`),
  };
}

/** What the API and the page say in one language of a range of whole days. */
class Expected {
  constructor(language, firstDay, lastDay) {
    this.language = language;
    this.window = `from=${firstDay}&to=${lastDay}`;
    this.count = (number) => new Intl.NumberFormat(LOCALES[language]).format(number);
    this.amount = (text) =>
      new Intl.NumberFormat(LOCALES[language], { maximumFractionDigits: 2 }).format(Number(text));
  }

  say([en, zh]) {
    return this.language === "en" ? en : zh;
  }

  name(id) {
    return (scripts.names.LABELS[id] ?? scripts.names.AMOUNTS[id])[this.language];
  }

  /** A figure of a funnel with its money, as a person reads it. */
  text(id, { funnel, money }) {
    if (id.endsWith("_amount")) return this.amount(amountOf(money, id));
    if (!id.includes("_rate") && !id.includes("_share")) return this.count(funnel[id]);
    return this.rate(funnel[id]);
  }

  rate(value) {
    return value === null ? "–" : `${(100 * value).toFixed(1)}%`;
  }

  /** What a missing value of a dimension is called. */
  known(value) {
    return value ?? this.say(["unknown", "未知"]);
  }

  /**
   * The API's answer about the range; nothing arrives any more, so it is asked once for all panels and both
   * languages.
   */
  ask(report) {
    const question = `${report}${report.includes("?") ? "&" : "?"}${this.window}`;
    if (!answers.has(question)) answers.set(question, demo.ask(question));
    return answers.get(question);
  }
}

const amountOf = (money, id) => money.find(({ currency }) => currency === "CNY")?.[id] ?? "0";

async function steps(seen, expected) {
  const answer = await expected.ask("funnel");
  expectBars(
    seen,
    expected,
    STEPS.map((id) => [expected.name(id), answer.funnel[id]]),
  );
}

function values(dimension) {
  return async (seen, expected) => {
    const { groups } = await expected.ask(`funnel?breakdown=${dimension}`);
    expectBars(
      seen,
      expected,
      groups.map(({ value, funnel }) => [expected.known(value), funnel.visitors]),
    );
  };
}

/** Bars of one colour, from 0 to the longest of them. */
function expectBars(seen, expected, bars) {
  const max = Math.max(...bars.map(([, count]) => count));
  expect(seen.values.map(({ title, text }) => [title, text])).toEqual(
    bars.map(([title, count]) => [title, expected.count(count)]),
  );
  expect(new Set(seen.values.map(({ color }) => color)).size).toBe(1);
  for (const bar of seen.values) expect([bar.min, bar.max]).toEqual([0, max]);
}

function tiles(ids) {
  return async (seen, expected) => {
    const answer = await expected.ask("funnel");
    expectTiles(
      seen,
      ids.map((id) => [expected.name(id), expected.text(id, answer)]),
    );
  };
}

function expectTiles(seen, texts) {
  expect(seen.values.map(({ title, text }) => [title, text])).toEqual(texts);
}

function series(ids) {
  return async (seen, expected) => {
    const answer = await expected.ask("funnel?interval=day");
    // A number on the axis is rounded as it fits; what it is of must be right.
    const isShown = (text, value, id) =>
      id.includes("_rate")
        ? text.endsWith("%") && Math.abs(parseFloat(text) - 100 * value) < 0.1
        : text === expected.count(value);
    expectLines(
      seen,
      answer.series,
      ids.map((id) => ({
        name: expected.name(id),
        valueOf: ({ funnel }) => funnel[id],
        isShown: (text, value) => isShown(text, value, id),
      })),
    );
  };
}

async function paidByDay(seen, expected) {
  const answer = await expected.ask("funnel?interval=day");
  const branches = {
    inquiry: ["Inquiry", "咨询"],
    silent: ["Silent", "静默"],
    unattributed: ["Unattributed", "未归属"],
  };
  const lines = Object.entries(branches).map(([id, name]) => ({
    name: expected.say(name),
    valueOf: ({ money }) => Number(amountOf(money, `${id}_paid_amount`)),
    isShown: (text, value) => text === expected.amount(value),
  }));
  expectLines(seen, answer.series, lines);
}

/**
 * A point for each day of the API's series, at its midnight, and a gap where there is no value: none that is
 * drawn over.
 */
function expectLines(seen, days, lines) {
  expect(seen.legend).toBe(true);
  expect(seen.lines.map(({ name }) => name)).toEqual(lines.map(({ name }) => name));
  for (const [at, { name, valueOf, isShown }] of lines.entries()) {
    const { points, pieces } = seen.lines[at];
    expect(
      points.map(({ when, value }) => [when, value]),
      name,
    ).toEqual(days.map((day) => [`${day.start} 00:00:00`, valueOf(day)]));
    for (const { when, value, text } of points) {
      expect(
        value === null ? text === null : isShown(text, value),
        `${name} ${when}: ${text} of ${value}`,
      ).toBe(true);
    }
    expect(pieces.flat(), name).toEqual(points.filter(({ value }) => value !== null).map(({ ms }) => ms));
    for (const piece of pieces) {
      for (let next = 1; next < piece.length; next++) {
        expect(piece[next] - piece[next - 1], name).toBe(DAY_MS);
      }
    }
  }
}

function groups(dimension, name, ids) {
  return async (seen, expected) => {
    const answer = await expected.ask(`funnel?breakdown=${dimension}`);
    const shown = answer.groups.filter(({ funnel }) => ids[0] !== "inquirers" || funnel.inquirers > 0);
    expect(shown.length).toBeGreaterThan(0);
    expect(seen.columns).toEqual([expected.say(name), ...ids.map((id) => expected.name(id))]);
    // Values with equally many persons stand in any order.
    expect([...seen.rows].sort()).toEqual(
      shown
        .map((group) => [expected.known(group.value), ...ids.map((id) => expected.text(id, group))])
        .sort(),
    );
  };
}

async function cohorts(seen, expected) {
  const answer = await expected.ask("cohorts");
  const rates = {
    order_d0: ["Ordered that day", "当日下单"],
    order_final: ["Ordered within 3 days", "之后 3 天内下单"],
    paid_d0: ["Paid that day", "当日付款"],
    paid_d1: ["Paid by next day", "截至次日付款"],
    paid_final: ["Paid within 3 days", "之后 3 天内付款"],
  };
  expect(seen.columns).toEqual([
    expected.say(["Day", "日期"]),
    expected.name("inquirers"),
    ...Object.values(rates).map((name) => expected.say(name)),
  ]);
  const days = answer.cohorts.filter(({ inquirers }) => inquirers > 0).reverse();
  expect(seen.rows).toEqual(
    days.map((day) => [
      day.day,
      expected.count(day.inquirers),
      ...Object.keys(rates).map((id) => expected.rate(day[id])),
    ]),
  );
}

async function lost(seen, expected) {
  const answer = await expected.ask("inquiries/lost");
  expect(answer.inquiries.length).toBeGreaterThan(0);
  expect(seen.columns).toEqual(
    [
      ["Last asked", "最近咨询"],
      ["Visitor", "访客"],
      ["Chat tool", "咨询渠道"],
    ]
      .map((name) => expected.say(name))
      .toSpliced(2, 0, expected.say(["Agent", "客服"])),
  );
  expect(seen.rows.map(([, ...row]) => row)).toEqual(
    answer.inquiries.map(({ visitor, agent, channel }) => [visitor, agent ?? "–", channel ?? "–"]),
  );
  for (const [at, [moment]] of seen.rows.entries()) {
    const asked_ms = Date.parse(answer.inquiries[at].last_asked_at);
    expect(epochMs(moment, ZONE)).toBe(Math.trunc(asked_ms / 1_000) * 1_000);
  }
}

async function branches(seen, expected) {
  const { money } = await expected.ask("funnel");
  const [mine] = money.filter(({ currency }) => currency === "CNY");
  expect(seen.columns).toEqual([
    ...[
      ["Branch", "路径"],
      ["Orders", "订单数"],
      ["Paid orders", "成交订单数"],
    ].map((name) => expected.say(name)),
    ...AMOUNTS.map((id) => expected.name(id)),
  ]);
  const names = {
    inquiry: ["Inquiry", "咨询"],
    silent: ["Silent", "静默"],
    unattributed: ["Unattributed", "未归属"],
  };
  expect(seen.rows.map(([name, , , ...amounts]) => [name, ...amounts])).toEqual(
    Object.entries(names).map(([id, name]) => [
      expected.say(name),
      ...AMOUNTS.map((of) => expected.amount(mine[`${id}_${of}`])),
    ]),
  );
  for (const [column, id] of [
    [1, "orders"],
    [2, "paid_orders"],
  ]) {
    const sum = seen.rows.reduce((total, row) => total + Number(row[column]), 0);
    expect(sum, id).toBe(mine[id]);
  }
}

async function repeat(seen, expected) {
  const answer = await expected.ask("orders");
  const names = {
    payers: ["Paying persons", "付款人数"],
    repeat_buyers: ["Bought again", "复购人数"],
    repeat_buyer_rate: ["Repeat rate", "复购率"],
    old_buyer_share: ["Paid in the year before", "老客占比"],
  };
  expectTiles(
    seen,
    Object.entries(names).map(([id, name]) => [
      expected.say(name),
      /_rate|_share/.test(id) ? expected.rate(answer.repeat[id]) : expected.count(answer.repeat[id]),
    ]),
  );
}

async function cycles(seen, expected) {
  const { cycle } = await expected.ask("orders");
  const names = [
    ["To order, median", "下单中位天数"],
    ["To order, mean", "下单平均天数"],
    ["To payment, median", "付款中位天数"],
    ["To payment, mean", "付款平均天数"],
  ];
  const days = ["days_to_order", "days_to_payment"].flatMap((id) => [cycle[id].median, cycle[id].mean]);
  expectTiles(
    seen,
    names.map((name, at) => [
      expected.say(name),
      days[at] === null ? "–" : `${days[at].toFixed(1)} ${expected.say(["days", "天"])}`,
    ]),
  );
}

/** A point for each minute of the range, 0 where nothing arrived. */
async function arrivals(seen, expected, range) {
  const kinds = [
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
  ];
  expect(seen.lines.map(({ name }) => name)).toEqual(kinds);
  const minute = (ms) => Math.floor(ms / 60_000);
  for (const { name, points, pieces } of seen.lines) {
    expect(points.map(({ ms }) => minute(ms))).toEqual(
      Array.from(
        { length: minute(range.to_ms) - minute(range.from_ms) + 1 },
        (_, at) => minute(range.from_ms) + at,
      ),
    );
    expect(pieces, name).toHaveLength(1);
    expect(
      points.reduce((sum, { value }) => sum + value, 0),
      name,
    ).toBe(sent.filter(({ kind }) => kind === name).length);
    expect(
      points.filter(({ ms, value }) => value > 0 && ms < now_ms - 60_000),
      name,
    ).toEqual([]);
    for (const { value, text } of points) expect(text).toBe(expected.count(value));
  }
}

async function shops(seen, expected) {
  expect(seen.columns).toEqual(
    [
      ["Shop", "店铺"],
      ["Last 6 hours", "最近 6 小时"],
      ["A day before", "前一天同时段"],
      ["A week before", "前一周同时段"],
      ["Last arrival", "最近到达"],
    ].map((name) => expected.say(name)),
  );
  expect(seen.rows).toHaveLength(1);
  expect(seen.rows[0].slice(1, 4)).toEqual([expected.count(sent.length), "0", "0"]);
  expect(Math.abs(epochMs(seen.rows[0][4], ZONE) - now_ms)).toBeLessThan(RUN_MS);
}

async function lastEvents(seen, expected) {
  const { events } = await demo.ask("events/recent");
  expect(seen.columns).toEqual([
    ...[
      ["Arrived", "到达"],
      ["Kind", "类型"],
      ["Visitor", "访客"],
    ].map((name) => expected.say(name)),
    "URL",
  ]);
  // Many arrived in one millisecond.
  expect(seen.rows.map(([, ...row]) => row).sort()).toEqual(
    events.map(({ kind, visitor, url }) => [kind, visitor ?? "–", url ?? "–"]).sort(),
  );
}

async function eventsASecond(seen, expected) {
  counters(
    [
      ["accepted", "接收"],
      ["shipped", "写入"],
      ["rejected", "拒绝"],
      ["refused", "空间不足"],
    ],
    /^[\d.]+ K? ?evt\/s$/,
  )(seen, expected);
  const values = seen.lines.map(({ points }) => Math.round(points[0].value * prometheus.seconds));
  expect(values).toEqual([sent.length, sent.length, 0, 0]);
}

/** A line for each counter, whose numbers read like this. */
function counters(names, form) {
  return (seen, expected) => {
    expect(seen.lines.map(({ name }) => name)).toEqual(names.map((name) => expected.say(name)));
    for (const { name, points } of seen.lines) {
      for (const { text } of points) expect(text, name).toMatch(form);
    }
  };
}

/** What Grafana shows of the panels of a board. */
async function shown(page, language, name, range) {
  const board = grafana.boards[`${language}/${name}`];
  const variables = await grafana.source.variablesOf(board, range);
  const framesOf = (target) =>
    target.rawSql ? grafana.source.frame(target, range, variables) : prometheus.frame(target);
  const frames = await Promise.all(
    board.panels.map(async ({ targets }) => (await Promise.all(targets.map(framesOf))).flat()),
  );
  return page.evaluate(
    ([panels, frames, range, variables]) =>
      Promise.all(panels.map((panel, at) => globalThis.grafana.show(panel, frames[at], range, variables))),
    [board.panels, frames, range, variables],
  );
}

const firstDay_ms = () => midnight_ms(now_ms, DAYS - 1);

async function openPage(browser, language) {
  const context = await browser.newContext({ locale: LOCALES[language], timezoneId: ZONE });
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  await page.addScriptTag({ content: `${scripts.panels}\nglobalThis.grafana = panels;` });
  return { page, context, complaints };
}

for (const language of ["en", "zh"]) {
  test(`each panel shows the figures of the API in Grafana: ${language}`, async ({ browser }) => {
    const { page, context, complaints } = await openPage(browser, language);
    const expected = new Expected(language, dayText(firstDay_ms()), dayText(now_ms));
    for (const [name, panels] of Object.entries(PANELS)) {
      const range = { from_ms: name === "health" ? end_ms - 6 * 3_600_000 : firstDay_ms(), to_ms: end_ms };
      const seen = await shown(page, language, name, range);
      expect(seen.map(({ title }) => title)).toEqual(panels.map(([title]) => expected.say(title)));
      for (const [at, [, expectSeen]] of panels.entries()) {
        await test.step(`${name}: ${seen[at].title}`, () => expectSeen(seen[at], expected, range));
      }
    }
    expect(complaints).toEqual([]);
    await context.close();
  });
}

test("days on which nobody came are shown as such", async ({ browser }) => {
  const { page, context } = await openPage(browser, "en");
  const before = (days) => midnight_ms(now_ms, DAYS + days);
  const expected = new Expected("en", dayText(before(3)), dayText(before(1)));
  const range = { from_ms: before(3), to_ms: before(0) - 1 };
  const seen = await shown(page, "en", "funnel", range);
  for (const [at, [, expectSeen]] of PANELS.funnel.slice(0, 5).entries()) {
    await expectSeen(seen[at], expected, range);
  }
  expect(seen[0].values.map(({ text }) => text)).toEqual(STEPS.map(() => "0"));
  await context.close();
});
