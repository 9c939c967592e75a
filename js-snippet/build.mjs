// Bundles src/ into dist/: s.js, s.full.js and the module for bundlers. The scripts are there also compressed
// (.br, .gz), as they are served.
//
// Promises the same bytes from the same sources on every machine: both tools are pinned, nothing in the
// output depends on a path, a clock or the environment. test/dist.test.mjs holds it to that, because dist/ is
// committed. Does not check types (`npm run check` does). What is compressed may differ between versions of
// Node's zlib: the test compares what it holds.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { minify } from 'terser';

const here = dirname(fileURLToPath(import.meta.url));

/** What dist/ holds, with the most that each may weigh after `gzip -9`. */
export const FILES = {
  's.js': { entry: 'script.ts', full: false, format: 'iife', maxGzipBytes: 3_072 },
  's.full.js': { entry: 'script.ts', full: true, format: 'iife', maxGzipBytes: 7_680 },
  'shopfunnel.mjs': { entry: 'module.ts', full: true, format: 'esm', maxGzipBytes: 7_680 },
};

/** The bytes dist/`name` must have. */
export async function bundle(name) {
  const { entry, full, format } = FILES[name];
  const { outputFiles } = await build({
    absWorkingDir: here,
    entryPoints: [`src/${entry}`],
    bundle: true,
    format,
    target: 'es2019',
    define: { FULL: String(full) },
    minifySyntax: true,
    // Our sources are modules, which are strict anyway; the bundle need not say it.
    tsconfigRaw: { compilerOptions: { alwaysStrict: false } },
    legalComments: 'none',
    write: false,
  });
  // The second tool puts functions that are called once into their places, which saves a tenth.
  const { code } = await minify(outputFiles[0].text, {
    ecma: 2019,
    module: format === 'esm',
    // No code of ours reads a property for what reading it does.
    compress: { passes: 4, keep_fargs: false, unsafe_arrows: true, pure_getters: true },
    // Names that leave no module: `is…` is nobody's but ours.
    mangle: { properties: { regex: /^is[A-Z]/ } },
    // ASCII, so that a shop page in any encoding reads the same text.
    format: { ascii_only: true },
  });
  return Buffer.from(code);
}

/** Size in bytes as `gzip -9` makes it. */
export const gzipBytes = (bytes) => gzipSync(bytes, { level: 9 }).length;

/** What is served of dist/`name`: its compressed forms by their endings; none of the module, which is for bundlers. */
export const compressed = (name, bytes) =>
  FILES[name].format === 'esm'
    ? {}
    : {
        '.br': brotliCompressSync(bytes, {
          params: {
            [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
            [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
          },
        }),
        '.gz': gzipSync(bytes, { level: 9 }),
      };

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(`${here}/dist`, { recursive: true });
  for (const name of Object.keys(FILES)) {
    const bytes = await bundle(name);
    writeFileSync(`${here}/dist/${name}`, bytes);
    for (const [ending, packed] of Object.entries(compressed(name, bytes)))
      writeFileSync(`${here}/dist/${name}${ending}`, packed);
    console.log(
      `dist/${name}: ${bytes.length} bytes, gzip -9: ${gzipBytes(bytes)} of at most ${FILES[name].maxGzipBytes}`,
    );
  }
}
