// Figures and dimensions: ids, labels in both languages, formulas.
//
// Written from src/metrics.rs and src/funnel/dimension.rs by: UPDATE=1 cargo test --test it catalogue

/** Persons of the funnel, in reading order. */
export const COUNTS = [
  "visitors",
  "bounced",
  "effective",
  "open",
  "inquirers",
  "silent_visitors",
  "inquiry_buyers",
  "silent_buyers",
  "buyers",
  "inquiry_payers",
  "silent_payers",
  "payers",
  "after_sale_inquirers",
] as const;

/** Each rate: the count above the line, the counts summed below it. */
export const RATES = {
  effective_entry_rate: { part: "effective", base: ["effective", "bounced"] },
  bounce_rate: { part: "bounced", base: ["effective", "bounced"] },
  inquiry_rate: { part: "inquirers", base: ["visitors"] },
  inquiry_conversion_rate: { part: "inquiry_buyers", base: ["inquirers"] },
  inquiry_paid_rate: { part: "inquiry_payers", base: ["inquirers"] },
  silent_conversion_rate: { part: "silent_buyers", base: ["silent_visitors"] },
  silent_paid_rate: { part: "silent_payers", base: ["silent_visitors"] },
  silent_rate_all_visitors: { part: "silent_buyers", base: ["visitors"] },
  silent_share_of_buyers: { part: "silent_buyers", base: ["buyers"] },
  payment_rate: { part: "payers", base: ["buyers"] },
  overall_conversion_rate: { part: "payers", base: ["visitors"] },
} as const;

/** Of the funnel. */
export const LABELS = {
  visitors: { en: "Visitors", zh: "访客数" },
  bounced: { en: "Bounced", zh: "跳失人数" },
  effective: { en: "Effective", zh: "有效入店人数" },
  open: { en: "Open", zh: "待定" },
  inquirers: { en: "Inquirers", zh: "咨询人数（售前）" },
  silent_visitors: { en: "Silent visitors", zh: "静默访客数" },
  inquiry_buyers: { en: "Inquiry buyers", zh: "咨询下单" },
  silent_buyers: { en: "Silent buyers", zh: "静默下单" },
  buyers: { en: "Buyers", zh: "下单人数" },
  inquiry_payers: { en: "Inquiry payers", zh: "咨询成交" },
  silent_payers: { en: "Silent payers", zh: "静默成交" },
  payers: { en: "Payers", zh: "成交人数" },
  after_sale_inquirers: { en: "After-sale inquirers", zh: "售后咨询人数" },
  effective_entry_rate: { en: "Effective entry", zh: "有效入店率" },
  bounce_rate: { en: "Bounce", zh: "跳失率" },
  inquiry_rate: { en: "Inquiry", zh: "咨询率" },
  inquiry_conversion_rate: { en: "Inquiry conversion", zh: "询单转化率（下单）" },
  inquiry_paid_rate: { en: "Inquiry paid", zh: "询单转化率（付款）" },
  silent_conversion_rate: { en: "Silent conversion", zh: "静默转化率" },
  silent_paid_rate: { en: "Silent paid", zh: "静默支付率" },
  silent_rate_all_visitors: { en: "Silent conversion of all visitors", zh: "静默转化率（全部访客口径）" },
  silent_share_of_buyers: { en: "Silent share of buyers", zh: "静默占比" },
  payment_rate: { en: "Payment", zh: "订单支付率" },
  overall_conversion_rate: { en: "Overall conversion", zh: "成交转化率" },
} as const;

/** Who is counted, in one sentence. */
export const DEFINITIONS = {
  visitors: {
    en: "Everybody who did something in the shop; a payment, refund or rating alone brings nobody.",
    zh: "窗口内到店的人数；只有付款、退款或评价的人不算到店。",
  },
  bounced: {
    en: "Left after one page view and did nothing else.",
    zh: "只浏览一个页面就离开、没有其他动作的人数。",
  },
  effective: {
    en: "Had two page views on one day, or an inquiry, cart, favorite or order on any day.",
    zh: "同一天浏览两个及以上页面，或有咨询、加购、收藏、下单的人数。",
  },
  open: {
    en: "Had one page view today, less than 30 minutes ago, and may still become effective.",
    zh: "今天只浏览了一个页面、且不到 30 分钟、仍可能成为有效入店的人数。",
  },
  inquirers: {
    en:
      "Asked before their first order of the window; a question within 21 days " +
      "after an order is after-sale unless the shop has set another number.",
    zh: "在窗口内首单之前咨询过的人数；下单后 21 天内（可按店铺设置）的咨询属于售后。",
  },
  silent_visitors: {
    en: "Effective visitors who never asked before buying.",
    zh: "有效入店但未作售前咨询的人数。",
  },
  inquiry_buyers: {
    en: "Placed an order, and asked before their first one in the window.",
    zh: "下单、且在窗口内首单之前咨询过的人数。",
  },
  silent_buyers: {
    en: "Placed an order without asking before their first one in the window.",
    zh: "未经售前咨询而下单的人数。",
  },
  buyers: { en: "Placed an order, paid or not.", zh: "窗口内下过单的人数，不论是否付款。" },
  inquiry_payers: {
    en: "Buyers who asked and at least one of whose orders of the window has been paid.",
    zh: "咨询下单且窗口内至少一单已付款的人数。",
  },
  silent_payers: {
    en: "Silent buyers at least one of whose orders of the window has been paid.",
    zh: "静默下单且窗口内至少一单已付款的人数。",
  },
  payers: {
    en: "Buyers at least one of whose orders of the window has been paid, whenever the payment came.",
    zh: "窗口内所下订单至少一单已付款的人数，不论何时付款。",
  },
  after_sale_inquirers: { en: "Asked, but only about what they had bought.", zh: "只作过售后咨询的人数。" },
} as const;

/** Of what became of a day's inquirers. */
export const COHORT_LABELS = {
  order_d0: { en: "Ordered that day", zh: "当日下单" },
  order_final: { en: "Ordered within 3 days", zh: "之后 3 天内下单" },
  paid_d0: { en: "Paid that day", zh: "当日付款" },
  paid_d1: { en: "Paid by next day", zh: "截至次日付款" },
  paid_final: { en: "Paid within 3 days", zh: "之后 3 天内付款" },
} as const;

/** Of money; those of one branch have its name before them. */
export const MONEY_LABELS = {
  ordered_amount: { en: "Ordered", zh: "下单金额" },
  paid_amount: { en: "Paid", zh: "成交金额" },
  refunded_amount: { en: "Refunded", zh: "退款金额" },
  net_amount: { en: "Net", zh: "净成交金额" },
  unverified_paid_amount: { en: "Paid, unverified", zh: "未核实成交金额" },
  cost_amount: { en: "Cost of goods", zh: "商品成本" },
  gross_profit: { en: "Gross profit", zh: "毛利" },
  orders_without_cost: { en: "Orders without cost", zh: "缺成本订单数" },
  received_amount: { en: "Received in these days", zh: "实收金额（按付款日）" },
  orders: { en: "Orders", zh: "订单数" },
  paid_orders: { en: "Paid orders", zh: "成交订单数" },
  avg_revenue_per_buyer: { en: "Revenue per payer", zh: "客单价" },
  avg_order_value: { en: "Order value", zh: "笔单价" },
  revenue_per_visitor: { en: "Revenue per visitor", zh: "UV 价值" },
  waiting_payments: { en: "Payments that wait", zh: "待匹配付款" },
} as const;

/** Of what is told beside the funnel. */
export const OTHER_LABELS = {
  repeat_buyer_rate: { en: "Repeat rate", zh: "复购率" },
  old_buyer_share: { en: "Paid in the year before", zh: "老客占比" },
  days_to_order: { en: "Days to order", zh: "下单周期" },
  days_to_payment: { en: "Days to payment", zh: "成交周期" },
  cookieless_share: { en: "Cookieless share", zh: "无标识访客占比" },
} as const;

/** What figures can be grouped and filtered by. */
export const DIMENSIONS = [
  "source",
  "medium",
  "campaign",
  "device",
  "browser",
  "os",
  "country",
  "region",
  "city",
  "landing",
  "agent",
  "channel",
  "answered_by",
  "variant",
  "product",
  "customer_type",
] as const;

/** What dimensions are called. */
export const DIMENSION_NAMES = {
  source: { en: "Source", zh: "来源" },
  medium: { en: "Medium", zh: "媒介" },
  campaign: { en: "Campaign", zh: "活动" },
  device: { en: "Device", zh: "设备" },
  browser: { en: "Browser", zh: "浏览器" },
  os: { en: "System", zh: "系统" },
  country: { en: "Country", zh: "国家/地区" },
  region: { en: "Region", zh: "省/州" },
  city: { en: "City", zh: "城市" },
  landing: { en: "Landing page", zh: "落地页" },
  agent: { en: "Agent", zh: "客服" },
  channel: { en: "Chat tool", zh: "咨询渠道" },
  answered_by: { en: "Answered by", zh: "应答方" },
  variant: { en: "Variant", zh: "实验版本" },
  product: { en: "Product", zh: "商品" },
  customer_type: { en: "Customers", zh: "新老客户" },
} as const;

/** Values of dimensions that have no others. */
export const CLOSED_VALUES = {
  answered_by: ["person", "bot", "nobody"],
  customer_type: ["new", "old"],
} as const;
