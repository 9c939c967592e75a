// Holds the committed dist/ to its sources, its sizes and what a strict Content-Security-Policy allows.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { bundle, compressed, FILES, gzipBytes } from '../build.mjs';

for (const [name, { maxGzipBytes }] of Object.entries(FILES)) {
  const committed = readFileSync(new URL(`../dist/${name}`, import.meta.url));

  test(`dist/${name} is what the sources build`, async () => {
    assert.ok(committed.equals(await bundle(name)), `dist/${name} is stale: run \`npm run build\``);
  });

  test(`dist/${name} is compressed as it is`, () => {
    const endings = Object.keys(compressed(name, committed));
    assert.deepEqual(endings, name.endsWith('.mjs') ? [] : ['.br', '.gz']);
    for (const ending of endings) {
      const packed = readFileSync(new URL(`../dist/${name}${ending}`, import.meta.url));
      const unpacked = ending === '.br' ? brotliDecompressSync(packed) : gunzipSync(packed);
      assert.ok(unpacked.equals(committed), `dist/${name}${ending} is stale: run \`npm run build\``);
    }
  });

  test(`dist/${name} fits into ${maxGzipBytes} bytes of gzip`, () => {
    const size = gzipBytes(committed);
    assert.ok(size <= maxGzipBytes, `${size} bytes of at most ${maxGzipBytes}`);
  });

  test(`dist/${name} is ASCII and makes no code, markup or style from text`, () => {
    const text = committed.toString('latin1');
    assert.match(text, /^[\x20-\x7e\n]*$/);
    assert.doesNotMatch(
      text,
      /\beval\b|\bFunction\(|innerHTML|outerHTML|insertAdjacent|document\.write|createElement|\.style\b/,
    );
  });
}

for (const build of ['s.js', 's.full.js']) {
  test(`dist/${build} leaves nothing on the page but shopfunnel`, async () => {
    const { openPage } = await import('./fake-page.mjs');
    const names = new Set(Object.keys(openPage({ build, tag: {} }).window));
    const added = Object.keys(openPage({ build }).window).filter((name) => !names.has(name));
    assert.deepEqual(added.sort(), build === 's.js' ? ['shopfunnel'] : ['dataLayer', 'shopfunnel']);
  });
}
