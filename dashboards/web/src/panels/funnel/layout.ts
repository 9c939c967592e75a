// Where every bar of the funnel stands, in pixels from the left. Pure: counts and a width in, numbers out.
//
// One scale holds for the whole picture: a bar is as wide as its count times `scale`. The funnel is centred;
// below the effective visitors it parts along a spine, inquiry to the left, silent to the right, so each
// branch keeps half of the width for its words however thin its bars get. Bounced visitors are the two wings
// beside the effective ones, half each; open ones, while there are any, stand at the left end.

import type { Count, Funnel } from "../../metrics";

/** Free pixels between the branches. */
export const SPINE_PX = 6;

export interface Bar {
  x: number;
  width: number;
}

export interface Layout {
  /** Pixels per visitor. */
  scale: number;
  visitors: Bar;
  bounced: readonly [Bar, Bar];
  open: Bar;
  effective: Bar;
  /** The two parts of `effective` from which the branches leave. */
  asking: Bar;
  silent: Bar;
  inquirers: Bar;
  silent_visitors: Bar;
  inquiry_buyers: Bar;
  silent_buyers: Bar;
  inquiry_payers: Bar;
  silent_payers: Bar;
}

/** The layout of `counts` in a picture `width` pixels wide. All bars are empty when nobody came. */
export function layOut(counts: Pick<Funnel, Count>, width: number): Layout {
  const middle = width / 2;
  const half = middle - SPINE_PX / 2;
  const widestBranch = Math.max(counts.inquirers, counts.silent_visitors);
  // The whole width is for all visitors, unless a branch holds more than half of them: it has to fit beside
  // the spine.
  const scale =
    counts.visitors > 0
      ? Math.min(width / counts.visitors, widestBranch > 0 ? half / widestBranch : Infinity)
      : 0;

  const left = (count: number): Bar => ({ x: half - count * scale, width: count * scale });
  const right = (count: number): Bar => ({ x: middle + SPINE_PX / 2, width: count * scale });
  const row = (start: number, count: number): Bar => ({ x: start, width: count * scale });

  const visitors = row(middle - (counts.visitors * scale) / 2, counts.visitors);
  const open = row(visitors.x, counts.open);
  const leftWing = row(open.x + open.width, counts.bounced / 2);
  const effective = row(leftWing.x + leftWing.width, counts.effective);
  const asking = row(effective.x, counts.inquirers);

  return {
    scale,
    visitors,
    bounced: [leftWing, row(effective.x + effective.width, counts.bounced / 2)],
    open,
    effective,
    asking,
    silent: row(asking.x + asking.width, counts.silent_visitors),
    inquirers: left(counts.inquirers),
    silent_visitors: right(counts.silent_visitors),
    inquiry_buyers: left(counts.inquiry_buyers),
    silent_buyers: right(counts.silent_buyers),
    inquiry_payers: left(counts.inquiry_payers),
    silent_payers: right(counts.silent_payers),
  };
}
