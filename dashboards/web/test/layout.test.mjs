// The funnel's geometry: one scale, nothing outside the picture, rows that add up.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { SPINE_PX, layOut } = await load("panels/funnel/layout");

const counts = (bounced, effective, open, inquirers, [ib, sb] = [0, 0], [ip, sp] = [0, 0]) => ({
  visitors: bounced + effective + open, bounced, effective, open,
  inquirers, silent_visitors: effective - inquirers,
  inquiry_buyers: ib, silent_buyers: sb, buyers: ib + sb,
  inquiry_payers: ip, silent_payers: sp, payers: ip + sp,
  after_sale_inquirers: 0,
});
const GOLDEN = counts(60, 40, 0, 20, [8, 2], [4, 1]);
const CASES = {
  golden: GOLDEN,
  "nobody asks": counts(5, 95, 0, 0, [0, 30], [0, 30]),
  "everybody asks": counts(0, 10, 0, 10, [10, 0], [10, 0]),
  "only open": counts(0, 0, 7, 0),
  "one bounce": counts(1, 0, 0, 0),
  large: counts(618204, 549871, 1290, 38120, [9120, 14980], [7411, 13002]),
};
const close = (a, b) => assert.ok(Math.abs(a - b) < 1e-6, `${a} is not ${b}`);
const end = (bar) => bar.x + bar.width;

test("the golden shop fills the width, bars in proportion", () => {
  const layout = layOut(GOLDEN, 1000);
  assert.equal(layout.scale, 10);
  assert.deepEqual(layout.visitors, { x: 0, width: 1000 });
  assert.deepEqual(layout.effective, { x: 300, width: 400 });
  assert.deepEqual(layout.inquirers, { x: 500 - SPINE_PX / 2 - 200, width: 200 });
  assert.deepEqual(layout.silent_payers, { x: 500 + SPINE_PX / 2, width: 10 });
});

for (const [name, funnel] of Object.entries(CASES)) {
  for (const width of [332, 940]) {
    const layout = layOut(funnel, width);
    const { scale, bounced, ...single } = layout;

    test(`${name} at ${width}: every bar is to the one scale`, () => {
      assert.ok(scale > 0);
      for (const id of Object.keys(funnel)) if (id in single) close(single[id].width, funnel[id] * scale);
      close(bounced[0].width + bounced[1].width, funnel.bounced * scale);
    });

    test(`${name} at ${width}: every bar is inside the picture`, () => {
      for (const bar of [...bounced, ...Object.values(single)]) {
        assert.ok(bar.x > -1e-6 && end(bar) < width + 1e-6, JSON.stringify(bar));
      }
    });

    test(`${name} at ${width}: rows add up and branches stay apart`, () => {
      close(layout.open.x, layout.visitors.x);
      close(end(layout.open), bounced[0].x);
      close(end(bounced[0]), layout.effective.x);
      close(end(layout.effective), bounced[1].x);
      close(end(bounced[1]), end(layout.visitors));
      close(layout.asking.x, layout.effective.x);
      close(end(layout.asking), layout.silent.x);
      close(end(layout.silent), end(layout.effective));
      close(layout.silent_visitors.x - end(layout.inquirers), SPINE_PX);
    });
  }
}

test("without visitors every bar is empty", () => {
  const { scale, bounced, ...single } = layOut(counts(0, 0, 0, 0), 940);
  assert.equal(scale, 0);
  for (const bar of [...bounced, ...Object.values(single)]) assert.equal(bar.width, 0);
});
