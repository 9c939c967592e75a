export const WORDS = {
  agents: { en: "Agents", zh: "客服" },
  hint: { en: "Who asked each of them, and what came of it.", zh: "各客服接待的咨询者及其转化。" },
} as const;
