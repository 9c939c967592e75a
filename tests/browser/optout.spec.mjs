// Staff keep their browser out of the figures: expected and refuted requests in a real browser.

import { expect, test } from "@playwright/test";
import { CATCH_UP_MS, startDemo } from "./server.mjs";

let demo;
test.beforeAll(async () => {
  demo = await startDemo("--empty");
});
test.afterAll(async () => {
  await demo?.stop();
});

test("a browser that was switched off sends and stores nothing until it is switched on", async ({
  browser,
}) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const sent = [];
  context.on("request", (request) => {
    if (request.method() === "POST" && new URL(request.url()).pathname === "/e") {
      sent.push(...JSON.parse(request.postData()).events);
    }
  });
  const said = [];
  page.on(
    "console",
    (message) => message.text().startsWith("shopfunnel:") && said.push([message.type(), message.text()]),
  );
  const stored = () =>
    page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("shopfunnel.")));

  await page.goto(`${demo.url}/demo/?shopfunnel=off`);
  await page.getByTestId("product-longjing").click();
  await page.getByTestId("favorite").click();
  await page.getByTestId("add-to-cart").click();
  await page.goto(`${demo.url}/demo/checkout.html`);
  await page.getByTestId("place-order").click();
  await expect(page).toHaveURL(/pay\.html/);
  expect(sent).toEqual([]);
  expect(await stored()).toEqual(["shopfunnel.on"]);
  expect(said).toEqual([["warning", "shopfunnel: off"]]);

  // Another visitor's visit shows that the figures would have moved by now.
  const other = await (await browser.newContext()).newPage();
  await other.goto(`${demo.url}/demo/`);
  const visitors = async () => (await demo.funnel()).visitors;
  await expect.poll(visitors, { timeout: CATCH_UP_MS }).toBe(1);

  await page.goto(`${demo.url}/demo/?shopfunnel=on`);
  await expect.poll(visitors, { timeout: CATCH_UP_MS }).toBe(2);
  expect(sent.map((event) => event.kind)).toEqual(["visit"]);
  expect(said.slice(1)).toEqual([["warning", "shopfunnel: on"]]);
  expect(await demo.funnel()).toMatchObject({ visitors: 2, buyers: 0, effective: 0 });
});
