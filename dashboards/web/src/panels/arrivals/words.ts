export const WORDS = {
  arrivals: { en: "Recent events", zh: "最近事件" },
  check_works: {
    en: "Your snippet works: the last event arrived {time}.",
    zh: "埋点正常：最近一条事件于 {time} 到达。",
  },
  check_quiet: {
    en:
      "Nothing has arrived since {time}. Open a page of the shop: a visit must show here within seconds. " +
      "If none does, check whether the tag is still in the page.",
    zh: "自 {time} 起没有收到事件。请打开店铺页面，几秒内应出现一条访问；如没有，请检查页面中的标签是否还在。",
  },
  check_no_visit: {
    en:
      "Events arrive, but no visit among the recent ones: orders and payments come from your server, and " +
      "the page's tag is missing.",
    zh: "最近的事件中没有访问：订单和付款来自服务器，但页面缺少标签。",
  },
  check_no_payment: {
    en: "No payment among the recent events; without any, every payment rate stays 0.",
    zh: "最近的事件中没有付款；没有付款事件时，付款类转化率始终为 0。",
  },
  check_bots: {
    en: "The recent events are all from bots, which no figure counts.",
    zh: "最近的事件全部来自爬虫，不计入任何指标。",
  },
  check_none: {
    en:
      "Nothing has ever arrived. Paste this tag into the <head> of every page of the shop, with the shop's " +
      "public key in it:",
    zh: "尚未收到任何事件。请将此标签贴到店铺每个页面的 <head> 中，并填入店铺的公开密钥：",
  },
  arrived: { en: "Arrived", zh: "到达" },
  kind: { en: "Kind", zh: "类型" },
  visitor: { en: "Visitor", zh: "访客" },
  what: { en: "Details", zh: "详情" },
  bot: { en: "bot", zh: "爬虫" },
} as const;
