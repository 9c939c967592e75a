export const WORDS = {
  figures: { en: "All figures", zh: "全部指标" },
  figure: { en: "Figure", zh: "指标" },
  value: { en: "Value", zh: "数值" },
  value_before: { en: "Comparison", zh: "对比期" },
  formula: { en: "How it is counted", zh: "计算方式" },
  cookieless: {
    en: "{share} of visitors counted without a cookie",
    zh: "{share} 的访客以无 Cookie 方式统计",
  },
} as const;
