// Debian's chromium. Files run side by side, each with a server of its own; the tests of a file share its
// server and count its visitors, so they run one after the other.
import { execFileSync } from "node:child_process";
import { defineConfig } from "@playwright/test";

const chromium = execFileSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" }).trim();

// An ordinary visitor's; the headless one names itself a robot.
const userAgent =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36";

export default defineConfig({
  testMatch: "*.spec.mjs",
  workers: 2,
  fullyParallel: false,
  forbidOnly: true,
  reporter: "list",
  // Of the longest test while another file and the machine's other work run beside it.
  timeout: 120_000,
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
