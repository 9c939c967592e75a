// The sentences in both languages that the page says as a whole or that several panels share. What one panel
// says stands beside it, and what figures and
// dimensions are called in catalogue.ts.

import { DIMENSION_NAMES } from "./catalogue";

export type Language = "en" | "zh";

/** One sentence in both languages. */
export type Phrase = Readonly<Record<Language, string>>;

export const WORDS = {
  page: { en: "Shop funnel", zh: "店铺转化漏斗" },
  // Ranges, comparisons, intervals.
  range: { en: "Date range", zh: "日期范围" },
  today: { en: "Today", zh: "今天" },
  yesterday: { en: "Yesterday", zh: "昨天" },
  "7-days": { en: "7 days", zh: "近 7 天" },
  "30-days": { en: "30 days", zh: "近 30 天" },
  "90-days": { en: "90 days", zh: "近 90 天" },
  month: { en: "This month", zh: "本月" },
  "last-month": { en: "Last month", zh: "上月" },
  custom: { en: "Custom", zh: "自定义" },
  from: { en: "From", zh: "从" },
  to: { en: "To", zh: "至" },
  show: { en: "Show", zh: "查看" },
  wrong_days: {
    en: "Choose a first and a last day, in this order, at most 731 days in all.",
    zh: "请选择起止日期，起始在前，最多 731 天。",
  },
  compare: { en: "Compare with", zh: "对比" },
  previous: { en: "Previous period", zh: "上一周期" },
  weekday: { en: "Previous period by weekday", zh: "上一周期（同星期）" },
  year: { en: "Same period last year", zh: "去年同期" },
  none: { en: "No comparison", zh: "不对比" },
  filters: { en: "Filters", zh: "筛选" },
  clear_filters: { en: "Clear filters", zh: "清除筛选" },
  remove: { en: "Remove {what}", zh: "移除 {what}" },
  // Head of the page.
  other_language: { en: "中文", zh: "English" },
  open_demo: { en: "Open the demo shop", zh: "打开演示店铺" },
  sign_out: { en: "Sign out", zh: "退出" },
  sign_in: { en: "Sign in", zh: "登录" },
  sign_in_why: {
    en: "The read key opens this shop's figures. It is kept in this tab only.",
    zh: "只读密钥用于查看该店铺的数据，仅保存在当前标签页。",
  },
  shop: { en: "Shop", zh: "店铺短名" },
  read_key: { en: "Read key", zh: "只读密钥" },
  wrong_link: {
    en: "This link is incomplete. Ask whoever sent it for a new one.",
    zh: "链接不完整，请向分享者索取新的链接。",
  },
  share: { en: "Share", zh: "分享" },
  share_why: {
    en:
      "Whoever has the link sees this shop's sums and no single visitor, until it expires or the key you " +
      "signed in with is replaced.",
    zh: "持有链接的人可以查看该店铺的汇总数据（不含单个访客），直到链接到期或您登录所用的密钥被更换。",
  },
  share_days: { en: "Valid for", zh: "有效期" },
  days: { en: "{count} days", zh: "{count} 天" },
  make_link: { en: "Make a link", zh: "生成链接" },
  link: { en: "Link", zh: "链接" },
  copy: { en: "Copy", zh: "复制" },
  copied: { en: "Copied", zh: "已复制" },
  expires: { en: "Expires {time}", zh: "{time} 到期" },
  close: { en: "Close", zh: "关闭" },
  // Panels.
  day: { en: "Day", zh: "日期" },
  unknown: { en: "unknown", zh: "未知" },
  beyond_bound: { en: "(other: above the daily limit of new values)", zh: "（其他：超出每日新值上限）" },
  nothing: { en: "No data for these days.", zh: "这段时间没有数据。" },
  csv_of: { en: "{what} as CSV", zh: "下载 CSV：{what}" },
  png_of: { en: "{what} as a picture", zh: "下载图片：{what}" },
  not_saved: { en: "That did not work: {why}", zh: "未能完成：{why}" },
  no_picture: { en: "this browser cannot make pictures of a page", zh: "此浏览器无法生成页面图片" },
  // How names and values stand together.
  named: { en: "{name}: {value}", zh: "{name}：{value}" },
  bracketed: { en: "{name} ({value})", zh: "{name}（{value}）" },
  // States.
  live: { en: "Live", zh: "实时" },
  connecting: { en: "Connecting", zh: "连接中" },
  paused: { en: "Not updating", zh: "未更新" },
  behind: { en: "Delayed", zh: "数据延迟" },
  complete_until: { en: "complete until {time}", zh: "数据截至 {time}" },
  waiting_panel: { en: "Counting …", zh: "正在统计……" },
  // What the server says by these codes, where its own sentence is English.
  says_unauthorized: { en: "", zh: "密钥缺失、无效或已被更换，请重新登录。" },
  says_link_expired: { en: "", zh: "链接已过期，请向分享者索取新的链接。" },
  says_wrong_key_kind: { en: "", zh: "该密钥不能读取数据，请使用只读密钥（rk_…）。" },
  says_not_found: { en: "", zh: "没有这个店铺，或该密钥不属于它。" },
  says_rate_limited: { en: "", zh: "请求过于频繁，稍后会自动重试。" },
  says_store_unavailable: { en: "", zh: "数据库暂时无法访问，稍后会自动重试；已收到的事件不会丢失。" },
  unreachable: { en: "The server cannot be reached.", zh: "无法连接服务器。" },
  unreadable: { en: "The server gave an answer this page cannot read.", zh: "无法读取服务器的回应。" },
  stale: {
    en: "These figures are from {time}. Still trying.",
    zh: "以下为 {time} 的数据，正在重试。",
  },
  still_running: { en: "today is still running", zh: "今天尚未结束" },
  cookieless_warning: {
    en:
      "{share} of these visitors have no id of their own: each counts anew every day. Persons, after-sale " +
      "and repeat figures of several days are too high for that reason.",
    zh: "{share} 的访客没有自己的标识，每天都会被重新计数，因此多日的人数、售后和复购数据会偏高。",
  },
  // Values that the server finds out, and kinds of events (values.ts).
  value_direct: { en: "direct", zh: "直接访问" },
  value_desktop: { en: "desktop", zh: "电脑" },
  value_mobile: { en: "mobile", zh: "手机" },
  value_tablet: { en: "tablet", zh: "平板" },
  value_tv: { en: "tv", zh: "电视" },
  value_console: { en: "console", zh: "游戏机" },
  value_search: { en: "search", zh: "搜索" },
  value_social: { en: "social", zh: "社交" },
  value_referral: { en: "referral", zh: "外部链接" },
  value_email: { en: "email", zh: "邮件" },
  value_cpc: { en: "cpc", zh: "付费点击" },
  value_display: { en: "display", zh: "展示广告" },
  value_ai: { en: "ai", zh: "AI 助手" },
  value_shopping: { en: "shopping", zh: "购物平台" },
  value_old: { en: "returning", zh: "老客" },
  value_person: { en: "a person", zh: "人工" },
  value_bot: { en: "a bot only", zh: "仅机器人" },
  value_nobody: { en: "nobody", zh: "无人应答" },
  value_new: { en: "new", zh: "新客" },
  kind_visit: { en: "visit", zh: "访问" },
  kind_bounce: { en: "bounce", zh: "跳失" },
  kind_inquiry: { en: "inquiry", zh: "咨询" },
  kind_reply: { en: "reply", zh: "客服回复" },
  kind_cart: { en: "cart", zh: "加购" },
  kind_favorite: { en: "favorite", zh: "收藏" },
  kind_order: { en: "order", zh: "下单" },
  kind_payment: { en: "payment", zh: "付款" },
  kind_refund: { en: "refund", zh: "退款" },
  kind_rating: { en: "rating", zh: "评价" },
  ...DIMENSION_NAMES,
} as const satisfies Record<string, Phrase>;

export type Word = keyof typeof WORDS;

/** One sentence, a shared one by its name, its `{names}` filled from `values`. */
export function say(said: Word | Phrase, language: Language, values: Record<string, string> = {}): string {
  const phrase: Phrase = typeof said === "string" ? WORDS[said] : said;
  return phrase[language].replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** Sentences one after the other. */
export function sentences(parts: readonly string[], language: Language): string {
  return parts.join(language === "zh" ? "" : " ");
}

/** A list of names or values. */
export function listed(parts: readonly string[], language: Language): string {
  return parts.join(language === "zh" ? "、" : ", ");
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
