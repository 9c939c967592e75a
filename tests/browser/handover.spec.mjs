// A visitor who follows a link to another domain of the shop stays the same person; nobody else becomes that
// person.

import { expect, test } from "@playwright/test";
import { startDemo } from "./server.mjs";
import { html, openShop, tag } from "./shop.mjs";
import { newVisitor } from "./visitor.mjs";

let demo;
let shop;
let teas;
let pots;
let elsewhere;
test.beforeAll(async () => {
  demo = await startDemo("--empty");
  const domains = { domains: "shop-a.localhost, shop-b.localhost" };
  const page = () => `
    <a id="plain" href="${pots}/">pots</a>
    <a id="full" href="${pots}/list?sort=price&amp;q=%E8%8C%B6+a%20b&amp;empty=#top?x=1&amp;y">by price</a>
    <a id="below" href="${shop.as("cn.shop-b.localhost")}/">a host below</a>
    <a id="other" href="${elsewhere}/?q=1#top">a shop of somebody else</a>
    <a id="alike" href="${shop.as("notshop-b.localhost")}/">a name that ends alike</a>
    <a id="own" href="/list">here</a>
    <a id="mail" href="mailto:tea@shop-b.localhost">mail</a>
    <form id="get" action="${pots}/list?lost=1"><input name="q" value="a b"><button>search</button></form>
    <form id="post" method="post" action="${pots}/list?kept=1"><input name="q" value="1"><button>buy</button></form>`;
  const carry = (file) => (_, answer) =>
    answer.setHeader("content-type", "text/html").end(html(tag(demo, file, domains), page()));
  shop = await openShop({ "/": carry("s.full.js"), "/list": carry("s.full.js"), "/small": carry("s.js") });
  [teas, pots, elsewhere] = ["shop-a", "shop-b", "shop-c"].map((name) => shop.as(`${name}.localhost`));
});
test.afterAll(async () => {
  shop?.close();
  await demo?.stop();
});

/** A visitor on the first domain. */
async function meet(browser) {
  const visitor = await newVisitor(browser);
  const page = await visitor.newPage();
  await page.goto(`${teas}/`);
  return { visitor, page, id: await idOf(page) };
}

const idOf = (page) => page.evaluate(() => window.shopfunnel("visitor"));

/** Where a click on the link leads; the page stays. */
async function addressAfterClick(page, link) {
  await page.evaluate(() => addEventListener("click", (event) => event.preventDefault(), { once: true }));
  await page.locator(link).click();
  return page.locator(link).evaluate((link) => link.href);
}

/** The same handover as if it had been made `ms` ago. */
const aged = (address, ms) =>
  address.replace(/~(\w+)/, (_, time) => `~${(parseInt(time, 36) - ms).toString(36)}`);

test("a link to another domain of the shop carries the visitor, and the address is clean", async ({
  browser,
}) => {
  const { visitor, page, id } = await meet(browser);
  await page.locator("#plain").click();
  await page.waitForURL(`${pots}/`);
  expect(await idOf(page)).toBe(id);
  await visitor.settle(page);
  expect(visitor.of("visit").map((event) => [event.visitor, event.url])).toEqual([
    [id, `${teas}/`],
    [id, `${pots}/`],
  ]);
  // On the next page as well, where no parameter is.
  await page.locator("#own").click();
  await page.waitForURL(`${pots}/list`);
  expect(await idOf(page)).toBe(id);
  // Stored under one person on the server, too.
  await expect
    .poll(
      async () => (await demo.ask(`visitors/${id}`)).events.filter((event) => event.kind === "visit").length,
    )
    .toBe(3);
  expect(visitor.complaints).toEqual([]);
  await visitor.leave();
});

test("forms and scripts that lead to another domain carry the visitor too", async ({ browser }) => {
  const { visitor, page, id } = await meet(browser);
  const go = (address) => page.evaluate((address) => void location.assign(address), address);
  for (const [act, address] of [
    [() => page.locator("#get button").click(), `${pots}/list?q=a+b`],
    [() => page.locator("#post button").click(), `${pots}/list?kept=1`],
    [() => go(`${pots}/?n=1#top`), `${pots}/?n=1#top`],
  ]) {
    // Whoever comes to the other domain is somebody else until then.
    await page.goto(`${pots}/`);
    await page.evaluate(() => localStorage.clear());
    await page.goto(`${teas}/`);
    await act();
    await page.waitForURL(address);
    expect([address, await idOf(page)]).toEqual([address, id]);
  }
  const other = `${elsewhere}/?q=1`;
  await page.goto(`${teas}/`);
  await go(other);
  await page.waitForURL(other);
  expect(visitor.complaints).toEqual([]);
  await visitor.leave();
});

test("query and hash of a link stay as they were, on the way and on arrival", async ({ browser }) => {
  const { visitor, page, id } = await meet(browser);
  const address = await page.locator("#full").evaluate((link) => link.href);
  await page.locator("#full").click();
  await page.waitForURL(address);
  expect(await idOf(page)).toBe(id);
  // A second click does not add a second parameter.
  await page.goto(`${teas}/`);
  await addressAfterClick(page, "#full");
  const twice = await addressAfterClick(page, "#full");
  expect(twice.match(/_sf=/g)).toHaveLength(1);
  expect(twice.replace(/&_sf=[^#]*/, "")).toBe(address);
  await visitor.leave();
});

test("a window that the link opens has the same visitor", async ({ browser }) => {
  const { visitor, page, id } = await meet(browser);
  const [opened] = await Promise.all([
    visitor.context.waitForEvent("page"),
    page.locator("#plain").click({ button: "middle" }),
  ]);
  await opened.waitForURL(`${pots}/`);
  expect(await idOf(opened)).toBe(id);
  await visitor.leave();
});

test("a host below a listed domain is the shop's, others are not", async ({ browser }) => {
  const { visitor, page, id } = await meet(browser);
  expect(await addressAfterClick(page, "#below")).toContain(`_sf=${id}~`);
  for (const link of ["#other", "#alike", "#own", "#mail"]) {
    const before = await page.locator(link).evaluate((link) => link.href);
    expect(await addressAfterClick(page, link)).toBe(before);
  }
  await visitor.leave();
});

test("a copied address hands nobody over when it is old, and is cleaned all the same", async ({
  browser,
}) => {
  const { visitor, page, id } = await meet(browser);
  const address = await addressAfterClick(page, "#full");
  const clean = address.replace(/&_sf=[^#]*/, "");
  for (const [ms, sameVisitor] of [
    [121_000, false],
    [-130_000, false],
    [60_000, true],
  ]) {
    const other = await newVisitor(browser);
    const friend = await other.newPage();
    await friend.goto(aged(address, ms));
    expect((await idOf(friend)) === id, `${ms} ms old`).toBe(sameVisitor);
    expect(friend.url()).toBe(clean);
    await other.settle(friend);
    expect(other.of("visit").map((event) => event.url)).toEqual([clean]);
    expect(other.complaints).toEqual([]);
    await other.leave();
  }
  await visitor.leave();
});

test("nonsense in the parameter's place hands nobody over", async ({ browser }) => {
  for (const text of [
    "",
    "x",
    "~",
    `${"x".repeat(65)}~${Date.now().toString(36)}`,
    `<b>~${Date.now().toString(36)}`,
    "id~zzzzzzzzzzzz",
    "id~%00",
  ]) {
    const visitor = await newVisitor(browser);
    const page = await visitor.newPage();
    await page.goto(`${pots}/?_sf=${text}&a=1`);
    expect(await idOf(page)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(visitor.complaints).toEqual([]);
    await visitor.leave();
  }
});

test("in the small build, or for somebody who is not counted, links stay as they are", async ({
  browser,
}) => {
  const { visitor, page } = await meet(browser);
  await page.goto(`${teas}/?shopfunnel=off`);
  expect(await addressAfterClick(page, "#plain")).toBe(`${pots}/`);
  await visitor.leave();
  const other = await newVisitor(browser);
  const small = await other.newPage();
  await small.goto(`${teas}/small`);
  expect(await addressAfterClick(small, "#plain")).toBe(`${pots}/`);
  await other.leave();
});
