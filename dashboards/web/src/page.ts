// The page: what it knows, what it asks, what it shows. The only module with state; the others draw, ask or compute.

import { Agents } from "./agents";
import { Arrivals } from "./arrivals";
import { type Annotation, type CohortsAnswer, type FunnelAnswer, type Query, type RecentAnswer, Refusal, ask, askCsv, tell } from "./ask";
import { Breakdown } from "./breakdown";
import { Cohorts } from "./cohorts";
import { Controls } from "./controls";
import { find, setText } from "./element";
import { Figures } from "./figures";
import { formatDays, formatRate, formatTime } from "./format";
import { FunnelPanel, type Notice } from "./funnel";
import { MoneyPanel } from "./money";
import type { Panel } from "./panel";
import { type Poll, startPoll } from "./poll";
import { type Days, countDays, dayAt, daysOf } from "./range";
import { type Session, findSession, forgetSession, keepSession, sessionOfShare, shareOf } from "./session";
import { ShareDialog } from "./share";
import { Tiles } from "./tiles";
import { Trend } from "./trend";
import { type View, intervalOf, readView, writeView } from "./view";
import { type Language, type Word, chooseLanguage, isWord, say } from "./words";

const LANGUAGE = "shopfunnel.language";
/** Figures this far behind the server's clock are called so. */
const BEHIND_MS = 120_000;
/** What stands below the funnel is asked anew this often; the funnel at every round of the poll. */
const BELOW_EVERY_MS = 10_000;
/** From this share of visitors without an id on, figures of several days are warned of. */
const COOKIELESS_WARNING = 0.2;

/** What the server says to one question, and which question that was. */
class Source<T> {
  answer: T | null = null;
  /** Why the last question had no answer; null after one. */
  problem: Refusal | null = null;
  private question = "";
  private asked_ms = 0;

  constructor(private readonly every_ms: number) {}

  /** Asks when the question is another than before or the answer is old. Until the new answer is there the old one stays. */
  async refresh(path: string, query: Query, stop: AbortSignal): Promise<void> {
    const question = JSON.stringify([session?.shop, path, query]);
    if (question === this.question && performance.now() - this.asked_ms < this.every_ms) return;
    if (!session) return;
    const answer = await ask<T>(session, path, query, stop);
    if (stop.aborted) return;
    [this.answer, this.question, this.asked_ms] = [answer, question, performance.now()];
  }

  /** The same, where one panel's failure is that panel's alone; a key that is refused is everybody's. */
  async refreshAlone(path: string, query: Query, stop: AbortSignal): Promise<void> {
    try {
      await this.refresh(path, query, stop);
      this.problem = null;
    } catch (error) {
      if (stop.aborted) return;
      if (!(error instanceof Refusal) || error.ofKey) throw error;
      this.problem = error;
    }
    render();
  }

  /** Forgets the answer, so that the next round asks anew. */
  clear(): void {
    [this.answer, this.question, this.problem] = [null, "", null];
  }

  /** The next round asks anew; until then the answer stays. */
  expire(): void {
    this.question = "";
  }
}

let language: Language = chooseLanguage(readLanguage(), navigator.language);
let view: View = readView(location.hash);
/** undefined: not known yet; null: somebody has to sign in. */
let session: Session | null | undefined;
/** Why the last question failed; null after an answer. */
let refusal: Refusal | null = null;
/** What is wrong with the link that brought somebody here. */
let linkProblem = false;
/** The server's clock minus ours, and the shop's zone: what tells today. Known from the first answer on. */
let clock: { ahead_ms: number; time_zone: string } | null = null;
/** Asks for the funnel; null while somebody has to sign in. */
let poll: Poll | null = null;
/** Asks for what stands below the funnel, which may take longer and must not hold the funnel up. */
let pollBelow: Poll | null = null;

const main = new Source<FunnelAnswer>(0);
const groups = new Source<FunnelAnswer>(BELOW_EVERY_MS);
const byAgent = new Source<FunnelAnswer>(BELOW_EVERY_MS);
const cohorts = new Source<CohortsAnswer>(BELOW_EVERY_MS);
const notes = new Source<{ annotations: Annotation[] }>(BELOW_EVERY_MS);
const recent = new Source<RecentAnswer>(BELOW_EVERY_MS / 2);
const sources = [main, groups, byAgent, cohorts, notes, recent];

const csv = (path: string, query: () => Query) => () => (session ? askCsv(session, path, query()) : Promise.reject(new Refusal(0, "")));
const funnelPanel = new FunnelPanel(csv("funnel", () => figuresQuery()), () => poll?.now());
const tiles = new Tiles(csv("funnel", () => figuresQuery()));
const trend = new Trend({
  csv: csv("funnel", () => mainQuery()),
  look,
  annotate: (day, text) => write("POST", "annotations", { day, text }),
  forget: (id) => write("DELETE", `annotations/${id}`),
});
const breakdown = new Breakdown({ csv: csv("funnel", () => groupQuery(view.by)), look });
const cohortsPanel = new Cohorts(csv("cohorts", () => daysQuery()));
const moneyPanel = new MoneyPanel(csv("funnel", () => figuresQuery()));
const agents = new Agents(csv("funnel", () => groupQuery("agent")));
const arrivals = new Arrivals();
const figures = new Figures(csv("funnel", () => figuresQuery()));
const controls = new Controls(look);
const share = new ShareDialog(() => session, () => writeView(view), () => clock?.time_zone ?? "UTC", () => language);
find("funnel-place").append(funnelPanel.panel.root, tiles.panel.root);
for (const { panel } of [trend, breakdown, moneyPanel, agents, cohortsPanel, arrivals, figures]) find("panels").append(panel.root);

/** Looks at something else: the address says it, and `hashchange` does it. */
function look(change: Partial<View>): void {
  location.hash = writeView({ ...view, ...change });
}

/** The days that are looked at; null while only the server knows what today is. */
function daysNow(): Days | null {
  if (view.range === "custom") return view.custom;
  if (clock === null) return null;
  return daysOf(view.range, dayAt(Date.now() + clock.ahead_ms, clock.time_zone), view.custom);
}

function daysQuery(): Query {
  const days = daysNow();
  return days ? [["from", days.from], ["to", days.to]] : [];
}

/** The days, what they are compared with, and the filters. */
function figuresQuery(): Query {
  const compare: Query = view.compare === "none" ? [] : [["compare", view.compare]];
  return [...daysQuery(), ...compare, ...filterQuery()];
}

function filterQuery(): Query {
  return view.filters.map(({ dimension, value }) => [dimension, value] as const);
}

function mainQuery(): Query {
  const days = daysNow();
  return [...figuresQuery(), ["interval", intervalOf(view, days ? countDays(days) : 30)]];
}

function groupQuery(dimension: string): Query {
  return [...daysQuery(), ...filterQuery(), ["breakdown", dimension]];
}

/** One round of the poll: find out whom to ask for, ask for the funnel, show it. */
async function round(stop: AbortSignal): Promise<number | null> {
  try {
    if (session === undefined) {
      const found = await findSession();
      if (stop.aborted) return null;
      session = found;
    }
    if (session) {
      const onlyToday = clock === null && view.range !== "30-days" && view.range !== "custom";
      await main.refresh("funnel", mainQuery(), stop);
      if (stop.aborted) return null;
      setClock();
      // The first question only told which day it is; this one is about the days that were chosen.
      if (onlyToday) await main.refresh("funnel", mainQuery(), stop);
      if (stop.aborted) return null;
      keepSession(session);
    }
    refusal = null;
  } catch (error) {
    if (stop.aborted) return null;
    refuse(error);
  }
  if (stop.aborted) return null;
  render();
  if (session === null) stopAsking();
  else if (main.answer) pollBelow ??= startPoll(roundBelow);
  return refusal ? refusal.retry_after_ms : null;
}

/** One round of the poll for what stands below the funnel. */
async function roundBelow(stop: AbortSignal): Promise<number | null> {
  if (!session) return null;
  try {
    await Promise.all([
      groups.refreshAlone("funnel", groupQuery(view.by), stop),
      byAgent.refreshAlone("funnel", groupQuery("agent"), stop),
      notes.refreshAlone("annotations", daysQuery(), stop),
      ...(session.kind === "link" ? [] : [recent.refreshAlone("events/recent", [], stop)]),
      cohorts.refreshAlone("cohorts", daysQuery(), stop),
    ]);
  } catch (error) {
    if (stop.aborted) return null;
    refuse(error);
    render();
    if (session === null) stopAsking();
    return 0;
  }
  return sources.some(({ problem }) => problem) ? 0 : null;
}

/** Takes note of why there is no answer. */
function refuse(error: unknown): void {
  refusal = error instanceof Refusal ? error : new Refusal(0, "");
  if (!refusal.ofKey) return;
  // A demo that was started anew has a new key, so the next round asks for it; a typed key has to be typed again.
  forgetSession();
  session = session?.kind === "demo" ? undefined : null;
  sources.forEach((source) => source.clear());
}

function stopAsking(): void {
  poll?.stop();
  pollBelow?.stop();
  poll = pollBelow = null;
}

/** Asks for everything at once, because somebody came or something else is looked at. */
function askNow(): void {
  if (poll) poll.now();
  else poll = startPoll(round);
  pollBelow?.now();
}

function setClock(): void {
  const answer = main.answer;
  if (answer) clock = { ahead_ms: answer.answered_at_ms - Date.now(), time_zone: answer.time_zone };
}

/** Writes an annotation, or removes one, and shows what there is then. */
async function write(method: "POST" | "DELETE", path: string, body?: object): Promise<void> {
  if (!session) return;
  await tell(session, method, path, body);
  notes.expire();
  pollBelow?.now();
}

/** Puts everything known on the page. May be called at any time, any number of times. */
function render(): void {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const element of document.querySelectorAll<HTMLElement>("[data-word]")) {
    const word = element.dataset["word"];
    if (isWord(word)) setText(element, say(word, language));
  }
  const answer = main.answer;
  const signedOut = session === null;
  find("sign-in").hidden = !signedOut;
  find("report").hidden = signedOut;
  find("demo-link").hidden = session?.kind !== "demo";
  find("sign-out").hidden = !session || session.kind === "demo";
  find("share").hidden = !session || session.kind === "link";
  setText(find("shop"), answer?.shop ?? session?.shop ?? "");
  setText(find("sign-in-problem"), !signedOut ? "" : linkProblem ? say("wrong_link", language) : refusal ? problemText(refusal) : "");
  controls.show(view, answer, language);
  share.show(language);

  const empty = answer?.funnel.visitors === 0;
  const state = answer ? (empty ? "empty" : refusal ? "stale" : "ready") : refusal ? "problem" : "loading";
  find("report").dataset["state"] = state;
  const currency = answer?.currency ?? "CNY";
  funnelPanel.show(empty ? null : (answer?.funnel ?? null), noticeOf(state), language);
  tiles.show(answer, currency, language);
  trend.show(answer, notes.answer?.annotations ?? [], view, session?.kind !== "link", language);
  breakdown.show(groups.answer, view, currency, language);
  moneyPanel.show(answer, language);
  agents.show(byAgent.answer, currency, language);
  cohortsPanel.show(cohorts.answer, language);
  arrivals.panel.root.hidden = session?.kind === "link";
  arrivals.show(recent.answer, clock?.time_zone ?? "UTC", language);
  figures.show(answer, language);
  const fed: readonly (readonly [{ panel: Panel }, Source<unknown>])[] = [
    [tiles, main], [trend, main], [breakdown, groups], [moneyPanel, main], [agents, byAgent], [cohortsPanel, cohorts], [arrivals, recent], [figures, main],
  ];
  for (const [{ panel }, source] of fed) {
    panel.wait(source.answer === null && source.problem === null && refusal === null);
    // What fails for everybody is said once, above.
    const problem = panel === trend.panel ? notes.problem : source.problem;
    panel.complain(problem ? problemText(problem) : "");
  }
  renderDays(answer);
  renderStatus(answer);
}

function renderDays(answer: FunnelAnswer | null): void {
  const parts: string[] = [];
  if (answer) {
    parts.push(formatDays(answer.from, answer.to, language), answer.time_zone);
    if (answer.partial) parts.push(say("still_running", language));
  }
  setText(find("days"), parts.join(" · "));
  const share = answer?.cookieless_share ?? 0;
  const warns = answer !== null && share > COOKIELESS_WARNING && answer.from !== answer.to;
  find("cookieless-warning").hidden = !warns;
  setText(find("cookieless-warning"), warns ? say("cookieless_warning", language, { share: formatRate(share, language) }) : "");
  document.title = `${answer?.shop ?? "shopfunnel"} · ${say("page", language)}`;
}

function renderStatus(answer: FunnelAnswer | null): void {
  const fresh_ms = answer?.fresh_until ? Date.parse(answer.fresh_until) : NaN;
  const behind = answer !== null && answer.answered_at_ms - fresh_ms > BEHIND_MS;
  const status: Word = refusal ? "paused" : answer === null ? "connecting" : behind ? "behind" : "live";
  find("status").dataset["status"] = status;
  setText(find("status-word"), say(status, language));
  const time = answer && !Number.isNaN(fresh_ms) ? formatTime(fresh_ms, answer.time_zone) : "";
  setText(find("fresh"), time && say("complete_until", language, { time }));

  const old = answer && refusal ? formatTime(answer.answered_at_ms, answer.time_zone) : "";
  find("stale").hidden = !old;
  setText(find("stale"), refusal && old ? `${problemText(refusal)} ${say("stale", language, { time: old })}` : "");
}

/** What stands over the chart: loading, nobody yet, no figures. */
function noticeOf(state: "loading" | "empty" | "problem" | "stale" | "ready"): Notice | null {
  const quiet = { text: "", request: "", showsTag: false, triesAgain: false };
  if (state === "loading") return { ...quiet, title: say("loading", language) };
  if (state === "problem" && refusal) {
    const request = refusal.request_id ? say("request", language, { id: refusal.request_id }) : "";
    return { ...quiet, title: say("problem", language), text: problemText(refusal), request, triesAgain: true };
  }
  if (state !== "empty") return null;
  const title = say("empty", language);
  if (view.filters.length > 0) return { ...quiet, title, text: say("empty_filtered", language) };
  if (session?.kind === "demo") return { ...quiet, title, text: say("empty_demo", language) };
  return { ...quiet, title, text: say("empty_why", language), showsTag: session?.kind === "key" };
}

function problemText(problem: Refusal): string {
  const word = `says_${problem.code}`;
  const said = isWord(word) ? say(word, language) : "";
  if (said || problem.message) return said || problem.message;
  return say(problem.status === 0 ? "unreachable" : "unreadable", language);
}

function readLanguage(): string | null {
  try {
    return localStorage.getItem(LANGUAGE);
  } catch {
    return null;
  }
}

/** Takes what a share link brings, and leaves the token nowhere in the address. */
function takeShare(): void {
  const shared = shareOf(location.hash);
  if (!shared) return;
  history.replaceState(null, "", shared.rest ? `#${shared.rest}` : location.pathname);
  session = sessionOfShare(shared.token);
  sources.forEach((source) => source.clear());
  linkProblem = session === null;
  if (session) keepSession(session);
}

addEventListener("hashchange", () => {
  const before = view.by;
  takeShare();
  view = readView(location.hash);
  // What was broken down by something else would stand under the new name.
  if (view.by !== before) groups.clear();
  render();
  if (session === null) stopAsking();
  else askNow();
});

find("language").addEventListener("click", () => {
  language = language === "en" ? "zh" : "en";
  try {
    localStorage.setItem(LANGUAGE, language);
  } catch {
    // Storage is switched off: the choice lasts until the page is left.
  }
  render();
});

find("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = (id: string) => find<HTMLInputElement>(id).value.trim();
  session = { shop: typed("typed-shop"), key: typed("typed-key"), kind: "key" };
  refusal = null;
  linkProblem = false;
  render();
  askNow();
});

find("sign-out").addEventListener("click", () => {
  stopAsking();
  forgetSession();
  find<HTMLFormElement>("sign-in").reset();
  sources.forEach((source) => source.clear());
  session = refusal = clock = null;
  render();
});

takeShare();
view = readView(location.hash);
render();
if (session !== null) askNow();
