// The language of the page, which the browser keeps from one visit to the next.

import { type Language, chooseLanguage } from "./words";

const KEPT = "shopfunnel.language";

/** The language that was kept, else the browser's. */
export function findLanguage(): Language {
  let kept: string | null = null;
  try {
    kept = localStorage.getItem(KEPT);
  } catch {
    // Storage is switched off, so nothing was kept.
  }
  return chooseLanguage(kept, navigator.language);
}

export function keepLanguage(language: Language): void {
  try {
    localStorage.setItem(KEPT, language);
  } catch {
    // Storage is switched off: the choice lasts until the page is left.
  }
}
