// Which days are asked for, and how often.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { addDays, dayAt, daysOf, rangeOfHash } = await load("range");
const { waitMs } = await load("poll");

test("a range ends today and counts today", () => {
  assert.deepEqual(daysOf("today", "2025-11-25"), { from: "2025-11-25", to: "2025-11-25" });
  assert.deepEqual(daysOf("7-days", "2025-11-25"), { from: "2025-11-19", to: "2025-11-25" });
  assert.deepEqual(daysOf("30-days", "2025-11-25"), { from: "2025-10-27", to: "2025-11-25" });
});

test("days are moved over months, leap days and changes of the clock", () => {
  assert.equal(addDays("2024-03-01", -1), "2024-02-29");
  assert.equal(addDays("2025-12-31", 1), "2026-01-01");
  assert.equal(addDays("2025-10-27", -1), "2025-10-26");
});

test("the address names the range, and anything else is 30 days", () => {
  assert.equal(rangeOfHash("#today"), "today");
  assert.equal(rangeOfHash("#7-days"), "7-days");
  assert.equal(rangeOfHash(""), "30-days");
  assert.equal(rangeOfHash("#nonsense"), "30-days");
});

test("the day is the shop's, not the browser's", () => {
  const late = Date.UTC(2025, 10, 24, 16, 0, 0);
  assert.equal(dayAt(late, "Asia/Shanghai"), "2025-11-25");
  assert.equal(dayAt(late, "America/New_York"), "2025-11-24");
});

test("questions come every 2 s, ever more slowly after failures, never sooner than the server asks", () => {
  assert.deepEqual([0, 1, 2, 3].map((failures) => waitMs(failures)), [2_000, 4_000, 8_000, 16_000]);
  assert.equal(waitMs(50), 60_000);
  assert.equal(waitMs(1, 30_000), 30_000);
  assert.equal(waitMs(0, 0), 2_000);
});
