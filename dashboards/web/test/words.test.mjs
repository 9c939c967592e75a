// What the page says: every sentence in both languages, and every panel in the list of panels.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";
import { load } from "./load.mjs";

const folders = (await readdir(new URL("../src/panels/", import.meta.url), { withFileTypes: true }))
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** Every phrase of a panel's words, by its name. */
async function phrasesOf(panel) {
  const tables = Object.values(await load(`panels/${panel}/words`));
  return tables.flatMap((table) => Object.entries(table));
}

test("every folder of a panel is in the list, once", async () => {
  const list = await readFile(new URL("../src/panels/list.ts", import.meta.url), "utf8");
  const imported = [...list.matchAll(/^import \{ (\w+) \} from "\.\/(\w+)\/\w+";$/gm)];
  assert.deepEqual(imported.map(([, , folder]) => folder).sort(), folders.sort());
  const listed = list.slice(list.indexOf("= [")).match(/\w+(?=,\n)/g);
  assert.deepEqual(listed.sort(), imported.map(([, name]) => name).sort());
});

test("every panel says what it says in both languages, with the same values", async () => {
  const valuesOf = (text) => [...text.matchAll(/\{\w+\}/g)].map(([value]) => value).sort();
  for (const panel of folders) {
    const phrases = await phrasesOf(panel);
    assert.ok(phrases.length > 0, panel);
    for (const [name, { en, zh }] of phrases) {
      assert.ok(en && zh, `${panel}: ${name}`);
      assert.deepEqual(valuesOf(en), valuesOf(zh), `${panel}: ${name}`);
    }
  }
});

test("Chinese sentences have Chinese punctuation", async () => {
  const { WORDS } = await load("words");
  const phrases = [...Object.entries(WORDS)];
  for (const panel of folders) phrases.push(...(await phrasesOf(panel)));
  // Beside a Chinese character, a space or a value.
  const halfWidth = /[\u4e00-\u9fff}] ?[,;:!?()]|[,;:!?()] ?[\u4e00-\u9fff{]/;
  for (const [name, { zh }] of phrases) assert.doesNotMatch(zh, halfWidth, name);
});

test("names, values and sentences are put together as each language does", async () => {
  const { listed, say, sentences } = await load("words");
  assert.equal(say("named", "zh", { name: "来源", value: "百度" }), "来源：百度");
  assert.equal(say("named", "en", { name: "Source", value: "baidu" }), "Source: baidu");
  assert.equal(say("bracketed", "zh", { name: "下单金额", value: "CNY" }), "下单金额（CNY）");
  assert.equal(listed(["CNY", "USD"], "zh"), "CNY、USD");
  assert.equal(sentences(["一。", "二。"], "zh"), "一。二。");
  assert.equal(sentences(["One.", "Two."], "en"), "One. Two.");
});
