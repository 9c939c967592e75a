// Writes the README's pictures from the real page: `make screenshots`.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { chromium } from "@playwright/test";
import { startDemo } from "./server.mjs";

const PICTURES = [
  { file: "funnel-en.png", locale: "en-GB", colorScheme: "light" },
  { file: "funnel-zh.png", locale: "zh-CN", colorScheme: "light" },
];

const demo = await startDemo();
const executablePath = execFileSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" }).trim();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-background-networking"] });
try {
  for (const { file, locale, colorScheme } of PICTURES) {
    const page = await browser.newPage({ locale, colorScheme, viewport: { width: 1280, height: 860 } });
    await page.goto(`${demo.url}/`);
    // The history has arrived when the shop has had a fortnight's visitors.
    await page.waitForFunction(
      () => Number(document.querySelector('[data-metric="visitors"]')?.textContent.replace(/\D/g, "")) > 500,
    );
    await page.screenshot({ path: fileURLToPath(new URL(`../../docs/${file}`, import.meta.url)) });
    console.log(`docs/${file}`);
  }
} finally {
  await browser.close();
  await demo.stop();
}
