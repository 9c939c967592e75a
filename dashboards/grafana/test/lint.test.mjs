// What every board keeps to, so that it works in a Grafana that we cannot run here.

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { parse } from "yaml";
import { buildFiles } from "../build.mjs";

const files = await buildFiles();
const boards = [...files]
  .filter(([path]) => path.startsWith("dashboards/"))
  .map(([path, text]) => ({ path, board: JSON.parse(text) }));
const views = (await readdir(new URL("../../../sql/views", import.meta.url), { recursive: true }))
  .filter((path) => path.endsWith(".sql") && !path.startsWith("parts/"))
  .map((path) => path.slice(path.indexOf("/") + 1, -4));
const CORE = ["bargauge", "stat", "timeseries", "table"];
/** Units that show every digit of a count; `short` would say 7.82 K, and no unit knows a variable. */
const UNITS = ["locale", "percentunit", "string", "suffix:days", "suffix:天", "s", "bytes", "eps"];
/** What a statement may read from: our views, and what it has made itself. */
const SOURCES = [...views, "money"];
/** Stands for parentheses whose content has been read. */
const SUBQUERY = "subquery";

/** Every statement of a board, with where it stands. */
function statements(board) {
  const found = [];
  for (const panel of board.panels)
    for (const target of panel.targets)
      if (target.rawSql) found.push([`${panel.title} ${target.refId}`, target.rawSql]);
  for (const variable of board.templating.list)
    if (variable.query?.rawSql) found.push([variable.name, variable.query.rawSql]);
  for (const annotation of board.annotations?.list ?? [])
    if (annotation.target?.rawSql) found.push([annotation.name, annotation.target.rawSql]);
  return found;
}

/** A statement reads our views only, however it names what it reads. */
function assertSources(where, sql) {
  // Where gaps are filled, the word FROM names no source.
  let rest = sql.replaceAll(/'[^']*'|`[^`]*`/g, "").replaceAll(/\bWITH FILL FROM\b/g, "WITH FILL");
  const named = [];
  const read = (text) => {
    for (const [, list] of text.matchAll(/\b(?:FROM|JOIN|IN)\s+([\w.]+(?:\s+AS\s+\w+)?(?:\s*,\s*[\w.]+)*)/gi))
      named.push(...list.split(","));
  };
  // From the innermost parentheses outwards, so that a list of sources stands together, commas and all.
  for (let group; (group = /(\w?)\(([^()]*)\)/.exec(rest));) {
    read(group[2]);
    rest = rest.replace(group[0], group[1] || ` ${SUBQUERY} `);
  }
  read(rest);
  const sources = named.map((name) => name.trim().split(/\s/)[0]).filter((name) => name !== SUBQUERY);
  assert.ok(sources.length > 0, where);
  for (const name of sources) assert.ok(SOURCES.includes(name), `${where}: ${name}`);
}

test("a statement that reads anything else is noticed", () => {
  for (const sql of [
    "SELECT 1 FROM events",
    "SELECT 1 FROM pulse(hours = f(1, 2)), events",
    "SELECT 1 FROM pulse(hours = (SELECT 1 FROM events))",
    "SELECT 1 FROM pulse(hours = 1) WHERE shop IN orders",
    "SELECT 1 from db.events",
    "SELECT 1 FROM (SELECT 1 FROM pulse(hours = 1), events)",
    "SELECT 1 FROM (SELECT 1 FROM pulse(hours = 1) ORDER BY shop WITH FILL FROM (SELECT 1 FROM events) TO 2), pulse(hours = 2)",
    "SELECT 1 FROM (SELECT 1 FROM pulse(hours = 1) ORDER BY shop WITH FILL FROM 1 TO 2), events",
  ]) {
    assert.throws(() => assertSources("made up", sql), sql);
  }
  assertSources(
    "made up",
    "SELECT m.paid FROM funnel(shop = 'FROM events', from = toDate(1)) ARRAY JOIN money AS m",
  );
  assertSources(
    "made up",
    "SELECT 1 FROM (SELECT 1 FROM pulse(hours = 1) ORDER BY shop WITH FILL FROM toDate(1) TO toDate(2))",
  );
});

/** What a panel would show otherwise than it is meant, of what its JSON alone tells. */
function assertShows(panel) {
  const { type, title, options, targets } = panel;
  const { defaults, overrides } = panel.fieldConfig;
  const sql = targets[0].rawSql;
  // Any other choice of fields is one of texts too, and each text becomes an empty bar, tile or slice.
  if (options.reduceOptions) assert.equal(options.reduceOptions.fields, "", `${title}: reduceOptions.fields`);
  if (!sql) return;
  const columns = [...sql.matchAll(/ AS `([^`]+)`/g)].map(([, name]) => name);
  for (const { matcher } of overrides.filter(({ matcher }) => matcher.id !== "byType")) {
    assert.equal(matcher.id, "byName", title);
    assert.ok(columns.includes(matcher.options), `${title} has no column ${matcher.options}`);
  }
  // A unit formats texts that look like numbers as well: the campaign 20261111 would be 20,261,111.
  const texts = overrides.find(({ matcher }) => matcher.id === "byType" && matcher.options === "string");
  if (["table", "bargauge"].includes(type) && defaults.unit) {
    assert.deepEqual(texts?.properties, [{ id: "unit", value: "string" }], `${title}: the unit of texts`);
  }
  // Without a colour of its own a bar is green to 80 and red from there, whatever it counts.
  if (["bargauge", "gauge"].includes(type)) assert.equal(defaults.color?.mode, "fixed", `${title}: colour`);
  if (type === "timeseries") {
    // A piece of time without a row is drawn as a straight line over it.
    assert.match(
      sql,
      /^SELECT (?:\* EXCEPT|\*|.* AS time, )[^]*ORDER BY (?:bucket|time) WITH FILL FROM [^]*\nORDER BY time$/,
      `${title} leaves gaps`,
    );
    assert.equal(targets[0].format, 0, title);
    assert.ok(!defaults.custom?.spanNulls, title);
  }
}

test("a panel that would show texts as bars, numbers as texts, or lines over gaps is noticed", () => {
  const panel = (path, type) =>
    structuredClone(boards.find((one) => one.path === path).board.panels.find((one) => one.type === type));
  const wrong = [
    ["funnel", "bargauge", (made) => (made.options.reduceOptions.fields = "/.*/")],
    ["funnel", "stat", (made) => (made.options.reduceOptions.fields = "/.*/")],
    ["funnel", "bargauge", (made) => delete made.fieldConfig.defaults.color],
    ["funnel", "bargauge", (made) => (made.fieldConfig.overrides = [])],
    ["funnel", "table", (made) => made.fieldConfig.overrides.shift()],
    ["funnel", "stat", (made) => (made.fieldConfig.overrides[0].matcher.options = "Entry")],
    [
      "funnel",
      "timeseries",
      (made) => (made.targets[0].rawSql = made.targets[0].rawSql.replace("WITH FILL", "")),
    ],
    ["funnel", "timeseries", (made) => (made.fieldConfig.defaults.custom.spanNulls = true)],
    [
      "health",
      "timeseries",
      (made) => (made.targets[0].rawSql = made.targets[0].rawSql.replace("WITH FILL", "")),
    ],
  ];
  for (const [name, type, spoil] of wrong) {
    const made = panel(`dashboards/en/${name}.json`, type);
    assertShows(made);
    spoil(made);
    assert.throws(() => assertShows(made), { name: "AssertionError" }, String(spoil));
  }
});

test("there are five boards in two languages", () => {
  assert.deepEqual(
    boards.map(({ path }) => path),
    ["en", "zh"].flatMap((language) =>
      ["funnel", "traffic", "inquiries", "orders", "health"].map(
        (name) => `dashboards/${language}/${name}.json`,
      ),
    ),
  );
});

for (const { path, board } of boards) {
  test(`${path}: uid, title, and panels that are named, explained, placed and asked`, () => {
    const [, language, name] = /dashboards\/(\w+)\/(\w+)\.json/.exec(path);
    assert.equal(board.uid, `shopfunnel-${name}-${language}`);
    assert.ok(board.title && board.description);
    if (language === "zh") assert.match(board.title + board.description, /[一-鿿]/);
    else assert.doesNotMatch(board.title + board.description, /[一-鿿]/);
    assert.equal(board.schemaVersion, 42);
    const ids = board.panels.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const panel of board.panels) {
      assert.ok(CORE.includes(panel.type), panel.type);
      assert.ok(panel.title && panel.description, panel.title);
      const overrides = panel.fieldConfig.overrides.flatMap(({ properties }) => properties);
      const units = [
        panel.fieldConfig.defaults.unit,
        ...overrides.filter(({ id }) => id === "unit").map(({ value }) => value),
      ];
      for (const unit of units) assert.ok(UNITS.includes(unit), `${panel.title}: ${unit}`);
      assertShows(panel);
      // A link could be made of what was tracked.
      assert.doesNotMatch(JSON.stringify(panel), /"links":\[\{|"id":"links"/, panel.title);
      assert.ok(panel.targets.length > 0, panel.title);
      const { x, y, w, h } = panel.gridPos;
      assert.ok(x >= 0 && x + w <= 24 && h > 0, panel.title);
      for (const other of board.panels) {
        const apart =
          other === panel ||
          other.gridPos.x >= x + w ||
          other.gridPos.x + other.gridPos.w <= x ||
          other.gridPos.y >= y + h ||
          other.gridPos.y + other.gridPos.h <= y;
        assert.ok(apart, `${panel.title} and ${other.title} overlap`);
      }
      if (language === "zh") assert.match(panel.title + panel.description, /[一-鿿]/);
      else assert.doesNotMatch(JSON.stringify(panel), /[一-鿿]/);
    }
  });

  test(`${path}: every data source is a variable`, () => {
    const uids = [];
    JSON.stringify(board, (key, value) => {
      if (key === "datasource" && value?.uid) uids.push(value.uid);
      return value;
    });
    assert.ok(uids.length > 0);
    assert.deepEqual(
      [...new Set(uids)].filter((uid) => !["${datasource}", "${prometheus}", "-- Grafana --"].includes(uid)),
      [],
    );
    assert.equal(board.templating.list[0].name, "datasource");
  });

  test(`${path}: statements call our views only, and know no variable that is not there`, () => {
    const known = board.templating.list.map(({ name }) => name);
    for (const [where, sql] of statements(board)) {
      assertSources(where, sql);
      for (const [, name] of sql.matchAll(/\$\{(\w+)(?::\w+)?\}/g))
        assert.ok(known.includes(name), `${where}: ${name}`);
      assert.doesNotMatch(sql, /\$__conditionalAll|;|--/, where);
      // A filter's value is hexadecimal digits joined by commas; nothing else may be put into a text.
      for (const [, name, form] of sql.matchAll(/\$\{(\w+):(\w+)\}/g))
        assert.equal(form, "csv", `${where}: ${name}`);
    }
  });
}

test("both languages ask the same", () => {
  const plain = (sql) => sql.replaceAll(/`[^`]*`|'[^']*'/g, "?");
  for (const { path, board } of boards.filter(({ path }) => path.includes("/en/"))) {
    const other = boards.find((one) => one.path === path.replace("/en/", "/zh/")).board;
    assert.deepEqual(
      statements(other).map(([, sql]) => plain(sql)),
      statements(board).map(([, sql]) => plain(sql)),
      path,
    );
    assert.deepEqual(
      other.panels.map(({ type, gridPos }) => [type, gridPos]),
      board.panels.map(({ type, gridPos }) => [type, gridPos]),
    );
  }
});

test("alert rules are whole, and use neither variables nor what only a browser expands", () => {
  const both = (folder) =>
    ["shopfunnel", "prometheus"].map((name) => parse(files.get(`provisioning/${folder}/${name}.yaml`)));
  const groups = both("alerting").flatMap((file) => file.groups);
  const datasources = both("datasources").flatMap((file) => file.datasources);
  const uids = [...datasources.map(({ uid }) => uid), "__expr__"];
  for (const { name, access } of datasources) assert.equal(access, "proxy", name);
  const rules = groups.flatMap((group) => group.rules);
  assert.equal(new Set(rules.map(({ uid }) => uid)).size, rules.length);
  assert.equal(rules.length, 4);
  for (const rule of rules) {
    assert.ok(rule.title && rule.annotations.summary && rule.for, rule.uid);
    assert.ok(
      rule.data.some(({ refId }) => refId === rule.condition),
      rule.uid,
    );
    for (const { datasourceUid, model, refId } of rule.data) {
      assert.ok(uids.includes(datasourceUid), datasourceUid);
      assert.equal(model.refId, refId);
      if (model.rawSql) assertSources(rule.uid, model.rawSql);
      assert.doesNotMatch(model.rawSql ?? "", /\$/);
    }
  }
});
