// Holds the committed dist/s.js to its sources, its size and what a strict Content-Security-Policy allows.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { bundle, gzipBytes } from '../build.mjs';

const MAX_GZIP_BYTES = 2048;
const committed = readFileSync(new URL('../dist/s.js', import.meta.url));

test('dist/s.js is what the sources build', async () => {
  assert.ok(committed.equals(await bundle()), 'dist/s.js is stale: run `npm run build`');
});

test('dist/s.js fits into 2 KiB of gzip', () => {
  const size = gzipBytes(committed);
  assert.ok(size <= MAX_GZIP_BYTES, `${size} bytes of at most ${MAX_GZIP_BYTES}`);
});

test('dist/s.js is ASCII and makes no code, markup, style or timer from text', () => {
  const text = committed.toString('latin1');
  assert.match(text, /^[\x20-\x7e\n]*$/);
  assert.doesNotMatch(text, /\beval\b|\bFunction\(|innerHTML|outerHTML|insertAdjacent|document\.write|createElement|\.style\b|setTimeout/);
});

test('dist/s.js leaves nothing on the page but shopfunnel', async () => {
  const { openPage } = await import('./fake-page.mjs');
  const names = new Set(Object.keys(openPage({ tag: {} }).window));
  const added = Object.keys(openPage().window).filter((name) => !names.has(name));
  assert.deepEqual(added, ['shopfunnel']);
});
