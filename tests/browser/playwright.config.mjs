// Debian's chromium, one worker: the tests share one server and count its visitors.
import { execFileSync } from "node:child_process";
import { defineConfig } from "@playwright/test";

const chromium = execFileSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" }).trim();

// An ordinary visitor's; the headless one names itself a robot.
const userAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36";

export default defineConfig({
  testMatch: "*.spec.mjs",
  workers: 1,
  fullyParallel: false,
  forbidOnly: true,
  reporter: "list",
  timeout: 60_000,
  expect: { timeout: 15_000 },
  use: {
    browserName: "chromium",
    launchOptions: {
      executablePath: chromium,
      args: [
        "--no-sandbox",
        // Not the context's: what a page sends while it goes away would carry the browser's own.
        `--user-agent=${userAgent}`,
        "--disable-quic",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
      ],
    },
  },
});
