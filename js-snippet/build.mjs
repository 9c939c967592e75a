// Bundles src/ into dist/s.js.
//
// Promises the same bytes from the same sources on every machine: the bundler is pinned, nothing in the output depends on a path,
// a clock or the environment. test/dist.test.mjs holds it to that, because dist/s.js is committed.
// Does not check types (`npm run check` does).

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));

/** The bytes dist/s.js must have. */
export async function bundle() {
  const { outputFiles } = await build({
    absWorkingDir: here,
    entryPoints: ['src/index.ts'],
    bundle: true,
    format: 'iife',
    target: 'es2017',
    // ASCII, so that a shop page in any encoding reads the same text.
    charset: 'ascii',
    minify: true,
    legalComments: 'none',
    write: false,
  });
  return Buffer.from(outputFiles[0].contents);
}

/** Size in bytes as `gzip -9` makes it. */
export const gzipBytes = (bytes) => gzipSync(bytes, { level: 9 }).length;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const bytes = await bundle();
  mkdirSync(`${here}/dist`, { recursive: true });
  writeFileSync(`${here}/dist/s.js`, bytes);
  console.log(`dist/s.js: ${bytes.length} bytes, gzip -9: ${gzipBytes(bytes)} bytes`);
}
