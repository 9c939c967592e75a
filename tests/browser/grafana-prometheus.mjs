// Prometheus as the boards meet it, over two looks at the program's own counters. It understands the few
// questions that the boards ask.

const QUESTION = /^(?:sum\()?(?:(rate|increase)\()?(\w+)(?:\[[^\]]+\]\)\)?)?$/;

export class Prometheus {
  #looks = [];

  /** Looks at what the admin listener tells, as Prometheus does again and again. */
  async scrape(url) {
    const answer = await fetch(url, { headers: { connection: "close" } });
    if (!answer.ok) throw new Error(`${answer.status} ${url}`);
    const values = new Map();
    for (const [, name, value] of (await answer.text()).matchAll(/^(\w+)(?:\{.*\})? (\S+)$/gm)) {
      values.set(name, (values.get(name) ?? 0) + Number(value));
    }
    this.#looks.push({ at_ms: Date.now(), values });
  }

  /** Seconds between the first look and the last. */
  get seconds() {
    return (this.#looks.at(-1).at_ms - this.#looks[0].at_ms) / 1_000;
  }

  /**
   * The answer to a target: its last value, named by its legend, or none when nothing of that name is
   * counted.
   */
  frame({ expr, refId, legendFormat }) {
    const [, of, name] = QUESTION.exec(expr) ?? [];
    if (!name) throw new Error(`what is ${expr}?`);
    const [first, last] = [this.#looks[0], this.#looks.at(-1)];
    if (!first.values.has(name)) return [];
    const grown = last.values.get(name) - first.values.get(name);
    const value = { rate: grown / this.seconds, increase: grown }[of] ?? last.values.get(name);
    const fields = [
      { name: "Time", type: "time" },
      { name: "Value", type: "number", config: { displayNameFromDS: legendFormat } },
    ];
    return [{ schema: { name: legendFormat, refId, fields }, data: { values: [[last.at_ms], [value]] } }];
  }
}
