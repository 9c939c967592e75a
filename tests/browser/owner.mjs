// The owner's page as a test holds it: what it complains about, whom it asks, and the exact figures that it shows.

import { expect } from "@playwright/test";

/** Opens the page of a demo with a record of its complaints and of requests to anybody else. */
export async function open(browser, demo, hash = "", options = {}) {
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints = [];
  const foreign = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!["data:", "blob:"].includes(url.protocol) && url.origin !== demo.url) foreign.push(request.url());
  });
  await page.goto(`${demo.url}/${hash}`);
  return { page, context, complaints, foreign };
}

/** The exact figures of the table of all figures. */
export const figuresOf = (page) => page.locator("[data-metric]").evaluateAll((cells) => Object.fromEntries(cells.map((cell) => [cell.dataset.metric, JSON.parse(cell.dataset.exact || "null")])));

/** Rows of a panel's grid: their key and the exact figures of their cells. */
export const rowsOf = (page, name) =>
  page.locator(`[data-grid="${name}"] tbody tr`).evaluateAll((rows) => rows.map((row) => [row.dataset.key, ...[...row.querySelectorAll("[data-exact]")].map((cell) => cell.dataset.exact)]));

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
