// Why there is no answer, in words.

import type { Refusal } from "./ask";
import { type Language, isWord, say } from "./words";

export function problemText(problem: Refusal, language: Language): string {
  const word = `says_${problem.code}`;
  const said = isWord(word) ? say(word, language) : "";
  if (said || problem.message) return said || problem.message;
  return say(problem.status === 0 ? "unreachable" : "unreadable", language);
}
