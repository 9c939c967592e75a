// A figure over the days as a line, with marks at the days that something was written about. Drawn by uPlot.

import uPlot from "uplot";
import type { Annotation, Bucket } from "../../ask";
import { html, setText } from "../../element";
import { formatCount, formatDay, formatDays, formatMetric } from "../../format";
import { LABELS, type Metric, isRate } from "../../metrics";
import { type Language, say } from "../../words";

const HEIGHT = 240;
/** Of a digit of the axes' font. */
const DIGIT_PX = 7.5;
const FONT = "12px system-ui, sans-serif";
/** Days between two marks of the axis. */
const STEPS = [1, 2, 7, 14, 30, 90, 180];

export interface Plotted {
  id: Metric;
  buckets: readonly Bucket[];
  /** The place of the bucket that holds today and will still grow; behind the last one where none does. */
  running: number;
  annotations: readonly Annotation[];
  /** The days in words. */
  span: string;
  language: Language;
}

export class Plot {
  readonly root = html("div", "plot");
  /** What is told of the bucket that is pointed at. */
  readonly readout = html("p", "quiet readout");
  #chart: uPlot | null = null;
  #drawn = "";
  #plotted: Plotted | null = null;

  constructor() {
    this.root.setAttribute("role", "img");
    new ResizeObserver(() => this.#draw()).observe(this.root);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  show(plotted: Plotted): void {
    this.#plotted = plotted;
    const { id, span, language } = plotted;
    this.root.setAttribute("aria-label", say("named", language, { name: LABELS[id][language], value: span }));
    this.#draw();
  }

  /** Makes the picture anew when anything in it is other than before. */
  #draw(): void {
    const width = Math.floor(this.root.clientWidth);
    if (width === 0 || !this.#plotted) return;
    const { id, buckets, running, annotations, language } = this.#plotted;
    const look = getComputedStyle(this.root);
    const colours = { muted: look.getPropertyValue("--muted"), line: look.getPropertyValue("--line") };
    const branch = id.startsWith("inquir") ? "inquiry" : id.startsWith("silent") ? "silent" : "whole";
    const colour = look.getPropertyValue(`--${branch}`);
    const figures = buckets.map(({ start, funnel }) => [start, funnel[id]]);
    const now = JSON.stringify([width, colours, colour, running, id, language, figures, annotations]);
    if (now === this.#drawn) return;
    this.#drawn = now;
    this.#chart?.destroy();
    setText(this.readout, "");
    const starts = buckets.map(({ start }) => secondsOf(start));
    const options = this.#options(this.#plotted, width, colour, colours);
    this.#chart = new uPlot(options, [starts, ...linesOf(this.#plotted)], this.root);
  }

  #options(
    { id, buckets, annotations, language }: Plotted,
    width: number,
    colour: string,
    { muted, line }: { muted: string; line: string },
  ): uPlot.Options {
    const axis = {
      stroke: muted,
      grid: { stroke: line, width: 1 },
      ticks: { stroke: line, width: 1 },
      font: FONT,
    };
    const drawn = { stroke: colour, width: 2, points: { show: buckets.length < 40, size: 5, fill: colour } };
    const marked = annotations.flatMap(
      (note) => buckets.findLast(({ start }) => start <= note.day)?.start ?? [],
    );
    const numberOf = (tick: number) =>
      isRate(id) ? `${Math.round(tick * 1000) / 10}%` : formatCount(tick, language);
    const dayOf = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);
    return {
      width,
      height: HEIGHT,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      legend: { show: false },
      cursor: { y: false, points: { size: 8 } },
      scales: { y: { range: (_plot, _min, max) => [0, Math.max(max ?? 0, isRate(id) ? 0.01 : 1) * 1.08] } },
      axes: [
        {
          ...axis,
          space: 70,
          values: (_plot, ticks) => ticks.map((tick) => formatDay(dayOf(tick), language)),
          incrs: STEPS.map((days) => days * 86_400),
        },
        {
          ...axis,
          // As wide as its longest number, so that none is cut.
          size: (_plot, ticks) => DIGIT_PX * Math.max(4, ...(ticks ?? []).map((tick) => tick.length)) + 18,
          values: (_plot, ticks) => ticks.map(numberOf),
        },
      ],
      series: [
        {},
        { ...drawn, fill: `color-mix(in srgb, ${colour} 12%, transparent)` },
        { ...drawn, dash: [4, 4] },
      ],
      hooks: {
        draw: [(plot) => mark(plot, marked, muted)],
        setCursor: [(plot) => setText(this.readout, this.#readAt(plot.cursor.idx ?? null))],
      },
    };
  }

  #readAt(place: number | null): string {
    const bucket = place === null ? undefined : this.#plotted?.buckets[place];
    if (!this.#plotted || place === null || !bucket) return "";
    const { id, buckets, annotations, language } = this.#plotted;
    const next = buckets[place + 1]?.start;
    const notes = annotations
      .filter(({ day }) => day >= bucket.start && (!next || day < next))
      .map(({ text }) => text);
    const day = formatDays(bucket.start, bucket.start, language);
    return [day, formatMetric(id, bucket.funnel[id], language), ...notes].join(" · ");
  }
}

/** The line of what is whole, and the dashed one from the last whole bucket on of what is still running. */
function linesOf({ id, buckets, running }: Plotted): [uPlot.AlignedData[1], uPlot.AlignedData[1]] {
  const figures = buckets.map(({ funnel }) => funnel[id]);
  return [
    figures.map((figure, at) => (at < running || figures.length === 1 ? figure : null)),
    figures.map((figure, at) => (running < figures.length && at >= running - 1 ? figure : null)),
  ];
}

/** A dashed line with a dot at each of the days. */
function mark(plot: uPlot, days: readonly string[], colour: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  for (const day of days) {
    const x = plot.valToPos(secondsOf(day), "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    ctx.arc(x, bbox.top, 4 * devicePixelRatio, 0, 2 * Math.PI);
    ctx.fill();
  }
  ctx.restore();
}

function secondsOf(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) / 1000;
}
