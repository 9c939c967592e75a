// Knows which links start a conversation.
//
// A click on one of them is all that a page learns of it. Links that only share the page (no number, no
// recipient) are none.

const CHANNELS: [string, RegExp][] = [
  ['wangwang', /^(aliim|wangwang|alitalk):|taobao\.com\/webww|amos\.alicdn\.com/],
  ['qq', /^(tencent:\/\/message|mqqwpa:)|wpa1?\.qq\.com/],
  ['53kf', /tb\.53kf\.com\/code\//],
  ['wecom', /work\.weixin\.qq\.com\/(kfid|ca|u)\//],
  ['wechat', /^weixin:\/\/dl\/(chat|business)|\/\/u\.wechat\.com\/./],
  ['baidu', /(p\.qiao|affim)\.baidu\.com/],
  ['whatsapp', /\/\/wa\.me\/(\+?\d|message\/.)|whatsapp(:\/\/|\.com\/)send\/?\?(.*&)?phone=/],
  ['messenger', /\/\/m\.me\/.|messenger\.com\/t\/./],
  ['instagram', /\/\/ig\.me\/m\/./],
  // A channel's post is no conversation, nor is an invitation to share.
  ['telegram', /^tg:\/\/resolve|\/\/(t|telegram)\.me\/(?!share|s\/|c\/|[^/?#]+\/\d)[^/?#]/],
  ['line', /line\.me\/(R\/)?(ti\/p|oaMessage)\/|\/\/lin\.ee\//],
  ['viber', /^viber:\/\/(chat|pa)/],
  ['skype', /^skype:./],
  ['phone', /^tel:./],
  ['sms', /^sms:\+?\d/],
  ['email', /^mailto:[^?]/],
];

/** The channel of a link's absolute address. */
export const channelOf = (href: string): string | undefined => {
  const found = CHANNELS.find(([, link]) => link.test(href));
  return found && found[0];
};
