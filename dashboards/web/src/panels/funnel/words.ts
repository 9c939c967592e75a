export const WORDS = {
  funnel: { en: "Funnel", zh: "漏斗图" },
  inquiry_branch: { en: "Inquiry branch", zh: "咨询路径" },
  silent_branch: { en: "Silent branch", zh: "静默路径" },
  bounced_part: { en: "Bounced", zh: "跳失" },
  lost: { en: "{count} lost", zh: "流失 {count}" },
  counted: { en: "{name} {count}. {definition}", zh: "{name} {count}。{definition}" },
  rated: { en: "{name}: {formula}.", zh: "{name}：{formula}。" },
  lost_here: { en: "{count} lost at this step.", zh: "此步流失 {count} 人。" },
  explain: {
    en: "Point at a step of the funnel, or step through it with Tab, to see how it is counted.",
    zh: "将鼠标移到漏斗的某一步，或用 Tab 键逐步查看其计算方式。",
  },
  loading: { en: "Counting your visitors …", zh: "正在统计访客……" },
  empty: { en: "No visitors in these days yet", zh: "这段时间还没有访客" },
  empty_why: {
    en:
      "Paste this tag into the <head> of every page of the shop, with the shop's public key in it. The " +
      "first visit shows here within seconds.",
    zh: "把下面的标签贴到店铺每个页面的 <head> 中，并填入店铺的公开密钥。首次访问几秒内就会显示在这里。",
  },
  empty_demo: {
    en: "Open the demo shop and look around: you are the first visitor.",
    zh: "打开演示店铺随便逛逛，您就是第一位访客。",
  },
  empty_filtered: { en: "No visitor matches all of these filters.", zh: "没有访客符合全部筛选条件。" },
  problem: { en: "No figures at the moment", zh: "暂时没有数据" },
  request: { en: "Request {id}", zh: "请求编号 {id}" },
  try_again: { en: "Try again now", zh: "立即重试" },
} as const;
