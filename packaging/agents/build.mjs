// Makes src/enrich/data/agents.json and bots.json from two pinned packages.
//
// agents.json: the rules of `uap-core` that name browsers and operating systems. Left out is what nothing
// here asks for: versions, makes of devices (half of the memory) and names of crawlers (most of the time that
// a user agent made to cost time costs; whether it is a crawler is for bots.json to say). bots.json: the
// patterns of `isbot` in the dialect of Rust's regex crate, which has no look-around. The patterns that need
// it are written by hand in src/enrich/agent.rs.
//
// The same bytes from the same packages on every machine: test/fresh.test.mjs holds the committed files to
// that.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { list } from "isbot";
import { parse } from "yaml";

/** The patterns that look around themselves; src/enrich/agent.rs has them instead of bots.json. */
export const LOOK_AROUND = [
  "(?:^|[^g])news(?!sapphire)",
  "(?<! channel/|google/)google(?!(?:wv|app|/google| pixel))",
  "(?<! cu)bots?(?:\\b|_)",
  "(?<!cam)scan",
  "(?<!lib)http",
  "java(?!;)",
];

/** In a rule that names crawlers. */
const CRAWLER = /spider|\[Bb\]ot|\[Ss\]\[Pp\]/i;

/** Its only other pattern by hand: not every word that begins so is a program's name. */
const ALSO_BY_HAND = "spider";

const require = createRequire(import.meta.url);
const data = new URL("../../src/enrich/data/", import.meta.url);

/** The text that each data file must have, by its name. */
export function files() {
  const { user_agent_parsers, os_parsers } = parse(
    readFileSync(require.resolve("uap-core/regexes.yaml"), "utf8"),
  );
  const browsers = user_agent_parsers
    .filter(({ regex }) => !CRAWLER.test(regex))
    .map(({ regex, family_replacement }) => ({ regex, family_replacement }));
  const systems = os_parsers.map(({ regex, os_replacement }) => ({ regex, os_replacement }));
  const bots = list.filter((pattern) => ![...LOOK_AROUND, ALSO_BY_HAND].includes(pattern)).map(inRust);
  return {
    "agents.json": `{"user_agent_parsers":${lines(browsers)},"os_parsers":${lines(systems)},"device_parsers":[]}\n`,
    "bots.json": `${lines(bots)}\n`,
  };
}

/** The patterns of isbot that look around themselves. */
export const lookAround = () => list.filter((pattern) => /\(\?<?[=!]/.test(pattern));

/** In JavaScript a hyphen after a class inside brackets means itself; in Rust it must say so. */
const inRust = (pattern) => pattern.replaceAll(/(\[[^\]]*\\[wds])-/g, "$1\\-");

/** One entry a line, so that a new version of a package can be read as a change. */
const lines = (entries) => `[\n${entries.map((entry) => JSON.stringify(entry)).join(",\n")}\n]`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of Object.entries(files())) {
    writeFileSync(new URL(name, data), text);
    console.log(`src/enrich/data/${name}: ${Buffer.byteLength(text)} bytes`);
  }
}
