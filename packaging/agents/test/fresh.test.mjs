// Holds the committed data files to the packages they are made from.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { LOOK_AROUND, files, lookAround } from '../build.mjs';

for (const [name, text] of Object.entries(files())) {
  test(`src/enrich/data/${name} is what the packages make`, () => {
    const committed = readFileSync(new URL(`../../../src/enrich/data/${name}`, import.meta.url), 'utf8');
    assert.ok(committed === text, `${name} is stale: run \`make agents\``);
  });
}

test('the patterns written by hand in src/enrich/agent.rs are those that look around themselves', () => {
  assert.deepEqual(lookAround(), LOOK_AROUND);
});
