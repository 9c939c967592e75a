// The words of a step in the picture.

import { setAttributes, setText, svg } from "../../element";

/** A name, a count, a rate, who was lost: on two to four lines under a bar, on one over a row. */
export class Label {
  readonly #name = svg("tspan", { class: "name" });
  readonly #count = svg("tspan", { class: "count" });
  readonly #rate = svg("tspan", { class: "rate" });
  readonly #lost = svg("tspan", { class: "lost" });
  readonly #lines = [svg("text"), svg("text"), svg("text"), svg("text")];
  readonly root = svg("g", { class: "label" }, ...this.#lines);

  write(name: string, count: string, rate: string, lost: string): void {
    setText(this.#name, name);
    setText(this.#count, count);
    setText(this.#rate, rate);
    setText(this.#lost, lost);
  }

  /** Each word at its own height; words of one height share a line, set apart by a little space. */
  stand(x: number, nameY: number, countY: number, rateY: number, lostY: number, anchor: string): void {
    const heights = [nameY, countY, rateY, lostY];
    const words = [this.#name, this.#count, this.#rate, this.#lost];
    words.forEach((word, at) => {
      const line = heights.indexOf(heights[at]!);
      if (word.parentNode !== this.#lines[line]) this.#lines[line]!.append(word);
      word.setAttribute("dx", line < at ? "8" : "0");
    });
    this.#lines.forEach((line, at) => setAttributes(line, { x, y: heights[at]!, "text-anchor": anchor }));
  }
}
