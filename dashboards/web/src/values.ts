// What tracked values are called on the page. Most stand as they were tracked; those that the server finds
// out by itself, and countries, have names in both languages.

import { CLOSED_VALUES } from "./catalogue";
import type { Dimension } from "./view";
import { type Language, isWord, say } from "./words";

/** Values that the server finds out, by dimension; the words of `value_…` name them. */
export const FOUND_OUT: Partial<Record<Dimension, readonly string[]>> = {
  source: ["direct"],
  medium: ["direct", "search", "social", "referral", "email", "cpc", "display", "ai", "shopping"],
  campaign: ["direct"],
  device: ["desktop", "mobile", "tablet", "tv", "console"],
  ...CLOSED_VALUES,
};

/** What pages named beyond the bounds of new values. */
const OTHER = "(other)";

const COUNTRIES: Record<Language, Intl.DisplayNames> = {
  en: new Intl.DisplayNames("en", { type: "region", fallback: "code" }),
  zh: new Intl.DisplayNames("zh-CN", { type: "region", fallback: "code" }),
};

/** A value of a dimension as people call it; null or empty is unknown. */
export function nameOf(dimension: Dimension, value: string | null, language: Language): string {
  if (!value) return say("unknown", language);
  if (value === OTHER) return say("beyond_bound", language);
  const word = `value_${value}`;
  if (FOUND_OUT[dimension]?.includes(value) && isWord(word)) return say(word, language);
  if (dimension === "country" && /^[A-Z]{2}$/.test(value)) return COUNTRIES[language].of(value) ?? value;
  return value;
}

/** The kind of an event. */
export function kindOf(kind: string, language: Language): string {
  const word = `kind_${kind}`;
  return isWord(word) ? say(word, language) : kind;
}
