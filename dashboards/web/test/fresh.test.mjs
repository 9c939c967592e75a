// dist/ is what src/ builds, and it keeps the promises the server's content security policy relies on.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { buildPage, SERVED } from "../build.mjs";
import { load } from "./load.mjs";

/** All that a browser loads before it asks for figures. */
const MAX_GZIP_BYTES = 150_000;
const dist = new URL("../dist/", import.meta.url);
const built = await buildPage();
const page = built.get("index.html").toString();

test("dist holds exactly what src builds", async () => {
  assert.deepEqual((await readdir(dist)).sort(), [...built.keys()].sort());
  for (const name of SERVED) {
    const bytes = built.get(name);
    assert.ok(bytes.equals(await readFile(new URL(name, dist))), `dist/${name} is not fresh: npm run build`);
    for (const [ending, unpack] of [[".br", brotliDecompressSync], [".gz", gunzipSync]]) {
      const packed = await readFile(new URL(name + ending, dist));
      assert.ok(unpack(packed).equals(bytes), `dist/${name}${ending} is not fresh: npm run build`);
      const sizes = `dist/${name}${ending} has ${packed.length} of ${bytes.length} bytes`;
      assert.ok(packed.length < bytes.length / 2, sizes);
    }
  }
});

test("two builds give the same bytes", async () => {
  for (const [name, bytes] of await buildPage()) assert.ok(bytes.equals(built.get(name)), name);
});

test("the page stays small", () => {
  const bytes = SERVED.reduce((sum, name) => sum + built.get(`${name}.gz`).length, 0);
  assert.ok(bytes < MAX_GZIP_BYTES, `${bytes} bytes`);
});

test("the page holds no inline script, no inline style and nothing from elsewhere", () => {
  assert.doesNotMatch(page, /\sstyle=|<style|\son\w+=|javascript:/i);
  assert.doesNotMatch(page, /<script(?![^>]*\ssrc="\/page\.[0-9a-f]{16}\.js")/);
  assert.deepEqual(page.match(/(?:src|href)="https?:[^"]*"/g), null);
  assert.doesNotMatch(built.get("page.css").toString(), /@import|url\((?!#)/);
});

test("the script has no way to turn text into markup", () => {
  const markup = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b/;
  assert.doesNotMatch(built.get("page.js").toString(), markup);
});

test("every word the page asks for exists", async () => {
  const { isWord } = await load("words");
  for (const [, word] of page.matchAll(/data-word="([^"]*)"/g)) assert.ok(isWord(word), word);
});
