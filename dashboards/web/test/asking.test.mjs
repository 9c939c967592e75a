// Which days are asked for, and how often.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { addDays, countDays, dayAt, daysOf, isDay } = await load("range");
const { waitMs } = await load("poll");

const NONE = { from: "", to: "" };

test("a range ends today and counts today", () => {
  assert.deepEqual(daysOf("today", "2025-11-25", NONE), { from: "2025-11-25", to: "2025-11-25" });
  assert.deepEqual(daysOf("yesterday", "2025-11-01", NONE), { from: "2025-10-31", to: "2025-10-31" });
  assert.deepEqual(daysOf("7-days", "2025-11-25", NONE), { from: "2025-11-19", to: "2025-11-25" });
  assert.deepEqual(daysOf("30-days", "2025-11-25", NONE), { from: "2025-10-27", to: "2025-11-25" });
  assert.deepEqual(daysOf("90-days", "2025-11-25", NONE), { from: "2025-08-28", to: "2025-11-25" });
  assert.deepEqual(daysOf("month", "2025-11-25", NONE), { from: "2025-11-01", to: "2025-11-25" });
  assert.deepEqual(daysOf("last-month", "2024-03-31", NONE), { from: "2024-02-01", to: "2024-02-29" });
  const custom = { from: "2025-01-01", to: "2025-02-01" };
  assert.deepEqual(daysOf("custom", "2025-11-25", custom), custom);
  assert.equal(countDays(custom), 32);
});

test("a day is one of the calendar", () => {
  for (const day of ["2024-02-29", "2025-12-31"]) assert.ok(isDay(day), day);
  for (const text of ["", "2025-02-29", "2025-1-1", "2025-13-01", "today", "2025-11-25T00:00:00Z"]) {
    assert.ok(!isDay(text), text);
  }
});

test("days are moved over months, leap days and changes of the clock", () => {
  assert.equal(addDays("2024-03-01", -1), "2024-02-29");
  assert.equal(addDays("2025-12-31", 1), "2026-01-01");
  assert.equal(addDays("2025-10-27", -1), "2025-10-26");
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
