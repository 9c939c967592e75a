export const WORDS = {
  tiles: { en: "Key figures", zh: "核心指标" },
  before: { en: "vs {value}", zh: "对比期 {value}" },
  points: { en: "{count} pp", zh: "{count} 个百分点" },
  paid_amount: {
    en: "Paid for the orders placed in these days, whenever that was.",
    zh: "所选日期内所下订单的付款金额，不论何时付款。",
  },
  avg_revenue_per_buyer: {
    en: "Attributed paid amount ÷ payers who paid in this currency.",
    zh: "已归属的成交金额 ÷ 以该币种付款的人数。",
  },
} as const;
