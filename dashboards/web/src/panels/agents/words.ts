export const WORDS = {
  agents: { en: "Agents", zh: "客服" },
  hint: { en: "The inquirers of each agent and their conversion.", zh: "各客服接待的咨询者及其转化。" },
} as const;
