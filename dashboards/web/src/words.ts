// Every sentence of the page in both languages, except the labels of the figures (metrics.ts).

export type Language = "en" | "zh";

const WORDS = {
  page: { en: "Shop funnel", zh: "店铺转化漏斗" },
  today: { en: "Today", zh: "今天" },
  "7-days": { en: "7 days", zh: "近 7 天" },
  "30-days": { en: "30 days", zh: "近 30 天" },
  range: { en: "Range of days", zh: "日期范围" },
  other_language: { en: "中文", zh: "English" },
  open_demo: { en: "Open the demo shop", zh: "打开演示店铺" },
  sign_out: { en: "Sign out", zh: "退出" },
  sign_in: { en: "Sign in", zh: "登录" },
  sign_in_why: {
    en: "The read key opens this shop's figures. It is kept in this tab only.",
    zh: "读取密钥用于查看该店铺的数据，仅保存在当前标签页。",
  },
  shop: { en: "Shop", zh: "店铺标识" },
  read_key: { en: "Read key", zh: "读取密钥" },
  inquiry_branch: { en: "Inquiry branch", zh: "咨询路径" },
  silent_branch: { en: "Silent branch", zh: "静默路径" },
  bounced_part: { en: "Bounced", zh: "跳失" },
  rates: { en: "Rates", zh: "转化率" },
  all_figures: { en: "All figures", zh: "全部数据" },
  figure: { en: "Figure", zh: "指标" },
  value: { en: "Value", zh: "数值" },
  formula: { en: "Formula", zh: "公式" },
  live: { en: "Live", zh: "实时" },
  connecting: { en: "Connecting", zh: "连接中" },
  paused: { en: "Not updating", zh: "未更新" },
  behind: { en: "Running behind", zh: "数据延迟" },
  complete_until: { en: "complete until {time}", zh: "数据截至 {time}" },
  loading: { en: "Counting your visitors …", zh: "正在统计访客……" },
  empty: { en: "No visitor in these days yet", zh: "这段时间还没有访客" },
  empty_why: {
    en: "Paste this tag into the <head> of every page of the shop, with the shop's public key in it. The first visit shows here within seconds.",
    zh: "把下面的标签贴到店铺每个页面的 <head> 中，并填入店铺的公开密钥。首次访问几秒内就会显示在这里。",
  },
  empty_demo: {
    en: "Open the demo shop and look around: you are the first visitor.",
    zh: "打开演示店铺随便逛逛，您就是第一位访客。",
  },
  problem: { en: "No figures at the moment", zh: "暂时没有数据" },
  unreachable: { en: "The server cannot be reached.", zh: "无法连接服务器。" },
  unreadable: { en: "The server gave an answer this page cannot read.", zh: "无法读取服务器的回应。" },
  request: { en: "Request {id}", zh: "请求编号 {id}" },
  try_again: { en: "Try again now", zh: "立即重试" },
  stale: {
    en: "These figures are from {time}. Still trying.",
    zh: "以下为 {time} 的数据，正在重试。",
  },
  still_running: { en: "today is still running", zh: "今天尚未结束" },
  cookieless: { en: "{share} of visitors counted without a cookie", zh: "{share} 的访客以无 Cookie 方式统计" },
} as const satisfies Record<string, Record<Language, string>>;

export type Word = keyof typeof WORDS;

/** One sentence, its `{names}` filled from `values`. */
export function say(word: Word, language: Language, values: Record<string, string> = {}): string {
  return WORDS[word][language].replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** Whether `text`, say an attribute of the page, names a sentence. */
export function isWord(text: string | undefined): text is Word {
  return text !== undefined && Object.hasOwn(WORDS, text);
}

/** The language asked for earlier, else the browser's: Chinese when it starts with zh, otherwise English. */
export function chooseLanguage(kept: string | null, browser: string): Language {
  if (kept === "en" || kept === "zh") return kept;
  return browser.toLowerCase().startsWith("zh") ? "zh" : "en";
}
