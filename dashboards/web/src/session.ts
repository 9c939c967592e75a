// Whose figures the page shows, and with what right: a share link, the demo shop when the server has one,
// else what was typed into the sign-in form.
//
// A key or a link's token lives in this tab's sessionStorage and nowhere else; the address loses it at once.

export interface Session {
  shop: string;
  /** A read key, or a share link's token. */
  key: string;
  kind: "key" | "link" | "demo";
}

const KEPT = "shopfunnel.session";

/** The token that the address brings (`#share=sl_…`), and the hash without it. */
export function shareOf(hash: string): { token: string; rest: string } | null {
  const said = new URLSearchParams(hash.replace(/^#/, ""));
  const token = said.get("share");
  if (token === null) return null;
  said.delete("share");
  return { token, rest: said.toString() };
}

/** The session of a share link; null when the token has not the form of one. */
export function sessionOfShare(token: string): Session | null {
  const shop = /^sl_([a-z0-9-]{1,40})\.[0-9a-f]{1,16}\.[0-9a-f]{64}$/.exec(token)?.[1];
  return shop ? { shop, key: token, kind: "link" } : null;
}

/** The session of whoever looks at the page now. */
export class Access {
  /** undefined: not known yet; null: somebody has to sign in. */
  session: Session | null | undefined;
  /** The link that brought somebody here is incomplete. */
  hasBrokenLink = false;

  /** Finds the session to start with. Rejects when the server cannot say whether somebody has to sign in. */
  async find(stop: AbortSignal): Promise<void> {
    if (this.session !== undefined) return;
    const found = await findSession();
    if (!stop.aborted) this.session = found;
  }

  takeLink(token: string): void {
    this.session = sessionOfShare(token);
    this.hasBrokenLink = this.session === null;
    if (this.session) keepSession(this.session);
  }

  signIn(shop: string, key: string): void {
    this.session = { shop, key, kind: "key" };
    this.hasBrokenLink = false;
  }

  signOut(): void {
    forgetSession();
    this.session = null;
  }

  /**
   * The key is not accepted. A demo that was started anew has a new one; a typed key has to be typed again.
   */
  lose(): void {
    forgetSession();
    this.session = this.session?.kind === "demo" ? undefined : null;
  }
}

/**
 * The session to start with, or null when somebody has to sign in.
 * Rejects when the server cannot be reached or fails, since then nobody knows which of the two it is.
 */
async function findSession(): Promise<Session | null> {
  const kept = keptSession();
  if (kept) return kept;
  const answer = await fetch("/demo/session.json", { cache: "no-store" });
  if (answer.ok) {
    const { shop, read_key } = (await answer.json()) as { shop: string; read_key: string };
    return { shop, key: read_key, kind: "demo" };
  }
  if (answer.status >= 500) throw new Error(`/demo/session.json answered ${answer.status}`);
  return null;
}

function keptSession(): Session | null {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    if (!isSession(kept)) return null;
    return { shop: kept.shop, key: kept.key, kind: kept.key.startsWith("sl_") ? "link" : "key" };
  } catch {
    // Not JSON, or storage is switched off: signing in again is all that is lost.
    return null;
  }
}

export function keepSession(session: Session): void {
  if (session.kind === "demo") return;
  try {
    sessionStorage.setItem(KEPT, JSON.stringify({ shop: session.shop, key: session.key }));
  } catch {
    // Storage is switched off: the session lasts until the page is left.
  }
}

function forgetSession(): void {
  try {
    sessionStorage.removeItem(KEPT);
  } catch {
    // Storage is switched off, so nothing was kept.
  }
}

function isSession(value: unknown): value is { shop: string; key: string } {
  return (
    typeof value === "object" &&
    value !== null &&
    "shop" in value &&
    typeof value.shop === "string" &&
    "key" in value &&
    typeof value.key === "string"
  );
}
