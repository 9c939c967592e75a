// Questions to the server about a shop. Each answers or throws a Refusal, nothing in between.

import type { Funnel } from "./metrics";
import type { Session } from "./session";

/** Longer than the server looks for an answer. */
const TIMEOUT_MS = 35_000;

/** What every answer about a window begins with. */
export interface Head {
  shop: string;
  from: string;
  to: string;
  time_zone: string;
  partial: boolean;
  fresh_until: string;
  /** The server's clock when it answered (epoch ms), so a wrong clock here moves no day. */
  answered_at_ms: number;
}

/** An amount of the `money` of an answer is text with 4 decimals; an average is null where its base is 0. */
export type Amounts = Record<string, string | null>;
export type Money = {
  currency: string;
  orders: number;
  waiting_payments: { count: number; amount: string } | null;
} & Amounts;

/** Figures of some visitors. */
export interface Figures {
  funnel: Funnel;
  money: Money[];
}

/** A sum of money by its id: 0 where nothing is in this currency. */
export function sumOf({ money }: Figures, id: string, currency: string): string {
  return money.find((one) => one.currency === currency)?.[id] ?? "0.0000";
}

export interface Bucket extends Figures {
  start: string;
}

export interface Group extends Figures {
  /** null is unknown. */
  value: string | null;
}

export interface FunnelAnswer extends Head, Figures {
  /** The shop's own. */
  currency: string;
  cookieless_share: number | null;
  series?: Bucket[];
  groups?: Group[];
  groups_left_off?: number;
  previous?: Figures & { from: string; to: string };
  notes?: { code: string; message: string }[];
}

export interface Outcome {
  inquirers: number;
  order_d0: number | null;
  order_final: number | null;
  paid_d0: number | null;
  paid_d1: number | null;
  paid_final: number | null;
  open: boolean;
}

export interface CohortsAnswer extends Head {
  total: Outcome;
  cohorts: ({ day: string } & Outcome)[];
}

/** An event as it was stored; what it has not is absent. */
export interface StoredEvent {
  id: string;
  kind: string;
  at: string;
  received_at: string;
  visitor?: string;
  bot: boolean;
  verified: boolean;
  url?: string;
  order_id?: string;
  amount?: string;
  currency?: string;
  agent?: string;
  channel?: string;
  product?: string;
  score?: number;
}

export interface RecentAnswer {
  fresh_until: string;
  events: StoredEvent[];
  answered_at_ms: number;
}

export interface Annotation {
  id: string;
  day: string;
  text: string;
}

/** Why there is no answer. `status` 0: the server was not reached; otherwise its HTTP status. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    /** The server's own sentence; empty when it sent none. */
    message: string,
    readonly code: string = "",
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

/** Parameters of a question; one that is named twice has two values. */
export type Query = readonly (readonly [string, string])[];

function address(session: Session, path: string, query: Query): string {
  const text = new URLSearchParams(query.map(([name, value]): [string, string] => [name, value])).toString();
  return `/v1/shops/${encodeURIComponent(session.shop)}/${path}${text && `?${text}`}`;
}

interface Failure {
  error?: { code?: string; message?: string; request_id?: string };
}

async function call(
  session: Session,
  path: string,
  query: Query,
  accept: string,
  stop: AbortSignal | null,
  request: RequestInit,
): Promise<Response> {
  const signals = [AbortSignal.timeout(TIMEOUT_MS), ...(stop ? [stop] : [])];
  let response: Response;
  try {
    response = await fetch(address(session, path, query), {
      ...request,
      headers: {
        authorization: `Bearer ${session.key}`,
        accept,
        ...(request.body ? { "content-type": "application/json" } : {}),
      },
      cache: "no-store",
      signal: AbortSignal.any(signals),
    });
  } catch {
    throw new Refusal(0, "");
  }
  if (response.ok) return response;
  const error = ((await response.json().catch(() => null)) as Failure | null)?.error;
  const wait_ms = Number(response.headers.get("retry-after") ?? 0) * 1000 || 0;
  throw new Refusal(response.status, error?.message ?? "", error?.code, error?.request_id, wait_ms);
}

/**
 * What `GET /v1/shops/{shop}/{path}` answers.
 *
 * @throws Refusal on every failure except being stopped by `stop`.
 */
export async function ask<T>(session: Session, path: string, query: Query, stop: AbortSignal): Promise<T> {
  const response = await call(session, path, query, "application/json", stop, {});
  const body = (await response.json().catch(() => null)) as object | null;
  if (!body || !("shop" in body)) throw new Refusal(response.status, "");
  return { ...body, answered_at_ms: Date.parse(response.headers.get("date") ?? "") || Date.now() } as T;
}

/** The same as CSV, byte for byte as the server writes it. */
export async function askCsv(session: Session, path: string, query: Query): Promise<Blob> {
  return (await call(session, path, query, "text/csv", null, {})).blob();
}

/** Writes something about the shop. */
export async function tell<T>(
  session: Session,
  method: "POST" | "DELETE",
  path: string,
  body?: object,
): Promise<T | null> {
  const request = { method, ...(body ? { body: JSON.stringify(body) } : {}) };
  const response = await call(session, path, [], "application/json", null, request);
  return response.status === 204 ? null : ((await response.json()) as T);
}
