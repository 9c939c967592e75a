// Writes the README's pictures from the real page: `make screenshots`.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { chromium } from "@playwright/test";
import { startDemo } from "./server.mjs";

const PICTURES = [
  { file: "funnel-en.png", locale: "en-GB", colorScheme: "light", width: 1280, height: 860 },
  { file: "funnel-zh.png", locale: "zh-CN", colorScheme: "light", width: 1280, height: 860 },
  { file: "page-dark.png", locale: "zh-CN", colorScheme: "dark", width: 1280, height: 1900, to: "#tiles" },
  { file: "page-phone.png", locale: "en-GB", colorScheme: "light", width: 390, height: 1300 },
];

const demo = await startDemo();
const executablePath = execFileSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" }).trim();
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-background-networking"],
});
try {
  for (const { file, locale, colorScheme, width, height, to } of PICTURES) {
    const page = await browser.newPage({ locale, colorScheme, viewport: { width, height } });
    await page.goto(`${demo.url}/`);
    // The history has arrived when the shop has had a month's visitors.
    await page.waitForFunction(
      () => Number(document.querySelector('[data-metric="visitors"]')?.dataset.exact) > 7_000,
      null,
      { timeout: 120_000 },
    );
    await page.waitForSelector('[data-grid="cohorts"] tbody tr');
    if (to) {
      await page.evaluate(
        (selector) => scrollTo(0, document.querySelector(selector).getBoundingClientRect().top - 60),
        to,
      );
    }
    await page.screenshot({ path: fileURLToPath(new URL(`../../docs/${file}`, import.meta.url)) });
    console.log(`docs/${file}`);
    await page.close();
  }
} finally {
  await browser.close();
  await demo.stop();
}
