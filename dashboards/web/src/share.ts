// The dialog that makes a share link.

import { tell } from "./ask";
import { find, setOptions, setText } from "./element";
import { formatMoment } from "./format";
import type { Scene } from "./scene";
import { writeView } from "./view";
import { type Language, say } from "./words";

const DAYS = ["7", "30", "90", "366"] as const;

/** What the server answers. */
interface Made {
  token: string;
  expires_at: string;
}

export class ShareDialog {
  readonly #scene: () => Scene;
  readonly #dialog = find<HTMLDialogElement>("share-dialog");
  readonly #days = find<HTMLSelectElement>("share-days");
  readonly #link = find<HTMLInputElement>("share-link");
  readonly #expires = find("share-expires");
  readonly #problem = find("share-problem");
  readonly #copied = find("share-copied");

  constructor(scene: () => Scene) {
    this.#scene = scene;
    find("share").addEventListener("click", () => {
      this.#clear();
      this.#dialog.showModal();
    });
    find("share-close").addEventListener("click", () => this.#dialog.close());
    find("share-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const { session } = scene();
      if (!session) return;
      this.#clear();
      tell<Made>(session, "POST", "share-links", { days: Number(this.#days.value) }).then(
        (made) => made && this.#showLink(made),
        (error: unknown) => {
          const why = error instanceof Error ? error.message : "";
          setText(this.#problem, why || say("unreachable", scene().language));
        },
      );
    });
    find("share-copy").addEventListener("click", () => {
      this.#link.select();
      const done = () => setText(this.#copied, say("copied", scene().language));
      // Not on a page that came without TLS; the link stays selected for Ctrl-C.
      navigator.clipboard?.writeText(this.#link.value).then(done, () => undefined);
    });
  }

  show(language: Language): void {
    const options = DAYS.map((days) => [days, say("days", language, { count: days })] as const);
    setOptions(this.#days, options, this.#days.value || "30");
  }

  #showLink({ token, expires_at }: Made): void {
    const { view, timeZone, language } = this.#scene();
    const rest = writeView(view);
    // The page's own origin: whoever makes the link reaches the server by it.
    this.#link.value = `${location.origin}/#share=${token}${rest && `&${rest}`}`;
    find("share-made").hidden = false;
    this.#link.select();
    setText(this.#expires, say("expires", language, { time: formatMoment(expires_at, timeZone, language) }));
  }

  #clear(): void {
    this.#link.value = "";
    find("share-made").hidden = true;
    for (const element of [this.#problem, this.#expires, this.#copied]) setText(element, "");
  }
}
