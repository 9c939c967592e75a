// What tracked values are called on the page. Most stand as they were tracked; those that the server makes up, and
// countries, have names in both languages.

import { type Language, type Word, isWord, say } from "./words";

/** The words of values that the server makes up, by dimension. */
const MADE_UP: Partial<Record<string, readonly string[]>> = {
  source: ["direct"],
  device: ["desktop", "mobile", "tablet"],
  customer_type: ["old", "new"],
};

/** A value of a dimension as people call it; null or empty is unknown. */
export function nameOf(dimension: string, value: string | null, language: Language): string {
  if (!value) return say("unknown", language);
  const word = `value_${value}`;
  if (MADE_UP[dimension]?.includes(value) && isWord(word)) return say(word, language);
  if (dimension === "country" && /^[A-Z]{2}$/.test(value)) {
    return new Intl.DisplayNames(language === "zh" ? "zh-CN" : "en", { type: "region", fallback: "code" }).of(value) ?? value;
  }
  return value;
}

/** The kind of an event. */
export function kindOf(kind: string, language: Language): string {
  const word = `kind_${kind}`;
  return isWord(word) ? say(word satisfies Word, language) : kind;
}
