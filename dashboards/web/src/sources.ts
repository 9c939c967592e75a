// What is asked, when, and what came of it: the answer that the whole page is about, and those of single
// panels.

import { type FunnelAnswer, Refusal, ask, askCsv, tell } from "./ask";
import type { Address } from "./address";
import type { Panel } from "./panels/panel";
import { type Poll, startPoll } from "./poll";
import { type Question, type Seen, seriesQuestion } from "./questions";
import { dayAt, daysOf } from "./range";
import { type Access, type Session, keepSession } from "./session";
import type { View } from "./view";

/** What the server says to one question, and which question that was. */
class Source<T> {
  readonly #every_ms: number;
  answer: T | null = null;
  /** Why the last question had no answer; null after one. */
  problem: Refusal | null = null;
  #question = "";
  #asked_ms = 0;

  constructor(every_ms: number) {
    this.#every_ms = every_ms;
  }

  /**
   * Asks when the question is another than before or the answer is old. Until the new answer is there the old
   * one stays.
   */
  async refresh(session: Session, { path, query }: Question, stop: AbortSignal): Promise<void> {
    const question = JSON.stringify([session.shop, path, query]);
    if (question === this.#question && performance.now() - this.#asked_ms < this.#every_ms) return;
    const answer = await ask<T>(session, path, query, stop);
    if (stop.aborted) return;
    [this.answer, this.#question, this.#asked_ms] = [answer, question, performance.now()];
  }

  /** The same, where one panel's failure is that panel's alone; a key that is refused is everybody's. */
  async refreshAlone(session: Session, question: Question, stop: AbortSignal): Promise<void> {
    try {
      await this.refresh(session, question, stop);
      this.problem = null;
    } catch (error) {
      if (stop.aborted) return;
      if (!(error instanceof Refusal) || error.ofKey) throw error;
      this.problem = error;
    }
  }

  /** Forgets the answer, so that the next round asks anew. */
  clear(): void {
    [this.answer, this.#question, this.problem] = [null, "", null];
  }

  /** The next round asks anew; until then the answer stays. */
  expire(): void {
    this.#question = "";
  }
}

export class Sources {
  readonly #access: Access;
  readonly #address: Address;
  readonly #changed: () => void;
  /** The figures of the days that are looked at. */
  readonly page = new Source<FunnelAnswer>(0);
  /** Why the last question about the page had no answer; null after an answer. */
  refusal: Refusal | null = null;
  /** The shop's zone, and the server's clock minus ours: what tells today. Known from the first answer on. */
  clock: { ahead_ms: number; time_zone: string } | null = null;
  readonly #ofPanels: ReadonlyMap<Panel, Source<unknown>>;
  /** Asks for the page; null while somebody has to sign in. */
  #poll: Poll | null = null;
  /** Asks for single panels, which may take longer and must not hold up the page's own answer. */
  #pollPanels: Poll | null = null;

  /** `changed` is called whenever something else is known than before. */
  constructor(access: Access, address: Address, panels: readonly Panel[], changed: () => void) {
    this.#access = access;
    this.#address = address;
    this.#changed = changed;
    this.#ofPanels = new Map(panels.map((panel) => [panel, new Source(panel.every_ms)]));
  }

  /** What is known of the question that a panel asks for itself. */
  of(panel: Panel): Source<unknown> {
    return this.#ofPanels.get(panel)!;
  }

  seen(): Seen {
    const { view } = this.#address;
    if (view.range === "custom") return { view, days: view.custom };
    if (this.clock === null) return { view, days: null };
    const today = dayAt(Date.now() + this.clock.ahead_ms, this.clock.time_zone);
    return { view, days: daysOf(view.range, today, view.custom) };
  }

  /** Asks for everything at once, because somebody came or something else is looked at. */
  askNow(): void {
    if (this.#poll) this.#poll.now();
    else this.#poll = startPoll((stop) => this.#round(stop));
    this.#pollPanels?.now();
  }

  stopAsking(): void {
    this.#poll?.stop();
    this.#pollPanels?.stop();
    this.#poll = this.#pollPanels = null;
  }

  /** Stops asking, and forgets all that the server has said. */
  forget(): void {
    this.stopAsking();
    this.clear();
    this.refusal = this.clock = null;
  }

  /** Forgets every answer. */
  clear(): void {
    this.page.clear();
    for (const source of this.#ofPanels.values()) source.clear();
  }

  /** Forgets the answers that would say something wrong under another view. */
  clearOutdated(before: View): void {
    for (const [panel, source] of this.#ofPanels) {
      if (panel.isOutdated(before, this.#address.view)) source.clear();
    }
  }

  /** An answer as CSV. */
  csv({ path, query }: Question): Promise<Blob> {
    const { session } = this.#access;
    return session ? askCsv(session, path, query) : Promise.reject(new Refusal(0, ""));
  }

  /** Writes what a panel shows, and shows what there is then. */
  async write(panel: Panel, method: "POST" | "DELETE", path: string, body?: object): Promise<void> {
    const { session } = this.#access;
    if (!session) return;
    await tell(session, method, path, body);
    this.of(panel).expire();
    this.#pollPanels?.now();
  }

  /** One round of the poll: find out whom to ask for, ask for the page, show it. */
  async #round(stop: AbortSignal): Promise<number | null> {
    try {
      await this.#access.find(stop);
      if (stop.aborted) return null;
      if (this.#access.session) await this.#askForPage(this.#access.session, stop);
      if (stop.aborted) return null;
      this.refusal = null;
    } catch (error) {
      if (stop.aborted) return null;
      this.#refuse(error);
    }
    this.#changed();
    if (this.#access.session === null) this.stopAsking();
    else if (this.page.answer) this.#pollPanels ??= startPoll((stopped) => this.#roundOfPanels(stopped));
    return this.refusal ? this.refusal.retry_after_ms : null;
  }

  async #askForPage(session: Session, stop: AbortSignal): Promise<void> {
    const { range } = this.#address.view;
    const onlyToday = this.clock === null && range !== "30-days" && range !== "custom";
    await this.page.refresh(session, seriesQuestion(this.seen()), stop);
    if (stop.aborted) return;
    const { answer } = this.page;
    if (answer) this.clock = { ahead_ms: answer.answered_at_ms - Date.now(), time_zone: answer.time_zone };
    // The first question only told which day it is; this one is about the days that were chosen.
    if (onlyToday) await this.page.refresh(session, seriesQuestion(this.seen()), stop);
    if (!stop.aborted) keepSession(session);
  }

  /** One round of the poll for single panels. */
  async #roundOfPanels(stop: AbortSignal): Promise<number | null> {
    const { session } = this.#access;
    if (!session) return null;
    try {
      await Promise.all(
        [...this.#ofPanels].map(async ([panel, source]) => {
          const question = panel.ask(this.seen(), session);
          if (question === null) return;
          await source.refreshAlone(session, question, stop);
          if (!stop.aborted) this.#changed();
        }),
      );
    } catch (error) {
      if (stop.aborted) return null;
      this.#refuse(error);
      this.#changed();
      if (this.#access.session === null) this.stopAsking();
      return 0;
    }
    return [...this.#ofPanels.values()].some(({ problem }) => problem) ? 0 : null;
  }

  /** Takes note of why there is no answer. */
  #refuse(error: unknown): void {
    this.refusal = error instanceof Refusal ? error : new Refusal(0, "");
    if (!this.refusal.ofKey) return;
    this.#access.lose();
    this.clear();
  }
}
