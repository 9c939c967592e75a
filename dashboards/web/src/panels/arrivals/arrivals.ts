// The last events, and what they say of the installation: that it works, or what is missing.

import type { RecentAnswer, StoredEvent } from "../../ask";
import { html, setText } from "../../element";
import { formatAmount, formatMoment } from "../../format";
import type { Question, Seen } from "../../questions";
import type { Scene } from "../../scene";
import type { Session } from "../../session";
import { kindOf } from "../../values";
import { type Language, say, sentences } from "../../words";
import { Grid } from "../grid";
import { type Acts, AskingPanel, type Rows } from "../panel";
import { snippet } from "../snippet";
import { WORDS } from "./words";

const SHOWN = 20;
/** A shop that is quiet for this long is looked after. */
const QUIET_MS = 24 * 3_600_000;
const COLUMNS = [WORDS.arrived, WORDS.kind, WORDS.visitor, WORDS.what];

type Finding = Extract<keyof typeof WORDS, `check_${string}`>;

export class Arrivals extends AskingPanel<RecentAnswer> {
  override readonly every_ms = 5_000;
  readonly #check = html("p", "check");
  readonly #tag = snippet();
  readonly #grid = new Grid("arrivals");
  #rows: Rows = [];

  constructor(acts: Acts) {
    super("arrivals", WORDS.arrivals, acts);
    this.#grid.root.classList.add("tall");
    this.#check.setAttribute("role", "status");
    this.body.append(this.#check, this.#tag, this.#grid.root);
  }

  /** Who has a link sees sums and no single event. */
  override ask(_seen: Seen, session: Session): Question | null {
    return session.kind === "link" ? null : { path: "events/recent", query: [] };
  }

  protected override draw({ session, timeZone, language }: Scene, own: RecentAnswer | null): void {
    this.root.hidden = session?.kind === "link";
    const events = own?.events ?? [];
    const findings = own ? findingsOf(events, own.answered_at_ms) : [];
    const time = events[0] ? formatMoment(events[0].received_at, timeZone, language) : "";
    this.#check.dataset["check"] = findings[0] ?? "";
    const said = findings.map((finding) => say(WORDS[finding], language, { time }));
    setText(this.#check, sentences(said, language));
    this.#tag.hidden = !findings.some((finding) => finding === "check_none" || finding === "check_no_visit");
    const columns = COLUMNS.map((word) => say(word, language));
    const shown = events.slice(0, SHOWN).map((event) => ({
      key: event.id,
      cells: [
        formatMoment(event.received_at, timeZone, language),
        kindText(event, language),
        event.visitor ?? "",
        whatOf(event, language),
      ],
    }));
    this.#rows = [columns, ...shown.map(({ cells }) => cells)];
    this.#grid.root.hidden = shown.length === 0;
    this.#grid.show(
      columns.map((text) => ({ text, isFigure: false })),
      shown.map(({ key, cells }) => ({ key, cells: cells.map((text) => ({ text })) })),
    );
  }

  protected override table(): Rows {
    return this.#rows;
  }
}

/** What the last events say, the most important first. Exported for tests. */
export function findingsOf(events: readonly StoredEvent[], now_ms: number): Finding[] {
  const last = events[0];
  if (!last) return ["check_none"];
  const people = events.filter(({ bot }) => !bot);
  if (people.length === 0) return ["check_bots"];
  if (now_ms - Date.parse(last.received_at) > QUIET_MS) return ["check_quiet"];
  if (!people.some(({ kind }) => kind === "visit")) return ["check_no_visit"];
  const sells = people.some(({ kind }) => kind === "order") && !people.some(({ kind }) => kind === "payment");
  return sells ? ["check_works", "check_no_payment"] : ["check_works"];
}

function kindText({ kind, bot }: StoredEvent, language: Language): string {
  const name = kindOf(kind, language);
  return bot ? say("bracketed", language, { name, value: say(WORDS.bot, language) }) : name;
}

/** What an event is about, in its own words. */
function whatOf(event: StoredEvent, language: Language): string {
  const { order_id, amount, currency, agent, channel, product, score, url } = event;
  const paid = amount !== undefined && currency ? formatAmount(amount, currency, language) : "";
  const parts = [order_id, paid, agent, channel, product, score ? `${score}/5` : "", url];
  return parts.filter(Boolean).join(" · ");
}
