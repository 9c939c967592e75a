// The tracker as a module: what the tag does, started by a call.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openPage, STUB } from './fake-page.mjs';

const [, code, name] = /^([^]*)export\s*{\s*(\w+) as install\s*};?\s*$/.exec(
  readFileSync(new URL('../dist/shopfunnel.mjs', import.meta.url), 'utf8'),
);

/** A page whose own bundle holds the module. */
function openBundled(options) {
  const page = openPage({ ...options, build: 'none' });
  page.run(`${code};window.install=${name}`);
  return page;
}

test('the module does what the tag does, and installing it again changes nothing', async () => {
  const page = openBundled({ before: `${STUB};shopfunnel("cart")` });
  const call = page.run('install("https://funnel.example/", { shop: "pk_test" })');
  call('order', { order_id: 'A-1' });
  assert.equal(page.run('install("https://other.example", { shop: "pk_other" })'), call);
  assert.deepEqual(await page.kinds(), ['visit', 'cart', 'order']);
  assert.deepEqual(
    new Set(page.requests.map((request) => request.to)),
    new Set(['https://funnel.example/e']),
  );
  assert.deepEqual(page.warnings, []);
});

test('a wrong option of the module is said on the console', async () => {
  const page = openBundled();
  assert.equal(page.run('install("https://funnel.example", {})'), undefined);
  assert.deepEqual(page.warnings, ['shopfunnel: no data-shop']);
});
