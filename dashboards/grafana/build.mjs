// Turns src/ into the files that Grafana reads: dashboards/{en,zh}/*.json and provisioning/*/*.yaml.
//
// The same sources give the same bytes on every machine (the SDK is pinned, no time or path goes in), so they
// are committed and test/fresh.test.mjs compares them with a build in memory.

import { build } from "esbuild";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Every file by its path, as text. Writes nothing but the bundle that makes them. */
export async function buildFiles() {
  const outfile = here("node_modules/.cache/boards.mjs");
  await build({
    absWorkingDir: here("."),
    entryPoints: ["src/index.ts"],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: ["node20"],
    packages: "external",
    logLevel: "warning",
  });
  const { files } = await import(`${outfile}?${Date.now()}`);
  return files();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const folder of ["dashboards", "provisioning"])
    await rm(here(folder), { recursive: true, force: true });
  for (const [path, text] of await buildFiles()) {
    await mkdir(dirname(here(path)), { recursive: true });
    await writeFile(here(path), text);
    console.log(`${path} ${text.length}`);
  }
}
