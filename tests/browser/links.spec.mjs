// Clicks that mean something: links into a conversation are inquiries, `data-sf-event` is what it says,
// everything else is nothing.

import { expect, test } from "@playwright/test";
import { startDemo } from "./server.mjs";
import { html, openShop, tag } from "./shop.mjs";
import { newVisitor } from "./visitor.mjs";

const CONVERSATIONS = {
  wangwang: [
    "aliim:sendmsg?touid=cntaobaotea-house&siteid=cntaobao",
    "wangwang://sendmsg?touid=tea-house",
    "alitalk:tea-house",
    "https://www.taobao.com/webww/ww.php?ver=3&touid=tea-house",
    "https://amos.alicdn.com/getcid.aw?v=2&uid=tea-house",
  ],
  qq: [
    "tencent://message/?uin=10001",
    "mqqwpa://im/chat?chat_type=wpa&uin=10001",
    "https://wpa.qq.com/msgrd?v=3&uin=10001",
    "https://wpa1.qq.com/?_type=wpa&qidian=true",
  ],
  "53kf": ["https://tb.53kf.com/code/client/1/1", "https://tb.53kf.com/code/wx/1/1"],
  wecom: [
    "https://work.weixin.qq.com/kfid/kfc1234",
    "https://work.weixin.qq.com/ca/cawcde1234",
    "https://work.weixin.qq.com/u/vc1234",
  ],
  wechat: ["weixin://dl/business/?t=1234", "weixin://dl/chat?tea", "https://u.wechat.com/MKB1234"],
  baidu: ["https://p.qiao.baidu.com/cps/chat?siteId=1", "https://affim.baidu.com/unique_1/chat?siteId=1"],
  whatsapp: [
    "https://wa.me/8613800000000",
    "https://wa.me/+8613800000000?text=tea",
    "https://wa.me/message/ABCDEFGH12345",
    "https://api.whatsapp.com/send?phone=8613800000000",
    "https://api.whatsapp.com/send/?text=tea&phone=8613800000000",
    "whatsapp://send?phone=8613800000000",
  ],
  messenger: ["https://m.me/tea-house", "https://www.messenger.com/t/tea-house"],
  instagram: ["https://ig.me/m/tea-house"],
  telegram: [
    "https://t.me/tea_house",
    "https://t.me/tea_house?text=tea",
    "https://telegram.me/tea_house",
    "tg://resolve?domain=tea_house",
  ],
  line: ["https://line.me/R/ti/p/@tea", "https://line.me/ti/p/@tea", "https://line.me/R/oaMessage/@tea/?hello", "https://lin.ee/abc"],
  viber: ["viber://chat?number=8613800000000", "viber://pa?chatURI=tea"],
  skype: ["skype:tea-house?chat"],
  phone: ["tel:+8613800000000"],
  sms: ["sms:+8613800000000?body=tea", "sms:10010"],
  email: ["mailto:tea@example.com", "mailto:tea@example.com?subject=tea"],
};

const OTHERS = [
  "https://wa.me/?text=look",
  "https://api.whatsapp.com/send?text=look",
  "whatsapp://send?text=look",
  "https://t.me/share/url?url=https://shop.example",
  "https://t.me/channel/12",
  "https://t.me/s/channel",
  "https://t.me/c/1234/5",
  "https://telegram.me/",
  "https://work.weixin.qq.com/",
  "weixin://",
  "tg://msg_url?url=https://shop.example",
  "https://line.me/R/share?text=look",
  "viber://forward?text=look",
  "sms:?body=look",
  "mailto:?subject=look",
  "https://m.me/",
  "https://qq.com/",
  "https://www.taobao.com/",
  "https://example.com/tel:1",
  "/cups",
  "#reviews",
  "javascript:void 0",
];

let demo;
let shop;
test.beforeAll(async () => {
  demo = await startDemo("--empty");
  const links = [...Object.values(CONVERSATIONS).flat(), ...OTHERS].map(
    (href) => `<p><a href="${href}"><b>${href}</b></a></p>`,
  );
  // The page stays where it is, as when the address opens another program.
  const stay = `<script>addEventListener("click", (event) => event.preventDefault())</script>`;
  shop = await openShop({
    "/links": html(stay + tag(demo, "s.full.js"), links.join("")),
    "/links-small": html(stay + tag(demo, "s.js"), links.join("")),
    "/marks": html(
      tag(demo, "s.full.js"),
      `<button data-sf-event="cart" data-sf-product="cup"><i><b id="nested">into the cart</b></i></button>
       <form data-sf-event="favorite" data-sf-product="pot" action="/marks">
         <input name="note"><button id="send">keep</button>
       </form>
       <div data-sf-event="inquiry" data-sf-channel="shop-chat" data-sf-topic="pre_sale" data-other="x">
         <span id="ask">ask</span>
       </div>
       <button id="stopped" data-sf-event="cart" data-sf-product="lid"
         onclick="event.stopImmediatePropagation()">a lid</button>
       <button id="order" data-sf-event="order" data-sf-order-id="A-1" data-sf-amount="12.50">order</button>
       <button id="plain" data-event="cart" data-sf-product="none">nothing</button>
       <svg width="20" height="20"><rect id="drawing" width="20" height="20"></rect></svg>`,
    ),
  });
});
test.afterAll(async () => {
  shop?.close();
  await demo?.stop();
});

const clickOn = (page, href) =>
  page
    .locator("a")
    .and(page.locator(`[href="${href}"]`))
    .click();

for (const [channel, hrefs] of Object.entries(CONVERSATIONS)) {
  test(`a click on a link into ${channel} is one inquiry`, async ({ browser }) => {
    const visitor = await newVisitor(browser);
    const page = await visitor.newPage();
    await page.goto(`${shop.url}/links`);
    for (const [place, href] of hrefs.entries()) {
      // Another visitor each time, because it is once in a session.
      await page.evaluate(() => localStorage.clear());
      await clickOn(page, href);
      await clickOn(page, href);
      await visitor.settle(page);
      expect(
        visitor.of("inquiry").map((event) => event.channel),
        href,
      ).toEqual(Array(place + 1).fill(channel));
    }
    expect(visitor.complaints).toEqual([]);
    await visitor.leave();
  });
}

test("links that only share, and links to elsewhere, are no inquiry", async ({ browser }) => {
  const visitor = await newVisitor(browser);
  const page = await visitor.newPage();
  await page.goto(`${shop.url}/links`);
  for (const href of OTHERS) await clickOn(page, href);
  await visitor.settle(page);
  expect(visitor.of("inquiry")).toEqual([]);
  expect(visitor.complaints).toEqual([]);
  await visitor.leave();
});

test("the small build does not look at links", async ({ browser }) => {
  const visitor = await newVisitor(browser);
  const page = await visitor.newPage();
  await page.goto(`${shop.url}/links-small`);
  for (const [href] of Object.values(CONVERSATIONS)) await clickOn(page, href);
  await visitor.settle(page);
  expect(visitor.of("inquiry")).toEqual([]);
  await visitor.leave();
});

test("what is marked is told once, wherever in it the click was", async ({ browser }) => {
  const visitor = await newVisitor(browser);
  const page = await visitor.newPage();
  await page.goto(`${shop.url}/marks`);
  for (const id of ["nested", "ask", "stopped", "order", "plain", "drawing"]) {
    await page.locator(`#${id}`).click();
  }
  await visitor.settle(page);
  expect(visitor.of("cart").map((event) => event.product)).toEqual(["cup", "lid"]);
  expect(visitor.of("inquiry")).toHaveLength(1);
  expect(visitor.of("inquiry")[0]).toMatchObject({ channel: "shop-chat", topic: "pre_sale" });
  expect(visitor.of("inquiry")[0]).not.toHaveProperty("other");
  expect(visitor.of("order")).toHaveLength(1);
  expect(visitor.of("order")[0]).toMatchObject({ order_id: "A-1", amount: "12.50" });
  expect(visitor.of("favorite")).toEqual([]);
  expect(visitor.complaints).toEqual([]);
  await visitor.leave();
});

test("a marked form is told when it is sent, not when it is clicked into", async ({ browser }) => {
  const visitor = await newVisitor(browser);
  const page = await visitor.newPage();
  await page.goto(`${shop.url}/marks`);
  await page.locator("input").click();
  await visitor.settle(page);
  expect(visitor.of("favorite")).toEqual([]);
  await page.locator("#send").click();
  await page.waitForURL(/note=/);
  await visitor.settle(page);
  expect(visitor.of("favorite").map((event) => event.product)).toEqual(["pot"]);
  expect(visitor.complaints).toEqual([]);
  await visitor.leave();
});
