// What is known at one moment, as the page and its panels show it.

import type { FunnelAnswer, Refusal } from "./ask";
import type { Session } from "./session";
import type { View } from "./view";
import type { Language } from "./words";

export type State = "loading" | "problem" | "empty" | "stale" | "ready";

export interface Scene {
  language: Language;
  view: View;
  /** undefined: not known yet; null: somebody has to sign in. */
  session: Session | null | undefined;
  /** The link that brought somebody here is incomplete. */
  hasBrokenLink: boolean;
  /** The figures of the days that are looked at, compared, and in buckets. */
  answer: FunnelAnswer | null;
  /** Why the last question had no answer; null after an answer. */
  refusal: Refusal | null;
  /** The shop's own, as far as it is known. */
  currency: string;
  timeZone: string;
}

export function stateOf({ answer, refusal }: Scene): State {
  if (!answer) return refusal ? "problem" : "loading";
  if (answer.funnel.visitors === 0) return "empty";
  return refusal ? "stale" : "ready";
}
