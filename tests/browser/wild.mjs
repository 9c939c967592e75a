// A shop whose pages, scripts and caches are as they are found outside, in one of three engines.

import { createServer, request as ask } from "node:http";
import { once } from "node:events";
import { expect, test } from "@playwright/test";
import { ENGINES, openEngine } from "./engines.mjs";
import { startDemo } from "./server.mjs";
import { html, openShop, tag } from "./shop.mjs";

/** Stands before everything else of a page: what is said on its console, and what goes wrong in it. */
const LISTEN = `<script>
  window.said = [];
  console.warn = (...parts) => said.push(parts.join(" "));
  addEventListener("error", ({ message }) => said.push("error: " + message));
  addEventListener("unhandledrejection", ({ reason }) => said.push("rejection: " + reason));
</script>`;
export const STUB =
  "window.shopfunnel=window.shopfunnel||function(){(shopfunnel.q=shopfunnel.q||[]).push(arguments)}";

/**
 * A server between the page and the tracker: `answer(request, forward)` says what becomes of a request for
 * `/e`, anything else is passed on.
 */
export async function openBetween(demo, answer) {
  const server = createServer((incoming, outgoing) => {
    const forward = () => {
      const { method, url, headers } = incoming;
      const onward = ask(`${demo.url}${url}`, { method, headers }, (told) => {
        outgoing.writeHead(told.statusCode, told.headers);
        told.pipe(outgoing);
      });
      onward.on("error", () => outgoing.destroy());
      incoming.pipe(onward);
    };
    if (incoming.url === "/e") answer({ incoming, outgoing }, forward);
    else forward();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The builds to try in an engine: the small one has nothing of its own that the large one has not. */
export const buildsIn = (engine) => (engine === "chromium" ? ["s.js", "s.full.js"] : ["s.full.js"]);

/** Runs `tests` once an engine, with what opens a visitor's page there. */
export function inEveryEngine(tests) {
  for (const name of ENGINES) {
    test.describe(name, () => {
      const wild = {};
      test.beforeAll(async () => {
        wild.engine = await openEngine(name);
        wild.demo = await startDemo("--empty");
      });
      test.afterAll(async () => {
        await wild.engine?.close();
        await wild.demo?.stop();
      });
      tests({
        name,
        get demo() {
          return wild.demo;
        },
        /**
         * Opens a page with the tag in a browser without a past. `before`, `after`: scripts around the tag;
         * `pages`: others of the shop. Page after page is the same shop's.
         */
        async visit({ before = "", after = "", body = "", file = "s.full.js", data, pages, path = "/", from } = {}) {
          const written = from ? tag({ ...wild.demo, url: from }, file, data) : tag(wild.demo, file, data);
          const head = `${LISTEN}<script>${before}</script>${written}`;
          const own = html(head, `${body}<script type="module">${after}</script>`);
          const made = typeof pages === "function" ? pages({ head, own }) : pages;
          const shop = await openShop({ "/": own, ...made });
          const visitor = await wild.engine.newVisitor();
          const page = await visitor.newPage();
          await page.goto(`${shop.url}${path}`);
          return new Visit(wild.demo, shop, visitor, page);
        },
      });
    });
  }
}

/** A visitor in a shop. */
class Visit {
  constructor(demo, shop, visitor, page) {
    Object.assign(this, { demo, shop, visitor, page });
  }

  id() {
    return this.page.evaluate(() => window.shopfunnel("visitor"));
  }

  call(...args) {
    return this.page.evaluate((args) => void window.shopfunnel(...args), args);
  }

  said() {
    return this.page.evaluate(() => window.said);
  }

  /** What the server has stored of a visitor, in order of time. */
  async stored(id) {
    const answer = await fetch(`${this.demo.url}/v1/shops/demo/visitors/${id}`, {
      headers: { authorization: `Bearer ${this.demo.keys.read_key}` },
    });
    return answer.status === 404 ? [] : (await answer.json()).events;
  }

  /** Kinds of what is stored of a visitor, in order of the alphabet. */
  async kinds(id) {
    return (await this.stored(id))
      .filter(({ kind }) => kind !== "bounce")
      .map(({ kind, order_id }) => (order_id ? `${kind} ${order_id}` : kind))
      .sort();
  }

  /**
   * Waits until exactly these are stored of the visitor: kind, and order id where there is one. Engines differ
   * in when a tab is hidden, so bounces are not looked at.
   */
  async expectStored(expected, id) {
    const visitor = id ?? (await this.id());
    await expect.poll(() => this.kinds(visitor)).toEqual([...expected].sort());
  }

  /** Waits until nothing of the page waits any more. */
  async settle() {
    const told = () =>
      this.page.evaluate(
        () => new Promise((resolve) => window.shopfunnel("rating", { score: 5 }, () => resolve(true))),
      );
    expect(await told()).toBe(true);
  }

  async leave() {
    await this.visitor.leave();
    this.shop.close();
  }
}
