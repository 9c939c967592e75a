// The real binary with the demo's storefront, for one test file.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const BINARY = fileURLToPath(new URL("../../target/debug/shopfunnel", import.meta.url));
const START_TIMEOUT_MS = 60_000;

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Starts `shopfunnel demo` with these arguments; resolves when it takes requests. */
export async function startDemo(...demoArguments) {
  const dataDir = await mkdtemp(join(tmpdir(), "shopfunnel-browser-"));
  const port = await freePort();
  const adminPort = await freePort();
  const env = {
    ...process.env,
    SHOPFUNNEL_DATA_DIR: dataDir,
    SHOPFUNNEL_LISTEN: `127.0.0.1:${port}`,
    SHOPFUNNEL_ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
  };
  const child = spawn(BINARY, ["demo", ...demoArguments], { cwd: dataDir, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (output += bytes));
  const ended = once(child, "exit");
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!output.includes("the funnel, live")) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`the demo did not start:\n${output}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const keys = JSON.parse(await readFile(join(dataDir, "demo.json"), "utf8"));
  const url = `http://127.0.0.1:${port}`;
  const ask = async (report) => {
    // The server may end an idle connection in the very moment in which it is used again.
    const answer = await fetch(`${url}/v1/shops/demo/${report}`, { headers: { authorization: `Bearer ${keys.read_key}`, connection: "close" } });
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  return {
    url,
    port,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    keys,
    /** Sends events as the shop's server does; all must be accepted. */
    send: async (events) => {
      for (let first = 0; first < events.length; first += 1_000) {
        const body = JSON.stringify(events.slice(first, first + 1_000));
        const answer = await fetch(`${url}/v1/events`, { method: "POST", body, headers: { "content-type": "application/json", authorization: `Bearer ${keys.secret_key}` } });
        const { accepted, rejected } = await answer.json();
        if (accepted !== JSON.parse(body).length) throw new Error(JSON.stringify(rejected).slice(0, 500));
      }
    },
    /** Runs another command of the program over the same data. */
    run: (...words) => promisify(execFile)(BINARY, words, { cwd: dataDir, env }),
    /** What `GET /v1/shops/demo/…` answers. */
    ask,
    /** The funnel of the last 30 days, as the endpoint answers it once everything that arrived before is in it. */
    funnel: async () => {
      const asked = Date.now();
      for (;;) {
        const answer = await ask("funnel");
        if (Date.parse(answer.fresh_until) >= asked) return answer.funnel;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    /** Where the embedded engine listens. */
    engine: async () => {
      const { http_port } = JSON.parse(await readFile(join(dataDir, "engine", "engine.json"), "utf8"));
      return { url: `http://127.0.0.1:${http_port}` };
    },
    /** What `/readyz` says. */
    ready: async () => (await fetch(`http://127.0.0.1:${adminPort}/readyz`)).json(),
    async stop() {
      child.kill("SIGTERM");
      await ended;
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
