export const WORDS = {
  money: { en: "Money by branch", zh: "各路径金额" },
  hint: {
    en: "Of the orders placed in these days, in {currency}.",
    zh: "所选日期内所下订单，币种 {currency}。",
  },
  total: { en: "All", zh: "全部" },
  inquiry: { en: "Inquiry", zh: "咨询" },
  silent: { en: "Silent", zh: "静默" },
  unattributed: { en: "Unattributed", zh: "未归属" },
  waiting: {
    en:
      "{count} payments ({amount}) wait for their orders. Send an order event with the same order_id for " +
      "each.",
    zh: "{count} 笔付款（{amount}）尚未匹配到订单，请为每笔付款发送 order_id 相同的 order 事件。",
  },
  unverified: {
    en:
      "{amount} of what was paid was told by pages only, which anybody can send. Send orders and payments " +
      "from your server, then set payments = \"server\".",
    zh: "已付金额中 {amount} 仅由网页上报，任何人都可能伪造。请从店铺服务器发送订单与付款，再设置 payments = \"server\"。",
  },
} as const;
