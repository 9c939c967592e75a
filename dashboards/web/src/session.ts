// Whose figures the page shows: the demo shop when the server has one, else what was typed into the sign-in form.
//
// A typed key lives in this tab's sessionStorage and nowhere else.

export interface Session {
  shop: string;
  read_key: string;
  demo: boolean;
}

const KEPT = "shopfunnel.session";

/**
 * The session to start with, or null when somebody has to sign in.
 * Rejects when the server cannot be reached or fails, since then nobody knows which of the two it is.
 */
export async function findSession(): Promise<Session | null> {
  const answer = await fetch("/demo/session.json", { cache: "no-store" });
  if (answer.ok) return { ...((await answer.json()) as Omit<Session, "demo">), demo: true };
  if (answer.status >= 500) throw new Error(`/demo/session.json answered ${answer.status}`);
  return keptSession();
}

function keptSession(): Session | null {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    return isSession(kept) ? { shop: kept.shop, read_key: kept.read_key, demo: false } : null;
  } catch {
    // Not JSON, or storage is switched off: signing in again is all that is lost.
    return null;
  }
}

export function keepSession(session: Session): void {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify({ shop: session.shop, read_key: session.read_key }));
  } catch {
    // Storage is switched off: the session lasts until the page is left.
  }
}

export function forgetSession(): void {
  try {
    sessionStorage.removeItem(KEPT);
  } catch {
    // Storage is switched off, so nothing was kept.
  }
}

function isSession(value: unknown): value is { shop: string; read_key: string } {
  return (
    typeof value === "object" &&
    value !== null &&
    "shop" in value &&
    typeof value.shop === "string" &&
    "read_key" in value &&
    typeof value.read_key === "string"
  );
}
