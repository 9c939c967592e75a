// What every board keeps to, so that it works in a Grafana that we cannot run here.

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { parse } from "yaml";
import { buildFiles } from "../build.mjs";

const files = await buildFiles();
const boards = [...files].filter(([path]) => path.startsWith("dashboards/")).map(([path, text]) => ({ path, board: JSON.parse(text) }));
const views = (await readdir(new URL("../../../sql/views", import.meta.url))).filter((name) => name.endsWith(".sql")).map((name) => name.slice(0, -4));
const CORE = ["bargauge", "stat", "timeseries", "table"];
/** Units that show every digit of a count; `short` would say 7.82 K, and no unit knows a variable. */
const UNITS = ["locale", "percentunit", "s", "d", "bytes", "eps"];
/** What a statement may read from: our views, and what it has made itself. */
const SOURCES = [...views, "money"];

/** Every statement of a board, with where it stands. */
function statements(board) {
  const found = [];
  for (const panel of board.panels) for (const target of panel.targets) if (target.rawSql) found.push([`${panel.title} ${target.refId}`, target.rawSql]);
  for (const variable of board.templating.list) if (variable.query?.rawSql) found.push([variable.name, variable.query.rawSql]);
  for (const annotation of board.annotations?.list ?? []) if (annotation.target?.rawSql) found.push([annotation.name, annotation.target.rawSql]);
  return found;
}

/** A statement reads our views only, however it names what it reads. */
function assertSources(where, sql) {
  const bare = sql.replaceAll(/'[^']*'|`[^`]*`/g, "");
  // A list of sources, commas and all, shows once the arguments of views are gone; a subquery is seen before that.
  let flat = bare;
  while (/\([^()]*\)/.test(flat)) flat = flat.replaceAll(/\([^()]*\)/g, "");
  const lists = [...flat.matchAll(/\b(?:FROM|JOIN)\s+([\w.]+(?:\s+AS\s+\w+)?(?:\s*,\s*[\w.]+)*)/gi)].flatMap(([, list]) => list.split(","));
  const named = [...lists, ...[...bare.matchAll(/\b(?:FROM|JOIN|IN)\s+([\w.]+)/gi)].map(([, name]) => name)];
  assert.ok(named.length > 0, where);
  for (const name of named) assert.ok(SOURCES.includes(name.trim().split(/\s/)[0]), `${where}: ${name}`);
}

test("a statement that reads anything else is noticed", () => {
  for (const sql of ["SELECT 1 FROM events", "SELECT 1 FROM pulse(hours = f(1, 2)), events", "SELECT 1 FROM pulse(hours = (SELECT 1 FROM events))", "SELECT 1 FROM pulse(hours = 1) WHERE shop IN orders", "SELECT 1 from db.events"]) {
    assert.throws(() => assertSources("made up", sql), sql);
  }
  assertSources("made up", "SELECT m.paid FROM funnel(shop = 'FROM events', from = toDate(1)) ARRAY JOIN money AS m");
});

test("there are five boards in two languages", () => {
  assert.deepEqual(
    boards.map(({ path }) => path),
    ["en", "zh"].flatMap((language) => ["funnel", "traffic", "inquiries", "orders", "health"].map((name) => `dashboards/${language}/${name}.json`)),
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
      const units = [panel.fieldConfig.defaults.unit, ...overrides.filter(({ id }) => id === "unit").map(({ value }) => value)];
      for (const unit of units) assert.ok(UNITS.includes(unit), `${panel.title}: ${unit}`);
      // A link could be made of what was tracked.
      assert.doesNotMatch(JSON.stringify(panel), /"links":\[\{|"id":"links"/, panel.title);
      assert.ok(panel.targets.length > 0, panel.title);
      const { x, y, w, h } = panel.gridPos;
      assert.ok(x >= 0 && x + w <= 24 && h > 0, panel.title);
      for (const other of board.panels) {
        const apart = other === panel || other.gridPos.x >= x + w || other.gridPos.x + other.gridPos.w <= x || other.gridPos.y >= y + h || other.gridPos.y + other.gridPos.h <= y;
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
    assert.deepEqual([...new Set(uids)].filter((uid) => !["${datasource}", "${prometheus}", "-- Grafana --"].includes(uid)), []);
    assert.equal(board.templating.list[0].name, "datasource");
  });

  test(`${path}: statements call our views only, and know no variable that is not there`, () => {
    const known = board.templating.list.map(({ name }) => name);
    for (const [where, sql] of statements(board)) {
      assertSources(where, sql);
      for (const [, name] of sql.matchAll(/\$\{(\w+)(?::\w+)?\}/g)) assert.ok(known.includes(name), `${where}: ${name}`);
      assert.doesNotMatch(sql, /\$__conditionalAll|;|--/, where);
      // A filter's value is hexadecimal digits joined by commas; nothing else may be put into a text.
      for (const [, name, form] of sql.matchAll(/\$\{(\w+):(\w+)\}/g)) assert.equal(form, "csv", `${where}: ${name}`);
    }
  });
}

test("both languages ask the same", () => {
  const plain = (sql) => sql.replaceAll(/`[^`]*`|'[^']*'/g, "?");
  for (const { path, board } of boards.filter(({ path }) => path.includes("/en/"))) {
    const other = boards.find((one) => one.path === path.replace("/en/", "/zh/")).board;
    assert.deepEqual(statements(other).map(([, sql]) => plain(sql)), statements(board).map(([, sql]) => plain(sql)), path);
    assert.deepEqual(other.panels.map(({ type, gridPos }) => [type, gridPos]), board.panels.map(({ type, gridPos }) => [type, gridPos]));
  }
});

test("alert rules are whole, and use neither variables nor what only a browser expands", () => {
  const both = (folder) => ["shopfunnel", "prometheus"].map((name) => parse(files.get(`provisioning/${folder}/${name}.yaml`)));
  const groups = both("alerting").flatMap((file) => file.groups);
  const datasources = both("datasources").flatMap((file) => file.datasources);
  const uids = [...datasources.map(({ uid }) => uid), "__expr__"];
  for (const { name, access } of datasources) assert.equal(access, "proxy", name);
  const rules = groups.flatMap((group) => group.rules);
  assert.equal(new Set(rules.map(({ uid }) => uid)).size, rules.length);
  assert.equal(rules.length, 4);
  for (const rule of rules) {
    assert.ok(rule.title && rule.annotations.summary && rule.for, rule.uid);
    assert.ok(rule.data.some(({ refId }) => refId === rule.condition), rule.uid);
    for (const { datasourceUid, model, refId } of rule.data) {
      assert.ok(uids.includes(datasourceUid), datasourceUid);
      assert.equal(model.refId, refId);
      if (model.rawSql) assertSources(rule.uid, model.rawSql);
      assert.doesNotMatch(model.rawSql ?? "", /\$/);
    }
  }
});
