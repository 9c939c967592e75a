// The address of the page: the view that its hash means, and the token that a share link brings.

import { shareOf } from "./session";
import { type View, readView, writeView } from "./view";

export class Address {
  readonly #takeToken: (token: string) => void;
  view: View = readView(location.hash);

  /** `takeToken` is called with the token of each share link that is opened. */
  constructor(takeToken: (token: string) => void) {
    this.#takeToken = takeToken;
  }

  /** Reads the address, and leaves the token of a share link nowhere in it. */
  read(): void {
    const shared = shareOf(location.hash);
    if (shared) {
      history.replaceState(null, "", shared.rest ? `#${shared.rest}` : location.pathname);
      this.#takeToken(shared.token);
    }
    this.view = readView(location.hash);
  }

  /** Looks at something else: the address says it, and `follow` reads it. */
  look(change: Partial<View>): void {
    location.hash = writeView({ ...this.view, ...change });
  }

  /** Calls `changed` with the view before, whenever the address has become another. */
  follow(changed: (before: View) => void): void {
    addEventListener("hashchange", () => {
      const before = this.view;
      this.read();
      changed(before);
    });
  }
}
