// Grafana's ClickHouse data source as a board meets it: variables and macros are expanded, the statement is
// asked as the user `grafana` of the real program, and the answer becomes a data frame as the plugin (4.20)
// makes it.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LANGUAGES = ["en", "zh"];
const BOARDS = ["funnel", "traffic", "inquiries", "orders", "health"];
/** What Grafana chooses for a panel a thousand pixels wide that shows six hours. */
const INTERVAL_S = 20;
/** The plugin's number for series; everything else here is a table. */
const TIME_SERIES = 0;
/** Which type of field the plugin makes of a type of column. */
const FIELD_TYPES = [
  ["string", /^(LowCardinality\()?(Nullable\()?(String|Enum|FixedString|IPv)/],
  ["time", /^(Nullable\()?Date/],
  ["number", /^(Nullable\()?(U?Int|Float|Decimal)/],
  ["boolean", /^(Nullable\()?Bool/],
];

/**
 * What `shopfunnel grafana files` gives a Grafana beside the demo: boards by `language/name`, and the data
 * source.
 */
export async function openGrafana(demo) {
  const folder = await mkdtemp(join(tmpdir(), "shopfunnel-grafana-"));
  try {
    await demo.run("grafana", "files", folder);
    const boards = {};
    for (const language of LANGUAGES) {
      for (const name of BOARDS) {
        boards[`${language}/${name}`] = JSON.parse(
          await readFile(join(folder, "dashboards", language, `${name}.json`), "utf8"),
        );
      }
    }
    return {
      boards,
      source: new Source(await readFile(join(folder, "provisioning/datasources/shopfunnel.yaml"), "utf8")),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

class Source {
  #url;
  #headers;
  #answers = new Map();

  constructor(provisioning) {
    const setting = (name) => JSON.parse(new RegExp(`\\b${name}: (.+)`).exec(provisioning)[1]);
    const query = `database=${setting("defaultDatabase")}&default_format=JSONCompact`;
    this.#url = `http://${setting("host")}:${setting("port")}/?${query}`;
    const secrets = setting("secureJsonData");
    const login = Buffer.from(`${setting("username")}:${secrets.password}`).toString("base64");
    const secure = setting("httpHeaders").map(({ name }) => [name, secrets[`secureHttpHeaders.${name}`]]);
    this.#headers = { authorization: `Basic ${login}`, connection: "close", ...Object.fromEntries(secure) };
  }

  /**
   * Each variable of a board with its first value; a filter, which may have none, has the one that filters
   * nothing.
   */
  async variablesOf(board, range) {
    const variables = {};
    for (const { name, type, multi, allValue, query } of board.templating.list) {
      if (type === "datasource") continue;
      const rows = (await this.#ask(query.rawSql, range, variables)).data;
      if (rows.length === 0 && !multi) throw new Error(`${name} has no values`);
      variables[name] = [multi ? allValue : String(rows[0][0])];
    }
    return variables;
  }

  /** The answer to a target of a panel, as Grafana's server hands it to the browser. */
  async frame({ rawSql, refId, format }, range, variables) {
    const { meta, data } = await this.#ask(rawSql, range, variables);
    const fields = meta.map(({ name, type }) => ({
      name,
      type: FIELD_TYPES.find(([, pattern]) => pattern.test(type))?.[0] ?? "other",
    }));
    // The plugin would turn a series with texts into one field for each text, and refuses times out of order.
    if (
      format === TIME_SERIES &&
      (fields.filter(({ type }) => type === "time").length !== 1 ||
        fields.some(({ type }) => !["time", "number"].includes(type)))
    ) {
      throw new Error(`no series of numbers over one time: ${JSON.stringify(fields)}`);
    }
    const values = meta.map(({ type }, column) =>
      data.map((row) => fieldValue(fields[column].type, type, row[column])),
    );
    return { schema: { name: refId, refId, fields }, data: { values } };
  }

  async #ask(rawSql, { from_ms, to_ms }, variables) {
    const sql = rawSql
      .replaceAll(/\$\{(\w+)(?::csv)?\}/g, (_, name) => variables[name].join(","))
      .replaceAll("$__fromTime_ms", `fromUnixTimestamp64Milli(${from_ms})`)
      .replaceAll("$__toTime_ms", `fromUnixTimestamp64Milli(${to_ms})`)
      .replaceAll("$__interval_s", String(INTERVAL_S));
    // Boards share variables, and nothing arrives while a test looks at them.
    if (!this.#answers.has(sql)) this.#answers.set(sql, this.#post(sql));
    return this.#answers.get(sql);
  }

  async #post(sql) {
    const answer = await fetch(this.#url, { method: "POST", body: sql, headers: this.#headers });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${text}\n${sql}`);
    return JSON.parse(text);
  }
}

/** A value as it stands in a frame: numbers whole, times in milliseconds. */
function fieldValue(fieldType, columnType, value) {
  if (value === null) return null;
  if (fieldType === "number") return Number(value);
  if (fieldType !== "time") return value;
  const [, zone = "UTC"] = /'([^']+)'/.exec(columnType) ?? [];
  return epochMs(value, zone);
}

/** The moment at which a clock of that zone shows this time. */
export function epochMs(text, zone) {
  const shown = Date.parse(`${text.replace(" ", "T")}Z`);
  const clock = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
  const offset_ms = (moment) => {
    const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?$/.exec(clock.format(moment));
    return (sign === "-" ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
  };
  return shown - offset_ms(shown - offset_ms(shown));
}
