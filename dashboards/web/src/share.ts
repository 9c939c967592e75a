// The dialog that makes a share link.

import { tell } from "./ask";
import { find, setOptions, setText } from "./element";
import { formatMoment } from "./format";
import type { Session } from "./session";
import { type Language, say } from "./words";

const DAYS = ["7", "30", "90", "366"] as const;

export class ShareDialog {
  private readonly dialog = find<HTMLDialogElement>("share-dialog");
  private readonly days = find<HTMLSelectElement>("share-days");
  private readonly link = find<HTMLInputElement>("share-link");
  private readonly expires = find("share-expires");
  private readonly problem = find("share-problem");
  private readonly copied = find("share-copied");

  /** `rest`: what else the link's address says, the view. */
  constructor(session: () => Session | null | undefined, rest: () => string, timeZone: () => string, language: () => Language) {
    find("share").addEventListener("click", () => {
      this.clear();
      this.dialog.showModal();
    });
    find("share-close").addEventListener("click", () => this.dialog.close());
    find("share-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const mine = session();
      if (!mine) return;
      this.clear();
      tell<{ token: string; expires_at: string }>(mine, "POST", "share-links", { days: Number(this.days.value) }).then(
        (made) => {
          if (!made) return;
          // The page's own origin: whoever makes the link reaches the server by it.
          const view = rest();
          this.link.value = `${location.origin}/#share=${made.token}${view && `&${view}`}`;
          find("share-made").hidden = false;
          this.link.select();
          setText(this.expires, say("expires", language(), { time: formatMoment(made.expires_at, timeZone(), language()) }));
        },
        (error: unknown) => setText(this.problem, error instanceof Error && error.message ? error.message : say("unreachable", language())),
      );
    });
    find("share-copy").addEventListener("click", () => {
      this.link.select();
      const done = () => setText(this.copied, say("copied", language()));
      // Not on a page that came without TLS; the link stays selected for Ctrl-C.
      navigator.clipboard?.writeText(this.link.value).then(done, () => undefined);
    });
  }

  show(language: Language): void {
    setOptions(this.days, DAYS.map((days) => [days, say("days", language, { count: days })] as const), this.days.value || "30");
  }

  private clear(): void {
    this.link.value = "";
    find("share-made").hidden = true;
    for (const element of [this.problem, this.expires, this.copied]) setText(element, "");
  }
}
