// One figure over the days, with what people wrote about them. Drawn by uPlot; the table behind it holds every number.

import uPlot from "uplot";
import type { Annotation, Bucket, FunnelAnswer } from "./ask";
import { button, html, setOptions, setText } from "./element";
import { formatCount, formatDay, formatDays, formatRate } from "./format";
import { Grid } from "./grid";
import { COUNTS, LABELS, type Metric, RATES, type Rate, isRate } from "./metrics";
import { Panel } from "./panel";
import { dayAt } from "./range";
import { INTERVALS, type Interval, type View } from "./view";
import { type Language, type Word, say } from "./words";

const HEIGHT = 240;
/** Of a digit of the axes' font. */
const DIGIT_PX = 7.5;
const METRICS: readonly Metric[] = [...COUNTS, ...(Object.keys(RATES) as Rate[])];
const INTERVAL_WORDS: Record<Interval, Word> = { auto: "auto", day: "by_day", week: "by_week", month: "by_month" };

export interface TrendActs {
  csv: () => Promise<Blob>;
  look: (change: Partial<View>) => void;
  annotate: (day: string, text: string) => Promise<void>;
  forget: (id: string) => Promise<void>;
}

export class Trend {
  readonly panel: Panel;
  private readonly metric = html("select");
  private readonly interval = html("select");
  private readonly plot = html("div", "plot");
  private readonly readout = html("p", "quiet readout");
  private readonly grid: Grid;
  private readonly notesTitle = html("h3");
  private readonly notes = html("ul", "notes");
  private readonly form = html("form", "note-form");
  private readonly noteDay = html("input");
  private readonly noteText = html("input");
  private readonly noteAdd = html("button");
  private readonly noteProblem = html("p", "problem");
  private readonly tableSummary = html("summary");
  private chart: uPlot | null = null;
  private shown = "";
  private buckets: readonly Bucket[] = [];
  /** The place of the bucket that holds today and will still grow; behind the last one where none does. */
  private running = 0;
  private annotations: readonly Annotation[] = [];
  private id: Metric = "visitors";
  private language: Language = "en";

  constructor(private readonly acts: TrendActs) {
    this.panel = new Panel("trend", "trend", acts.csv);
    this.grid = new Grid("trend-title", "trend");
    this.metric.addEventListener("change", () => acts.look({ trend: this.metric.value as Metric }));
    this.interval.addEventListener("change", () => acts.look({ interval: this.interval.value as Interval }));
    this.metric.id = "trend-metric";
    this.interval.id = "trend-interval";
    this.panel.choices.append(this.metric, this.interval);

    this.noteDay.type = "date";
    this.noteDay.required = true;
    this.noteText.required = true;
    this.noteText.maxLength = 200;
    this.form.append(this.noteDay, this.noteText, this.noteAdd);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.change(acts.annotate(this.noteDay.value, this.noteText.value).then(() => void (this.noteText.value = "")));
    });
    this.noteProblem.setAttribute("role", "alert");
    const behind = html("details", "behind", this.tableSummary, this.grid.root);
    behind.setAttribute("data-unpictured", "");
    this.plot.setAttribute("role", "img");
    this.panel.body.append(this.plot, this.readout, behind, this.notesTitle, this.notes, this.form, this.noteProblem);
    new ResizeObserver(() => this.draw()).observe(this.plot);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  show(answer: FunnelAnswer | null, annotations: readonly Annotation[], view: View, canWrite: boolean, language: Language): void {
    this.panel.speak(language);
    this.language = language;
    this.id = view.trend;
    this.buckets = answer?.series ?? [];
    const today = answer ? dayAt(answer.answered_at_ms, answer.time_zone) : "";
    this.running = answer?.partial ? this.buckets.findLastIndex(({ start }) => start <= today) : this.buckets.length;
    this.annotations = annotations;
    setOptions(this.metric, METRICS.map((id) => [id, LABELS[id][language]] as const), view.trend);
    setOptions(this.interval, INTERVALS.map((name) => [name, say(INTERVAL_WORDS[name], language)] as const), view.interval);
    this.metric.setAttribute("aria-label", say("trend_of", language));
    this.interval.setAttribute("aria-label", say("interval", language));
    const span = answer ? formatDays(answer.from, answer.to, language) : "";
    this.plot.setAttribute("aria-label", `${LABELS[this.id][language]}, ${span}`);
    setText(this.tableSummary, say("as_table", language));
    this.grid.show(
      [{ text: say("day", language), isFigure: false }, { text: LABELS[this.id][language], isFigure: true }],
      this.buckets.map(({ start, funnel }) => ({
        key: start,
        cells: [{ text: formatDays(start, start, language) }, { text: this.format(funnel[this.id]), exact: JSON.stringify(funnel[this.id]) }],
      })),
    );
    this.showNotes(canWrite);
    if (answer && !this.noteDay.value) this.noteDay.value = answer.to;
    this.draw();
  }

  private format(figure: number | null): string {
    return figure === null || isRate(this.id) ? formatRate(figure, this.language) : formatCount(figure, this.language);
  }

  private showNotes(canWrite: boolean): void {
    const { language } = this;
    setText(this.notesTitle, say("annotations", language));
    this.form.hidden = !canWrite;
    this.noteDay.setAttribute("aria-label", say("day", language));
    this.noteText.setAttribute("aria-label", say("annotation_text", language));
    this.noteText.placeholder = say("annotation_hint", language);
    setText(this.noteAdd, say("add", language));
    const now = JSON.stringify([this.annotations, language, canWrite]);
    if (this.notes.dataset["shown"] === now) return;
    this.notes.dataset["shown"] = now;
    const items = this.annotations.map(({ id, day, text }) => {
      const item = html("li", "", html("time", "", formatDay(day, language)), html("span", "", text));
      if (canWrite) {
        const remove = button("small", "×", () => this.change(this.acts.forget(id)));
        remove.setAttribute("aria-label", say("remove", language, { what: text }));
        item.append(remove);
      }
      return item;
    });
    this.notes.replaceChildren(...(items.length > 0 ? items : [html("li", "quiet", say("no_annotation", language))]));
  }

  private change(done: Promise<void>): void {
    setText(this.noteProblem, "");
    done.catch((error: unknown) => {
      const why = error instanceof Error ? error.message : "";
      setText(this.noteProblem, say("not_saved", this.language, { why }));
    });
  }

  /** Makes the picture anew when anything in it is other than before. */
  private draw(): void {
    const width = Math.floor(this.plot.clientWidth);
    if (width === 0) return;
    const look = getComputedStyle(this.plot);
    const [ink, muted, line] = ["--ink", "--muted", "--line"].map((name) => look.getPropertyValue(name)) as [string, string, string];
    const colour = look.getPropertyValue(this.id.startsWith("inquir") ? "--inquiry" : this.id.startsWith("silent") ? "--silent" : "--whole");
    const figures = this.buckets.map(({ funnel }) => funnel[this.id]);
    // What is still running is dashed, from the last whole bucket on.
    const whole = figures.map((figure, at) => (at < this.running || figures.length === 1 ? figure : null));
    const running = figures.map((figure, at) => (this.running < figures.length && at >= this.running - 1 ? figure : null));
    const now = JSON.stringify([width, ink, colour, this.running, this.id, this.language, this.buckets.map(({ start }) => start), figures, this.annotations]);
    if (now === this.shown) return;
    this.shown = now;
    this.chart?.destroy();
    setText(this.readout, "");
    const axis = { stroke: muted, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "12px system-ui, sans-serif" };
    const drawn = { stroke: colour, width: 2, points: { show: this.buckets.length < 40, size: 5, fill: colour } };
    const day = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);
    const marked = this.annotations.flatMap((note) => this.buckets.findLast(({ start }) => start <= note.day)?.start ?? []);
    this.chart = new uPlot(
      {
        width,
        height: HEIGHT,
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
        legend: { show: false },
        cursor: { y: false, points: { size: 8 } },
        scales: { y: { range: (_plot, _min, max) => [0, Math.max(max ?? 0, isRate(this.id) ? 0.01 : 1) * 1.08] } },
        axes: [
          { ...axis, space: 70, values: (_plot, ticks) => ticks.map((tick) => formatDay(day(tick), this.language)), incrs: [1, 2, 7, 14, 30, 90, 180].map((days) => days * 86_400) },
          // As wide as its longest number, so that none is cut.
          { ...axis, size: (_plot, ticks) => DIGIT_PX * Math.max(4, ...(ticks ?? []).map((tick) => tick.length)) + 18, values: (_plot, ticks) => ticks.map((tick) => (isRate(this.id) ? `${Math.round(tick * 1000) / 10}%` : formatCount(tick, this.language))) },
        ],
        series: [{}, { ...drawn, fill: `color-mix(in srgb, ${colour} 12%, transparent)` }, { ...drawn, dash: [4, 4] }],
        hooks: {
          draw: [(plot) => this.mark(plot, marked, muted)],
          setCursor: [(plot) => this.read(plot.cursor.idx ?? null)],
        },
      },
      [this.buckets.map(({ start }) => Date.parse(`${start}T00:00:00Z`) / 1000), whole, running],
      this.plot,
    );
  }

  private mark(plot: uPlot, days: readonly string[], colour: string): void {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = colour;
    ctx.lineWidth = devicePixelRatio;
    for (const day of days) {
      const x = plot.valToPos(Date.parse(`${day}T00:00:00Z`) / 1000, "x", true);
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

  private read(place: number | null): void {
    const bucket = place === null ? undefined : this.buckets[place];
    const next = place === null ? undefined : this.buckets[place + 1]?.start;
    const notes = this.annotations.filter(({ day }) => bucket && day >= bucket.start && (!next || day < next)).map(({ text }) => text);
    const parts = bucket ? [formatDays(bucket.start, bucket.start, this.language), this.format(bucket.funnel[this.id]), ...notes] : [];
    setText(this.readout, parts.join(" · "));
  }
}
