// The figures as data and as text: the golden shop of METRICS section 2, rates without a base, both
// languages.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { COUNTS, LABELS, RATES, formulaInNumbers, formulaInWords } = await load("metrics");
const { formatCount, formatDays, formatRate, formatTime } = await load("format");
const { chooseLanguage, say } = await load("words");

const GOLDEN = {
  visitors: 100, bounced: 60, effective: 40, open: 0, inquirers: 20, silent_visitors: 20, inquiry_buyers: 8,
  silent_buyers: 2, buyers: 10, inquiry_payers: 4, silent_payers: 1, payers: 5, after_sale_inquirers: 3,
};

test("the formulas give the golden rates", () => {
  const sumOf = (ids) => ids.reduce((sum, id) => sum + GOLDEN[id], 0);
  const rates = Object.fromEntries(
    Object.entries(RATES).map(([id, { part, base }]) => [id, GOLDEN[part] / sumOf(base)]),
  );
  assert.deepEqual(rates, {
    effective_entry_rate: 0.4, bounce_rate: 0.6, inquiry_rate: 0.2, inquiry_conversion_rate: 0.4,
    inquiry_paid_rate: 0.2, silent_conversion_rate: 0.1, silent_paid_rate: 0.05,
    silent_rate_all_visitors: 0.02, silent_share_of_buyers: 0.2, payment_rate: 0.5,
    overall_conversion_rate: 0.05,
  });
});

test("every figure has a label in both languages, no two alike", () => {
  for (const language of ["en", "zh"]) {
    const labels = [...COUNTS, ...Object.keys(RATES)].map((id) => LABELS[id][language]);
    assert.ok(labels.every(Boolean));
    assert.equal(new Set(labels).size, labels.length);
  }
});

test("a formula reads in words and in numbers", () => {
  const show = (count) => formatCount(count, "en");
  assert.equal(formulaInWords("effective_entry_rate", "en"), "Effective ÷ (Effective + Bounced)");
  assert.equal(formulaInWords("overall_conversion_rate", "zh"), "成交人数 ÷ 访客数");
  assert.equal(formulaInNumbers("effective_entry_rate", GOLDEN, show), "40 ÷ (40 + 60)");
  assert.equal(formulaInNumbers("payment_rate", GOLDEN, show), "5 ÷ 10");
});

test("a rate is a percentage with one decimal, and a dash without a base", () => {
  assert.equal(formatRate(0.4, "en"), "40.0%");
  assert.equal(formatRate(1, "zh"), "100.0%");
  assert.equal(formatRate(0.01234, "zh"), "1.2%");
  assert.equal(formatRate(0, "en"), "0.0%");
  assert.equal(formatRate(null, "en"), "–");
});

test("counts are grouped", () => assert.equal(formatCount(1234567, "en"), "1,234,567"));

test("one day is shown once, a span by its two ends", () => {
  assert.equal(formatDays("2025-11-25", "2025-11-25", "en"), "25 Nov 2025");
  assert.match(formatDays("2025-10-27", "2025-11-25", "en"), /^27 Oct\s–\s25 Nov 2025$/);
  assert.match(formatDays("2025-10-27", "2025-11-25", "zh"), /2025.10.27.+2025.11.25/);
});

test("times are on the shop's clock", () => {
  assert.equal(formatTime(Date.UTC(2025, 10, 25, 16, 5, 9), "Asia/Shanghai"), "00:05:09");
});

test("the language kept wins over the browser's, and anything else is English", () => {
  assert.equal(chooseLanguage(null, "zh-TW"), "zh");
  assert.equal(chooseLanguage(null, "de-DE"), "en");
  assert.equal(chooseLanguage("en", "zh-CN"), "en");
  assert.equal(chooseLanguage("xx", "ZH"), "zh");
});

test("a sentence takes its values and leaves unknown names alone", () => {
  assert.equal(say("complete_until", "en", { time: "{days}" }), "complete until {days}");
  assert.equal(say("complete_until", "en"), "complete until {time}");
  assert.equal(say({ en: "a {b}", zh: "" }, "en", { b: "c" }), "a c");
});

test("what pages named beyond the bounds of new values has a name in both languages", async () => {
  const { nameOf } = await load("values");
  assert.match(nameOf("campaign", "(other)", "en"), /daily limit/);
  assert.match(nameOf("landing", "(other)", "zh"), /超出每日新值上限/);
});

test("every value that the server finds out, and every dimension, has a name in both languages", async () => {
  const { FOUND_OUT } = await load("values");
  const { isWord } = await load("words");
  const { DIMENSIONS } = await load("view");
  for (const value of Object.values(FOUND_OUT).flat()) assert.ok(isWord(`value_${value}`), value);
  for (const dimension of DIMENSIONS) assert.ok(say(dimension, "zh") && isWord(dimension), dimension);
});
