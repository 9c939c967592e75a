// How the owner's page looks in every width, language and scheme: pictures and files of its panels, what
// assistive tools find, and texts that would like to be more than texts.

import { readFile } from "node:fs/promises";
import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "@playwright/test";
import { HOSTILE } from "./hostile.mjs";
import { awaitQuietHour, open as openPage, showInstead, shown } from "./owner.mjs";
import { pastEvents } from "./past.mjs";
import { startDemo } from "./server.mjs";

const DAYS = 50;
/** Longer than this file takes. */
const RUN_MS = 300_000;
let demo;

test.beforeAll(async () => {
  await awaitQuietHour(test, RUN_MS);
  demo = await startDemo("--empty");
  await demo.send(pastEvents(DAYS));
  await demo.funnel();
});
// A page that stays open goes on asking.
test.afterEach(async ({ browser }) => {
  for (const context of browser.contexts()) await context.close();
});
test.afterAll(async () => {
  await demo?.stop();
});

const open = (browser, hash, options) => openPage(browser, demo, hash, options);

test("every panel is a CSV and a picture", async ({ browser }) => {
  const { page, complaints } = await open(browser, "#range=7-days");
  await shown(page);
  const save = async (name) => {
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name, exact: true }).click();
    const file = await download;
    return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
  };
  await expect(page.locator('[data-grid="arrivals"] tbody tr').first()).toBeVisible();
  const panels = [
    "Funnel",
    "Key figures",
    "Trend",
    "Breakdown",
    "Money by branch",
    "Agents",
    "Inquiry cohorts",
    "Recent events",
    "All figures",
  ];
  for (const panel of panels) {
    const csv = await save(`${panel} as CSV`);
    expect(csv.name).toMatch(/^shopfunnel-[a-z]+\.csv$/);
    expect(csv.bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])), panel).toBe(true);
    expect(csv.bytes.toString().split("\r\n").length, panel).toBeGreaterThan(1);
    const picture = await save(`${panel} as a picture`);
    expect(picture.name).toMatch(/^shopfunnel-[a-z]+\.png$/);
    expect(picture.bytes.subarray(1, 4).toString()).toBe("PNG");
    // As wide as the panel, twice as sharp, as tall as all that would have to be scrolled to, and of many
    // colours.
    const box = await page.locator(`#${picture.name.slice(11, -4)}`).boundingBox();
    expect(Math.abs(picture.bytes.readUInt32BE(16) - 2 * box.width), panel).toBeLessThan(3);
    const rolled = await page
      .locator(`#${picture.name.slice(11, -4)} .scroll.tall`)
      .evaluateAll((all) => all.reduce((sum, one) => sum + one.scrollHeight - one.clientHeight, 0));
    const unpictured = panel === "Trend" ? 60 : panel === "Funnel" ? 120 : 0;
    expect(picture.bytes.readUInt32BE(20), panel).toBeGreaterThan(
      2 * (box.height + rolled - unpictured) - 40,
    );
    expect(await coloursOf(page, picture.bytes), panel).toBeGreaterThan(20);
  }
  const { to } = await demo.ask("funnel");
  const from = new Date(Date.parse(`${to}T00:00:00Z`) - 6 * 86_400_000).toISOString().slice(0, 10);
  const csv = await save("Inquiry cohorts as CSV");
  const answer = await fetch(`${demo.url}/v1/shops/demo/cohorts?from=${from}&to=${to}&format=csv`, {
    headers: { authorization: `Bearer ${demo.keys.read_key}` },
  });
  expect(csv.bytes.equals(Buffer.from(await answer.arrayBuffer()))).toBe(true);
  expect(complaints).toEqual([]);
});

/** How many colours a picture has. */
const coloursOf = (page, bytes) =>
  page.evaluate(async (encoded) => {
    const bitmap = await createImageBitmap(
      new Blob([Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0))], { type: "image/png" }),
    );
    const pen = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    pen.drawImage(bitmap, 0, 0);
    return new Set(new Uint32Array(pen.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer)).size;
  }, bytes.toString("base64"));

for (const width of [390, 1440]) {
  for (const [locale, colorScheme] of ["en-GB", "zh-CN"].flatMap((locale) =>
    ["light", "dark"].map((scheme) => [locale, scheme]),
  )) {
    test(`at ${width} pixels, ${locale}, ${colorScheme}: axe finds nothing serious, all fits`, async ({
      browser,
    }) => {
      const { page } = await open(browser, "#source=baidu", {
        locale,
        colorScheme,
        viewport: { width, height: 900 },
      });
      await shown(page);
      await expect(page.locator('[data-grid="cohorts"] tbody tr').first()).toBeVisible();
      const found = await new AxeBuilder({ page })
        .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
        .analyze();
      const serious = found.violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      expect(
        serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(", ")}`),
      ).toEqual([]);
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
      ).toBeLessThanOrEqual(0);
      const cut = await page
        .locator("#chart .label:not(.absent) text")
        .evaluateAll(
          (texts) =>
            texts
              .map((text) => text.getBoundingClientRect())
              .filter(({ left, right, width: wide }) => wide > 0 && (left < 0 || right > innerWidth)).length,
        );
      expect(cut).toBe(0);
      expect(await overlaps(page)).toEqual([]);
      // On a desk every column is seen; on a phone a table is scrolled by itself.
      const hidden = await page
        .locator(".scroll")
        .evaluateAll((all) =>
          all
            .filter((one) => one.offsetParent && one.scrollWidth > one.clientWidth)
            .map((one) => one.closest(".panel").id),
        );
      if (width === 1440) expect(hidden).toEqual([]);
      await page.locator("#share").click();
      const dialog = await new AxeBuilder({ page }).include("#share-dialog").analyze();
      expect(
        dialog.violations
          .filter(({ impact }) => impact === "serious" || impact === "critical")
          .map(({ id }) => id),
      ).toEqual([]);
    });
  }
}

/** Texts of the picture and of the tiles that stand on one another, and those that are cut. */
const overlaps = (page) =>
  page.evaluate(() => {
    const texts = [
      ...document.querySelectorAll(
        "#chart .label:not(.absent) text, .tile .name, .tile .value, .tile .other",
      ),
    ].filter((text) => text.textContent);
    const boxes = texts
      .map((text) => [text.textContent, text.getBoundingClientRect()])
      .filter(([, box]) => box.width > 0);
    const found = [];
    boxes.forEach(([one, a], at) => {
      for (const [other, b] of boxes.slice(at + 1)) {
        const [wide, high] = [
          Math.min(a.right, b.right) - Math.max(a.left, b.left),
          Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top),
        ];
        // Lines of a text are a little higher than its letters.
        if (wide > 1 && high > 6) found.push(`${one} on ${other}`);
      }
    });
    for (const tile of document.querySelectorAll(".tile .value, .tile .name")) {
      if (tile.scrollWidth > tile.clientWidth) found.push(`${tile.textContent} is cut`);
    }
    return found;
  });

test("the sign-in form is accessible", async ({ browser }) => {
  const context = await browser.newContext({ locale: "en-GB" });
  await context.route("**/demo/session.json", (route) => route.fulfill({ status: 404 }));
  const page = await context.newPage();
  await page.goto(demo.url);
  await expect(page.locator("#sign-in")).toBeVisible();
  const found = await new AxeBuilder({ page }).analyze();
  expect(
    found.violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id }) => id),
  ).toEqual([]);
});

test("two hundred hostile texts are shown as they are and do nothing", async ({ browser }) => {
  test.setTimeout(180_000);
  expect(HOSTILE.length).toBeGreaterThan(200);
  const shop = await demo.addShop("hostile");
  const now = Date.now();
  const dayOf = (at) => new Date(at + 8 * 3_600_000).toISOString().slice(0, 10);
  // A breakdown shows a hundred groups, so that each day has fewer of them.
  const PER_DAY = 80;
  const events = HOSTILE.flatMap((text, number) => {
    const visitor = `h-${number}`;
    const at = now - 1_000 - number - Math.floor(number / PER_DAY) * 86_400_000;
    const coded = encodeURIComponent(text);
    const asked = { agent: text.slice(0, 64), channel: text.slice(0, 64), product: text };
    return [
      {
        kind: "visit",
        visitor,
        at,
        url: `https://tea.example/${coded}?utm_source=${coded}&utm_campaign=${coded}`,
        referrer: text,
        title: text.repeat(100),
      },
      { kind: "inquiry", visitor, at: at + 1, ...asked },
      {
        kind: "order",
        visitor,
        at: at + 2,
        order_id: text,
        amount: "1.00",
        variant: `e:${text}`.slice(0, 64),
      },
    ];
  });
  const send = async (path, body, key) => {
    const answer = await fetch(`${shop.url}${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    });
    return answer.json();
  };
  const { accepted } = await send("/v1/events", events, shop.keys.secret_key);
  expect(accepted).toBeGreaterThan(600);
  let notes = 0;
  for (const text of HOSTILE) {
    const note = { day: dayOf(now), text };
    const answer = await send(`/v1/shops/${shop.slug}/annotations`, note, shop.keys.read_key);
    if ("id" in answer) notes++;
  }
  expect(notes).toBeGreaterThan(200);
  await shop.funnel();
  const context = await browser.newContext({ locale: "en-GB" });
  await showInstead(context, shop);
  const page = await context.newPage();
  const events_seen = [];
  page.on("dialog", (dialog) => {
    events_seen.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("pageerror", (error) => events_seen.push(String(error)));
  page.on("console", (message) => message.type() === "error" && events_seen.push(message.text()));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!["data:", "blob:"].includes(url.protocol) && url.origin !== shop.url) {
      events_seen.push(request.url());
    }
  });
  const shownTexts = new Set();
  for (let back = 0; back * PER_DAY < HOSTILE.length; back++) {
    const day = dayOf(now - back * 86_400_000);
    for (const by of ["product", "agent", "channel", "campaign", "source", "landing", "variant"]) {
      const { groups, groups_left_off } = await shop.ask(`funnel?from=${day}&to=${day}&breakdown=${by}`);
      expect(groups_left_off).toBe(0);
      await page.goto(`${shop.url}/#from=${day}&to=${day}&by=${by}`);
      const texts = groups.map(({ value }) => value ?? "unknown");
      await expect
        .poll(() => page.locator('[data-grid="breakdown"] button.value').allTextContents(), `${day} ${by}`)
        .toEqual(texts);
      texts.forEach((text) => shownTexts.add(text));
    }
  }
  // But for control characters and marks of direction, which the server takes out or refuses.
  expect(HOSTILE.filter((text) => shownTexts.has(text)).length).toBeGreaterThan(200);
  await page.goto(`${shop.url}/#range=today&by=product`);
  await expect(page.locator(".notes li")).toHaveCount(notes);
  // A hostile text as a filter, in the address and back.
  await page.locator('[data-grid="breakdown"] button.value').nth(3).click();
  await expect(page.locator(".chip")).toHaveCount(1);
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Recent events as CSV" }).click();
  const cells = (await readFile(await (await download).path(), "utf8")).split(/\r\n|,/);
  expect(cells.filter((cell) => /^"?[=+@]/.test(cell))).toEqual([]);
  const made = await page.evaluate(() => ({
    scripts: document.scripts.length,
    others: document.querySelectorAll(
      "img, iframe, object, embed, base, meta[http-equiv], body style, body link, video, math, " +
        "a:not(#demo-link)",
    ).length,
    handlers: [...document.querySelectorAll("*")].filter((element) =>
      [...element.attributes].some(({ name }) => name.startsWith("on")),
    ).length,
  }));
  expect(made).toEqual({ scripts: 1, others: 0, handlers: 0 });
  expect(events_seen).toEqual([]);
  await context.close();
});
