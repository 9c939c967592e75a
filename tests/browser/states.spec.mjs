// What the owner's page says when something is missing, late or wrong, and what it lets browsers do.

import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "@playwright/test";
import { figuresOf, open as openPage, shown } from "./owner.mjs";
import { pastEvents } from "./past.mjs";
import { startDemo } from "./server.mjs";

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
let demo;

test.beforeAll(async () => {
  demo = await startDemo("--empty");
  await demo.send(pastEvents(10));
  await demo.funnel();
});
test.afterEach(async ({ browser }) => {
  for (const context of browser.contexts()) await context.close();
});
test.afterAll(async () => {
  await demo?.stop();
});

const open = (browser, hash, options) => openPage(browser, demo, hash, options);

/** A refusal as the server words it. */
const refusal = (status, code, message) => ({ status, contentType: "application/json", body: JSON.stringify({ error: { code, message, request_id: "r-7" } }) });

async function expectAccessible(page) {
  const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
  const serious = found.violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(", ")}`)).toEqual([]);
}

test("pages run their own scripts only, and are framed by nobody", async () => {
  for (const path of ["/", "/page.js", "/page.css", "/demo/", "/demo/product.html"]) {
    const answer = await fetch(demo.url + path);
    if (path === "/demo/product.html" && answer.status === 404) continue;
    expect(answer.status, path).toBe(200);
    expect(answer.headers.get("content-security-policy"), path).toBe(POLICY);
    expect(answer.headers.get("x-content-type-options"), path).toBe("nosniff");
  }
  expect((await fetch(`${demo.url}/`)).headers.get("referrer-policy")).toBe("no-referrer");
});

test("while nothing has been answered every panel says that it counts", async ({ browser }) => {
  const context = await browser.newContext({ locale: "en-GB" });
  let answer;
  const held = new Promise((resolve) => (answer = resolve));
  await context.route("**/v1/shops/**", async (route) => {
    await held;
    await route.continue();
  });
  const page = await context.newPage();
  await page.goto(demo.url);
  await expect(page.locator("#report")).toHaveAttribute("data-state", "loading");
  await expect(page.locator(".notice")).toContainText("Counting your visitors");
  await expect(page.locator(".panel.waiting")).toHaveCount(8);
  expect(await page.locator(".panel.waiting").evaluateAll((panels) => panels.every((panel) => panel.getAttribute("aria-busy") === "true"))).toBe(true);
  await expectAccessible(page);
  answer();
  await shown(page);
  await expect(page.locator(".panel.waiting")).toHaveCount(0);
});

test("one panel without an answer says so alone", async ({ browser }) => {
  const { page, context } = await open(browser);
  await shown(page);
  await context.route("**/cohorts?**", (route) => route.fulfill(refusal(503, "store_unavailable", "figures are not available right now; ask again later")));
  await page.locator('[data-range="7-days"]').click();
  await expect(page.locator("#cohorts .problem")).toContainText("figures are not available right now");
  await expect(page.locator("#status")).toHaveAttribute("data-status", "live");
  await expect(page.locator("#breakdown .problem")).toHaveText("");
  await context.unroute("**/cohorts?**");
  await expect(page.locator("#cohorts .problem")).toHaveText("");
});

test("figures that run behind are called so, with their time", async ({ browser }) => {
  const { page, context } = await open(browser);
  await shown(page);
  await context.route("**/v1/shops/demo/funnel?**", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), fresh_until: "2020-01-01T00:00:00.000Z" } });
  });
  await expect(page.locator("#status")).toHaveAttribute("data-status", "behind");
  await expect(page.locator("#status")).toContainText("Running behind");
});

test("old figures stay readable, for everybody", async ({ browser }) => {
  for (const colorScheme of ["light", "dark"]) {
    const { page, context } = await open(browser, "", { colorScheme });
    await shown(page);
    await context.route("**/v1/shops/**", (route) => route.fulfill(refusal(503, "store_unavailable", "figures are not available right now; ask again later")));
    await expect(page.locator("#report")).toHaveAttribute("data-state", "stale");
    await expect(page.locator("#stale")).toContainText("These figures are from");
    await expectAccessible(page);
  }
});

test("in Chinese the page says what the server says", async ({ browser }) => {
  const { page, context } = await open(browser, "", { locale: "zh-CN" });
  await shown(page);
  await context.route("**/v1/shops/**", (route) => route.fulfill(refusal(503, "store_unavailable", "figures are not available right now; ask again later")));
  await expect(page.locator("#stale")).toContainText("数据库暂时无法访问");
});

test("a share link that has expired says so", async ({ browser }) => {
  const context = await browser.newContext({ locale: "en-GB" });
  await context.route("**/v1/shops/**", (route) => route.fulfill(refusal(401, "link_expired", "this link has expired; ask for a new one")));
  const page = await context.newPage();
  await page.goto(`${demo.url}/#share=sl_demo.1.${"0".repeat(64)}`);
  await expect(page.locator("#sign-in-problem")).toContainText("this link has expired");
});

test("a note of a day in a week is told with that week", async ({ browser }) => {
  const today = (await demo.ask("funnel")).to;
  const answer = await fetch(`${demo.url}/v1/shops/demo/annotations`, {
    method: "POST",
    body: JSON.stringify({ day: today, text: "a new agent" }),
    headers: { "content-type": "application/json", authorization: `Bearer ${demo.keys.read_key}` },
  });
  expect(answer.status).toBe(201);
  const { page } = await open(browser, "#interval=week");
  await shown(page);
  const plot = page.locator(".plot .u-over");
  await expect(page.locator(".notes li")).toContainText("a new agent");
  const { width, height } = await plot.boundingBox();
  await plot.hover({ position: { x: width - 2, y: height / 2 } });
  await expect(page.locator(".readout")).toContainText("a new agent");
});

test("values that the server makes up, countries and kinds of events have names in both languages", async ({ browser }) => {
  const { page } = await open(browser, "#by=source", { locale: "zh-CN" });
  await shown(page);
  const texts = () => page.locator('[data-grid="breakdown"] button.value').allTextContents();
  await expect.poll(texts).toContain("直接访问");
  await page.locator("#breakdown-by").selectOption("device");
  await expect.poll(texts).toContain("手机");
  await page.locator("#breakdown-by").selectOption("customer_type");
  await expect.poll(texts).toContain("新客");
  await expect(page.locator('[data-grid="arrivals"]')).toContainText("付款");
});

test("a demo opens on sixty days of history, and lives", async ({ browser }) => {
  test.setTimeout(120_000);
  const begun = Date.now();
  const full = await startDemo();
  try {
    const page = await browser.newPage({ locale: "en-GB" });
    await page.goto(`${full.url}/#range=90-days`);
    await expect.poll(async () => (await figuresOf(page)).visitors ?? 0, { timeout: 90_000 }).toBeGreaterThan(12_000);
    console.log(`    the history was there after ${((Date.now() - begun) / 1000).toFixed(1)} s`);
    const { funnel, series } = await full.ask("funnel?interval=day&from=" + new Date(Date.now() + 8 * 3_600_000 - 59 * 86_400_000).toISOString().slice(0, 10) + "&to=" + new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10));
    expect(series.filter((day) => day.funnel.visitors > 0).length).toBeGreaterThanOrEqual(59);
    for (const id of ["inquiry_buyers", "silent_buyers", "inquiry_payers", "silent_payers", "after_sale_inquirers"]) expect(funnel[id], id).toBeGreaterThan(0);
    const before = (await figuresOf(page)).visitors;
    await expect.poll(async () => (await figuresOf(page)).visitors, { timeout: 30_000 }).toBeGreaterThan(before);
    await page.close();
  } finally {
    await full.stop();
  }
});
