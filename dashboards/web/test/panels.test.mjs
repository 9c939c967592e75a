// What panels make of an answer: the order of groups, the findings about an installation, the words of a CSV.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

globalThis.location = { origin: "https://stats.example" };
globalThis.matchMedia = () => ({ addEventListener() {} });
const { sorted } = await load("panels/breakdown/breakdown");
const { findingsOf } = await load("panels/arrivals/arrivals");
const { csvOf } = await load("save");
const { formatAmount, formatGrowth, formatPoints } = await load("format");

const group = (value, visitors, payment_rate, paid_amount) => ({
  value,
  funnel: { visitors, payment_rate },
  money: paid_amount ? [{ currency: "CNY", paid_amount }] : [],
});

test("groups are sorted by any column, those without a figure last, ties as they came", () => {
  const groups = [group("a", 5, null), group("b", 9, 0.5, "20.0000"), group("c", 5, 0.9, "100.0000")];
  const names = (column, up) => sorted(groups, column, up, "CNY").map(({ value }) => value).join("");
  assert.equal(names("visitors", false), "bac");
  assert.equal(names("visitors", true), "acb");
  assert.equal(names("payment_rate", false), "cba");
  assert.equal(names("payment_rate", true), "bca");
  assert.equal(names("paid_amount", false), "cba");
});

test("the last events say whether the installation works, or what is missing", () => {
  const now = Date.parse("2025-11-25T12:00:00Z");
  const event = (kind, more = {}) => ({ kind, bot: false, received_at: "2025-11-25T11:59:00Z", ...more });
  assert.deepEqual(findingsOf([], now), ["check_none"]);
  assert.deepEqual(findingsOf([event("visit")], now), ["check_works"]);
  assert.deepEqual(findingsOf([event("visit", { bot: true })], now), ["check_bots"]);
  const old = event("visit", { received_at: "2025-11-24T11:00:00Z" });
  assert.deepEqual(findingsOf([old], now), ["check_quiet"]);
  assert.deepEqual(findingsOf([event("order"), event("payment")], now), ["check_no_visit"]);
  assert.deepEqual(findingsOf([event("order"), event("visit")], now), ["check_works", "check_no_payment"]);
});

test("no cell of a CSV is a formula, and every text is kept", async () => {
  const text = await csvOf([["a", "=1+1", " @x", "-5.5", '"q", line\nbreak'], ["＝1", "+x"]]).text();
  assert.equal(text, `a,'=1+1,' @x,-5.5,"""q"", line\nbreak"\r\n'＝1,'+x\r\n`);
});

test("amounts are exact to the last digit", () => {
  assert.equal(formatAmount("9007199254740993.1234", "CNY", "en"), "¥9,007,199,254,740,993.1234");
  assert.equal(formatAmount("128.0000", "CNY", "zh"), "¥128.00");
  assert.equal(formatAmount(null, "CNY", "en"), "–");
});

test("changes have their sign", () => {
  assert.equal(formatPoints(0.0123, "en"), "+1.2");
  assert.equal(formatPoints(-0.5, "en"), "-50.0");
  assert.equal(formatGrowth(150, 100, "en"), "+50%");
  assert.equal(formatGrowth(5, 0, "en"), "–");
  assert.equal(formatGrowth(0, 0, "en"), "0%");
});
