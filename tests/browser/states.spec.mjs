// What the owner's page says when something is missing, late or wrong, and what it lets browsers do.

import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "@playwright/test";
import { figuresOf, open as openPage, shown } from "./owner.mjs";
import { pastEvents } from "./past.mjs";
import { CATCH_UP_MS, startDemo } from "./server.mjs";

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
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
const refusal = (status, code, message) => ({
  status,
  contentType: "application/json",
  body: JSON.stringify({ error: { code, message, request_id: "r-7" } }),
});

async function expectAccessible(page) {
  const found = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
    .analyze();
  const serious = found.violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(", ")}`)).toEqual(
    [],
  );
}

test("pages run their own scripts only, and are framed by nobody", async () => {
  const assets = (await (await fetch(`${demo.url}/`)).text()).match(/\/page\.[0-9a-f]{16}\.(?:js|css)/g);
  expect(assets).toHaveLength(2);
  for (const path of ["/", ...assets, "/demo/", "/demo/product-longjing.html"]) {
    const answer = await fetch(demo.url + path);
    expect(answer.status, path).toBe(200);
    expect(answer.headers.get("content-security-policy"), path).toBe(POLICY);
    expect(answer.headers.get("x-content-type-options"), path).toBe("nosniff");
  }
  expect((await fetch(`${demo.url}/`)).headers.get("referrer-policy")).toBe("no-referrer");
});

test("while nothing has been answered every panel says that it counts", async ({ browser }) => {
  const context = await browser.newContext({ locale: "zh-CN" });
  let answer;
  const held = new Promise((resolve) => (answer = resolve));
  await context.route("**/v1/shops/**", async (route) => {
    await held;
    await route.continue();
  });
  const page = await context.newPage();
  await page.goto(demo.url);
  await expect(page.locator("#report")).toHaveAttribute("data-state", "loading");
  await expect(page.locator(".notice")).toContainText("正在统计访客");
  await expect(page.locator('.panel.waiting [data-wait="正在统计……"]')).toHaveCount(8);
  expect(
    await page
      .locator(".panel.waiting")
      .evaluateAll((panels) => panels.every((panel) => panel.getAttribute("aria-busy") === "true")),
  ).toBe(true);
  await expectAccessible(page);
  answer();
  await shown(page);
  await expect(page.locator(".panel.waiting")).toHaveCount(0);
});

test("one panel without an answer says so alone", async ({ browser }) => {
  const { page, context } = await open(browser);
  await shown(page);
  await context.route("**/cohorts?**", (route) =>
    route.fulfill(refusal(503, "store_unavailable", "figures are not available right now; ask again later")),
  );
  await page.locator('[data-range="7-days"]').click();
  await expect(page.locator("#cohorts .problem")).toContainText("figures are not available right now");
  await expect(page.locator("#status")).toHaveAttribute("data-status", "live");
  await expect(page.locator("#breakdown .problem")).toHaveText("");
  await context.unroute("**/cohorts?**");
  await expect(page.locator("#cohorts .problem")).toHaveText("");
});

test("no answer, an old answer, an answer that this page cannot read: each is said", async ({ browser }) => {
  const { page, context } = await open(browser, "", {});
  await shown(page);
  const fail = (route) =>
    route.fulfill({
      status: 503,
      contentType: "application/json",
      body: JSON.stringify({
        error: {
          code: "store_unavailable",
          message: "figures are not available right now; ask again later",
          request_id: "r-1",
        },
      }),
    });
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
  await context.route("**/v1/shops/**", (route) =>
    route.fulfill({ status: 200, contentType: "text/html", body: "<p>proxy" }),
  );
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
  const other = await demo.addShop("no-ids");
  const body = (number) =>
    JSON.stringify({
      shop: other.keys.public_key,
      events: [{ kind: "visit", url: `https://tea.example/${number}` }],
    });
  for (let number = 0; number < 3; number++) {
    const headers = {
      "content-type": "text/plain",
      "user-agent": `Mozilla/5.0 (X11; Linux x86_64) Chrome/14${number}.0.0.0 Safari/537.36`,
    };
    const answer = await fetch(`${other.url}/e`, { method: "POST", body: body(number), headers });
    expect(answer.status).toBe(202);
  }
  const visitors = async () => (await other.funnel()).visitors;
  await expect.poll(visitors, { timeout: CATCH_UP_MS }).toBe(3);
  const { page } = await openPage(browser, other);
  await expect(page.locator("#cookieless-warning")).toContainText(
    "100.0% of these visitors have no id of their own",
  );
  await page.locator('[data-range="today"]').click();
  await expect(page.locator("#cookieless-warning")).toBeHidden();
  await page.close();
});

test("figures that run behind are called so, with their time", async ({ browser }) => {
  const { page, context } = await open(browser);
  await shown(page);
  await context.route("**/v1/shops/demo/funnel?**", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({
      response: answer,
      json: { ...(await answer.json()), fresh_until: "2020-01-01T00:00:00.000Z" },
    });
  });
  await expect(page.locator("#status")).toHaveAttribute("data-status", "behind");
  await expect(page.locator("#status")).toContainText("Delayed");
});

test("old figures stay readable, for everybody", async ({ browser }) => {
  for (const colorScheme of ["light", "dark"]) {
    const { page, context } = await open(browser, "", { colorScheme });
    await shown(page);
    await context.route("**/v1/shops/**", (route) =>
      route.fulfill(
        refusal(503, "store_unavailable", "figures are not available right now; ask again later"),
      ),
    );
    await expect(page.locator("#report")).toHaveAttribute("data-state", "stale");
    await expect(page.locator("#stale")).toContainText("These figures are from");
    await expectAccessible(page);
  }
});

test("in Chinese the page says what the server says", async ({ browser }) => {
  const { page, context } = await open(browser, "", { locale: "zh-CN" });
  await shown(page);
  await context.route("**/v1/shops/**", (route) =>
    route.fulfill(refusal(503, "store_unavailable", "figures are not available right now; ask again later")),
  );
  await expect(page.locator("#stale")).toContainText("数据库暂时无法访问");
});

test("a share link that has expired says so", async ({ browser }) => {
  const context = await browser.newContext({ locale: "en-GB" });
  await context.route("**/v1/shops/**", (route) =>
    route.fulfill(refusal(401, "link_expired", "this link has expired; ask for a new one")),
  );
  const page = await context.newPage();
  await page.goto(`${demo.url}/#share=sl_demo.1.${"0".repeat(64)}`);
  await expect(page.locator("#sign-in-problem")).toContainText("this link has expired");
});

test("a note of a day in a week is told with that week, and drawn there", async ({ browser }) => {
  const { to } = await demo.ask("funnel");
  // A Wednesday, which is no day that a bucket begins with; of the week before this one.
  const monday =
    Date.parse(`${to}T00:00:00Z`) - ((new Date(`${to}T00:00:00Z`).getUTCDay() + 6) % 7) * 86_400_000;
  const wednesday = new Date(monday - 5 * 86_400_000).toISOString().slice(0, 10);
  const answer = await fetch(`${demo.url}/v1/shops/demo/annotations`, {
    method: "POST",
    body: JSON.stringify({ day: wednesday, text: "a new agent" }),
    headers: { "content-type": "application/json", authorization: `Bearer ${demo.keys.read_key}` },
  });
  expect(answer.status).toBe(201);
  const { page } = await open(browser, "#interval=week");
  await shown(page);
  const plot = page.locator(".plot .u-over");
  await expect(page.locator(".notes li")).toContainText("a new agent");
  const { width, height } = await plot.boundingBox();
  const weeks = (await demo.ask("funnel?interval=week")).series.map(({ start }) => Date.parse(start));
  const at = (start) => ((start - weeks[0]) / (weeks.at(-1) - weeks[0])) * width;
  const told = async (place) => {
    await plot.hover({
      position: { x: Math.min(Math.max(at(weeks.at(place)), 2), width - 2), y: height / 2 },
    });
    return page.locator(".readout").textContent();
  };
  expect(await told(-2)).toContain("a new agent");
  expect(await told(-1)).not.toContain("a new agent");
});

test("who made the places is named where they are shown, and nowhere else", async ({ browser }) => {
  const { notes } = await demo.ask("funnel?breakdown=country");
  const named = (notes ?? []).filter(({ code }) => code.startsWith("places_by_"));
  expect((await demo.ask("funnel")).notes ?? []).not.toContainEqual(
    expect.objectContaining({ code: expect.stringMatching(/^places_by_/) }),
  );
  const { page } = await open(browser, "#by=country");
  await shown(page);
  // Countries come from the database that `make geo` brings; without one there is nobody to name.
  await expect(page.locator(".credits a")).toHaveCount(named.length);
  if (named.length > 0) {
    await expect(page.locator(".credits a")).toHaveAttribute("href", "https://www.nro.net/");
  }
  await page.locator("#breakdown-by").selectOption("device");
  await expect(page.locator(".credits")).toBeHidden();
});

test("money among the figures is in the shop's currency, whatever else was paid in", async ({ browser }) => {
  const other = await demo.addShop("dollars");
  const now = Date.now();
  await other.send([
    { kind: "order", visitor: "a", order_id: "1", amount: "5.00", currency: "AUD", at: now - 2_000 },
    { kind: "payment", visitor: "a", order_id: "1", payment_id: "p", at: now - 1_000 },
  ]);
  await other.funnel();
  const { page } = await openPage(browser, other);
  await shown(page);
  await expect(page.locator('[data-tile="paid_amount"]')).toHaveText("¥0.00");
  await expect(page.locator('[data-tile="avg_revenue_per_buyer"]')).toHaveText("–");
  await expect(page.locator('[data-grid="money"]')).toContainText("A$5.00".slice(1));
});

test("values that the server makes up, countries and kinds of events have names in both languages", async ({
  browser,
}) => {
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
    await expect
      .poll(async () => (await figuresOf(page)).visitors ?? 0, { timeout: 90_000 })
      .toBeGreaterThan(12_000);
    console.log(`    the history was there after ${((Date.now() - begun) / 1000).toFixed(1)} s`);
    const { funnel, series } = await full.ask(
      "funnel?interval=day&from=" +
        new Date(Date.now() + 8 * 3_600_000 - 59 * 86_400_000).toISOString().slice(0, 10) +
        "&to=" +
        new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10),
    );
    expect(series.filter((day) => day.funnel.visitors > 0).length).toBeGreaterThanOrEqual(59);
    for (const id of [
      "inquiry_buyers",
      "silent_buyers",
      "inquiry_payers",
      "silent_payers",
      "after_sale_inquirers",
    ])
      expect(funnel[id], id).toBeGreaterThan(0);
    const before = (await figuresOf(page)).visitors;
    await expect
      .poll(async () => (await figuresOf(page)).visitors, { timeout: 30_000 })
      .toBeGreaterThan(before);
    await page.close();
  } finally {
    await full.stop();
  }
});
