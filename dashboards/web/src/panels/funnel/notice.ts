// What stands over the picture while there is none: that figures are loading, that nobody came, why there are
// none.

import { html, setText, unpictured } from "../../element";
import { problemText } from "../../problem";
import { type Scene, stateOf } from "../../scene";
import { say } from "../../words";
import { snippet } from "../snippet";
import { WORDS } from "./words";

/** What is said. */
interface Said {
  title: string;
  text?: string;
  /** The server's name for the request that failed. */
  request?: string;
  showsTag?: boolean;
  triesAgain?: boolean;
}

export class Notice {
  readonly #title = html("strong");
  readonly #text = html("p");
  readonly #tag = snippet();
  readonly #request = html("p", "quiet");
  readonly #again = html("button");
  readonly root = unpictured(
    html("div", "notice", this.#title, this.#text, this.#tag, this.#request, this.#again),
  );

  constructor(tryAgain: () => void) {
    this.root.setAttribute("role", "status");
    this.#again.type = "button";
    this.#again.id = "try-again";
    this.#again.addEventListener("click", tryAgain);
  }

  show(scene: Scene): void {
    const said = saidOf(scene);
    this.root.hidden = said === null;
    setText(this.#title, said?.title ?? "");
    setText(this.#text, said?.text ?? "");
    setText(this.#request, said?.request ?? "");
    setText(this.#again, say(WORDS.try_again, scene.language));
    this.#tag.hidden = !said?.showsTag;
    this.#again.hidden = !said?.triesAgain;
  }
}

function saidOf(scene: Scene): Said | null {
  const { language, refusal, session, view } = scene;
  const state = stateOf(scene);
  if (state === "loading") return { title: say(WORDS.loading, language) };
  if (state === "problem" && refusal) {
    const request = refusal.request_id ? say(WORDS.request, language, { id: refusal.request_id }) : "";
    return {
      title: say(WORDS.problem, language),
      text: problemText(refusal, language),
      request,
      triesAgain: true,
    };
  }
  if (state !== "empty") return null;
  const title = say(WORDS.empty, language);
  if (view.filters.length > 0) return { title, text: say(WORDS.empty_filtered, language) };
  if (session?.kind === "demo") return { title, text: say(WORDS.empty_demo, language) };
  return { title, text: say(WORDS.empty_why, language), showsTag: session?.kind === "key" };
}
