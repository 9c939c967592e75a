// Titles and sentences of the boards in both languages. What figures and dimensions are called stands in the
// server's catalogue, of which the page's catalogue.ts is written.

import { DIMENSION_NAMES, LABELS, MONEY_LABELS } from "../../web/src/catalogue";

export type Language = "en" | "zh";
export const LANGUAGES: readonly Language[] = ["en", "zh"];

export interface Wording {
  en: string;
  zh: string;
}

export const say = (wording: Wording, language: Language): string => wording[language];

export type Dimension = keyof typeof DIMENSION_NAMES;

export const labelOf = (id: keyof typeof LABELS, language: Language): string => LABELS[id][language];

export const amountOf = (id: keyof typeof MONEY_LABELS, language: Language): string =>
  MONEY_LABELS[id][language];

export const dimensionOf = (id: Dimension, language: Language): string => DIMENSION_NAMES[id][language];
