// Events on a bad day: each one that a page has told reaches the server's tables, once, and none is invented.

import { expect, test } from "@playwright/test";
import { CATCH_UP_MS, startDemo } from "./server.mjs";
import { html, openShop, tag } from "./shop.mjs";
import { openUnwatched } from "./unwatched.mjs";
import { newVisitor } from "./visitor.mjs";

const BUILDS = ["s.js", "s.full.js"];
let demo;
test.beforeAll(async () => {
  demo = await startDemo("--empty");
});
test.afterAll(async () => {
  await demo?.stop();
});

/**
 * What the server has stored of one visitor, in order of time: kind, or kind and order id. All of them count
 * as a person's.
 */
async function stored(visitor) {
  const answer = await fetch(`${demo.url}/v1/shops/demo/visitors/${visitor}`, {
    headers: { authorization: `Bearer ${demo.keys.read_key}` },
  });
  if (answer.status === 404) return [];
  const { events } = await answer.json();
  expect(events.filter((event) => event.bot)).toEqual([]);
  return events.map(({ kind, order_id }) => (order_id ? `${kind} ${order_id}` : kind));
}

/** Waits until exactly these are stored of the visitor. Later ones would show at the next call. */
async function expectStored(visitor, expected) {
  await expect.poll(async () => (await stored(visitor)).sort()).toEqual([...expected].sort());
}

const idOf = (page) => page.evaluate(() => window.shopfunnel("visitor"));
const order = (page, id) =>
  page.evaluate((order_id) => window.shopfunnel("order", { order_id, amount: "12.50" }), id);
/** Keys of what waits in the browser. */
const waiting = (page) =>
  page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("shopfunnel.queue.")).length);

for (const build of BUILDS) {
  test.describe(build, () => {
    test("a tab that is closed right after a call loses nothing", async ({ browser }) => {
      const shop = await openShop({ "/": html(tag(demo, build)) });
      const visitor = await newVisitor(browser);
      const page = await visitor.newPage();
      await page.goto(shop.url);
      const id = await idOf(page);
      await order(page, `closed-${build}`);
      await page.close();
      await expectStored(id, ["visit", `order closed-${build}`]);
      await visitor.leave();
      shop.close();
    });

    test("what is told offline arrives when the browser is online again, also after another page", async ({
      browser,
    }) => {
      const shop = await openShop({ "/": html(tag(demo, build)) });
      const visitor = await newVisitor(browser);
      const page = await visitor.newPage();
      await page.goto(shop.url);
      const id = await idOf(page);
      await expectStored(id, ["visit"]);
      await visitor.context.setOffline(true);
      await order(page, `offline-${build}`);
      await page.evaluate(() => history.pushState({}, "", "/next"));
      await expect.poll(() => waiting(page)).toBe(2);
      expect(await stored(id)).toEqual(["visit"]);
      await visitor.context.setOffline(false);
      await expectStored(id, ["visit", "visit", `order offline-${build}`]);
      await expect.poll(() => waiting(page)).toBe(0);
      expect(visitor.complaints.filter((text) => text.startsWith("shopfunnel"))).toEqual([]);
      await visitor.leave();
      shop.close();
    });

    test("a server that is busy is asked again, no earlier than it says", async ({ browser }) => {
      const shop = await openShop({ "/": html(tag(demo, build)) });
      const visitor = await newVisitor(browser);
      const page = await visitor.newPage();
      const refusedAt = [];
      await visitor.context.route(`${demo.url}/e`, async (route) => {
        if (refusedAt.length === 0) {
          refusedAt.push(Date.now());
          const headers = {
            "access-control-allow-origin": "*",
            "access-control-expose-headers": "Retry-After",
            "retry-after": "2",
          };
          return route.fulfill({ status: 503, headers, body: "{}" });
        }
        refusedAt.push(Date.now());
        return route.continue();
      });
      await page.goto(shop.url);
      const id = await idOf(page);
      await order(page, `busy-${build}`);
      await expectStored(id, ["visit", `order busy-${build}`]);
      expect(refusedAt[1] - refusedAt[0]).toBeGreaterThanOrEqual(2_000);
      await expect.poll(() => waiting(page)).toBe(0);
      await visitor.leave();
      shop.close();
    });

    test("what one page could not send travels with the next", async ({ browser }) => {
      const shop = await openShop({ "/": html(tag(demo, build)), "/next": html(tag(demo, build)) });
      const visitor = await newVisitor(browser);
      const page = await visitor.newPage();
      await visitor.context.route(`${demo.url}/e`, (route) => route.abort());
      await page.goto(shop.url);
      const id = await idOf(page);
      await order(page, `next-${build}`);
      await expect.poll(() => waiting(page)).toBe(2);
      await visitor.context.unroute(`${demo.url}/e`);
      await page.goto(`${shop.url}/next`);
      await expectStored(id, ["visit", "visit", `order next-${build}`]);
      await expect.poll(() => waiting(page)).toBe(0);
      await visitor.leave();
      shop.close();
    });

    test("where storage is denied the page alone delivers", async ({ browser }) => {
      const shop = await openShop({
        "/": html("", '<iframe sandbox="allow-scripts" src="/framed"></iframe>'),
        "/framed": html(
          `${tag(demo, build)}<script>
            try { localStorage; window.denied = false } catch { window.denied = true }
          </script>`,
        ),
      });
      const visitor = await newVisitor(browser);
      const page = await visitor.newPage();
      await page.goto(shop.url);
      const frame = page.frames()[1];
      await frame.waitForFunction(() => window.shopfunnel && window.shopfunnel("visitor"));
      expect(await frame.evaluate(() => window.denied)).toBe(true);
      const id = await idOf(frame);
      await order(frame, `denied-${build}`);
      await visitor.settle(frame);
      // A frame's own views are none.
      await expectStored(id, [`order denied-${build}`, "rating"]);
      expect(visitor.complaints).toEqual([]);
      await visitor.leave();
      shop.close();
    });

    test("a strict content security policy is kept", async ({ browser }) => {
      const policy = `default-src 'none'; script-src ${demo.url}; connect-src ${demo.url}; img-src data:`;
      const shop = await openShop({
        "/": (_, answer) =>
          answer
            .setHeader("content-type", "text/html")
            .setHeader("content-security-policy", policy)
            .end(html(tag(demo, build))),
      });
      const visitor = await newVisitor(browser);
      const page = await visitor.newPage();
      await page.goto(shop.url);
      const id = await idOf(page);
      await order(page, `policy-${build}`);
      await visitor.settle(page);
      await expectStored(id, ["visit", `order policy-${build}`, "rating"]);
      expect(visitor.complaints).toEqual([]);
      await visitor.leave();
      shop.close();
    });
  });
}

test("two tabs of one visitor are one visitor, and each event is stored once", async ({ browser }) => {
  const shop = await openShop({ "/": html(tag(demo, "s.js")) });
  const visitor = await newVisitor(browser);
  const [one, two] = [await visitor.newPage(), await visitor.newPage()];
  await Promise.all([one.goto(`${shop.url}/`), two.goto(`${shop.url}/`)]);
  await Promise.all([order(one, "tab-1"), order(two, "tab-2")]);
  await visitor.settle(one);
  await two.evaluate(() => window.shopfunnel("cart"));
  const id = await idOf(one);
  expect(await idOf(two)).toBe(id);
  // Two tabs that open at the very same moment may each have made an id of their own for their first view.
  const ids = [...new Set(visitor.sent.map((event) => event.visitor))];
  expect(ids.length).toBeLessThanOrEqual(2);
  await expect
    .poll(async () => (await Promise.all(ids.map(stored))).flat().sort())
    .toEqual(["cart", "order tab-1", "order tab-2", "rating", "visit", "visit"]);
  await visitor.leave();
  shop.close();
});

/** A path of the shop to which its pages tell `what` of them; `told` is all of it. */
function tellTo(told) {
  return (request, answer) => {
    told.push(new URL(request.url, "http://shop").searchParams.get("what"));
    answer.end();
  };
}

const TELL = "const tell = (what) => fetch('/tell?what=' + encodeURIComponent(what));";
/** Gives the visitor to the shop when the tracker is there. */
const TELL_VISITOR = "addEventListener('load', () => tell('visitor ' + shopfunnel('visitor')));";
const visitorIn = (told) => told.find((what) => what.startsWith("visitor ")).slice(8);

test("a page from the back/forward cache is one more view, and none is invented", async () => {
  const told = [];
  const elsewhere = await openShop({
    "/": html("<script>addEventListener('load', () => setTimeout(() => history.back(), 300))</script>"),
  });
  const script = `${TELL}${TELL_VISITOR}
    addEventListener("pageshow", (event) => {
      if (event.persisted) tell("restored").then(() => shopfunnel("rating", { score: 5 }));
      else setTimeout(() => (location.href = "${elsewhere.url}"), 300);
    })`;
  const shop = await openShop({
    "/": html(tag(demo, "s.js") + `<script>${script}</script>`),
    "/tell": tellTo(told),
  });
  const browser = await openUnwatched(test.info().project.use.launchOptions, shop.url);
  await expect.poll(() => told.length).toBe(2);
  expect(told[1]).toBe("restored");
  await expectStored(visitorIn(told), ["visit", "bounce", "visit", "rating"]);
  await browser.close();
  shop.close();
  elsewhere.close();
});

test("a page that is rendered ahead is no view until it is looked at, then one", async () => {
  const told = [];
  const rules =
    '<script type="speculationrules">{"prerender":[{"urls":["/ahead"],"eagerness":"immediate"}]}</script>';
  const start = `${TELL}${TELL_VISITOR}
    const look = async () => {
      if ((await (await fetch("/runs")).text()) !== "yes") return setTimeout(look, 100);
      shopfunnel("cart");
      setTimeout(() => (location.href = "/ahead"), 500);
    };
    look()`;
  const ahead = `${TELL}
    const wasAhead = document.prerendering;
    tell("runs " + wasAhead);
    document.addEventListener("prerenderingchange", () =>
      tell("shown").then(() => shopfunnel("rating", { score: 5 })))`;
  const shop = await openShop({
    "/": html(`${rules}${tag(demo, "s.js")}<script>${start}</script>`),
    "/ahead": html(`${tag(demo, "s.js")}<script>${ahead}</script>`),
    "/tell": tellTo(told),
    "/runs": (_, answer) => answer.end(told.includes("runs true") ? "yes" : "no"),
  });
  const browser = await openUnwatched(test.info().project.use.launchOptions, shop.url);
  await expect.poll(() => told).toContain("shown");
  expect(told.filter((what) => !what.startsWith("visitor "))).toEqual(["runs true", "shown"]);
  // Of the page ahead nothing but what came after it was shown: the cart is older than its view.
  await expectStored(visitorIn(told), ["visit", "cart", "visit", "rating"]);
  expect((await stored(visitorIn(told))).indexOf("cart")).toBe(1);
  await browser.close();
  shop.close();
});

test("without scripts the picture counts the view", async ({ browser }) => {
  const before = await demo.funnel();
  const shop = await openShop({
    "/": html("", `<noscript><img src="${demo.url}/e.gif?shop=${demo.keys.public_key}" alt=""></noscript>`),
  });
  const visitor = await newVisitor(browser, { javaScriptEnabled: false });
  const page = await visitor.newPage();
  await page.goto(shop.url);
  const visitors = async () => (await demo.funnel()).visitors;
  await expect.poll(visitors, { timeout: CATCH_UP_MS }).toBe(before.visitors + 1);
  await visitor.leave();
  shop.close();
});
