// The pure parts of the page: widths, words for figures, days.

import assert from "node:assert/strict";
import test from "node:test";
import { load } from "./load.mjs";

const { layOut, SPINE_PX } = await load("layout");
const { formatRate, formatCount } = await load("format");
const { addDays, dayAt, daysOf, rangeOfHash } = await load("range");
const { formulaInNumbers, formulaInWords, COUNTS, RATES, LABELS } = await load("metrics");

const textbook = {
  visitors: 100, bounced: 60, effective: 40, open: 0, inquirers: 20, silent_visitors: 20, inquiry_buyers: 8,
  silent_buyers: 2, buyers: 10, inquiry_payers: 4, silent_payers: 1, payers: 5, after_sale_inquirers: 3,
};

test("bars are to scale and stay inside the picture", () => {
  const layout = layOut(textbook, 1_000);
  assert.equal(layout.scale, 10);
  assert.deepEqual(layout.visitors, { x: 0, width: 1_000 });
  assert.equal(layout.bounced[0].width + layout.bounced[1].width, 600);
  assert.equal(layout.effective.width, 400);
  assert.equal(layout.asking.width + layout.silent.width, layout.effective.width);
  assert.equal(layout.inquiry_buyers.width, 80);
  assert.equal(layout.silent_buyers.x - (layout.inquiry_buyers.x + layout.inquiry_buyers.width), SPINE_PX);
});

test("a branch that holds nearly everybody still fits beside the spine", () => {
  const silent = { ...textbook, effective: 100, bounced: 0, inquirers: 0, silent_visitors: 100 };
  const layout = layOut(silent, 1_000);
  assert.ok(layout.silent_visitors.x + layout.silent_visitors.width <= 1_000);
});

test("a shop without visitors has empty bars and no NaN", () => {
  const nobody = Object.fromEntries(Object.keys(textbook).map((id) => [id, 0]));
  const bars = Object.values(layOut(nobody, 1_000)).flat().filter((bar) => typeof bar === "object");
  for (const bar of bars) assert.ok(bar.width === 0 && Number.isFinite(bar.x));
});

test("a rate without a base is a dash, a rate of nothing is 0.0%", () => {
  assert.equal(formatRate(null, "en"), "–");
  assert.equal(formatRate(0, "en"), "0.0%");
  assert.equal(formatRate(0.0555, "zh"), "5.6%");
  assert.equal(formatCount(1_234_567, "en"), "1,234,567");
});

test("every figure has its label in both languages and every rate its formula", () => {
  for (const id of [...COUNTS, ...Object.keys(RATES)]) {
    assert.ok(LABELS[id].en && LABELS[id].zh, id);
  }
  assert.equal(formulaInWords("effective_entry_rate", "en"), "Effective ÷ (Effective + Bounced)");
  assert.equal(formulaInNumbers("effective_entry_rate", textbook, String), "40 ÷ (40 + 60)");
});

test("ranges end with the shop's today and cross months and years", () => {
  assert.deepEqual(daysOf("today", "2026-03-01"), { from: "2026-03-01", to: "2026-03-01" });
  assert.deepEqual(daysOf("7-days", "2026-03-01"), { from: "2026-02-23", to: "2026-03-01" });
  assert.equal(addDays("2025-12-31", 1), "2026-01-01");
  assert.equal(rangeOfHash("#7-days"), "7-days");
  assert.equal(rangeOfHash("#nonsense"), "30-days");
  assert.equal(dayAt(Date.UTC(2026, 10, 21, 16), "Asia/Shanghai"), "2026-11-22");
});
