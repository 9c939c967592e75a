// The last events, and what they say of the installation: that it works, or what is missing.

import type { RecentAnswer, StoredEvent } from "./ask";
import { html, setText } from "./element";
import { formatAmount, formatMoment } from "./format";
import { Grid } from "./grid";
import { Panel } from "./panel";
import { kindOf } from "./values";
import { type Language, type Word, say } from "./words";

const SHOWN = 20;
/** A shop that is quiet for this long is looked after. */
const QUIET_MS = 24 * 3_600_000;

export class Arrivals {
  readonly panel: Panel;
  private readonly check = html("p", "check");
  private readonly tag = html("pre", "tag");
  private readonly grid: Grid;
  private rows: readonly (readonly string[])[] = [];

  constructor() {
    this.panel = new Panel("arrivals", "arrivals", () => this.rows);
    this.grid = new Grid("arrivals-title", "arrivals");
    this.grid.root.classList.add("tall");
    this.check.setAttribute("role", "status");
    this.panel.body.append(this.check, this.tag, this.grid.root);
    setText(this.tag, `<script defer src="${location.origin}/s.js" data-shop="pk_…"></script>`);
  }

  show(answer: RecentAnswer | null, timeZone: string, language: Language): void {
    this.panel.speak(language);
    const events = answer?.events ?? [];
    const findings = answer ? findingsOf(events, answer.answered_at_ms) : [];
    const time = events[0] ? formatMoment(events[0].received_at, timeZone, language) : "";
    this.check.dataset["check"] = findings[0] ?? "";
    setText(this.check, findings.map((word) => say(word, language, { time })).join(" "));
    this.tag.hidden = !findings.some((word) => word === "check_none" || word === "check_no_visit");
    const columns = (["arrived", "kind", "visitor", "what"] as const).map((word) => say(word, language));
    const shown = events.slice(0, SHOWN).map((event) => ({
      key: event.id,
      cells: [
        formatMoment(event.received_at, timeZone, language),
        kindOf(event.kind, language) + (event.bot ? ` (${say("bot", language)})` : ""),
        event.visitor ?? "",
        whatOf(event, language),
      ],
    }));
    this.rows = [columns, ...shown.map(({ cells }) => cells)];
    this.grid.root.hidden = shown.length === 0;
    this.grid.show(
      columns.map((text) => ({ text, isFigure: false })),
      shown.map(({ key, cells }) => ({ key, cells: cells.map((text) => ({ text })) })),
    );
  }
}

/** What the last events say, the most important first. Exported for tests. */
export function findingsOf(events: readonly StoredEvent[], now_ms: number): Word[] {
  const last = events[0];
  if (!last) return ["check_none"];
  const people = events.filter(({ bot }) => !bot);
  if (people.length === 0) return ["check_bots"];
  if (now_ms - Date.parse(last.received_at) > QUIET_MS) return ["check_quiet"];
  if (!people.some(({ kind }) => kind === "visit")) return ["check_no_visit"];
  const sells = people.some(({ kind }) => kind === "order") && !people.some(({ kind }) => kind === "payment");
  return sells ? ["check_works", "check_no_payment"] : ["check_works"];
}

/** What an event is about, in its own words. */
function whatOf(event: StoredEvent, language: Language): string {
  const amount = event.amount !== undefined && event.currency ? formatAmount(event.amount, event.currency, language) : "";
  const parts = [event.order_id, amount, event.agent, event.channel, event.product, event.score ? `${event.score}/5` : "", event.url];
  return parts.filter(Boolean).join(" · ");
}
