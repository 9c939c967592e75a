// The view and the address: what is written is read back, and nothing else is believed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { START, intervalOf, readView, toggled, writeView } = await load("view");
const { sessionOfShare, shareOf } = await load("session");

test("an address without a hash is the start, and the start is written as nothing", () => {
  assert.deepEqual(readView(""), START);
  assert.deepEqual(readView("#"), START);
  assert.equal(writeView(START), "");
});

test("every view is read back as it was written", () => {
  const views = [
    { ...START, range: "today" },
    { ...START, range: "custom", custom: { from: "2025-10-01", to: "2025-10-31" } },
    { ...START, compare: "year", interval: "week", by: "agent", trend: "silent_paid_rate" },
    { ...START, sort: { column: "payment_rate", up: true } },
    {
      ...START,
      filters: [
        { dimension: "source", value: "小红书 & #1=2" },
        { dimension: "source", value: "" },
        { dimension: "agent", value: "<img onerror=alert(1)>" },
      ],
    },
  ];
  for (const view of views) assert.deepEqual(readView(`#${writeView(view)}`), view);
});

test("what the address does not know is as at the start", () => {
  const unknown = [
    "#range=century&compare=x&interval=&by=visitor&sort=drop:sideways&trend=__proto__",
    "#7-days",
    "#from=2025-02-30&to=2025-03-01",
    "#from=2025-03-02&to=2025-03-01",
    "#from=2020-01-01&to=2025-03-01",
    "#range=custom",
    "#%",
  ];
  for (const hash of unknown) {
    assert.deepEqual(readView(hash), START, hash);
  }
});

test("the trend is cut so that it can be read", () => {
  const intervals = [1, 92, 93, 366, 367, 731].map((days) => intervalOf(START, days));
  assert.deepEqual(intervals, ["day", "day", "week", "week", "month", "month"]);
  assert.equal(intervalOf({ ...START, interval: "day" }, 731), "day");
});

test("a filter is switched on and off", () => {
  const mei = { dimension: "agent", value: "mei" };
  assert.deepEqual(toggled([], mei), [mei]);
  assert.deepEqual(toggled([mei], { ...mei }), []);
  assert.equal(toggled([mei], { dimension: "agent", value: "" }).length, 2);
});

test("a share link's token is taken out of the address, and a broken one opens nothing", () => {
  const token = `sl_lakeside-tea.69abcdef.${"0f".repeat(32)}`;
  assert.deepEqual(shareOf(`#share=${token}&range=today`), { token, rest: "range=today" });
  assert.equal(shareOf("#range=today"), null);
  assert.deepEqual(sessionOfShare(token), { shop: "lakeside-tea", key: token, kind: "link" });
  const others = [token.slice(0, -1), token.replace("sl_", "rk_"), token.replace("lake", "La/ke")];
  for (const broken of ["", "sl_", ...others]) assert.equal(sessionOfShare(broken), null, broken);
});
