// Puts on the page what belongs to no panel: who is signed in, which days are shown, and whether the figures
// are live.

import type { FunnelAnswer } from "./ask";
import { find, setText } from "./element";
import { formatDays, formatRate, formatTime } from "./format";
import { problemText } from "./problem";
import { type Scene, stateOf } from "./scene";
import { type Language, type Word, isWord, say, sentences } from "./words";

/** Figures this far behind the server's clock are called so. */
const BEHIND_MS = 120_000;
/** From this share of visitors without an id on, figures of several days are warned of. */
const COOKIELESS_WARNING = 0.2;

/** May be called at any time, any number of times. */
export function render(scene: Scene): void {
  document.documentElement.lang = scene.language === "zh" ? "zh-CN" : "en";
  for (const element of document.querySelectorAll<HTMLElement>("[data-word]")) {
    const word = element.dataset["word"];
    if (isWord(word)) setText(element, say(word, scene.language));
  }
  find("report").dataset["state"] = stateOf(scene);
  renderSession(scene);
  renderDays(scene.answer, scene.language);
  renderStatus(scene);
}

function renderSession({ language, session, hasBrokenLink, answer, refusal }: Scene): void {
  const signedOut = session === null;
  find("sign-in").hidden = !signedOut;
  find("report").hidden = signedOut;
  find("demo-link").hidden = session?.kind !== "demo";
  find("sign-out").hidden = !session || session.kind === "demo";
  find("share").hidden = !session || session.kind === "link";
  setText(find("shop"), answer?.shop ?? session?.shop ?? "");
  const problem = hasBrokenLink ? say("wrong_link", language) : refusal ? problemText(refusal, language) : "";
  setText(find("sign-in-problem"), signedOut ? problem : "");
}

function renderDays(answer: FunnelAnswer | null, language: Language): void {
  const parts: string[] = [];
  if (answer) {
    parts.push(formatDays(answer.from, answer.to, language), answer.time_zone);
    if (answer.partial) parts.push(say("still_running", language));
  }
  setText(find("days"), parts.join(" · "));
  const share = answer?.cookieless_share ?? 0;
  const warns = answer !== null && share > COOKIELESS_WARNING && answer.from !== answer.to;
  const warning = warns ? say("cookieless_warning", language, { share: formatRate(share, language) }) : "";
  find("cookieless-warning").hidden = !warns;
  setText(find("cookieless-warning"), warning);
  document.title = `${answer?.shop ?? "shopfunnel"} · ${say("page", language)}`;
}

function renderStatus({ language, answer, refusal }: Scene): void {
  const fresh_ms = answer?.fresh_until ? Date.parse(answer.fresh_until) : NaN;
  const behind = answer !== null && answer.answered_at_ms - fresh_ms > BEHIND_MS;
  const status: Word = refusal ? "paused" : answer === null ? "connecting" : behind ? "behind" : "live";
  find("status").dataset["status"] = status;
  setText(find("status-word"), say(status, language));
  const time = answer && !Number.isNaN(fresh_ms) ? formatTime(fresh_ms, answer.time_zone) : "";
  setText(find("fresh"), time && say("complete_until", language, { time }));

  const old = answer && refusal ? formatTime(answer.answered_at_ms, answer.time_zone) : "";
  const why = refusal ? problemText(refusal, language) : "";
  find("stale").hidden = !old;
  setText(find("stale"), old && sentences([why, say("stale", language, { time: old })], language));
}
