// Visitors of the demo shop in a real browser: what they do is what the funnel endpoint counts.

import { once } from "node:events";
import { createServer } from "node:http";
import { expect, test } from "@playwright/test";
import { awaitQuietHour } from "./owner.mjs";
import { CATCH_UP_MS, startDemo } from "./server.mjs";

let demo;
/** Longer than this file takes. */
const RUN_MS = 180_000;

test.beforeAll(async () => {
  await awaitQuietHour(test, RUN_MS);
  demo = await startDemo("--empty");
});
test.afterAll(async () => {
  await demo?.stop();
});

/** A visitor of their own: no storage, no cookies. */
async function newVisitor(browser) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const complaints = [];
  page.on(
    "console",
    (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()),
  );
  page.on("pageerror", (error) => complaints.push(String(error)));
  return { page, complaints };
}

/** A shop's own web server, which is another origin than the tracker's. */
async function serve(html) {
  const server = createServer((_, answer) => answer.setHeader("content-type", "text/html").end(html));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${server.address().port}/spa`, close: () => server.close() };
}

/**
 * Waits until the endpoint counts this much more than `before`, and nothing else changed; what it answers
 * then.
 */
async function expectGrowth(before, growth) {
  const expected = { ...before };
  for (const [id, more] of Object.entries(growth)) expected[id] += more;
  const counts = (funnel) =>
    Object.fromEntries(Object.entries(funnel).filter(([id]) => !/rate|share/.test(id)));
  let answer;
  const look = async () => counts((answer = await demo.funnel()));
  await expect.poll(look, { timeout: CATCH_UP_MS }).toEqual(counts(expected));
  return answer;
}

test("a visitor who looks at one page and leaves is open, then bounced", async ({ browser }) => {
  const before = await demo.funnel();
  const { page, complaints } = await newVisitor(browser);
  await page.goto(`${demo.url}/demo/`);
  await expectGrowth(before, { visitors: 1, open: 1 });
  await page.goto("about:blank");
  await expectGrowth(before, { visitors: 1, bounced: 1 });
  expect(complaints).toEqual([]);
});

test("a visitor who asks, orders and pays is seen at each step", async ({ browser }) => {
  let seen = await demo.funnel();
  const { page, complaints } = await newVisitor(browser);
  await page.goto(`${demo.url}/demo/`);
  seen = await expectGrowth(seen, { visitors: 1, open: 1 });
  await page.getByTestId("product-longjing").click();
  seen = await expectGrowth(seen, { open: -1, effective: 1, silent_visitors: 1 });

  await page.getByTestId("chat-open").click();
  await page.getByTestId("chat-input").fill("Is it this year's?");
  await page.getByTestId("chat-send").click();
  seen = await expectGrowth(seen, { inquirers: 1, silent_visitors: -1 });

  await page.getByTestId("favorite").click();
  await page.getByTestId("add-to-cart").click();
  await page.getByTestId("to-cart").click();
  await page.getByTestId("to-checkout").click();
  await page.getByTestId("place-order").click();
  seen = await expectGrowth(seen, { buyers: 1, inquiry_buyers: 1 });

  await expect(page).toHaveURL(/pay\.html/);
  await page.getByTestId("pay").click();
  seen = await expectGrowth(seen, { payers: 1, inquiry_payers: 1 });

  await expect(page).toHaveURL(/thanks\.html/);
  await page.getByTestId("rate-5").click();
  await expectGrowth(seen, {});
  expect(complaints).toEqual([]);
});

test("a visitor who orders without asking is a silent buyer", async ({ browser }) => {
  const before = await demo.funnel();
  const { page } = await newVisitor(browser);
  await page.goto(`${demo.url}/demo/product-puer.html`);
  await page.getByTestId("add-to-cart").click();
  await page.goto(`${demo.url}/demo/checkout.html`);
  await page.getByTestId("place-order").click();
  await expectGrowth(before, { visitors: 1, effective: 1, silent_visitors: 1, buyers: 1, silent_buyers: 1 });
});

test("a single-page shop of another origin counts its pages, the tag pasted twice counts once", async ({
  browser,
}) => {
  const before = await demo.funnel();
  const { page, complaints } = await newVisitor(browser);
  const data = `data-shop="${demo.keys.public_key}" data-allow="localhost webdriver"`;
  const tag = `<script defer src="${demo.url}/s.js" ${data}></script>`;
  const shop = await serve(`<!doctype html><link rel="icon" href="data:,"><title>spa</title>${tag}${tag}`);
  const sent = [];
  page.on("request", (request) => {
    if (request.method() === "POST") {
      sent.push(...JSON.parse(request.postData()).events.map((event) => event.kind));
    }
  });
  await page.goto(shop.url);
  await expectGrowth(before, { visitors: 1, open: 1 });
  await page.evaluate(() => history.replaceState({ scroll: 1 }, "", location.href));
  await page.evaluate(() => history.pushState({}, "", "/spa/cups"));
  await expectGrowth(before, { visitors: 1, effective: 1, silent_visitors: 1 });
  expect(sent).toEqual(["visit", "visit"]);
  expect(complaints.filter((text) => !text.startsWith("shopfunnel:"))).toEqual([]);
  expect(complaints.filter((text) => text.startsWith("shopfunnel:"))).toHaveLength(1);
  shop.close();
});

test("the start page shows the endpoint's figures, in both languages", async ({ browser }) => {
  const context = await browser.newContext({ locale: "en-GB" });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  await page.goto(`${demo.url}/`);
  const funnel = await demo.funnel();
  for (const id of ["visitors", "effective", "bounced", "inquirers", "buyers", "payers"]) {
    await expect(page.locator(`[data-metric="${id}"]`)).toHaveText(String(funnel[id]));
  }
  expect(funnel.effective_entry_rate).not.toBeNull();
  const rate = `${(funnel.effective_entry_rate * 100).toFixed(1)}%`;
  await expect(page.locator('[data-metric="effective_entry_rate"]')).toHaveText(rate);
  await expect(page.getByRole("heading", { name: "Shop funnel" })).toBeVisible();
  await page.getByRole("button", { name: "中文" }).click();
  await expect(page.locator("html")).toHaveAttribute("lang", /zh/);
  await expect(page.getByText("有效入店率").first()).toBeVisible();

  // A visitor who comes now is on the page a moment later.
  const visitor = await newVisitor(browser);
  await visitor.page.goto(`${demo.url}/demo/`);
  await expect(page.locator('[data-metric="visitors"]')).toHaveText(String(funnel.visitors + 1));
  expect(complaints).toEqual([]);
});

test("the shop and the page lead to each other", async ({ browser }) => {
  const { page, complaints } = await newVisitor(browser);
  await page.goto(`${demo.url}/demo/`);
  await page.getByRole("link", { name: /Watch the funnel/ }).click();
  await expect(page.locator("#report")).toBeVisible();
  const shop = page.waitForEvent("popup");
  await page.getByRole("link", { name: "Open the demo shop" }).click();
  await expect((await shop).getByRole("link", { name: /Watch the funnel/ })).toBeVisible();
  expect(complaints).toEqual([]);
});
