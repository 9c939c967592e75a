// Loads one TypeScript module of src/ for a test, through the same esbuild that builds the page.

import { build } from "esbuild";
import { fileURLToPath } from "node:url";

/** The exports of `src/{name}.ts`. */
export async function load(name) {
  const built = await build({
    entryPoints: [fileURLToPath(new URL(`../src/${name}.ts`, import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    target: ["es2022"],
  });
  const text = built.outputFiles[0].text;
  return import(`data:text/javascript;base64,${Buffer.from(text).toString("base64")}`);
}
