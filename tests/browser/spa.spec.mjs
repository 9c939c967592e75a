// Sites that were not written for the tracker: a real single-page application and a real site of many pages,
// with the tag added.

import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@playwright/test";
import { startDemo } from "./server.mjs";
import { html, openShop, tag } from "./shop.mjs";
import { newVisitor } from "./visitor.mjs";

const TYPES = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".md": "text/markdown",
  ".svg": "image/svg+xml",
  ".jpg": "image/jpeg",
};

/** The files of an installed package, as a page of the server. */
const files = (name, edit = (text) => text) =>
  async function ({ url }, answer) {
    const { pathname } = new URL(url, "http://shop");
    const file = fileURLToPath(
      new URL(`node_modules/${name}${pathname.slice(name.length + 1)}`, import.meta.url),
    );
    const bytes = await readFile(file).catch(() => undefined);
    if (!bytes) return answer.writeHead(404).end();
    answer.setHeader("content-type", TYPES[extname(file)] || "application/octet-stream");
    answer.end(file.endsWith(".html") ? edit(String(bytes)) : bytes);
  };

let demo;
test.beforeAll(async () => {
  demo = await startDemo("--empty");
});
test.afterAll(async () => {
  await demo?.stop();
});

/** Addresses of what a visitor saw, and where each view came from, without the shop's own address. */
async function viewsOf(visitor, page, shop) {
  await visitor.settle(page);
  const short = (address) => address.replace(shop.url, "");
  return visitor.of("visit").map((event) => [short(event.url), short(event.referrer)]);
}

/** Waits until the server has stored as many views as were sent. */
async function expectStored(visitor, views) {
  const id = visitor.sent[0].visitor;
  await expect
    .poll(
      async () =>
        (await demo.ask(`visitors/${id}`).catch(() => ({ events: [] }))).events.filter(
          (event) => event.kind === "visit",
        ).length,
    )
    .toBe(views.length);
}

/**
 * An application that makes its pages out of texts: https://docsify.js.org. `mode`: how it writes addresses.
 */
async function openApplication(mode, data) {
  const settings = `window.$docsify = { routerMode: "${mode}", loadSidebar: true, basePath: "/" }`;
  const index = html(
    `<script>${settings}</script>${tag(demo, "s.full.js", data)}`,
    `<div id="app"></div><script src="/docsify/lib/docsify.min.js"></script>`,
  );
  const texts = {
    "/README.md": "# Tea house\n\n[Cups](cups.md)\n",
    "/cups.md": "# Cups\n\n## Small\n\nsmall\n\n## Large\n\nlarge\n",
    "/pots.md": "# Pots\n\npots\n",
    "/_sidebar.md": "* [Home](/)\n* [Cups](cups.md)\n* [Pots](pots.md)\n",
  };
  return openShop({
    ...texts,
    "/": index,
    "/cups": index,
    "/pots": index,
    "/docsify/lib/docsify.min.js": files("docsify"),
  });
}

test("an application with paths: each page is a view, with the one before as its referrer", async ({
  browser,
}) => {
  const shop = await openApplication("history");
  const visitor = await newVisitor(browser);
  const page = await visitor.newPage();
  await page.goto(`${shop.url}/`);
  const sidebar = page.locator(".sidebar-nav");
  await expect(page.locator("h1#tea-house")).toBeVisible();
  await sidebar.getByRole("link", { name: "Cups" }).click();
  await expect(page.locator("h1#cups")).toBeVisible();
  await sidebar.getByRole("link", { name: "Pots" }).click();
  await expect(page.locator("h1#pots")).toBeVisible();
  await page.goBack();
  await expect(page.locator("h1#cups")).toBeVisible();
  await page.reload();
  await expect(page.locator("h1#cups")).toBeVisible();
  const views = await viewsOf(visitor, page, shop);
  expect(views).toEqual([
    ["/", ""],
    ["/cups", "/"],
    ["/pots", "/cups"],
    ["/cups", "/pots"],
    ["/cups", ""],
  ]);
  await expectStored(visitor, views);
  expect(visitor.complaints).toEqual([]);
  await visitor.leave();
  shop.close();
});

test("an application with hashes: with data-hash each page is a view, without it they are all one", async ({
  browser,
}) => {
  for (const [data, expected] of [
    [{ hash: "" }, ["/#/", "/#/cups", "/#/pots", "/#/cups"]],
    [{}, ["/#/"]],
  ]) {
    const shop = await openApplication("hash", data);
    const visitor = await newVisitor(browser);
    const page = await visitor.newPage();
    await page.goto(`${shop.url}/#/`);
    const sidebar = page.locator(".sidebar-nav");
    await expect(page.locator("h1#tea-house")).toBeVisible();
    await sidebar.getByRole("link", { name: "Cups" }).click();
    await expect(page.locator("h1#cups")).toBeVisible();
    await sidebar.getByRole("link", { name: "Pots" }).click();
    await expect(page.locator("h1#pots")).toBeVisible();
    await page.goBack();
    await expect(page.locator("h1#cups")).toBeVisible();
    const views = await viewsOf(visitor, page, shop);
    expect(views.map(([url]) => url)).toEqual(expected);
    await expectStored(visitor, views);
    expect(visitor.complaints).toEqual([]);
    await visitor.leave();
    shop.close();
  }
});

test("a site of many pages: each page is a view, and its scripts work as before", async ({ browser }) => {
  // The pages ask for one script that brings everything else, which is made in the project itself; here it is
  // the tag and the library.
  const scripts = `<link rel="icon" href="data:,"><link rel="stylesheet" href="../dist/css/uikit.min.css">
    <script src="../dist/js/uikit.min.js"></script>
    <script src="../dist/js/uikit-icons.min.js"></script>${tag(demo, "s.full.js")}`;
  const site = files("uikit", (text) => text.replace('<script src="js/test.js"></script>', scripts));
  // Those that need nothing from elsewhere.
  const names = [
    "accordion",
    "alert",
    "badge",
    "breadcrumb",
    "button",
    "label",
    "nav",
    "pagination",
    "tab",
    "tile",
  ];
  const assets = ["dist/css/uikit.min.css", "dist/js/uikit.min.js", "dist/js/uikit-icons.min.js"];
  const shop = await openShop(
    Object.fromEntries(
      [...names.map((name) => `tests/${name}.html`), ...assets].map((path) => [`/uikit/${path}`, site]),
    ),
  );
  const visitor = await newVisitor(browser);
  const page = await visitor.newPage();
  for (const name of names) {
    await page.goto(`${shop.url}/uikit/tests/${name}.html`);
    await expect(page).toHaveTitle(/UIkit tests$/);
  }
  await page.goto(`${shop.url}/uikit/tests/accordion.html`);
  const title = page.locator(".uk-accordion-title").nth(1);
  await title.click();
  await expect(page.locator(".uk-accordion > li").nth(1)).toHaveClass(/uk-open/);
  const views = await viewsOf(visitor, page, shop);
  expect(views.map(([url]) => url.replace(/#.*/, ""))).toEqual(
    [...names, "accordion"].map((name) => `/uikit/tests/${name}.html`),
  );
  await expectStored(visitor, views);
  expect(visitor.complaints).toEqual([]);
  await visitor.leave();
  shop.close();
});
