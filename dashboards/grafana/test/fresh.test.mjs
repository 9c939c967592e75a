// What is committed is what src/ makes.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";
import { buildFiles } from "../build.mjs";

const built = await buildFiles();

test("the committed files are exactly those that src makes", async () => {
  const found = [];
  for (const folder of ["dashboards", "provisioning"]) {
    for (const entry of await readdir(new URL(`../${folder}`, import.meta.url), {
      recursive: true,
      withFileTypes: true,
    })) {
      if (entry.isFile())
        found.push(
          `${entry.parentPath.slice(entry.parentPath.indexOf(folder))}/${entry.name}`.replace(
            /^.*grafana\//,
            "",
          ),
        );
    }
  }
  assert.deepEqual(found.sort(), [...built.keys()].sort());
  for (const [path, text] of built) {
    assert.equal(
      await readFile(new URL(`../${path}`, import.meta.url), "utf8"),
      text,
      `${path} is not fresh: npm run build`,
    );
  }
});

test("two builds give the same text", async () => {
  for (const [path, text] of await buildFiles()) assert.equal(text, built.get(path), path);
});
