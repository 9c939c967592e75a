// Pages that change their address without a load: what a visitor sees as another page is a view, nothing else.

import { expect, test } from "@playwright/test";
import { buildsIn, inEveryEngine } from "./wild.mjs";

inEveryEngine((wild) => {
  const viewsOf = async (visit, id) =>
    (await visit.stored(id ?? (await visit.id())))
      .filter(({ kind }) => kind === "visit")
      .map(({ url, title }) => [url.replace(visit.shop.url, ""), title]);

  for (const file of buildsIn(wild.name)) {
    test(`${file}: a cleaned address, a typed search and a frame of the shop are no views`, async () => {
      const visit = await wild.visit({
        file,
        path: "/?utm_source=x",
        after: "history.replaceState(null, '', location.pathname)",
        body: '<input id="q"><iframe src="/framed" hidden></iframe>',
        pages: ({ own }) => ({ "/framed": own.replace(/<iframe.*<\/iframe>/, "") }),
      });
      await visit.page.evaluate(() => {
        for (const text of ["o", "oo", "ool", "oolong"]) {
          history.replaceState(null, "", `?q=${text}`);
          history.pushState(null, "", `?q=${text}#${text}`);
        }
        location.hash = "reviews";
      });
      const frame = () => document.querySelector("iframe").contentWindow.shopfunnel("visitor");
      await expect.poll(() => visit.page.evaluate(frame)).toBe(await visit.id());
      await visit.page.evaluate(() => {
        document.querySelector("iframe").contentWindow.shopfunnel("order", { order_id: `framed-${Math.random()}` });
      });
      await expect
        .poll(async () => (await visit.stored(await visit.id())).map(({ kind }) => kind).sort())
        .toEqual(["order", "visit"]);
      await visit.leave();
    });

    test(`${file}: routes are views, however they are made`, async () => {
      const visit = await wild.visit({
        file,
        before: "const saved = history.pushState; const hasNavigation = !!window.navigation;",
      });
      await visit.page.evaluate(() => {
        history.pushState(null, "", "/a");
        History.prototype.pushState.call(history, null, "", "/b");
        history.replaceState(null, "", "/c");
      });
      const expected = ["/", "/a", "/b", "/c"];
      if (await visit.page.evaluate(() => !!window.navigation)) {
        await visit.page.evaluate(() => void saved.call(history, null, "", "/d"));
        await visit.page.evaluate(async () => {
          navigation.addEventListener("navigate", (event) => event.intercept());
          await navigation.navigate("/e").finished;
        });
        expected.push("/d", "/e");
      }
      await expect.poll(async () => (await viewsOf(visit)).map(([url]) => url)).toEqual(expected);
      await visit.leave();
    });
  }

  test("parameters that the shop names make another page", async () => {
    const visit = await wild.visit({ data: { query: "variant, size" } });
    await visit.page.evaluate(() => {
      for (const query of ["?q=x", "?q=x&variant=2", "?variant=2", "?variant=2&size=3&q=y", "?size=3&variant=2"]) {
        history.replaceState(null, "", query);
      }
    });
    const expected = ["/", "/?q=x&variant=2", "/?variant=2&size=3&q=y"];
    await expect.poll(async () => (await viewsOf(visit)).map(([url]) => url)).toEqual(expected);
    await visit.leave();
  });

  test("a title that comes after its route belongs to it, and the view tells how long the one before was seen", async () => {
    const visit = await wild.visit();
    await visit.page.evaluate(async () => {
      history.pushState(null, "", "/cup");
      await new Promise((resolve) => setTimeout(resolve, 150));
      document.title = "Cup";
      // The one before gets its title though another follows at once.
      history.pushState(null, "", "/pot");
      document.title = "Pot";
    });
    await expect.poll(() => viewsOf(visit)).toEqual([["/", "shop"], ["/cup", "Cup"], ["/pot", "Pot"]]);
    const [first, second, third] = (await visit.stored(await visit.id())).map(({ engaged_ms }) => engaged_ms);
    expect(first ?? null).toBe(null);
    expect(second).toBeGreaterThanOrEqual(0);
    expect(third).toBeLessThan(10_000);
    await visit.leave();
  });

  test("paths that are left out are never counted, and a page may tell its views itself", async () => {
    const visit = await wild.visit({
      data: { exclude: "/admin*, /thanks", views: "manual" },
      pages: ({ own }) => ({ "/admin/orders": own, "/thanks": own }),
    });
    await visit.call("visit", { url: `${visit.shop.url}/virtual`, title: "Virtual" });
    await expect.poll(() => viewsOf(visit)).toEqual([["/virtual", "Virtual"]]);
    const id = await visit.id();
    for (const path of ["/admin/orders", "/thanks"]) {
      await visit.page.goto(`${visit.shop.url}${path}`);
      await visit.call("cart");
      expect(await visit.id() ?? null).toBe(null);
    }
    await visit.page.goto(`${visit.shop.url}/`);
    await visit.call("favorite");
    await visit.expectStored(["visit", "favorite"], id);
    await visit.leave();
  });

  test("a tag that is told to be quiet says nothing", async () => {
    const visit = await wild.visit({ data: { log: "off", shop: " " } });
    expect(await visit.said()).toEqual([]);
    await visit.leave();
  });
});
