// One figure over the days, with what people wrote about them; the table behind the picture holds every
// number.

import type { Annotation } from "../../ask";
import { html, setOptions, setText, unpictured } from "../../element";
import { formatDays, formatMetric } from "../../format";
import { COUNTS, LABELS, type Metric, RATES, type Rate } from "../../metrics";
import { type Question, type Seen, daysQuery, seriesQuestion } from "../../questions";
import { dayAt } from "../../range";
import type { Scene } from "../../scene";
import { INTERVALS, type Interval } from "../../view";
import { say } from "../../words";
import { Grid } from "../grid";
import { type Acts, Panel } from "../panel";
import { Notes } from "./notes";
import { Plot } from "./plot";
import { INTERVAL_WORDS, WORDS } from "./words";

const METRICS: readonly Metric[] = [...COUNTS, ...(Object.keys(RATES) as Rate[])];

export class Trend extends Panel<{ annotations: Annotation[] }> {
  readonly #metric = html("select");
  readonly #interval = html("select");
  readonly #plot = new Plot();
  readonly #tableSummary = html("summary");
  readonly #grid = new Grid("trend");
  readonly #notes: Notes;

  constructor(acts: Acts) {
    super("trend", WORDS.trend, acts);
    this.#metric.addEventListener("change", () => acts.look({ trend: this.#metric.value as Metric }));
    this.#interval.addEventListener("change", () =>
      acts.look({ interval: this.#interval.value as Interval }),
    );
    this.#metric.id = "trend-metric";
    this.#interval.id = "trend-interval";
    this.choices.append(this.#metric, this.#interval);
    this.#notes = new Notes({
      add: (day, text) => acts.write(this, "POST", "annotations", { day, text }),
      remove: (id) => acts.write(this, "DELETE", `annotations/${id}`),
    });
    const behind = unpictured(html("details", "behind", this.#tableSummary, this.#grid.root));
    this.body.append(this.#plot.root, this.#plot.readout, behind, ...this.#notes.parts);
  }

  override ask(seen: Seen): Question {
    return { path: "annotations", query: daysQuery(seen) };
  }

  protected override draw(scene: Scene, own: { annotations: Annotation[] } | null): void {
    const { answer, view, language, session } = scene;
    const id = view.trend;
    const label = LABELS[id][language];
    const buckets = answer?.series ?? [];
    const annotations = own?.annotations ?? [];
    setOptions(
      this.#metric,
      METRICS.map((known) => [known, LABELS[known][language]] as const),
      id,
    );
    const intervals = INTERVALS.map((name) => [name, say(INTERVAL_WORDS[name], language)] as const);
    setOptions(this.#interval, intervals, view.interval);
    this.#metric.setAttribute("aria-label", say(WORDS.trend_of, language));
    this.#interval.setAttribute("aria-label", say(WORDS.interval, language));
    setText(this.#tableSummary, say(WORDS.as_table, language));
    this.#grid.show(
      [
        { text: say("day", language), isFigure: false },
        { text: label, isFigure: true },
      ],
      buckets.map(({ start, funnel }) => ({
        key: start,
        cells: [
          { text: formatDays(start, start, language) },
          { text: formatMetric(id, funnel[id], language), exact: JSON.stringify(funnel[id]) },
        ],
      })),
    );
    this.#notes.show(annotations, answer?.to ?? null, session?.kind !== "link", language);
    const today = answer ? dayAt(answer.answered_at_ms, answer.time_zone) : "";
    const running = answer?.partial ? buckets.findLastIndex(({ start }) => start <= today) : buckets.length;
    const span = answer ? formatDays(answer.from, answer.to, language) : "";
    this.#plot.show({ id, buckets, running, annotations, span, language });
  }

  protected override table(seen: Seen): Question {
    return seriesQuestion(seen);
  }
}
