// A panel: a heading, what is shown, what is said about it, and its figures as a file.

import { button, html, setText } from "./element";
import { csvOf, download, pictureOf } from "./save";
import { type Language, type Word, say } from "./words";

/** Where a panel's CSV comes from: the server's own bytes, or the rows that are seen. */
export type Csv = () => Promise<Blob> | readonly (readonly string[])[];

export class Panel {
  readonly root: HTMLElement;
  /** Beside the heading, for what the panel lets choose. */
  readonly choices = html("div", "choices");
  readonly body = html("div", "panel-body");
  /** A line above the body. */
  readonly hint = html("p", "quiet hint");
  private readonly title = html("h2");
  private readonly said = html("p", "problem");
  private readonly csv: HTMLButtonElement;
  private readonly png: HTMLButtonElement;
  private language: Language = "en";
  private complained = false;

  /** `name` is plain ASCII: the panel's id and its files' name. */
  constructor(name: string, private readonly word: Word, csv: Csv) {
    const save = (type: string, make: () => Promise<Blob>) => {
      setText(this.said, "");
      make().then(
        (content) => download(`shopfunnel-${name}.${type}`, content),
        (error: unknown) => {
          const why = type === "png" ? say("no_picture", this.language) : error instanceof Error ? error.message : "";
          setText(this.said, say("not_saved", this.language, { why }));
        },
      );
    };
    this.csv = button("small", "CSV", () => save("csv", async () => {
      const rows = await csv();
      return rows instanceof Blob ? rows : csvOf(rows);
    }));
    this.png = button("small", "PNG", () => save("png", () => pictureOf(this.root)));
    const actions = html("div", "actions", this.csv, this.png);
    actions.setAttribute("data-unpictured", "");
    this.title.id = `${name}-title`;
    this.said.setAttribute("role", "status");
    this.choices.setAttribute("data-unpictured", "");
    this.root = html("section", "card panel", html("div", "panel-head", this.title, this.choices, actions), this.hint, this.body, this.said);
    this.root.id = name;
    this.root.setAttribute("aria-labelledby", this.title.id);
  }

  /** Says why the panel shows nothing new; empty when it does. */
  complain(problem: string): void {
    if (problem || this.complained) setText(this.said, problem);
    this.complained = problem !== "";
  }

  /** Says that the panel's first answer is not there yet. */
  wait(isWaiting: boolean): void {
    this.root.classList.toggle("waiting", isWaiting);
    this.root.setAttribute("aria-busy", String(isWaiting));
    this.body.dataset["wait"] = isWaiting ? say("waiting_panel", this.language) : "";
  }

  /** Puts the panel's words into a language. */
  speak(language: Language): void {
    this.language = language;
    const what = say(this.word, language);
    setText(this.title, what);
    this.csv.setAttribute("aria-label", say("csv_of", language, { what }));
    this.png.setAttribute("aria-label", say("png_of", language, { what }));
  }
}
