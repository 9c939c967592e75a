// dist/ is what src/ builds to: the binary embeds dist/ and cargo needs no Node.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { buildPage } from "../build.mjs";

const dist = new URL("../dist/", import.meta.url);

test("every file of dist is the one that src builds to; `make page` writes them", async () => {
  const built = await buildPage();
  assert.deepEqual((await readdir(dist)).sort(), [...built.keys()].sort());
  for (const [name, bytes] of built) {
    assert.ok(bytes.equals(await readFile(new URL(name, dist))), `dist/${name} is stale`);
  }
});

test("the page works under its content security policy: nothing inline, nothing from elsewhere", async () => {
  const page = await readFile(new URL("index.html", dist), "utf8");
  assert.doesNotMatch(page, /<script(?![^>]*\bsrc=)/);
  assert.doesNotMatch(page, /\sstyle=|\son[a-z]+=|<style/i);
  assert.doesNotMatch(page, /(?:src|href)="(?:https?:)?\/\//);
  const script = await readFile(new URL("page.js", dist), "utf8");
  assert.doesNotMatch(script, /innerHTML|insertAdjacentHTML|\beval\(|new Function/);
});

test("the script stays small", async () => {
  const bytes = gzipSync(await readFile(new URL("page.js", dist)), { level: 9 }).length;
  assert.ok(bytes <= 15_000, `${bytes} bytes`);
});
