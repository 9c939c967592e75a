// The real binary with the demo's storefront, for one test file.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const BINARY = fileURLToPath(new URL("../../target/debug/shopfunnel", import.meta.url));
const START_TIMEOUT_MS = 60_000;
/** More often would take from a busy server the time in which its figures catch up. */
const LOOK_AGAIN_MS = 200;
/** How long figures may take to catch up with what has just happened, on a machine that has other work. */
export const CATCH_UP_MS = 60_000;

/** A shop of a running server: its keys, what it is sent and asked. */
function shopOf(url, slug, keys) {
  const bearer = (key) => ({ authorization: `Bearer ${key}` });
  const ask = async (report) => {
    // The server may end an idle connection in the very moment in which it is used again.
    const headers = { ...bearer(keys.read_key), connection: "close" };
    const answer = await fetch(`${url}/v1/shops/${slug}/${report}`, { headers });
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  return {
    url,
    slug,
    keys,
    /** Sends events as the shop's server does; all must be accepted. */
    send: async (events) => {
      const headers = { "content-type": "application/json", ...bearer(keys.secret_key) };
      for (let first = 0; first < events.length; first += 1_000) {
        const body = JSON.stringify(events.slice(first, first + 1_000));
        const answer = await fetch(`${url}/v1/events`, { method: "POST", body, headers });
        const { accepted, rejected } = await answer.json();
        if (accepted !== JSON.parse(body).length) throw new Error(JSON.stringify(rejected).slice(0, 500));
      }
    },
    /** What `GET /v1/shops/{slug}/…` answers. */
    ask,
    /**
     * The funnel of the last 30 days, as the endpoint answers it once everything that arrived before is in
     * it.
     */
    funnel: async () => {
      const asked = Date.now();
      for (;;) {
        const answer = await ask("funnel");
        if (Date.parse(answer.fresh_until) >= asked) return answer.funnel;
        await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
      }
    },
  };
}

/** Starts `shopfunnel demo` with these arguments; resolves when it takes requests. */
export async function startDemo(...demoArguments) {
  const dataDir = await mkdtemp(join(tmpdir(), "shopfunnel-browser-"));
  const env = {
    ...process.env,
    SHOPFUNNEL_DATA_DIR: dataDir,
    // The system's choice, so that servers of files that run side by side never meet.
    SHOPFUNNEL_LISTEN: "127.0.0.1:0",
    SHOPFUNNEL_ADMIN_LISTEN: "127.0.0.1:0",
  };
  const child = spawn(BINARY, ["demo", ...demoArguments], {
    cwd: dataDir,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (output += bytes));
  const ended = once(child, "exit");
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!output.includes("the funnel, live")) {
    if (child.exitCode !== null || Date.now() > deadline) {
      throw new Error(`the demo did not start:\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const [, url] = /the funnel, live +(http:\S+[^/\s])/.exec(output);
  const { url: adminUrl } = JSON.parse(await readFile(join(dataDir, "admin.json"), "utf8"));
  const run = (...words) => promisify(execFile)(BINARY, words, { cwd: dataDir, env });
  return {
    ...shopOf(url, "demo", JSON.parse(await readFile(join(dataDir, "demo.json"), "utf8"))),
    port: Number(new URL(url).port),
    adminUrl,
    /** Runs another command of the program over the same data. */
    run,
    /** Another shop of the same server, which starts as empty as a server of its own would. */
    addShop: async (slug) => {
      const named = ["--name", slug, "--slug", slug, "--time-zone", "Asia/Shanghai", "--currency", "CNY"];
      const { stdout } = await run("shop", "add", "--json", ...named);
      return shopOf(url, slug, JSON.parse(stdout));
    },
    /** Where the embedded engine listens. */
    engine: async () => {
      const { http_port } = JSON.parse(await readFile(join(dataDir, "engine", "engine.json"), "utf8"));
      return { url: `http://127.0.0.1:${http_port}` };
    },
    /** What `/readyz` says. */
    ready: async () => (await fetch(`${adminUrl}/readyz`)).json(),
    async stop() {
      child.kill("SIGTERM");
      await ended;
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
