// A shop's own web server, which is another origin than the tracker's.

import { once } from "node:events";
import { createServer } from "node:http";

/**
 * The script tag as a shop pastes it. `file`: `s.js` or `s.full.js`; `data`: its data-* attributes without
 * `data-`.
 */
export function tag(demo, file, data = {}) {
  const attributes = { shop: demo.keys.public_key, allow: "localhost webdriver", ...data };
  const written = Object.entries(attributes).map(([name, value]) => ` data-${name}="${value}"`);
  return `<script defer src="${demo.url}/${file}"${written.join("")}></script>`;
}

/** A page with these texts in its head and body. */
export function html(head, body = "") {
  const start = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>shop</title>';
  return `${start}${head}<body>${body}`;
}

/**
 * Serves `pages` (path → text, or a function of the request and the answer) until it is closed; other paths
 * are 404.
 */
export async function openShop(pages) {
  const server = createServer((request, answer) => {
    const { pathname } = new URL(request.url, "http://shop");
    const page = pages[pathname];
    if (typeof page === "function") return page(request, answer);
    if (page === undefined) return answer.writeHead(404).end();
    answer.setHeader("content-type", pathname.endsWith(".js") ? "text/javascript" : "text/html").end(page);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  return {
    url: `http://127.0.0.1:${port}`,
    /** The same server as another host. */
    as: (host) => `http://${host}:${port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
