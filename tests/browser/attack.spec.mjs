// Pages against the embedded engine: whatever a page in a browser of the same machine tries, it reads nothing
// and harms nothing.

import { expect, test } from "@playwright/test";
import { createServer } from "node:http";
import { once } from "node:events";
import { startDemo } from "./server.mjs";

let demo, evil;
test.beforeAll(async () => {
  demo = await startDemo("--empty");
  evil = createServer((_, response) =>
    response.setHeader("content-type", "text/html").end("<!doctype html><title>evil</title>"),
  );
  await once(evil.listen(0, "127.0.0.1"), "listening");
});
test.afterAll(async () => {
  evil?.close();
  await demo?.stop();
});

/** Runs in the page: every way a page has to reach a port, and what it could read of the answers. */
async function attack(engine) {
  const read = [];
  const statements = [
    "SELECT 1",
    "SELECT file('/etc/passwd')",
    "SELECT * FROM shopfunnel.events",
    "SYSTEM STOP LISTEN HTTP",
    "SYSTEM SHUTDOWN",
  ];
  const ask = async (what, url, options) => {
    try {
      const answer = await fetch(url, options);
      if (answer.type !== "opaque") {
        read.push(`${what}: ${answer.status} ${(await answer.text()).slice(0, 80)}`);
      }
    } catch {
      // What the browser does not let a page read.
    }
  };
  for (const statement of statements) {
    for (const query of ["", "&add_http_cors_header=1", "&user=default&add_http_cors_header=1"]) {
      const url = `${engine}/?query=${encodeURIComponent(statement)}${query}`;
      await ask(`get ${statement}${query}`, url);
      await ask(`post ${statement}${query}`, `${engine}/?${query.slice(1)}`, {
        method: "POST",
        body: statement,
      });
      await ask(`blind ${statement}${query}`, url, { mode: "no-cors", method: "POST", body: statement });
      await ask(`token ${statement}${query}`, url, { headers: { "X-Engine-Token": "regex:.*" } });
    }
    const form = Object.assign(document.createElement("form"), {
      method: "post",
      enctype: "text/plain",
      action: `${engine}/`,
      target: "sink",
    });
    form.append(Object.assign(document.createElement("textarea"), { name: statement }));
    const sink = Object.assign(document.createElement("iframe"), { name: "sink" });
    document.body.append(sink, form);
    const loaded = new Promise((resolve) => (sink.onload = sink.onerror = resolve));
    form.submit();
    await loaded;
    form.remove();
    sink.remove();
    await new Promise((resolve) => {
      const image = new Image();
      image.onload = () => resolve(read.push(`image ${statement}`));
      image.onerror = resolve;
      image.src = `${engine}/?query=${encodeURIComponent(statement)}`;
    });
    await new Promise((resolve) => {
      const script = Object.assign(document.createElement("script"), {
        onload: () => resolve(read.push(`script ${statement}`)),
        onerror: resolve,
      });
      script.src = `${engine}/?query=${encodeURIComponent(`${statement} FORMAT Raw`)}`;
      document.body.append(script);
    });
  }
  return read;
}

for (const [whose, origin] of [
  ["the shop's", () => `${demo.url}/demo/`],
  ["somebody else's", () => `http://localhost:${evil.address().port}/`],
]) {
  test(`a page of ${whose} origin reads nothing from the engine and does it no harm`, async ({ page }) => {
    const engine = await demo.engine();
    await page.goto(origin());
    expect(await page.evaluate(attack, engine.url)).toEqual([]);
    const seen = await fetch(`${engine.url}/?query=SELECT%201`);
    expect(seen.status).toBe(404);
    const { engine: health } = await demo.ready();
    expect(health).toEqual({ restarts: 0, first_exit: null });
    const before = (await demo.funnel()).visitors;
    await demo.send([{ kind: "visit", visitor: `after ${whose}`.replace(/\W/g, "-") }]);
    expect((await demo.funnel()).visitors).toBe(before + 1);
  });
}
