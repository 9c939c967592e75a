// One question to the server: the funnel of a shop over some days. Answers or throws a Refusal, nothing in between.

import type { Funnel } from "./metrics";
import type { Days } from "./range";
import type { Session } from "./session";

const TIMEOUT_MS = 15_000;

export interface Answer {
  shop: string;
  from: string;
  to: string;
  time_zone: string;
  partial: boolean;
  fresh_until: string | null;
  funnel: Funnel;
  cookieless_share: number | null;
  /** The server's clock when it answered (epoch ms), so a wrong clock here moves no day. */
  answered_at_ms: number;
}

/** Why there is no answer. `status` 0: the server was not reached; otherwise its HTTP status. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    /** The server's own sentence; empty when it sent none. */
    message: string,
    readonly request_id: string = "",
    readonly retry_after_ms: number = 0,
  ) {
    super(message);
  }

  /** The key or the shop is not accepted: asking again with them cannot help. */
  get ofKey(): boolean {
    return this.status === 401 || this.status === 403 || this.status === 404;
  }
}

/**
 * Asks for `days`, or for the server's last 30 days when null.
 *
 * @throws Refusal on every failure except being stopped by `stop`.
 */
export async function askFunnel(session: Session, days: Days | null, stop: AbortSignal): Promise<Answer> {
  const query = days ? `?${new URLSearchParams({ from: days.from, to: days.to })}` : "";
  let response: Response;
  try {
    response = await fetch(`/v1/shops/${encodeURIComponent(session.shop)}/funnel${query}`, {
      headers: { authorization: `Bearer ${session.read_key}`, accept: "application/json" },
      cache: "no-store",
      signal: AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT_MS)]),
    });
  } catch {
    throw new Refusal(0, "");
  }
  const body = (await response.json().catch(() => null)) as Partial<Answer> & {
    error?: { message?: string; request_id?: string };
  } | null;
  if (!response.ok) {
    throw new Refusal(
      response.status,
      body?.error?.message ?? "",
      body?.error?.request_id,
      Number(response.headers.get("retry-after") ?? 0) * 1000 || 0,
    );
  }
  if (!body?.funnel || !body.time_zone) throw new Refusal(response.status, "");
  return { ...(body as Answer), answered_at_ms: Date.parse(response.headers.get("date") ?? "") || Date.now() };
}
