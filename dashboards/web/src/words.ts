// Every sentence of the page in both languages, except what figures and dimensions are called (catalogue.ts).

import { COHORT_LABELS, DIMENSION_NAMES } from "./catalogue";

export type Language = "en" | "zh";

const WORDS = {
  page: { en: "Shop funnel", zh: "店铺转化漏斗" },
  // Ranges, comparisons, intervals.
  range: { en: "Range of days", zh: "日期范围" },
  today: { en: "Today", zh: "今天" },
  yesterday: { en: "Yesterday", zh: "昨天" },
  "7-days": { en: "7 days", zh: "近 7 天" },
  "30-days": { en: "30 days", zh: "近 30 天" },
  "90-days": { en: "90 days", zh: "近 90 天" },
  month: { en: "Month", zh: "本月" },
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
  previous: { en: "Days before", zh: "上一周期" },
  weekday: { en: "Same weekdays before", zh: "上期同星期" },
  year: { en: "Year before", zh: "去年同期" },
  none: { en: "Nothing", zh: "不对比" },
  interval: { en: "By", zh: "粒度" },
  auto: { en: "Automatic", zh: "自动" },
  by_day: { en: "Day", zh: "日" },
  by_week: { en: "Week", zh: "周" },
  by_month: { en: "Month", zh: "月" },
  filters: { en: "Only", zh: "筛选" },
  clear_filters: { en: "Show everything", zh: "清除筛选" },
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
    en: "This link is not whole. Ask whoever sent it for a new one.",
    zh: "链接不完整，请向分享者索取新的链接。",
  },
  share: { en: "Share", zh: "分享" },
  share_why: {
    en: "Whoever has the link sees this shop's sums and no single visitor, until it expires or the key you signed in with is replaced.",
    zh: "持有链接的人可以查看该店铺的汇总数据（不含单个访客），直到链接到期或您登录所用的密钥被更换。",
  },
  share_days: { en: "Good for", zh: "有效期" },
  days: { en: "{count} days", zh: "{count} 天" },
  make_link: { en: "Make a link", zh: "生成链接" },
  link: { en: "Link", zh: "链接" },
  copy: { en: "Copy", zh: "复制" },
  copied: { en: "Copied", zh: "已复制" },
  expires: { en: "Expires {time}", zh: "{time} 到期" },
  close: { en: "Close", zh: "关闭" },
  // Panels.
  funnel: { en: "Funnel", zh: "漏斗图" },
  inquiry_branch: { en: "Inquiry branch", zh: "咨询路径" },
  silent_branch: { en: "Silent branch", zh: "静默路径" },
  bounced_part: { en: "Bounced", zh: "跳失" },
  lost: { en: "{count} lost", zh: "流失 {count}" },
  lost_here: { en: "{count} lost at this step.", zh: "此步流失 {count} 人。" },
  explain: {
    en: "Point at a step of the funnel, or walk through it with Tab, to see how it is counted.",
    zh: "将鼠标移到漏斗的某一步，或用 Tab 键逐步查看其计算方式。",
  },
  rates: { en: "Figures", zh: "核心指标" },
  before: { en: "before {value}", zh: "对比期 {value}" },
  paid_amount_means: { en: "Paid for the orders placed in these days, whenever that was.", zh: "所选日期内所下订单的付款金额，不论何时付款。" },
  avg_revenue_per_buyer_means: { en: "Paid by known buyers ÷ payers who paid in this currency.", zh: "已归属的成交金额 ÷ 以该币种付款的人数。" },
  points: { en: "{count} pp", zh: "{count} 个百分点" },
  trend: { en: "Trend", zh: "趋势" },
  trend_of: { en: "Figure", zh: "指标" },
  as_table: { en: "As a table", zh: "以表格查看" },
  day: { en: "Day", zh: "日期" },
  annotations: { en: "Annotations", zh: "日期备注" },
  no_annotation: { en: "Nothing was written about these days.", zh: "这段时间没有备注。" },
  annotation_text: { en: "What happened", zh: "发生了什么" },
  annotation_hint: { en: "A campaign, a new agent, a change of the shop", zh: "活动、新客服、店铺改动等" },
  add: { en: "Add", zh: "添加" },
  breakdown: { en: "Break-down", zh: "维度分析" },
  break_by: { en: "By", zh: "按" },
  filter_hint: {
    en: "Choose a value to see its figures alone. A visitor may be in several groups.",
    zh: "点击某个值即可单独查看。一位访客可能属于多个分组。",
  },
  left_off: { en: "{count} more groups with fewer visitors are not shown.", zh: "另有 {count} 个访客更少的分组未显示。" },
  unknown: { en: "unknown", zh: "未知" },
  beyond_bound: { en: "(other: beyond a day's new values)", zh: "（其他：超出每日新值上限）" },
  nothing: { en: "Nothing here for these days.", zh: "这段时间没有数据。" },
  cohorts: { en: "Inquiry cohorts", zh: "咨询追踪" },
  cohorts_hint: {
    en: "Of those who asked on a day: who ordered that day and within three more; who paid that day, by the next, within three more. Filters do not change it.",
    zh: "某日咨询者在当日、之后 3 天内下单，以及在当日、截至次日、之后 3 天内付款的占比。不受筛选影响。",
  },
  still_open: { en: "still open", zh: "统计中" },
  total: { en: "Total", zh: "合计" },
  ...COHORT_LABELS,
  money: { en: "Money by branch", zh: "各路径金额" },
  money_hint: { en: "Of the orders placed in these days, in {currency}.", zh: "所选日期内所下订单，币种 {currency}。" },
  branch_total: { en: "All", zh: "全部" },
  inquiry: { en: "Inquiry", zh: "咨询" },
  silent: { en: "Silent", zh: "静默" },
  unattributed: { en: "Nobody known", zh: "未归属" },
  waiting: {
    en: "{count} payments ({amount}) wait for their orders. Send an order event with the same order_id for each.",
    zh: "{count} 笔付款（{amount}）尚未匹配到订单，请为每笔付款发送 order_id 相同的 order 事件。",
  },
  agents: { en: "Agents", zh: "客服" },
  agents_hint: { en: "Who asked each of them, and what came of it.", zh: "各客服接待的咨询者及其转化。" },
  arrivals: { en: "Last events", zh: "最近事件" },
  check_works: { en: "Your snippet works: the last event arrived {time}.", zh: "埋点正常：最近一条事件于 {time} 到达。" },
  check_quiet: {
    en: "Nothing has arrived since {time}. Open a page of the shop: a visit must show here within seconds. If none does, look whether the tag is still in the page.",
    zh: "自 {time} 起没有收到事件。请打开店铺页面，几秒内应出现一条访问；如没有，请检查页面中的标签是否还在。",
  },
  check_no_visit: {
    en: "Events arrive, but no visit among the last ones: orders and payments come from your server, and the page's tag is missing.",
    zh: "最近的事件中没有访问：订单和付款来自服务器，但页面缺少标签。",
  },
  check_no_payment: { en: "No payment among the last events; without any, every rate of paying stays 0.", zh: "最近的事件中没有付款；没有付款事件时，付款类转化率始终为 0。" },
  check_bots: { en: "The last events are all from bots, which no figure counts.", zh: "最近的事件全部来自爬虫，不计入任何指标。" },
  check_none: {
    en: "Nothing has ever arrived. Paste this tag into the <head> of every page of the shop, with the shop's public key in it:",
    zh: "尚未收到任何事件。请将此标签贴到店铺每个页面的 <head> 中，并填入店铺的公开密钥：",
  },
  arrived: { en: "Arrived", zh: "到达" },
  kind: { en: "Kind", zh: "类型" },
  visitor: { en: "Visitor", zh: "访客" },
  what: { en: "What", zh: "内容" },
  bot: { en: "bot", zh: "爬虫" },
  all_figures: { en: "All figures", zh: "全部数据" },
  figure: { en: "Figure", zh: "指标" },
  value: { en: "Value", zh: "数值" },
  value_before: { en: "Before", zh: "对比期" },
  formula: { en: "How it is counted", zh: "计算方式" },
  csv_of: { en: "{what} as CSV", zh: "下载 CSV：{what}" },
  png_of: { en: "{what} as a picture", zh: "下载图片：{what}" },
  not_saved: { en: "That did not work: {why}", zh: "未能完成：{why}" },
  no_picture: { en: "this browser cannot make pictures of a page", zh: "此浏览器无法生成页面图片" },
  // States.
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
  empty_filtered: { en: "Nobody fits all of these filters.", zh: "没有访客符合全部筛选条件。" },
  problem: { en: "No figures at the moment", zh: "暂时没有数据" },
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
  request: { en: "Request {id}", zh: "请求编号 {id}" },
  try_again: { en: "Try again now", zh: "立即重试" },
  stale: {
    en: "These figures are from {time}. Still trying.",
    zh: "以下为 {time} 的数据，正在重试。",
  },
  still_running: { en: "today is still running", zh: "今天尚未结束" },
  cookieless: { en: "{share} of visitors counted without a cookie", zh: "{share} 的访客以无 Cookie 方式统计" },
  cookieless_warning: {
    en: "{share} of these visitors have no id of their own: each counts anew every day. Persons, after-sale and repeat figures of several days are too high for that reason.",
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
  value_new: { en: "new", zh: "新客" },
  kind_visit: { en: "visit", zh: "访问" },
  kind_bounce: { en: "bounce", zh: "跳失" },
  kind_inquiry: { en: "inquiry", zh: "咨询" },
  kind_cart: { en: "cart", zh: "加购" },
  kind_favorite: { en: "favorite", zh: "收藏" },
  kind_order: { en: "order", zh: "下单" },
  kind_payment: { en: "payment", zh: "付款" },
  kind_refund: { en: "refund", zh: "退款" },
  kind_rating: { en: "rating", zh: "评价" },
  // Whom to name for places, by the code of the server's note.
  places_by_db_ip: { en: "IP Geolocation by DB-IP", zh: "IP 地理位置数据来自 DB-IP" },
  places_by_maxmind: { en: "Places by GeoLite data created by MaxMind", zh: "地理位置数据来自 MaxMind 的 GeoLite" },
  places_by_nro: { en: "Countries from data of the Number Resource Organization, CC BY 4.0", zh: "国家/地区数据来自 Number Resource Organization，CC BY 4.0" },
  ...DIMENSION_NAMES,
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
