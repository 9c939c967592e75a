// A visitor's first message to a chat tool is one inquiry, and nothing else that the tool tells is any.

import { expect, test } from "@playwright/test";
import { embedText, scriptText, TOOLS } from "./chat-tools.mjs";
import { startDemo } from "./server.mjs";
import { html, openShop, tag } from "./shop.mjs";
import { newVisitor } from "./visitor.mjs";

let demo;
test.beforeAll(async () => {
  demo = await startDemo("--empty");
});
test.afterAll(async () => {
  await demo?.stop();
});

/**
 * A visitor on a shop's page with the tool, whose script has arrived. `head`: what the page has beside the
 * two tags.
 */
async function meet(browser, tool, { data, head = "" } = {}) {
  const shop = await openShop({
    "/": html(`${head}<script>${embedText(tool, "/tool.js")}</script>${tag(demo, "s.full.js", data)}`),
    "/tool.js": scriptText(tool),
  });
  const visitor = await newVisitor(browser);
  const page = await visitor.newPage();
  await page.clock.install();
  const load = async () => {
    await page.goto(shop.url);
    await page.clock.runFor(2_000);
    await page.waitForFunction(() => window.tool);
    // By now the tracker has looked again.
    await page.clock.runFor(1_500);
  };
  await load();
  /** What people do, one act after the other, and all that was sent of it. */
  const act = async (...names) => {
    for (const name of names) await page.evaluate((act) => window.tool[act] && window.tool[act](), name);
    await visitor.settle(page);
    return visitor.of("inquiry").map((event) => event.channel);
  };
  return { visitor, page, act, load, leave: async () => (await visitor.leave(), shop.close()) };
}

for (const [name, tool] of Object.entries(TOOLS)) {
  test(`${name}: the first message is one inquiry, an opened window and an answer are none`, async ({
    browser,
  }) => {
    const { visitor, act, load, leave } = await meet(browser, tool);
    expect(await act("opens", "answers")).toEqual([]);
    const expected = tool.tells.includes("says") ? [tool.channel] : [];
    expect(await act("says")).toEqual(expected);
    expect(await act("says", "answers", "opens", "says")).toEqual(expected);
    await load();
    expect(await act("opens", "says")).toEqual(expected);
    expect(visitor.complaints).toEqual([]);
    await leave();
  });

  if (!tool.tells.includes("opens")) continue;
  test(`${name}: an opened window is one inquiry where the shop wants it so`, async ({ browser }) => {
    const { visitor, page, act, leave } = await meet(browser, tool, { data: { "chat-open": "inquiry" } });
    expect(await act("answers")).toEqual([]);
    expect(await act("opens")).toEqual([tool.channel]);
    expect(await act("opens", "says")).toEqual([tool.channel]);
    // What was overheard was done too.
    expect([undefined, 2]).toContain(await page.evaluate(() => window.opened));
    expect(visitor.complaints).toEqual([]);
    await leave();
  });
}

test("the small build looks at no tool", async ({ browser }) => {
  const visitor = await newVisitor(browser);
  const page = await visitor.newPage();
  const pages = Object.values(TOOLS).flatMap((tool, place) => [
    [`/${place}`, html(`<script>${embedText(tool, `/${place}.js`)}</script>${tag(demo, "s.js")}`)],
    [`/${place}.js`, scriptText(tool)],
  ]);
  const shop = await openShop(Object.fromEntries(pages));
  await page.clock.install();
  for (const place of Object.keys(Object.values(TOOLS))) {
    await page.goto(`${shop.url}/${place}`);
    await page.clock.runFor(2_000);
    await page.waitForFunction(() => window.tool);
    await page.clock.runFor(1_500);
    await page.evaluate(() => Object.values(window.tool).forEach((act) => act()));
  }
  await visitor.settle(page);
  expect(visitor.of("visit")).toHaveLength(Object.keys(TOOLS).length);
  expect(visitor.of("inquiry")).toEqual([]);
  expect(visitor.complaints).toEqual([]);
  await visitor.leave();
  shop.close();
});

test("callbacks that the page gave to Tawk are called, those set before and those set after", async ({
  browser,
}) => {
  const head = `<script>
    window.heard = [];
    window.Tawk_API = {
      onChatMessageVisitor: (text) => heard.push("before: " + text),
      onChatMaximized: () => heard.push("open"),
    };
  </script>`;
  const { visitor, page, act, leave } = await meet(browser, TOOLS.tawk, { head });
  expect(await act("opens", "says")).toEqual(["tawk"]);
  await page.evaluate(
    () => (window.Tawk_API.onChatMessageVisitor = (text) => window.heard.push(`after: ${text}`)),
  );
  expect(await act("says")).toEqual(["tawk"]);
  expect(await page.evaluate(() => window.heard)).toEqual(["open", "before: hello", "after: hello"]);
  expect(visitor.complaints).toEqual([]);
  await leave();
});

test("callbacks that the page gave to Jivo are called, declared or assigned, before or after", async ({
  browser,
}) => {
  const head = `<script>
    var heard = [];
    function jivo_onMessageSent(text) { heard.push("declared: " + text); }
    window.jivo_onOpen = () => heard.push("assigned");
  </script>`;
  const { visitor, page, act, leave } = await meet(browser, TOOLS.jivo, { head });
  expect(await act("opens", "says")).toEqual(["jivo"]);
  await page.evaluate(() => (window.jivo_onOpen = () => window.heard.push("assigned later")));
  expect(await act("opens")).toEqual(["jivo"]);
  expect(await page.evaluate(() => window.heard)).toEqual(["assigned", "declared: hello", "assigned later"]);
  expect(visitor.complaints).toEqual([]);
  await leave();
});
