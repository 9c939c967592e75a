// The owner's page as a test holds it: what it complains about, whom it asks, and the exact figures that it
// shows.

import { expect } from "@playwright/test";

/** Opens the page of a shop with a record of its complaints and of requests to anybody else. */
export async function open(browser, shop, hash = "", options = {}) {
  const context = await browser.newContext({
    locale: "en-GB",
    viewport: { width: 1440, height: 900 },
    ...options,
  });
  const page = await context.newPage();
  const complaints = [];
  const foreign = [];
  page.on(
    "console",
    (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()),
  );
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!["data:", "blob:"].includes(url.protocol) && url.origin !== shop.url) foreign.push(request.url());
  });
  if (shop.slug !== "demo") await showInstead(context, shop);
  await page.goto(`${shop.url}/${hash}`);
  return { page, context, complaints, foreign };
}

/** Has pages show another shop than the demo's. */
export async function showInstead(context, { slug, keys }) {
  const session = { shop: slug, read_key: keys.read_key };
  await context.route("**/demo/session.json", (route) => route.fulfill({ json: session }));
}

/** The exact figures of the table of all figures. */
export const figuresOf = (page) =>
  page
    .locator("[data-metric]")
    .evaluateAll((cells) =>
      Object.fromEntries(
        cells.map((cell) => [cell.dataset.metric, JSON.parse(cell.dataset.exact || "null")]),
      ),
    );

/** Rows of a panel's grid: their key and the exact figures of their cells. */
export const rowsOf = (page, name) =>
  page
    .locator(`[data-grid="${name}"] tbody tr`)
    .evaluateAll((rows) =>
      rows.map((row) => [
        row.dataset.key,
        ...[...row.querySelectorAll("[data-exact]")].map((cell) => cell.dataset.exact),
      ]),
    );

/** What people read, in the tiles and in the picture, is what the server said, rounded. */
export async function expectWords(page, { funnel, money, previous }) {
  const percent = (rate) =>
    rate === null
      ? "–"
      : new Intl.NumberFormat("en", {
          style: "percent",
          minimumFractionDigits: 1,
          maximumFractionDigits: 1,
        }).format(rate);
  const count = (number) => new Intl.NumberFormat("en").format(number);
  const yuan = (amount) =>
    new Intl.NumberFormat("en", {
      style: "currency",
      currency: "CNY",
      currencyDisplay: "narrowSymbol",
    }).format(Number(amount));
  const say = (id, figures, amounts) =>
    id in funnel ? (id.endsWith("rate") ? percent(figures[id]) : count(figures[id])) : yuan(amounts[0][id]);
  const tiles = await page
    .locator(".tile")
    .evaluateAll((all) =>
      all.map((tile) => [
        tile.querySelector(".value").dataset.tile,
        tile.querySelector(".value").textContent,
        tile.querySelector(".before").textContent,
      ]),
    );
  for (const [id, value, before] of tiles) {
    expect([value, before], id).toEqual([
      say(id, funnel, money),
      `vs ${say(id, previous.funnel, previous.money)}`,
    ]);
  }

  const labels = await page
    .locator("#chart .label:not(.absent)")
    .evaluateAll((all) =>
      all.map((label) =>
        ["name", "count", "rate", "lost"].map((part) => label.querySelector(`.${part}`).textContent),
      ),
    );
  const step = (name, id, rate, lost) => [
    name,
    count(funnel[id]),
    rate ? `${rate[0]} ${percent(funnel[rate[1]])}` : "",
    lost === undefined ? "" : `${count(lost - funnel[id])} lost`,
  ];
  expect(labels).toEqual([
    step("Visitors", "visitors"),
    step("Effective", "effective", ["Effective entry", "effective_entry_rate"]),
    step("Bounced", "bounced", ["Bounce", "bounce_rate"]),
    step("Inquirers", "inquirers", ["Inquiry", "inquiry_rate"]),
    step("Silent visitors", "silent_visitors"),
    step("Buyers", "buyers"),
    step(
      "Inquiry buyers",
      "inquiry_buyers",
      ["Inquiry conversion", "inquiry_conversion_rate"],
      funnel.inquirers,
    ),
    step(
      "Silent buyers",
      "silent_buyers",
      ["Silent conversion", "silent_conversion_rate"],
      funnel.silent_visitors,
    ),
    step("Payers", "payers", ["Payment", "payment_rate"]),
    step("Inquiry payers", "inquiry_payers", ["Inquiry paid", "inquiry_paid_rate"], funnel.inquiry_buyers),
    step("Silent payers", "silent_payers", ["Silent paid", "silent_paid_rate"], funnel.silent_buyers),
  ]);
  // Widths are to one scale, also those of the bars in tables.
  const widths = await page
    .locator("#chart rect.bar")
    .evaluateAll((bars) => bars.map((bar) => [bar.classList[1], Number(bar.getAttribute("width"))]));
  const sum = (look) => widths.filter(([of]) => of === look).reduce((total, [, width]) => total + width, 0);
  const scale = sum("visitors") / funnel.visitors;
  expect(Math.abs(sum("effective") - funnel.effective * scale)).toBeLessThan(1);
  expect(Math.abs(sum("bounced") - funnel.bounced * scale)).toBeLessThan(1);
  expect(
    Math.abs(sum("inquiry") - (funnel.inquirers + funnel.inquiry_buyers + funnel.inquiry_payers) * scale),
  ).toBeLessThan(3);
  expect(
    Math.abs(sum("silent") - (funnel.silent_visitors + funnel.silent_buyers + funnel.silent_payers) * scale),
  ).toBeLessThan(3);
}

/** What the address says once the page shows figures. */
export async function shown(page) {
  await expect(page.locator("#report")).toHaveAttribute("data-state", "ready");
  return new URLSearchParams(new URL(page.url()).hash.slice(1));
}

/** Waits until midnight in the shop is not within the next minutes: everybody's day ends there. */
export async function awaitQuietHour(test, run_ms) {
  const left_ms = 86_400_000 - ((Date.now() + 8 * 3_600_000) % 86_400_000);
  if (left_ms >= run_ms) return;
  test.setTimeout(2 * run_ms);
  await new Promise((resolve) => setTimeout(resolve, left_ms));
}
