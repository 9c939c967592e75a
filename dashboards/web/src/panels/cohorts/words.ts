import { COHORT_LABELS } from "../../catalogue";

export const WORDS = {
  cohorts: { en: "Inquiry cohorts", zh: "咨询追踪" },
  hint: {
    en:
      "Of those who asked on a day: who ordered that day and within three more; who paid that day, by the " +
      "next, within three more. Filters do not change it.",
    zh: "某日咨询者在当日、之后 3 天内下单，以及在当日、截至次日、之后 3 天内付款的占比。不受筛选影响。",
  },
  still_open: { en: "still open", zh: "统计中" },
  total: { en: "Total", zh: "合计" },
  ...COHORT_LABELS,
} as const;
