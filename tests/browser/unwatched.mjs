// A browser that no test tool holds on to: some of what browsers do with pages, they do only unwatched.
//
// The pages steer it themselves, and tell what happened to the servers that gave them.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Opens `url` in a profile of its own. `launchOptions`: of Playwright's settings. */
export async function openUnwatched({ executablePath, args }, url) {
  const profile = await mkdtemp(join(tmpdir(), "shopfunnel-profile-"));
  const child = spawn(
    executablePath,
    ["--headless=new", "--no-proxy-server", `--user-data-dir=${profile}`, ...args, url],
    { stdio: "ignore", detached: true },
  );
  return {
    async close() {
      const ended = once(child, "exit");
      // With all the processes it has started.
      process.kill(-child.pid, "SIGKILL");
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}
