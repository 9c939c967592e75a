// Turns src/ into the three files the binary serves, dist/index.html, dist/page.js and dist/page.css, each
// also compressed (.br, .gz).
//
// index.html asks for /page.HASH.js and /page.HASH.css: browsers may keep what has such a name for ever. The
// server computes the same hash from the same bytes. The same sources give the same bytes on every machine
// (esbuild is pinned, no time or path goes in), so dist/ is committed and test/fresh.test.mjs compares it
// with a build in memory. What is compressed may differ between versions of Node's zlib, so that test
// compares what it holds.

import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The files that are served, each with its compressed forms. */
export const SERVED = ["index.html", "page.js", "page.css"];

/** What stands for the content in a file's address. */
const hash = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 16);

/** `bytes` as small as they get. */
export const brotli = (bytes) =>
  brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });

/** Every file of dist/ by name, as bytes. Writes nothing. */
export async function buildPage() {
  const built = await build({
    absWorkingDir: here("."),
    entryPoints: ["src/page.ts", "src/page.css"],
    outdir: "dist",
    bundle: true,
    minify: true,
    write: false,
    charset: "utf8",
    format: "iife",
    target: ["es2022"],
    legalComments: "none",
    logLevel: "warning",
  });
  const files = new Map(built.outputFiles.map((file) => [basename(file.path), Buffer.from(file.contents)]));
  let page = await readFile(here("src/index.html"), "utf8");
  for (const kind of ["js", "css"]) {
    page = page.replace(`"/page.${kind}"`, `"/page.${hash(files.get(`page.${kind}`))}.${kind}"`);
  }
  files.set("index.html", Buffer.from(page));
  for (const name of SERVED) {
    files.set(`${name}.br`, brotli(files.get(name)));
    files.set(`${name}.gz`, gzipSync(files.get(name), { level: 9 }));
  }
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(here("dist"), { recursive: true });
  for (const [name, bytes] of await buildPage()) {
    await writeFile(here(`dist/${name}`), bytes);
    console.log(`dist/${name} ${bytes.length} bytes`);
  }
}
