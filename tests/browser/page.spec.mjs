// The owner's page in a real browser against the real binary: every control, every panel, both languages and widths, and
// figures that equal the API's to the digit.

import { readFile } from "node:fs/promises";
import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "@playwright/test";
import { HOSTILE } from "./hostile.mjs";
import { awaitQuietHour, figuresOf, open as openPage, rowsOf, shown } from "./owner.mjs";
import { pastEvents } from "./past.mjs";
import { startDemo } from "./server.mjs";

const DAYS = 50;
/** Longer than this file takes. */
const RUN_MS = 180_000;
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
  const tiles = await page.locator("[data-tile]").evaluateAll((all) => all.map((tile) => [tile.dataset.tile, JSON.parse(tile.dataset.exact)]));
  expect(tiles).toHaveLength(12);
  for (const [id, figure] of tiles) expect(figure, id).toEqual(id in answer.funnel ? answer.funnel[id] : answer.money[0][id]);
  await expectWords(page, answer);
  const before = await page.locator("#figures td.before").evaluateAll((cells) => cells.map((cell) => JSON.parse(cell.dataset.exact)));
  expect(before).toEqual((await figureIds(page)).map((id) => answer.previous.funnel[id]));

  expect(await rowsOf(page, "trend")).toEqual(answer.series.map(({ start, funnel }) => [start, String(funnel.visitors)]));
  const columns = ["visitors", "effective_entry_rate", "inquiry_rate", "inquiry_conversion_rate", "silent_conversion_rate", "payment_rate", "overall_conversion_rate"];
  const { groups } = await demo.ask("funnel?breakdown=source");
  expect(groups.length).toBeGreaterThan(3);
  const expected = groups.map(({ value, funnel, money }) => [value ?? "", ...columns.map((id) => JSON.stringify(funnel[id])), money[0]?.paid_amount ?? "0.0000"]);
  await expect.poll(() => rowsOf(page, "breakdown")).toEqual(expected);

  const byAgent = (await demo.ask("funnel?breakdown=agent")).groups.filter(({ funnel }) => funnel.inquirers > 0).sort((a, b) => b.funnel.inquirers - a.funnel.inquirers);
  const agentColumns = ["inquirers", "inquiry_buyers", "inquiry_conversion_rate", "inquiry_payers", "inquiry_paid_rate"];
  await expect.poll(() => rowsOf(page, "agents")).toEqual(byAgent.map(({ value, funnel, money }) => [value, ...agentColumns.map((id) => JSON.stringify(funnel[id])), money[0].inquiry_paid_amount]));

  const [money] = answer.money;
  const amounts = ["ordered_amount", "paid_amount", "refunded_amount", "net_amount"].map((id) => [`CNY ${id}`, ...["", "inquiry_", "silent_", "unattributed_"].map((branch) => JSON.stringify(money[branch + id]))]);
  const averages = ["CNY avg_order_value", ...["", "inquiry_", "silent_"].map((branch) => JSON.stringify(money[`${branch}avg_order_value`]))];
  expect(await rowsOf(page, "money")).toEqual([...amounts, averages]);
  await expect(page.locator('[data-amount="received_amount"]')).toHaveAttribute("data-exact", money.received_amount);
  await expect(page.locator("#money .warning")).toContainText("1 payments (¥77.00) wait");

  const { total, cohorts } = await demo.ask("cohorts");
  const shares = ["order_d0", "order_final", "paid_d0", "paid_d1", "paid_final"];
  const cells = (outcome) => [outcome.inquirers, ...shares.map((id) => outcome[id])].map((figure) => JSON.stringify(figure));
  const asked = cohorts.filter(({ inquirers }) => inquirers > 0).reverse();
  await expect.poll(() => rowsOf(page, "cohorts")).toEqual([["total", ...cells(total)], ...asked.map((cohort) => [cohort.day, ...cells(cohort)])]);
  await expect(page.locator(`[data-grid="cohorts"] tr[data-key="${asked[0].day}"]`)).toContainText("still open");
  await expect(page.locator(`[data-grid="cohorts"] tr[data-key="${asked.at(-1).day}"]`)).not.toContainText("still open");

  const recent = await demo.ask("events/recent");
  await expect.poll(() => rowsOf(page, "arrivals")).toEqual(recent.events.slice(0, 20).map(({ id }) => [id]));
  await expect(page.locator(".check")).toHaveAttribute("data-check", "check_works");
  expect(complaints).toEqual([]);
  expect(foreign).toEqual([]);
});

/** What people read, in the tiles and in the picture, is what the server said, rounded. */
async function expectWords(page, { funnel, money, previous }) {
  const percent = (rate) => (rate === null ? "–" : new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(rate));
  const count = (number) => new Intl.NumberFormat("en").format(number);
  const yuan = (amount) => new Intl.NumberFormat("en", { style: "currency", currency: "CNY", currencyDisplay: "narrowSymbol" }).format(Number(amount));
  const say = (id, figures, amounts) => (id in funnel ? (id.endsWith("rate") ? percent(figures[id]) : count(figures[id])) : yuan(amounts[0][id]));
  const tiles = await page.locator(".tile").evaluateAll((all) => all.map((tile) => [tile.querySelector(".value").dataset.tile, tile.querySelector(".value").textContent, tile.querySelector(".before").textContent]));
  for (const [id, value, before] of tiles) expect([value, before], id).toEqual([say(id, funnel, money), `vs ${say(id, previous.funnel, previous.money)}`]);

  const labels = await page.locator("#chart .label:not(.absent)").evaluateAll((all) => all.map((label) => ["name", "count", "rate", "lost"].map((part) => label.querySelector(`.${part}`).textContent)));
  const step = (name, id, rate, lost) => [name, count(funnel[id]), rate ? `${rate[0]} ${percent(funnel[rate[1]])}` : "", lost === undefined ? "" : `${count(lost - funnel[id])} lost`];
  expect(labels).toEqual([
    step("Visitors", "visitors"),
    step("Effective", "effective", ["Effective entry", "effective_entry_rate"]),
    step("Bounced", "bounced", ["Bounce", "bounce_rate"]),
    step("Inquirers", "inquirers", ["Inquiry", "inquiry_rate"]),
    step("Silent visitors", "silent_visitors"),
    step("Buyers", "buyers"),
    step("Inquiry buyers", "inquiry_buyers", ["Inquiry conversion", "inquiry_conversion_rate"], funnel.inquirers),
    step("Silent buyers", "silent_buyers", ["Silent conversion", "silent_conversion_rate"], funnel.silent_visitors),
    step("Payers", "payers", ["Payment", "payment_rate"]),
    step("Inquiry payers", "inquiry_payers", ["Inquiry paid", "inquiry_paid_rate"], funnel.inquiry_buyers),
    step("Silent payers", "silent_payers", ["Silent paid", "silent_paid_rate"], funnel.silent_buyers),
  ]);
  // Widths are to one scale, also those of the bars in tables.
  const widths = await page.locator("#chart rect.bar").evaluateAll((bars) => bars.map((bar) => [bar.classList[1], Number(bar.getAttribute("width"))]));
  const sum = (look) => widths.filter(([of]) => of === look).reduce((total, [, width]) => total + width, 0);
  const scale = sum("visitors") / funnel.visitors;
  expect(Math.abs(sum("effective") - funnel.effective * scale)).toBeLessThan(1);
  expect(Math.abs(sum("bounced") - funnel.bounced * scale)).toBeLessThan(1);
  expect(Math.abs(sum("inquiry") - (funnel.inquirers + funnel.inquiry_buyers + funnel.inquiry_payers) * scale)).toBeLessThan(3);
  expect(Math.abs(sum("silent") - (funnel.silent_visitors + funnel.silent_buyers + funnel.silent_payers) * scale)).toBeLessThan(3);
}

const figureIds = (page) => page.locator("[data-metric]").evaluateAll((cells) => cells.map((cell) => cell.dataset.metric));

test("each control does what it says, the address holds it, and the way back undoes it", async ({ browser }) => {
  const { page, complaints } = await open(browser);
  await shown(page);
  const { to: today } = await demo.ask("funnel");
  const day = (back) => new Date(Date.parse(`${today}T00:00:00Z`) - back * 86_400_000).toISOString().slice(0, 10);
  const [year, month] = today.split("-").map(Number);
  const lastMonth = [1, 0].map((next) => new Date(Date.UTC(year, month - 1 - next, next)).toISOString().slice(0, 10));
  for (const [range, from, to] of [["last-month", ...lastMonth], ["30-days", day(29), today], ["today", today, today], ["yesterday", day(1), day(1)], ["7-days", day(6), today], ["90-days", day(89), today], ["month", `${today.slice(0, 8)}01`, today]]) {
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
    await expect.poll(() => page.locator("#figures td.before").first().getAttribute("data-exact")).toBe(String(previous.funnel.visitors));
  }
  await page.locator("#compare").selectOption("none");
  await expect.poll(() => page.locator("#figures td.before").first().textContent()).toBe("");

  await page.locator("#trend-metric").selectOption("payment_rate");
  await page.locator("#trend-interval").selectOption("week");
  const { series } = await demo.ask(`funnel${window}&interval=week`);
  await expect.poll(() => rowsOf(page, "trend")).toEqual(series.map(({ start, funnel }) => [start, JSON.stringify(funnel.payment_rate)]));

  const dimensions = await page.locator("#breakdown-by option").evaluateAll((options) => options.map(({ value }) => value));
  expect(dimensions).toHaveLength(15);
  for (const by of dimensions) {
    await page.locator("#breakdown-by").selectOption(by);
    const { groups } = await demo.ask(`funnel${window}&breakdown=${by}`);
    await expect.poll(async () => (await rowsOf(page, "breakdown")).map(([value, visitors]) => [value, visitors]), by).toEqual(groups.map(({ value, funnel }) => [value ?? "", String(funnel.visitors)]));
  }
  const figureOf = (row, place) => Number(JSON.parse(row[place]));
  for (const [place, column] of ["visitors", "effective_entry_rate", "inquiry_rate", "inquiry_conversion_rate", "silent_conversion_rate", "payment_rate", "overall_conversion_rate"].entries()) {
    await page.locator(`[data-focus="sort ${column}"]`).click();
    await page.locator(`[data-focus="sort ${column}"]`).click();
    await expect(page.locator(`th[aria-sort="${column === "visitors" ? "descending" : "ascending"}"] [data-focus="sort ${column}"]`)).toBeVisible();
    const rows = (await rowsOf(page, "breakdown")).filter((row) => row[place + 1] !== "null");
    const direction = column === "visitors" ? -1 : 1;
    expect(rows.every((row, at) => at === 0 || direction * (figureOf(row, place + 1) - figureOf(rows[at - 1], place + 1)) >= 0), column).toBe(true);
  }
  await page.locator("#trend summary").click();
  await expect(page.locator('[data-grid="trend"] tbody tr').first()).toBeVisible();
  await page.locator(".tile summary").nth(1).click();
  await expect(page.locator(".tile").nth(1)).toContainText("Effective ÷ (Effective + Bounced)");

  await page.locator("#breakdown-by").selectOption("device");
  const { groups } = await demo.ask(`funnel${window}&breakdown=device`);
  await expect.poll(async () => (await rowsOf(page, "breakdown")).map(([value, visitors]) => [value, visitors])).toEqual(groups.map(({ value, funnel }) => [value ?? "", String(funnel.visitors)]));
  await page.locator('[data-focus="sort payment_rate"]').click();
  await expect(page.locator('th[aria-sort="descending"]')).toHaveText("Payment");
  const rates = async () => (await rowsOf(page, "breakdown")).map((row) => JSON.parse(row[6])).filter((rate) => rate !== null);
  await expect.poll(async () => JSON.stringify(await rates())).toBe(JSON.stringify((await rates()).sort((a, b) => b - a)));
  await page.locator('[data-focus="sort payment_rate"]').click();
  await expect(page.locator('th[aria-sort="ascending"]')).toHaveText("Payment");

  // A value is a filter, alone and with others; a chip takes it away.
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

test("both languages say everything, the switch is kept, and the numbers are the same", async ({ browser }) => {
  const { page, context } = await open(browser, "", { locale: "zh-CN" });
  await shown(page);
  await expect(page.locator("html")).toHaveAttribute("lang", "zh-CN");
  await expect(page.getByRole("heading", { name: "店铺转化漏斗" })).toBeVisible();
  for (const title of ["漏斗图", "趋势", "核心指标", "维度分析", "各路径金额", "客服", "咨询追踪", "最近事件", "全部指标"]) {
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
  const sentence = `Inquiry buyers ÷ Inquirers = ${count(funnel.inquiry_buyers)} ÷ ${count(funnel.inquirers)}`;
  await expect(explanation).toContainText(sentence);
  await expect(explanation).toContainText(`${count(funnel.inquirers - funnel.inquiry_buyers)} lost at this step.`);
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
    expect(heard.some((label) => label.includes(words)), `${words} in ${heard.join("|")}`).toBe(true);
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

test("signing in with a read key: a wrong one says so, a right one lasts for the tab", async ({ browser }) => {
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
  expect(await page.evaluate(() => [localStorage.length, document.cookie, location.href.includes("rk_")])).toEqual([0, "", false]);
  await page.reload();
  await shown(page);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.locator("#sign-in")).toBeVisible();
  expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
  await page.reload();
  await expect(page.locator("#sign-in")).toBeVisible();
});

test("a share link shows the sums, keeps its view, and stands nowhere in the address", async ({ browser }) => {
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

test("every panel is a CSV and a picture", async ({ browser }) => {
  const { page, complaints } = await open(browser, "#range=7-days");
  await shown(page);
  const save = async (name) => {
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name, exact: true }).click();
    const file = await download;
    return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
  };
  await expect(page.locator('[data-grid="arrivals"] tbody tr').first()).toBeVisible();
  const panels = ["Funnel", "Key figures", "Trend", "Breakdown", "Money by branch", "Agents", "Inquiry cohorts", "Recent events", "All figures"];
  for (const panel of panels) {
    const csv = await save(`${panel} as CSV`);
    expect(csv.name).toMatch(/^shopfunnel-[a-z]+\.csv$/);
    expect(csv.bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])), panel).toBe(true);
    expect(csv.bytes.toString().split("\r\n").length, panel).toBeGreaterThan(1);
    const picture = await save(`${panel} as a picture`);
    expect(picture.name).toMatch(/^shopfunnel-[a-z]+\.png$/);
    expect(picture.bytes.subarray(1, 4).toString()).toBe("PNG");
    // As wide as the panel, twice as sharp, as tall as all that would have to be scrolled to, and of many colours.
    const box = await page.locator(`#${picture.name.slice(11, -4)}`).boundingBox();
    expect(Math.abs(picture.bytes.readUInt32BE(16) - 2 * box.width), panel).toBeLessThan(3);
    const rolled = await page.locator(`#${picture.name.slice(11, -4)} .scroll.tall`).evaluateAll((all) => all.reduce((sum, one) => sum + one.scrollHeight - one.clientHeight, 0));
    const unpictured = panel === "Trend" ? 60 : panel === "Funnel" ? 120 : 0;
    expect(picture.bytes.readUInt32BE(20), panel).toBeGreaterThan(2 * (box.height + rolled - unpictured) - 40);
    expect(await coloursOf(page, picture.bytes), panel).toBeGreaterThan(20);
  }
  const { to } = await demo.ask("funnel");
  const from = new Date(Date.parse(`${to}T00:00:00Z`) - 6 * 86_400_000).toISOString().slice(0, 10);
  const csv = await save("Inquiry cohorts as CSV");
  const answer = await fetch(`${demo.url}/v1/shops/demo/cohorts?from=${from}&to=${to}&format=csv`, { headers: { authorization: `Bearer ${demo.keys.read_key}` } });
  expect(csv.bytes.equals(Buffer.from(await answer.arrayBuffer()))).toBe(true);
  expect(complaints).toEqual([]);
});

/** How many colours a picture has. */
const coloursOf = (page, bytes) =>
  page.evaluate(async (encoded) => {
    const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0))], { type: "image/png" }));
    const pen = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    pen.drawImage(bitmap, 0, 0);
    return new Set(new Uint32Array(pen.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer)).size;
  }, bytes.toString("base64"));

for (const width of [390, 1440]) {
  for (const [locale, colorScheme] of ["en-GB", "zh-CN"].flatMap((locale) => ["light", "dark"].map((scheme) => [locale, scheme]))) {
    test(`at ${width} pixels, ${locale}, ${colorScheme}: axe finds nothing serious, nothing is wider than the page`, async ({ browser }) => {
      const { page } = await open(browser, "#source=baidu", { locale, colorScheme, viewport: { width, height: 900 } });
      await shown(page);
      await expect(page.locator('[data-grid="cohorts"] tbody tr').first()).toBeVisible();
      const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
      const serious = found.violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(", ")}`)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      const cut = await page.locator("#chart .label:not(.absent) text").evaluateAll((texts) => texts.map((text) => text.getBoundingClientRect()).filter(({ left, right, width: wide }) => wide > 0 && (left < 0 || right > innerWidth)).length);
      expect(cut).toBe(0);
      expect(await overlaps(page)).toEqual([]);
      // On a desk every column is seen; on a phone a table is scrolled by itself.
      const hidden = await page.locator(".scroll").evaluateAll((all) => all.filter((one) => one.offsetParent && one.scrollWidth > one.clientWidth).map((one) => one.closest(".panel").id));
      if (width === 1440) expect(hidden).toEqual([]);
      await page.locator("#share").click();
      const dialog = await new AxeBuilder({ page }).include("#share-dialog").analyze();
      expect(dialog.violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id }) => id)).toEqual([]);
    });
  }
}

/** Texts of the picture and of the tiles that stand on one another, and those that are cut. */
const overlaps = (page) =>
  page.evaluate(() => {
    const texts = [...document.querySelectorAll("#chart .label:not(.absent) text, .tile .name, .tile .value, .tile .other")].filter((text) => text.textContent);
    const boxes = texts.map((text) => [text.textContent, text.getBoundingClientRect()]).filter(([, box]) => box.width > 0);
    const found = [];
    boxes.forEach(([one, a], at) => {
      for (const [other, b] of boxes.slice(at + 1)) {
        const [wide, high] = [Math.min(a.right, b.right) - Math.max(a.left, b.left), Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)];
        // Lines of a text are a little higher than its letters.
        if (wide > 1 && high > 6) found.push(`${one} on ${other}`);
      }
    });
    for (const tile of document.querySelectorAll(".tile .value, .tile .name")) if (tile.scrollWidth > tile.clientWidth) found.push(`${tile.textContent} is cut`);
    return found;
  });

test("the sign-in form is accessible", async ({ browser }) => {
  const context = await browser.newContext({ locale: "en-GB" });
  await context.route("**/demo/session.json", (route) => route.fulfill({ status: 404 }));
  const page = await context.newPage();
  await page.goto(demo.url);
  await expect(page.locator("#sign-in")).toBeVisible();
  const found = await new AxeBuilder({ page }).analyze();
  expect(found.violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id }) => id)).toEqual([]);
});

test("no answer, an old answer, an answer that this page cannot read: each is said", async ({ browser }) => {
  const { page, context } = await open(browser, "", {});
  await shown(page);
  const fail = (route) => route.fulfill({ status: 503, contentType: "application/json", body: JSON.stringify({ error: { code: "store_unavailable", message: "figures are not available right now; ask again later", request_id: "r-1" } }) });
  await context.route("**/v1/shops/**", fail);
  await expect(page.locator("#stale")).toContainText("figures are not available right now");
  await expect(page.locator("#status")).toHaveAttribute("data-status", "paused");
  const fresh = await context.newPage();
  await fresh.goto(demo.url);
  await expect(fresh.locator("#report")).toHaveAttribute("data-state", "problem");
  await expect(fresh.locator(".notice")).toContainText("Request r-1");
  await context.unroute("**/v1/shops/**", fail);
  await fresh.getByRole("button", { name: "Try again now" }).click();
  await shown(fresh);
  await context.route("**/v1/shops/**", (route) => route.fulfill({ status: 200, contentType: "text/html", body: "<p>proxy" }));
  await expect(fresh.locator("#stale")).toContainText("cannot read");
});

test("days without anybody, and filters that nobody fits, are said", async ({ browser }) => {
  const { page } = await open(browser, "#from=2001-01-01&to=2001-01-02");
  await expect(page.locator("#report")).toHaveAttribute("data-state", "empty");
  await expect(page.locator(".notice")).toContainText("No visitors in these days yet");
  const filtered = await open(browser, "#source=nobody-came-from-here");
  await expect(filtered.page.locator(".notice")).toContainText("No visitor matches all of these filters.");
});

test("figures of several days are warned of where visitors have no id", async ({ browser }) => {
  const other = await startDemo("--empty");
  try {
    const body = (number) => JSON.stringify({ shop: other.keys.public_key, events: [{ kind: "visit", url: `https://tea.example/${number}` }] });
    for (let number = 0; number < 3; number++) {
      const headers = { "content-type": "text/plain", "user-agent": `Mozilla/5.0 (X11; Linux x86_64) Chrome/14${number}.0.0.0 Safari/537.36` };
      const answer = await fetch(`${other.url}/e`, { method: "POST", body: body(number), headers });
      expect(answer.status).toBe(202);
    }
    await expect.poll(async () => (await other.funnel()).visitors).toBe(3);
    const page = await browser.newPage({ locale: "en-GB" });
    await page.goto(other.url);
    await expect(page.locator("#cookieless-warning")).toContainText("100.0% of these visitors have no id of their own");
    await page.locator('[data-range="today"]').click();
    await expect(page.locator("#cookieless-warning")).toBeHidden();
    await page.close();
  } finally {
    await other.stop();
  }
});

test("two hundred hostile texts are shown as they are and do nothing", async ({ browser }) => {
  test.setTimeout(180_000);
  expect(HOSTILE.length).toBeGreaterThan(200);
  const shop = await startDemo("--empty");
  try {
    const now = Date.now();
    const dayOf = (at) => new Date(at + 8 * 3_600_000).toISOString().slice(0, 10);
    // A breakdown shows a hundred groups, so that each day has fewer of them.
    const PER_DAY = 80;
    const events = HOSTILE.flatMap((text, number) => {
      const visitor = `h-${number}`;
      const at = now - 1_000 - number - Math.floor(number / PER_DAY) * 86_400_000;
      const asked = { agent: text.slice(0, 64), channel: text.slice(0, 64), product: text };
      return [
        { kind: "visit", visitor, at, url: `https://tea.example/${encodeURIComponent(text)}?utm_source=${encodeURIComponent(text)}&utm_campaign=${encodeURIComponent(text)}`, referrer: text, title: text.repeat(100) },
        { kind: "inquiry", visitor, at: at + 1, ...asked },
        { kind: "order", visitor, at: at + 2, order_id: text, amount: "1.00", variant: `e:${text}`.slice(0, 64) },
      ];
    });
    const send = async (path, body, key) => {
      const answer = await fetch(`${shop.url}${path}`, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", authorization: `Bearer ${key}` } });
      return answer.json();
    };
    const { accepted } = await send("/v1/events", events, shop.keys.secret_key);
    expect(accepted).toBeGreaterThan(600);
    let notes = 0;
    for (const text of HOSTILE) notes += "id" in (await send("/v1/shops/demo/annotations", { day: dayOf(now), text }, shop.keys.read_key)) ? 1 : 0;
    expect(notes).toBeGreaterThan(200);
    await shop.funnel();
    const context = await browser.newContext({ locale: "en-GB" });
    const page = await context.newPage();
    const events_seen = [];
    page.on("dialog", (dialog) => {
      events_seen.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("pageerror", (error) => events_seen.push(String(error)));
    page.on("console", (message) => message.type() === "error" && events_seen.push(message.text()));
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (!["data:", "blob:"].includes(url.protocol) && url.origin !== shop.url) events_seen.push(request.url());
    });
    const shownTexts = new Set();
    for (let back = 0; back * PER_DAY < HOSTILE.length; back++) {
      const day = dayOf(now - back * 86_400_000);
      for (const by of ["product", "agent", "channel", "campaign", "source", "landing", "variant"]) {
        const { groups, groups_left_off } = await shop.ask(`funnel?from=${day}&to=${day}&breakdown=${by}`);
        expect(groups_left_off).toBe(0);
        await page.goto(`${shop.url}/#from=${day}&to=${day}&by=${by}`);
        const texts = groups.map(({ value }) => value ?? "unknown");
        await expect.poll(() => page.locator('[data-grid="breakdown"] button.value').allTextContents(), `${day} ${by}`).toEqual(texts);
        texts.forEach((text) => shownTexts.add(text));
      }
    }
    // But for control characters and marks of direction, which the server takes out or refuses.
    expect(HOSTILE.filter((text) => shownTexts.has(text)).length).toBeGreaterThan(200);
    await page.goto(`${shop.url}/#range=today&by=product`);
    await expect(page.locator(".notes li")).toHaveCount(notes);
    // A hostile text as a filter, in the address and back.
    await page.locator('[data-grid="breakdown"] button.value').nth(3).click();
    await expect(page.locator(".chip")).toHaveCount(1);
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Recent events as CSV" }).click();
    const cells = (await readFile(await (await download).path(), "utf8")).split(/\r\n|,/);
    expect(cells.filter((cell) => /^"?[=+@]/.test(cell))).toEqual([]);
    const made = await page.evaluate(() => ({
      scripts: document.scripts.length,
      others: document.querySelectorAll("img, iframe, object, embed, base, meta[http-equiv], body style, body link, video, math, a:not(#demo-link)").length,
      handlers: [...document.querySelectorAll("*")].filter((element) => [...element.attributes].some(({ name }) => name.startsWith("on"))).length,
    }));
    expect(made).toEqual({ scripts: 1, others: 0, handlers: 0 });
    expect(events_seen).toEqual([]);
    await context.close();
  } finally {
    await shop.stop();
  }
});

test("what happens now is on the page a moment later", async ({ browser }) => {
  const { page } = await open(browser, "#range=today");
  await shown(page);
  const before = (await figuresOf(page)).visitors;
  await demo.send([{ kind: "visit", visitor: `new-${Date.now()}`, at: Date.now(), url: "https://tea.example/now" }]);
  await expect.poll(async () => (await figuresOf(page)).visitors).toBe(before + 1);
  await expect(page.locator('[data-grid="arrivals"] tbody tr').first()).toContainText("https://tea.example/now");
});
