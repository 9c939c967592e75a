// Turns src/ into the three files the binary serves: dist/index.html, dist/page.js, dist/page.css.
//
// The same sources give the same bytes on every machine (esbuild is pinned, no time, path or hash goes in), so dist/ is
// committed and test/fresh.test.mjs compares it with a build in memory.

import { build } from "esbuild";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

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
  files.set("index.html", await readFile(here("src/index.html")));
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(here("dist"), { recursive: true });
  for (const [name, bytes] of await buildPage()) {
    await writeFile(here(`dist/${name}`), bytes);
    console.log(`dist/${name} ${bytes.length} bytes`);
  }
}
