// The steps of the funnel: which counts and rates they show, where they stand, how each explains itself.

import { formatCount, formatRate } from "../../format";
import {
  type Count,
  DEFINITIONS,
  type Funnel,
  LABELS,
  type Rate,
  formulaInNumbers,
  formulaInWords,
} from "../../metrics";
import { type Language, say, sentences } from "../../words";
import { WORDS } from "./words";

/** A step of the funnel: a count, and the rate and the step before that lead to it. */
export interface Step {
  count: Count;
  rate?: Rate;
  before?: Count;
}

/** Where a label stands: under a branch, under the middle, at an end of its row. */
export type Place = "edge-left" | "left" | "middle" | "right" | "edge-right";

/** Each label under a bar, by where it stands. */
export const LABELED: readonly (Step & { row: number; place: Place })[] = [
  { count: "open", row: 1, place: "edge-left" },
  { count: "effective", rate: "effective_entry_rate", row: 1, place: "middle" },
  { count: "bounced", rate: "bounce_rate", row: 1, place: "edge-right" },
  { count: "inquirers", rate: "inquiry_rate", row: 2, place: "left" },
  { count: "silent_visitors", row: 2, place: "right" },
  { count: "inquiry_buyers", rate: "inquiry_conversion_rate", before: "inquirers", row: 3, place: "left" },
  {
    count: "silent_buyers",
    rate: "silent_conversion_rate",
    before: "silent_visitors",
    row: 3,
    place: "right",
  },
  { count: "inquiry_payers", rate: "inquiry_paid_rate", before: "inquiry_buyers", row: 4, place: "left" },
  { count: "silent_payers", rate: "silent_paid_rate", before: "silent_buyers", row: 4, place: "right" },
];

/** Each title over a row: the count of both branches together. */
export const TITLED: readonly (Step & { row: number })[] = [
  { count: "visitors", row: 0 },
  { count: "buyers", row: 3 },
  { count: "payers", rate: "payment_rate", row: 4 },
];

export function stepOf(count: Count): Step {
  return [...LABELED, ...TITLED].find((step) => step.count === count) ?? { count };
}

/** What a step says when it is asked: its count, who is counted, how its rate is made, who was lost. */
export function explanationOf({ count, rate, before }: Step, funnel: Funnel, language: Language): string {
  const show = (number: number) => formatCount(number, language);
  const name = (id: Count | Rate) => LABELS[id][language];
  const definition = DEFINITIONS[count][language];
  const parts = [say(WORDS.counted, language, { name: name(count), count: show(funnel[count]), definition })];
  if (rate) {
    const figure = formatRate(funnel[rate], language);
    const formula = [formulaInWords(rate, language), formulaInNumbers(rate, funnel, show), figure];
    parts.push(say(WORDS.rated, language, { name: name(rate), formula: formula.join(" = ") }));
  }
  if (before) parts.push(say(WORDS.lost_here, language, { count: show(funnel[before] - funnel[count]) }));
  return sentences(parts, language);
}
