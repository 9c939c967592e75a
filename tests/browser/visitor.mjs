// A visitor with a browser of their own: no storage, no cookies, and a record of what the tracker sends for
// them.

import { expect } from "@playwright/test";

/** `options`: of Playwright's browser context. */
export async function newVisitor(browser, options) {
  const context = await browser.newContext(options);
  /** Events in the order of their requests; one that is sent again is here again. */
  const sent = [];
  /** Warnings, errors and uncaught exceptions of all pages. */
  const complaints = [];
  context.on("request", (request) => {
    if (request.method() === "POST" && new URL(request.url()).pathname === "/e") {
      sent.push(...JSON.parse(request.postData()).events);
    }
  });
  context.on(
    "console",
    (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()),
  );
  context.on("weberror", (error) => complaints.push(String(error.error())));
  /** Events of this kind, each once. */
  const of = (kind) => [
    ...new Map(sent.filter((event) => event.kind === kind).map((event) => [event.id, event])).values(),
  ];
  let marks = 0;
  return {
    context,
    sent,
    complaints,
    newPage: () => context.newPage(),
    of,
    /**
     * Waits until everything that `page` (or a frame) had to tell was sent: a rating that is told now comes
     * last, but for the view of a route, which waits for its title.
     */
    async settle(page) {
      marks++;
      await page.evaluate(() => window.shopfunnel("rating", { score: 5 }));
      await expect.poll(() => of("rating").length, { intervals: [10, 20, 50, 100] }).toBe(marks);
      const untitled = () =>
        page.evaluate(() => {
          try {
            return Object.values(localStorage).filter((text) => /"kind":"visit"(?!.*"title")/.test(text)).length;
          } catch {
            return 0;
          }
        });
      await expect.poll(untitled, { intervals: [50, 100] }).toBe(0);
    },
    leave: () => context.close(),
  };
}
