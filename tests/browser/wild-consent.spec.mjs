// Who has not agreed is not counted, and leaves nothing; who has, is the same person everywhere the shop looks.

import { createServer } from "node:http";
import { once } from "node:events";
import { expect, test } from "@playwright/test";
import { buildsIn, inEveryEngine, STUB } from "./wild.mjs";

const kept = () =>
  Object.keys(localStorage).filter((key) => key.startsWith("shopfunnel") && key !== "shopfunnel.consent");

inEveryEngine((wild) => {
  for (const file of buildsIn(wild.name)) {
    test(`${file}: an attribute without a value asks for consent, and only a yes is one`, async () => {
      const visit = await wild.visit({ file, data: { consent: "" } });
      await visit.call("order", { order_id: `no-${wild.name}-${file}` });
      for (const word of ["denied", "false", false, 0, null, {}]) await visit.call("consent", word);
      expect(await visit.page.evaluate(kept)).toEqual([]);
      await visit.call("consent", "granted");
      await visit.call("order", { order_id: `yes-${wild.name}-${file}` });
      await visit.expectStored([`order yes-${wild.name}-${file}`]);
      expect(await visit.said()).toEqual([]);
      await visit.leave();
    });

    test(`${file}: what this page has kept is sent with the yes`, async () => {
      const visit = await wild.visit({
        file,
        data: { consent: "required" },
        before: `${STUB};shopfunnel("cart", { product: "cup" })`,
      });
      const id = await visit.id();
      expect(await visit.page.evaluate(kept)).toEqual([]);
      await visit.call("consent", true);
      await visit.expectStored(["visit", "cart"], id);
      await visit.leave();
    });

    test(`${file}: a word taken back takes everything, in other tabs too, and does not come back`, async () => {
      const visit = await wild.visit({ file, pages: ({ own }) => ({ "/other": own }) });
      const id = await visit.id();
      await visit.expectStored(["visit"], id);
      const other = await visit.visitor.newPage();
      await other.goto(`${visit.shop.url}/other`);
      // WebKit leaves another tab hidden, in which a page is no view.
      expect(await other.evaluate(() => window.shopfunnel("visitor"))).toBe(id);
      await other.evaluate(() => void window.shopfunnel("consent", false));
      // Another process learns of it a moment later.
      await expect.poll(() => visit.page.evaluate(kept)).toEqual([]);
      await visit.call("cart");
      expect(await visit.page.evaluate(kept)).toEqual([]);
      await other.evaluate(() => void window.shopfunnel("consent", true));
      await expect.poll(() => visit.page.evaluate(() => localStorage["shopfunnel.consent"])).toBe("on");
      await visit.call("favorite");
      const later = await visit.id();
      expect(later).not.toBe(id);
      await visit.expectStored(["favorite"], later);
      await visit.leave();
    });
  }

  test("a form tells the shop's server who sends it, by a field and by a cookie; without consent neither does", async () => {
    const told = [];
    const shop = createServer((request, answer) => {
      let body = "";
      request.on("data", (part) => (body += part));
      request.on("end", () => {
        // Not for the picture that browsers ask for.
        if (request.url === "/buy") told.push({ body, cookie: request.headers.cookie ?? "" });
        answer.setHeader("content-type", "text/html").end("<title>thanks</title>");
      });
    }).listen(0, "127.0.0.1");
    await once(shop, "listening");
    const action = `http://127.0.0.1:${shop.address().port}/buy`;
    const body = `<form method="post" action="${action}"><input type="hidden" name="who" data-sf-visitor>
      <button id="buy">buy</button><a id="script" onclick="this.parentNode.submit()">buy too</a></form>`;
    for (const press of ["#buy", "#script"]) {
      const visit = await wild.visit({ body, data: { cookie: "", consent: "" } });
      const sent = async () => {
        await visit.page.click(press);
        const title = () => visit.page.evaluate(() => document.title).catch(() => "under way");
        await expect.poll(title).toBe("thanks");
        return told.pop();
      };
      expect(await sent()).toEqual({ body: "who=", cookie: "" });
      await visit.page.goto(`${visit.shop.url}/`);
      await visit.call("consent", true);
      const id = await visit.id();
      expect(await sent()).toEqual({ body: `who=${id}`, cookie: `shopfunnel_visitor=${id}` });
      // The cookie names the person where the page's own store was emptied.
      await visit.page.goto(`${visit.shop.url}/`);
      await visit.page.evaluate(() => {
        localStorage.clear();
        localStorage["shopfunnel.consent"] = "on";
      });
      await visit.page.reload();
      expect(await visit.id()).toBe(id);
      await visit.call("consent", false);
      expect(await visit.page.evaluate(() => document.cookie)).toBe("");
      await visit.leave();
    }
    shop.close();
  });
});
