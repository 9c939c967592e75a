// Draws the funnel as SVG: bars to scale, ribbons between them, every count with the rate of its step and who
// was lost there.
//
// Elements are made once; a new answer only moves them and changes their text. layout.ts knows where things
// stand across the picture, this module where they stand down it. Each step is a stop for the keyboard and
// explains itself when it is pointed at.

import { setAttributes, setText, svg } from "../../element";
import { formatCount, formatRate } from "../../format";
import { COUNTS, type Count, type Funnel, LABELS, type Metric, type Rate } from "../../metrics";
import { type Language, listed, say } from "../../words";
import { Label } from "./label";
import { type Bar, type Layout, layOut } from "./layout";
import { LABELED, type Place, type Step, TITLED, explanationOf, stepOf } from "./steps";
import { WORDS } from "./words";

const HEIGHT = 560;
const BAR_HEIGHT = 26;
/** Top of the five rows of bars: visitors, effective, branches, buyers, payers. */
const ROW = [28, 96, 192, 322, 452] as const;
const LABEL_BELOW = 18;
const LINE = 20;
const TITLE_ABOVE = 11;
const PLATE_HEIGHT = 25;
const PLATE_BESIDE = 12;
const BESIDE_SPINE = 12;
/** A bar of somebody is never thinner than this, though its scale would have it so. */
const THINNEST = 2;
/**
 * From this width on a rate is printed with its name; below it the rates of the crowded row go on a line of
 * their own.
 */
const ROOMY = 640;
/** The labels at both ends of the effective row stay this far from its middle. */
const BESIDE_EFFECTIVE = 260;
const MOVE_MS = 400;

/** Each bar: its class, its row, what it counts, and the edge that stays when it gets too thin. */
const BARS: readonly {
  part: keyof Layout | "bounced_right";
  row: number;
  count: Count;
  look: string;
  edge?: "right";
}[] = [
  { part: "visitors", row: 0, count: "visitors", look: "visitors" },
  { part: "bounced", row: 1, count: "bounced", look: "bounced" },
  { part: "bounced_right", row: 1, count: "bounced", look: "bounced" },
  { part: "open", row: 1, count: "open", look: "open" },
  { part: "effective", row: 1, count: "effective", look: "effective" },
  { part: "inquirers", row: 2, count: "inquirers", look: "inquiry", edge: "right" },
  { part: "silent_visitors", row: 2, count: "silent_visitors", look: "silent" },
  { part: "inquiry_buyers", row: 3, count: "inquiry_buyers", look: "inquiry", edge: "right" },
  { part: "silent_buyers", row: 3, count: "silent_buyers", look: "silent" },
  { part: "inquiry_payers", row: 4, count: "inquiry_payers", look: "inquiry", edge: "right" },
  { part: "silent_payers", row: 4, count: "silent_payers", look: "silent" },
];

type Single = Exclude<keyof Layout, "scale" | "bounced">;

/** Each ribbon: the row it leaves, the bar it leaves and the bar it reaches. */
const RIBBONS: readonly { row: number; from: Single; to: Single; look: string }[] = [
  { row: 0, from: "visitors", to: "effective", look: "effective" },
  { row: 1, from: "asking", to: "inquirers", look: "inquiry" },
  { row: 1, from: "silent", to: "silent_visitors", look: "silent" },
  { row: 2, from: "inquirers", to: "inquiry_buyers", look: "inquiry" },
  { row: 2, from: "silent_visitors", to: "silent_buyers", look: "silent" },
  { row: 3, from: "inquiry_buyers", to: "inquiry_payers", look: "inquiry" },
  { row: 3, from: "silent_buyers", to: "silent_payers", look: "silent" },
];

/** What the chart shows while there is nothing to show: a plain funnel, drawn without words. */
const GHOST: Record<Count, number> = {
  visitors: 100,
  bounced: 42,
  effective: 58,
  open: 0,
  inquirers: 26,
  silent_visitors: 32,
  inquiry_buyers: 14,
  silent_buyers: 12,
  buyers: 26,
  inquiry_payers: 8,
  silent_payers: 7,
  payers: 15,
  after_sale_inquirers: 0,
};

export class Chart {
  readonly #root: SVGSVGElement;
  readonly #explanation: Element;
  readonly #bars: SVGRectElement[];
  readonly #ribbons = RIBBONS.map(({ look }) => svg("path", { class: `ribbon ${look}` }));
  readonly #labels = LABELED.map(() => new Label());
  readonly #titles = TITLED.map(() => new Label());
  /** The step that is pointed at or has the keyboard's focus. */
  #explained: Step | null = null;
  /** What the titles of both branches together stand on, so that ribbons do not run through them. */
  readonly #plates = TITLED.map(({ row }) =>
    svg("rect", {
      class: "plate",
      height: PLATE_HEIGHT,
      rx: PLATE_HEIGHT / 2,
      y: ROW[row]! - PLATE_HEIGHT - 5,
    }),
  );
  readonly #spine = svg("line", { class: "spine" });
  #width = 0;
  #language: Language = "en";
  #funnel: Funnel | null = null;
  /** The counts the bars stand at now; on their way to those of `funnel` while a move lasts. */
  #shown: Record<Count, number> = GHOST;
  #frame = 0;

  /** `explanation`: where the step that is pointed at explains itself. */
  constructor(root: SVGSVGElement, explanation: Element) {
    this.#root = root;
    this.#explanation = explanation;
    this.#bars = BARS.map(({ look }) => svg("rect", { class: `bar ${look}`, height: BAR_HEIGHT, rx: 3 }));
    // Not to focus: Chromium makes every shape a stop that listens to it, and a step's label is its stop.
    BARS.forEach(({ count }, at) =>
      this.#listen(this.#bars[at]!, stepOf(count), "pointerenter", "pointerleave"),
    );
    const stripes = svg(
      "pattern",
      { id: "stripes", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      svg("rect", { class: "stripe", width: 2.5, height: 6 }),
    );
    root.append(svg("defs", {}, stripes), ...this.#ribbons, this.#spine, ...this.#bars);
    root.append(...this.#plates);
    // In the order of the steps, which is the order of the keyboard's stops.
    const stops = [
      ...TITLED.map((step, at) => ({ step, label: this.#titles[at]! })),
      ...LABELED.map((step, at) => ({ step, label: this.#labels[at]! })),
    ];
    stops.sort((a, b) => a.step.row - b.step.row);
    for (const { step, label } of stops) {
      setAttributes(label.root, { tabindex: 0, role: "img" });
      this.#listen(label.root, step, "pointerenter", "pointerleave");
      this.#listen(label.root, step, "focus", "blur");
      root.append(label.root);
    }
    new ResizeObserver(() => this.#fit()).observe(root);
    this.#fit();
  }

  /** Shows an answer, or the wordless ghost for null. */
  show(funnel: Funnel | null, language: Language): void {
    const first = this.#funnel === null;
    this.#funnel = funnel;
    this.#language = language;
    this.#root.classList.toggle("ghost", funnel === null);
    this.#write();
    this.#moveTo(funnel ?? GHOST, first);
  }

  #listen(element: Element, step: Step, begin: string, end: string): void {
    element.addEventListener(begin, () => this.#explain(step));
    element.addEventListener(end, () => this.#explain(null));
  }

  #explain(step: Step | null): void {
    this.#explained = step;
    const [funnel, language] = [this.#funnel, this.#language];
    setText(
      this.#explanation,
      step && funnel ? explanationOf(step, funnel, language) : say(WORDS.explain, language),
    );
  }

  #fit(): void {
    this.#width = Math.round(this.#root.getBoundingClientRect().width);
    if (this.#width === 0) return;
    this.#root.setAttribute("viewBox", `0 0 ${this.#width} ${HEIGHT}`);
    this.#write();
    this.#place();
  }

  #moveTo(target: Record<Count, number>, atOnce: boolean): void {
    cancelAnimationFrame(this.#frame);
    const from = this.#shown;
    const unchanged = COUNTS.every((id) => from[id] === target[id]);
    if (atOnce || unchanged || matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.#shown = target;
      if (!unchanged) this.#place();
      return;
    }
    const start = performance.now();
    const step = (now: number) => {
      const done = Math.min((now - start) / MOVE_MS, 1);
      const eased = 1 - (1 - done) ** 3;
      this.#shown = done === 1 ? target : mapCounts((id) => from[id] + (target[id] - from[id]) * eased);
      this.#place();
      if (done < 1) this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  /** Puts bars and ribbons where `shown` wants them. */
  #place(): void {
    const layout = layOut(this.#shown, this.#width);
    BARS.forEach(({ part, row, count, edge }, at) => {
      const bar = barOf(layout, part);
      const width = this.#shown[count] > 0 ? Math.max(bar.width, THINNEST) : 0;
      const x = edge === "right" ? bar.x + bar.width - width : bar.x;
      setAttributes(this.#bars[at]!, { x: round(x), y: ROW[row]!, width: round(width) });
    });
    RIBBONS.forEach(({ row, from, to }, at) => {
      this.#ribbons[at]!.setAttribute(
        "d",
        ribbon(layout[from], ROW[row]! + BAR_HEIGHT, layout[to], ROW[row + 1]!),
      );
    });
    const middle = this.#width / 2;
    setAttributes(this.#spine, { x1: middle, x2: middle, y1: ROW[2], y2: ROW[4] + BAR_HEIGHT });
  }

  /** Writes the words and stands them where the width wants them. */
  #write(): void {
    const [funnel, language, width] = [this.#funnel, this.#language, this.#width];
    if (!funnel) return;
    const middle = width / 2;
    const { visitors, effective } = layOut(funnel, width);
    // Under its own bar as far as the labels at both ends leave it room.
    const underEffective = Math.min(Math.max(effective.x + effective.width / 2, width * 0.4), width * 0.6);
    const places: Record<Place, [number, string]> = {
      "edge-left": [Math.max(0, Math.min(visitors.x, middle - BESIDE_EFFECTIVE)), "start"],
      left: [middle - BESIDE_SPINE, "end"],
      middle: [underEffective, "middle"],
      right: [middle + BESIDE_SPINE, "start"],
      "edge-right": [
        Math.min(width, Math.max(visitors.x + visitors.width, middle + BESIDE_EFFECTIVE)),
        "end",
      ],
    };
    const rateText = (rate: Rate | undefined) =>
      rate ? (width >= ROOMY ? `${LABELS[rate][language]} ` : "") + formatRate(funnel[rate], language) : "";
    const name = (id: Metric) => LABELS[id][language];

    LABELED.forEach(({ count, rate, before, row, place }, at) => {
      const label = this.#labels[at]!;
      const [x, anchor] = places[place];
      const y = ROW[row]! + BAR_HEIGHT + LABEL_BELOW;
      const lost = before
        ? say(WORDS.lost, language, { count: formatCount(funnel[before] - funnel[count], language) })
        : "";
      label.write(name(count), formatCount(funnel[count], language), rateText(rate), lost);
      label.stand(
        x,
        y,
        y + LINE,
        row === 1 && width < ROOMY ? y + 2 * LINE - 2 : y + LINE,
        y + 2 * LINE,
        anchor,
      );
      const absent = count === "open" && funnel.open === 0;
      label.root.classList.toggle("absent", absent);
      setAttributes(label.root, {
        tabindex: absent ? -1 : 0,
        "aria-label": explanationOf(LABELED[at]!, funnel, language),
      });
    });
    TITLED.forEach(({ count, rate, row }, at) => {
      const y = ROW[row]! - TITLE_ABOVE;
      this.#titles[at]!.write(name(count), formatCount(funnel[count], language), rateText(rate), "");
      this.#titles[at]!.stand(middle, y, y, y, y, "middle");
      this.#titles[at]!.root.setAttribute("aria-label", explanationOf(TITLED[at]!, funnel, language));
      const plate = this.#titles[at]!.root.getBBox().width + 2 * PLATE_BESIDE;
      setAttributes(this.#plates[at]!, { x: round(middle - plate / 2), width: row > 0 ? round(plate) : 0 });
    });
    this.#explain(this.#explained);
    const summary = (["visitors", "effective", "buyers", "payers"] as const).map(
      (id) => `${name(id)} ${formatCount(funnel[id], language)}`,
    );
    this.#root.setAttribute("aria-label", listed(summary, language));
  }
}

function barOf(layout: Layout, part: keyof Layout | "bounced_right"): Bar {
  if (part === "bounced") return layout.bounced[0];
  if (part === "bounced_right") return layout.bounced[1];
  return layout[part as Single];
}

/** The outline from the bottom of one bar to the top of the next, with upright tangents at both ends. */
function ribbon(from: Bar, top: number, to: Bar, bottom: number): string {
  const bend = (top + bottom) / 2;
  const [a, b, c, d] = [from.x, from.x + from.width, to.x + to.width, to.x].map(round);
  const down = `C${b} ${bend} ${c} ${bend} ${c} ${bottom}`;
  return `M${a} ${top}H${b}${down}H${d}C${d} ${bend} ${a} ${bend} ${a} ${top}Z`;
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}

function mapCounts(value: (id: Count) => number): Record<Count, number> {
  return Object.fromEntries(COUNTS.map((id) => [id, value(id)])) as Record<Count, number>;
}
