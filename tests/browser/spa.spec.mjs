// Sites that were not written here carry the tag: a single-page app with hash routes, and pages that load one after the other.

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, extname, join, normalize } from "node:path";
import { expect, test } from "@playwright/test";
import { startDemo } from "./server.mjs";
import { tag } from "./shop.mjs";
import { newVisitor } from "./visitor.mjs";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png", ".json": "application/json" };
const require = createRequire(import.meta.url);

let demo;
test.beforeAll(async () => {
  demo = await startDemo("--empty");
});
test.afterAll(async () => {
  await demo?.stop();
});

/** Serves an npm package's files, with `head` at the end of every page's head and some files replaced. */
async function openSite(name, head, replaced = {}) {
  const root = dirname(require.resolve(`${name}/package.json`));
  const server = createServer(async (request, answer) => {
    const { pathname } = new URL(request.url, "http://site");
    const path = pathname === "/" ? "/index.html" : normalize(pathname);
    const content = replaced[path] ?? (await readFile(join(root, path)).catch(() => null));
    if (content === null) return answer.writeHead(404).end();
    const type = TYPES[extname(path)] ?? "application/octet-stream";
    answer.setHeader("content-type", type).end(type === "text/html" ? String(content).replace("</head>", `${head}</head>`) : content);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => (server.close(), server.closeAllConnections()) };
}

/** A visitor for whom what is neither the site's nor the tracker's is empty: fonts and pictures of other hosts. */
async function newVisitorOf(browser, site) {
  const visitor = await newVisitor(browser);
  await visitor.context.route(
    (url) => ![site.url, demo.url].includes(url.origin) && url.protocol.startsWith("http"),
    (route) => route.fulfill({ status: 200, contentType: "text/css", body: "" }),
  );
  return visitor;
}

const paths = (events) => events.map(({ url }) => url.slice(new URL(url).origin.length));

test("a single-page app with hash routes: each route is a view", async ({ browser }) => {
  const initializer = `window.onload = () => {
    window.ui = SwaggerUIBundle({ url: "/api.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null,
      presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset], layout: "StandaloneLayout" });
  };`;
  const api = await (await fetch(`${demo.url}/openapi.json`)).text();
  const site = await openSite("swagger-ui-dist", tag(demo, "s.full.js", { hash: "" }), { "/swagger-initializer.js": initializer, "/api.json": api });
  const visitor = await newVisitorOf(browser, site);
  const page = await visitor.newPage();
  await page.goto(site.url);
  const operations = page.locator(".opblock-summary-control");
  await operations.nth(0).click();
  await operations.nth(1).click();
  await expect(page).toHaveURL(/#\/.+\/.+/);
  await visitor.settle(page);
  const views = paths(visitor.of("visit"));
  expect(views[0]).toBe("/");
  expect(new Set(views).size).toBe(views.length);
  expect(views.slice(1).filter((path) => /^\/#\/events\/\w+/.test(path))).toHaveLength(2);
  expect(visitor.of("inquiry")).toEqual([]);
  expect(visitor.complaints).toEqual([]);
  await visitor.leave();
  site.close();
});

for (const file of ["s.js", "s.full.js"]) {
  test(`a site of many pages carries ${file}: each load is a view, of one visitor`, async ({ browser }) => {
    const names = ["/", "/charts.html", "/tables.html", "/login.html"];
    const plain = await openSite("startbootstrap-sb-admin-2", "");
    const nobody = await newVisitorOf(browser, plain);
    const plainPage = await nobody.newPage();
    for (const name of names) await plainPage.goto(plain.url + name);
    await nobody.leave();
    plain.close();

    const site = await openSite("startbootstrap-sb-admin-2", tag(demo, file));
    const visitor = await newVisitorOf(browser, site);
    const page = await visitor.newPage();
    for (const name of names) {
      await page.goto(site.url + name);
      await visitor.settle(page);
    }
    expect(paths(visitor.of("visit"))).toEqual(names);
    expect(new Set(visitor.sent.map((event) => event.visitor)).size).toBe(1);
    expect(visitor.of("inquiry")).toEqual([]);
    // The site complains about itself, and no more than that.
    expect(visitor.complaints).toEqual(nobody.complaints);
    await visitor.leave();
    site.close();
  });
}
