// The owner's page in a real browser against the real binary: every control, every panel, both languages, and
// figures that equal the API's to the digit.

import { expect, test } from "@playwright/test";
import { awaitQuietHour, expectWords, figuresOf, open as openPage, rowsOf, shown } from "./owner.mjs";
import { pastEvents } from "./past.mjs";
import { startDemo } from "./server.mjs";

const DAYS = 50;
/** Longer than this file takes. */
const RUN_MS = 300_000;
let demo;

test.beforeAll(async () => {
  await awaitQuietHour(test, RUN_MS);
  demo = await startDemo("--empty");
  await demo.send(pastEvents(DAYS));
  await demo.funnel();
});
// A page that stays open goes on asking.
test.afterEach(async ({ browser }) => {
  for (const context of browser.contexts()) await context.close();
});
test.afterAll(async () => {
  await demo?.stop();
});

const open = (browser, hash, options) => openPage(browser, demo, hash, options);

async function expectFigures(page, query) {
  const { funnel } = await demo.ask(`funnel${query}`);
  await expect.poll(() => figuresOf(page)).toEqual(funnel);
}

test("the figures, tiles and panels are the API's, to the digit", async ({ browser }) => {
  const { page, complaints, foreign } = await open(browser);
  await shown(page);
  const answer = await demo.ask("funnel?interval=day&compare=previous");
  await expect.poll(() => figuresOf(page)).toEqual(answer.funnel);
  expect(answer.funnel.inquiry_buyers).toBeGreaterThan(0);
  const tiles = await page
    .locator("[data-tile]")
    .evaluateAll((all) => all.map((tile) => [tile.dataset.tile, JSON.parse(tile.dataset.exact)]));
  expect(tiles).toHaveLength(12);
  for (const [id, figure] of tiles) {
    expect(figure, id).toEqual(id in answer.funnel ? answer.funnel[id] : answer.money[0][id]);
  }
  await expectWords(page, answer);
  const before = await page
    .locator("#figures td.before")
    .evaluateAll((cells) => cells.map((cell) => JSON.parse(cell.dataset.exact)));
  expect(before).toEqual((await figureIds(page)).map((id) => answer.previous.funnel[id]));

  expect(await rowsOf(page, "trend")).toEqual(
    answer.series.map(({ start, funnel }) => [start, String(funnel.visitors)]),
  );
  const columns = [
    "visitors",
    "effective_entry_rate",
    "inquiry_rate",
    "inquiry_conversion_rate",
    "silent_conversion_rate",
    "payment_rate",
    "overall_conversion_rate",
  ];
  const { groups } = await demo.ask("funnel?breakdown=source");
  expect(groups.length).toBeGreaterThan(3);
  const expected = groups.map(({ value, funnel, money }) => [
    value ?? "",
    ...columns.map((id) => JSON.stringify(funnel[id])),
    money[0]?.paid_amount ?? "0.0000",
  ]);
  await expect.poll(() => rowsOf(page, "breakdown")).toEqual(expected);

  const byAgent = (await demo.ask("funnel?breakdown=agent")).groups
    .filter(({ funnel }) => funnel.inquirers > 0)
    .sort((a, b) => b.funnel.inquirers - a.funnel.inquirers);
  const agentColumns = [
    "inquirers",
    "inquiry_buyers",
    "inquiry_conversion_rate",
    "inquiry_payers",
    "inquiry_paid_rate",
  ];
  await expect
    .poll(() => rowsOf(page, "agents"))
    .toEqual(
      byAgent.map(({ value, funnel, money }) => [
        value,
        ...agentColumns.map((id) => JSON.stringify(funnel[id])),
        money[0].inquiry_paid_amount,
      ]),
    );

  const [money] = answer.money;
  const amounts = ["ordered_amount", "paid_amount", "refunded_amount", "net_amount"].map((id) => [
    `CNY ${id}`,
    ...["", "inquiry_", "silent_", "unattributed_"].map((branch) => JSON.stringify(money[branch + id])),
  ]);
  const averages = [
    "CNY avg_order_value",
    ...["", "inquiry_", "silent_"].map((branch) => JSON.stringify(money[`${branch}avg_order_value`])),
  ];
  expect(await rowsOf(page, "money")).toEqual([...amounts, averages]);
  await expect(page.locator('[data-amount="received_amount"]')).toHaveAttribute(
    "data-exact",
    money.received_amount,
  );
  await expect(page.locator("#money .warning").first()).toContainText("1 payments (¥77.00) wait");

  const { total, cohorts } = await demo.ask("cohorts");
  const shares = ["order_d0", "order_final", "paid_d0", "paid_d1", "paid_final"];
  const cells = (outcome) =>
    [outcome.inquirers, ...shares.map((id) => outcome[id])].map((figure) => JSON.stringify(figure));
  const asked = cohorts.filter(({ inquirers }) => inquirers > 0).reverse();
  await expect
    .poll(() => rowsOf(page, "cohorts"))
    .toEqual([["total", ...cells(total)], ...asked.map((cohort) => [cohort.day, ...cells(cohort)])]);
  await expect(page.locator(`[data-grid="cohorts"] tr[data-key="${asked[0].day}"]`)).toContainText(
    "still open",
  );
  await expect(page.locator(`[data-grid="cohorts"] tr[data-key="${asked.at(-1).day}"]`)).not.toContainText(
    "still open",
  );

  const recent = await demo.ask("events/recent");
  await expect.poll(() => rowsOf(page, "arrivals")).toEqual(recent.events.slice(0, 20).map(({ id }) => [id]));
  await expect(page.locator(".check")).toHaveAttribute("data-check", "check_works");
  expect(complaints).toEqual([]);
  expect(foreign).toEqual([]);
});

const figureIds = (page) =>
  page.locator("[data-metric]").evaluateAll((cells) => cells.map((cell) => cell.dataset.metric));

/** Today in the shop, and the days before it. */
async function calendar() {
  const { to: today } = await demo.ask("funnel");
  const day = (back) =>
    new Date(Date.parse(`${today}T00:00:00Z`) - back * 86_400_000).toISOString().slice(0, 10);
  return { today, day };
}

/** A week of the past, as the address and as the API has it. */
async function openWeek(browser, more = "") {
  const { day } = await calendar();
  const window = `from=${day(9)}&to=${day(3)}`;
  return { window: `?${window}`, ...(await open(browser, `#${window}${more}`)) };
}

test("each range and comparison is what it says, the address holds it, and the way back undoes it", async ({
  browser,
}) => {
  const { page, complaints } = await open(browser);
  await shown(page);
  const { today, day } = await calendar();
  const [year, month] = today.split("-").map(Number);
  const lastMonth = [1, 0].map((next) =>
    new Date(Date.UTC(year, month - 1 - next, next)).toISOString().slice(0, 10),
  );
  for (const [range, from, to] of [
    ["last-month", ...lastMonth],
    ["30-days", day(29), today],
    ["today", today, today],
    ["yesterday", day(1), day(1)],
    ["7-days", day(6), today],
    ["90-days", day(89), today],
    ["month", `${today.slice(0, 8)}01`, today],
  ]) {
    await page.locator(`[data-range="${range}"]`).click();
    await expect(page.locator(`[data-range="${range}"]`)).toHaveAttribute("aria-pressed", "true");
    await expectFigures(page, `?from=${from}&to=${to}`);
    expect((await shown(page)).get("range")).toBe(range === "30-days" ? null : range);
  }
  await page.goBack();
  await expectFigures(page, `?from=${day(89)}&to=${today}`);

  await page.locator('[data-range="custom"]').click();
  await page.locator("#custom-from").fill(today);
  await page.locator("#custom-to").fill(day(9));
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await expect(page.locator("#custom-problem")).toContainText("Choose a first and a last day");
  await page.locator("#custom-from").fill(day(9));
  await page.locator("#custom-to").fill(day(3));
  await page.getByRole("button", { name: "Show", exact: true }).click();
  const window = `?from=${day(9)}&to=${day(3)}`;
  await expectFigures(page, window);
  expect((await shown(page)).get("from")).toBe(day(9));

  for (const compare of ["weekday", "year", "previous"]) {
    await page.locator("#compare").selectOption(compare);
    const { previous } = await demo.ask(`funnel${window}&compare=${compare}`);
    await expect
      .poll(() => page.locator("#figures td.before").first().getAttribute("data-exact"))
      .toBe(String(previous.funnel.visitors));
  }
  await page.locator("#compare").selectOption("none");
  await expect.poll(() => page.locator("#figures td.before").first().textContent()).toBe("");
  expect(complaints).toEqual([]);
});

test("the trend and the breakdown show what is chosen, sorted by any column", async ({ browser }) => {
  const { page, window, complaints } = await openWeek(browser);
  await shown(page);
  await page.locator("#trend-metric").selectOption("payment_rate");
  await page.locator("#trend-interval").selectOption("week");
  const { series } = await demo.ask(`funnel${window}&interval=week`);
  await expect
    .poll(() => rowsOf(page, "trend"))
    .toEqual(series.map(({ start, funnel }) => [start, JSON.stringify(funnel.payment_rate)]));

  const dimensions = await page
    .locator("#breakdown-by option")
    .evaluateAll((options) => options.map(({ value }) => value));
  expect(dimensions).toHaveLength(16);
  for (const by of dimensions) {
    await page.locator("#breakdown-by").selectOption(by);
    const { groups } = await demo.ask(`funnel${window}&breakdown=${by}`);
    await expect
      .poll(async () => (await rowsOf(page, "breakdown")).map(([value, visitors]) => [value, visitors]), by)
      .toEqual(groups.map(({ value, funnel }) => [value ?? "", String(funnel.visitors)]));
  }
  const figureOf = (row, place) => Number(JSON.parse(row[place]));
  for (const [place, column] of [
    "visitors",
    "effective_entry_rate",
    "inquiry_rate",
    "inquiry_conversion_rate",
    "silent_conversion_rate",
    "payment_rate",
    "overall_conversion_rate",
  ].entries()) {
    await page.locator(`[data-focus="sort ${column}"]`).click();
    await page.locator(`[data-focus="sort ${column}"]`).click();
    await expect(
      page.locator(
        `th[aria-sort="${column === "visitors" ? "descending" : "ascending"}"] [data-focus="sort ${column}"]`,
      ),
    ).toBeVisible();
    const rows = (await rowsOf(page, "breakdown")).filter((row) => row[place + 1] !== "null");
    const direction = column === "visitors" ? -1 : 1;
    expect(
      rows.every(
        (row, at) =>
          at === 0 || direction * (figureOf(row, place + 1) - figureOf(rows[at - 1], place + 1)) >= 0,
      ),
      column,
    ).toBe(true);
  }
  await page.locator("#trend summary").click();
  await expect(page.locator('[data-grid="trend"] tbody tr').first()).toBeVisible();
  await page.locator(".tile summary").nth(1).click();
  await expect(page.locator(".tile").nth(1)).toContainText("Effective ÷ (Effective + Bounced)");

  await page.locator("#breakdown-by").selectOption("device");
  const { groups } = await demo.ask(`funnel${window}&breakdown=device`);
  await expect
    .poll(async () => (await rowsOf(page, "breakdown")).map(([value, visitors]) => [value, visitors]))
    .toEqual(groups.map(({ value, funnel }) => [value ?? "", String(funnel.visitors)]));
  await page.locator('[data-focus="sort payment_rate"]').click();
  await expect(page.locator('th[aria-sort="descending"]')).toHaveText("Payment");
  const rates = async () =>
    (await rowsOf(page, "breakdown")).map((row) => JSON.parse(row[6])).filter((rate) => rate !== null);
  await expect
    .poll(async () => JSON.stringify(await rates()))
    .toBe(JSON.stringify((await rates()).sort((a, b) => b - a)));
  await page.locator('[data-focus="sort payment_rate"]').click();
  await expect(page.locator('th[aria-sort="ascending"]')).toHaveText("Payment");
  expect(complaints).toEqual([]);
});

test("a value is a filter, alone and with others, and a chip takes it away", async ({ browser }) => {
  const chosen = "&compare=none&interval=week&by=device&trend=payment_rate";
  const { page, window, complaints } = await openWeek(browser, chosen);
  await shown(page);
  const { groups } = await demo.ask(`funnel${window}&breakdown=device`);
  const device = groups[0].value;
  await page.locator(`[data-focus="value ${device}"]`).click();
  await expectFigures(page, `${window}&device=${device}`);
  await page.locator("#breakdown-by").selectOption("agent");
  await page.locator('[data-focus="value mei"]').click();
  await expectFigures(page, `${window}&device=${device}&agent=mei`);
  await expect(page.locator(".chip")).toHaveCount(2);
  const link = page.url();
  await page.locator(".chip").first().click();
  await expectFigures(page, `${window}&agent=mei`);
  await page.locator(".chip").click();
  await expectFigures(page, window);
  await page.goBack();
  await page.goBack();
  await page.getByRole("button", { name: "Clear filters" }).click();
  await expectFigures(page, window);

  // Somebody else opens the address.
  const other = await open(browser, new URL(link).hash);
  await expectFigures(other.page, `${window}&device=${device}&agent=mei`);
  await expect(other.page.locator("#trend-metric")).toHaveValue("payment_rate");
  await expect(other.page.locator("#compare")).toHaveValue("none");
  expect([...complaints, ...other.complaints]).toEqual([]);
});

test("both languages say everything, the switch is kept, and the numbers are the same", async ({
  browser,
}) => {
  const { page, context } = await open(browser, "", { locale: "zh-CN" });
  await shown(page);
  await expect(page.locator("html")).toHaveAttribute("lang", "zh-CN");
  await expect(page.getByRole("heading", { name: "店铺转化漏斗" })).toBeVisible();
  for (const title of [
    "漏斗图",
    "趋势",
    "核心指标",
    "维度分析",
    "各路径金额",
    "客服",
    "咨询追踪",
    "最近事件",
    "全部指标",
  ]) {
    await expect(page.getByRole("heading", { name: title, exact: true })).toBeVisible();
  }
  const zh = await figuresOf(page);
  await page.getByRole("button", { name: "English" }).click();
  await expect(page.getByRole("heading", { name: "Inquiry cohorts" })).toBeVisible();
  expect(await figuresOf(page)).toEqual(zh);
  const again = await context.newPage();
  await again.goto(demo.url);
  await expect(again.locator("html")).toHaveAttribute("lang", "en");
});

test("a step of the funnel explains itself to pointer and keyboard", async ({ browser }) => {
  const { page } = await open(browser);
  await shown(page);
  const { funnel } = await demo.ask("funnel");
  const explanation = page.locator(".explanation");
  await expect(explanation).toContainText("Point at a step");
  const count = (number) => new Intl.NumberFormat("en").format(number);
  const step = page.locator("#chart .label", { hasText: "Inquiry buyers" });
  await step.hover();
  const numbers = `${count(funnel.inquiry_buyers)} ÷ ${count(funnel.inquirers)}`;
  const sentence = `Inquiry buyers ÷ Inquirers = ${numbers}`;
  await expect(explanation).toContainText(sentence);
  await expect(explanation).toContainText(
    `${count(funnel.inquirers - funnel.inquiry_buyers)} lost at this step.`,
  );
  await page.mouse.move(0, 0);
  await expect(explanation).toContainText("Point at a step");
  // By keyboard: from the panel's own buttons on, each step is a stop.
  await page.getByRole("button", { name: "Funnel as a picture" }).focus();
  const heard = [];
  for (let stop = 0; stop < 12; stop++) {
    await page.keyboard.press("Tab");
    heard.push(await page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? ""));
    if (heard.at(-1).includes("Inquiry conversion")) await expect(explanation).toContainText(sentence);
  }
  for (const words of ["Visitors", "Effective entry", "Inquiry conversion", "Silent conversion", "Payment"]) {
    expect(
      heard.some((label) => label.includes(words)),
      `${words} in ${heard.join("|")}`,
    ).toBe(true);
  }
});

test("an annotation is written, shown in the trend, and removed", async ({ browser }) => {
  const { page, complaints } = await open(browser);
  await shown(page);
  await page.getByLabel("What happened").fill("Bo answers too");
  await page.getByRole("button", { name: "Add" }).click();
  await expect(page.locator(".notes li")).toContainText("Bo answers too");
  await page.getByRole("button", { name: "Remove Bo answers too" }).click();
  await expect(page.locator(".notes li")).toHaveText("No annotations for these days.");
  expect((await demo.ask("annotations")).annotations).toEqual([]);
  expect(complaints).toEqual([]);
});

test("signing in with a read key: a wrong one says so, a right one lasts for the tab", async ({
  browser,
}) => {
  const context = await browser.newContext({ locale: "en-GB" });
  await context.route("**/demo/session.json", (route) => route.fulfill({ status: 404 }));
  const page = await context.newPage();
  await page.goto(demo.url);
  const signIn = async (key) => {
    await page.getByLabel("Shop").fill("demo");
    await page.getByLabel("Read key").fill(key);
    await page.getByRole("button", { name: "Sign in" }).click();
  };
  await signIn("rk_wrong");
  await expect(page.locator("#sign-in-problem")).toContainText("Authorization");
  await signIn(demo.keys.read_key);
  await shown(page);
  expect(
    await page.evaluate(() => [localStorage.length, document.cookie, location.href.includes("rk_")]),
  ).toEqual([0, "", false]);
  await page.reload();
  await shown(page);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.locator("#sign-in")).toBeVisible();
  expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
  await page.reload();
  await expect(page.locator("#sign-in")).toBeVisible();
});

test("a share link shows the sums, keeps its view, and stands nowhere in the address", async ({
  browser,
}) => {
  const { page } = await open(browser, "#range=7-days&source=baidu");
  await shown(page);
  await page.getByRole("button", { name: "Share" }).click();
  await page.getByLabel("Valid for").selectOption("7");
  await page.getByRole("button", { name: "Make a link" }).click();
  await expect(page.locator("#share-expires")).toContainText("Expires");
  await page.getByRole("button", { name: "Copy" }).click();
  await expect(page.locator("#share-copied")).toHaveText("Copied");
  const link = await page.locator("#share-link").inputValue();
  expect(link).toMatch(/#share=sl_demo\.[0-9a-f]+\.[0-9a-f]{64}&range=7-days&source=baidu$/);

  await page.getByRole("button", { name: "Close" }).click();
  await expect(page.locator("#share-dialog")).toBeHidden();

  const guest = await open(browser, new URL(link).hash);
  const said = await shown(guest.page);
  expect([...said.keys()]).toEqual(["range", "source"]);
  const { from, to } = await demo.ask("funnel");
  const week = new Date(Date.parse(`${to}T00:00:00Z`) - 6 * 86_400_000).toISOString().slice(0, 10);
  expect(from < week).toBe(true);
  await expectFigures(guest.page, `?from=${week}&to=${to}&source=baidu`);
  await expect(guest.page.locator("#arrivals")).toBeHidden();
  await expect(guest.page.locator(".note-form")).toBeHidden();
  await expect(guest.page.getByRole("button", { name: "Share" })).toBeHidden();
  await guest.page.reload();
  await shown(guest.page);
  await guest.page.evaluate(() => (location.hash = "#share=sl_demo.1.00"));
  await expect(guest.page.locator("#sign-in-problem")).toContainText("This link is incomplete");
  await guest.page.evaluate((hash) => (location.hash = hash), new URL(link).hash);
  await shown(guest.page);
  expect(guest.complaints).toEqual([]);

  const broken = await open(browser, "#share=sl_demo.1.00");
  // The demo shop must not take the place of what the link is told to lack, however late its session comes.
  await broken.page.waitForLoadState("networkidle");
  await expect(broken.page.locator("#sign-in-problem")).toContainText("This link is incomplete");
  const token = new URLSearchParams(new URL(link).hash.slice(1)).get("share");
  const forged = await open(browser, `#share=${token.slice(0, -1)}${token.endsWith("0") ? "1" : "0"}`);
  await expect(forged.page.locator("#sign-in")).toBeVisible();
});

test("what happens now is on the page a moment later", async ({ browser }) => {
  const { page } = await open(browser, "#range=today");
  await shown(page);
  const before = (await figuresOf(page)).visitors;
  await demo.send([
    { kind: "visit", visitor: `new-${Date.now()}`, at: Date.now(), url: "https://tea.example/now" },
  ]);
  await demo.funnel();
  await expect.poll(async () => (await figuresOf(page)).visitors).toBe(before + 1);
  await expect(page.locator('[data-grid="arrivals"] tbody tr').first()).toContainText(
    "https://tea.example/now",
  );
});
