// The page: what it knows, what it asks, what it shows. The only module with state; the others draw, ask or compute.

import { type Answer, Refusal, askFunnel } from "./ask";
import { Chart } from "./chart";
import { find, html, setText } from "./element";
import { formatDays, formatRate, formatTime } from "./format";
import { type Poll, startPoll } from "./poll";
import { RANGES, type Days, dayAt, daysOf, rangeOfHash } from "./range";
import { type Session, findSession, forgetSession, keepSession } from "./session";
import { Table } from "./table";
import { Tiles } from "./tiles";
import { type Language, type Word, chooseLanguage, isWord, say } from "./words";

const LANGUAGE = "shopfunnel.language";
/** Figures this far behind the server's clock are called so. */
const BEHIND_MS = 120_000;

let language: Language = chooseLanguage(readLanguage(), navigator.language);
let range = rangeOfHash(location.hash);
/** undefined: not known yet; null: somebody has to sign in. */
let session: Session | null | undefined;
let answer: Answer | null = null;
/** Why the last question failed; null after an answer. */
let refusal: Refusal | null = null;
/** The server's clock minus ours, and the shop's zone: what tells today. Known from the first answer on. */
let clock: { ahead_ms: number; time_zone: string } | null = null;
let poll: Poll;

const chart = new Chart(find<SVGSVGElement>("chart"));
const tiles = new Tiles(find("tiles"));
const table = new Table(find("figures"));
const rangeButtons = RANGES.map((name) => {
  const button = html("button");
  button.type = "button";
  button.dataset["word"] = name;
  // The hash is the range's only home: the button sets it, `hashchange` reads it.
  button.addEventListener("click", () => (location.hash = name));
  find("ranges").append(button);
  return { name, button };
});

/** The days to ask for; null lets the server say what today is. */
function daysToAsk(): Days | null {
  if (range === "30-days" || clock === null) return null;
  return daysOf(range, dayAt(Date.now() + clock.ahead_ms, clock.time_zone));
}

/** One round of the poll: find out whom to ask for, ask, show. */
async function ask(stop: AbortSignal): Promise<number | null> {
  try {
    session ??= await findSession();
    if (stop.aborted) return null;
    if (session) {
      let got = await askFunnel(session, daysToAsk(), stop);
      if (clock === null && range !== "30-days") {
        // The first question only told which day it is; this one is about the days that were chosen.
        setClock(got);
        got = await askFunnel(session, daysToAsk(), stop);
      }
      setClock(got);
      if (stop.aborted) return null;
      if (!session.demo) keepSession(session);
      answer = got;
    }
    refusal = null;
  } catch (error) {
    if (stop.aborted) return null;
    refusal = error instanceof Refusal ? error : new Refusal(0, "");
    if (refusal.ofKey) {
      // A demo that was started anew has a new key, so the next round asks for it; a typed key has to be typed again.
      forgetSession();
      session = session?.demo ? undefined : null;
      answer = null;
    }
  }
  render();
  if (session === null) poll.stop();
  return refusal ? refusal.retry_after_ms : null;
}

function setClock(got: Answer): void {
  clock = { ahead_ms: got.answered_at_ms - Date.now(), time_zone: got.time_zone };
}

/** Puts everything known on the page. May be called at any time, any number of times. */
function render(): void {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const element of document.querySelectorAll<HTMLElement>("[data-word]")) {
    const word = element.dataset["word"];
    if (isWord(word)) setText(element, say(word, language));
  }
  const signedOut = session === null;
  find("sign-in").hidden = !signedOut;
  find("report").hidden = signedOut;
  find("demo-link").hidden = !session?.demo;
  find("sign-out").hidden = !session || session.demo;
  setText(find("shop"), answer?.shop ?? session?.shop ?? "");
  setText(find("sign-in-problem"), signedOut && refusal ? problemText(refusal) : "");
  for (const { name, button } of rangeButtons) button.setAttribute("aria-pressed", String(name === range));

  const empty = answer?.funnel.visitors === 0;
  const funnel = answer?.funnel ?? null;
  chart.show(empty ? null : funnel, language);
  tiles.show(funnel, language);
  table.show(funnel, language);
  renderDays();
  renderStatus();
  renderNotice(empty);
}

function renderDays(): void {
  const parts: string[] = [];
  if (answer) {
    parts.push(formatDays(answer.from, answer.to, language), answer.time_zone);
    if (answer.partial) parts.push(say("still_running", language));
  }
  setText(find("days"), parts.join(" · "));
  const share = answer?.cookieless_share ?? 0;
  setText(find("cookieless"), share > 0 ? say("cookieless", language, { share: formatRate(share, language) }) : "");
  document.title = `${answer?.shop ?? "shopfunnel"} · ${say("page", language)}`;
}

function renderStatus(): void {
  const fresh_ms = answer?.fresh_until ? Date.parse(answer.fresh_until) : NaN;
  const behind = answer !== null && answer.answered_at_ms - fresh_ms > BEHIND_MS;
  const status: Word = refusal ? "paused" : answer === null ? "connecting" : behind ? "behind" : "live";
  find("status").dataset["status"] = status;
  setText(find("status-word"), say(status, language));
  const time = answer && !Number.isNaN(fresh_ms) ? formatTime(fresh_ms, answer.time_zone) : "";
  setText(find("fresh"), time && say("complete_until", language, { time }));
}

/** The panel over the chart: loading, nobody yet, no figures; and the strip at the foot when the figures are old. */
function renderNotice(empty: boolean): void {
  const state = answer ? (empty ? "empty" : refusal ? "stale" : "ready") : refusal ? "problem" : "loading";
  find("report").dataset["state"] = state;
  find("tag").hidden = state !== "empty" || session?.demo === true;
  find("try-again").hidden = state !== "problem";
  setText(find("tag"), `<script defer src="${location.origin}/s.js" data-shop="pk_…"></script>`);
  const [title, text] =
    state === "loading" ? [say("loading", language), ""]
    : state === "empty" ? [say("empty", language), say(session?.demo ? "empty_demo" : "empty_why", language)]
    : state === "problem" && refusal ? [say("problem", language), problemText(refusal)]
    : ["", ""];
  setText(find("notice-title"), title);
  setText(find("notice-text"), text);
  setText(find("notice-request"), state === "problem" && refusal?.request_id ? requestText(refusal) : "");

  const time = answer ? formatTime(answer.answered_at_ms, answer.time_zone) : "";
  find("stale").hidden = !(answer && refusal);
  setText(find("stale"), answer && refusal ? `${problemText(refusal)} ${say("stale", language, { time })}` : "");
}

function problemText(problem: Refusal): string {
  if (problem.message) return problem.message;
  return say(problem.status === 0 ? "unreachable" : "unreadable", language);
}

function requestText(problem: Refusal): string {
  return say("request", language, { id: problem.request_id });
}

function readLanguage(): string | null {
  try {
    return localStorage.getItem(LANGUAGE);
  } catch {
    return null;
  }
}

addEventListener("hashchange", () => {
  range = rangeOfHash(location.hash);
  render();
  if (session !== null) poll.now();
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

find("try-again").addEventListener("click", () => poll.now());

find("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = (id: string) => find<HTMLInputElement>(id).value.trim();
  session = { shop: typed("typed-shop"), read_key: typed("typed-key"), demo: false };
  refusal = null;
  render();
  poll = startPoll(ask);
});

find("sign-out").addEventListener("click", () => {
  poll.stop();
  forgetSession();
  find<HTMLFormElement>("sign-in").reset();
  session = answer = refusal = clock = null;
  render();
});

render();
poll = startPoll(ask);
