// A panel. All have one shape: what a panel asks, what it draws, its table as a file, its picture as a file.
//
// A panel is a folder beside this file, with its words in it, and a line in list.ts.

import type { Refusal } from "../ask";
import { button, html, setText, unpictured } from "../element";
import { problemText } from "../problem";
import type { Question, Seen } from "../questions";
import { csvOf, download, pictureOf } from "../save";
import type { Scene } from "../scene";
import type { Session } from "../session";
import type { View } from "../view";
import { type Language, type Phrase, say } from "../words";

/** What a panel may do with the page. */
export interface Acts {
  /** Looks at something else. */
  look(change: Partial<View>): void;
  /** Asks for everything at once. */
  tryAgain(): void;
  /** Writes something about the shop, and asks the panel's own question anew. */
  write(panel: Panel, method: "POST" | "DELETE", path: string, body?: object): Promise<void>;
  /** What is looked at now. */
  seen(): Seen;
  /** An answer as CSV, byte for byte as the server writes it. */
  csv(question: Question): Promise<Blob>;
}

/** What is known of the question that a panel asks for itself. */
interface Known<Answer> {
  answer: Answer | null;
  problem: Refusal | null;
}

export type Rows = readonly (readonly string[])[];

export abstract class Panel<Answer = unknown> {
  readonly root: HTMLElement;
  /** An answer to the panel's own question is old after so long. */
  readonly every_ms: number = 10_000;
  /** Beside the heading, for what the panel lets choose. */
  protected readonly choices = unpictured(html("div", "choices"));
  protected readonly body = html("div", "panel-body");
  /** A line above the body. */
  protected readonly hint = html("p", "quiet hint");
  readonly #title: Phrase;
  readonly #heading = html("h2");
  readonly #said = html("p", "problem");
  readonly #csv: HTMLButtonElement;
  readonly #png: HTMLButtonElement;
  #language: Language = "en";
  #complained = false;

  /** `name` is plain ASCII: the panel's id and its files' name. */
  constructor(name: string, title: Phrase, acts: Acts) {
    this.#title = title;
    const save = (type: string, make: () => Promise<Blob>) => {
      setText(this.#said, "");
      make().then(
        (content) => download(`shopfunnel-${name}.${type}`, content),
        (error: unknown) => {
          const said = error instanceof Error ? error.message : "";
          const why = type === "png" ? say("no_picture", this.#language) : said;
          setText(this.#said, say("not_saved", this.#language, { why }));
        },
      );
    };
    this.#csv = button("small", "CSV", () =>
      save("csv", async () => {
        const table = this.table(acts.seen());
        return "path" in table ? acts.csv(table) : csvOf(table);
      }),
    );
    this.#png = button("small", "PNG", () => save("png", () => pictureOf(this.root)));
    const actions = unpictured(html("div", "actions", this.#csv, this.#png));
    this.#heading.id = `${name}-title`;
    this.#said.setAttribute("role", "status");
    const head = html("div", "panel-head", this.#heading, this.choices, actions);
    this.root = html("section", "card panel", head, this.hint, this.body, this.#said);
    this.root.id = name;
    this.root.setAttribute("aria-labelledby", this.#heading.id);
  }

  /**
   * What the panel asks for itself; null where it draws the page's own answer, or nothing for this session.
   */
  ask(_seen: Seen, _session: Session): Question | null {
    return null;
  }

  /** Draws what is known: the page's own answer is the scene's, `own` the one to the panel's own question. */
  protected abstract draw(scene: Scene, own: Answer | null): void;

  /** The figures as a file: a question that the server answers as CSV, or the rows that are seen. */
  protected abstract table(seen: Seen): Question | Rows;

  /** Whether an answer about the view before would say something wrong of the view now. */
  isOutdated(_before: View, _now: View): boolean {
    return false;
  }

  /** Whether the answer that is drawn is yet to come. */
  protected isWaiting({ answer }: Scene, _own: Known<Answer>): boolean {
    return answer === null;
  }

  /** Shows what is known. May be called at any time, any number of times. */
  show(scene: Scene, own: Known<Answer>): void {
    this.#language = scene.language;
    const what = say(this.#title, this.#language);
    setText(this.#heading, what);
    this.#csv.setAttribute("aria-label", say("csv_of", this.#language, { what }));
    this.#png.setAttribute("aria-label", say("png_of", this.#language, { what }));
    this.draw(scene, own.answer);
    this.#wait(scene.refusal === null && this.isWaiting(scene, own));
    this.#complain(own.problem ? problemText(own.problem, this.#language) : "");
  }

  /** Says that the panel's first answer is not there yet. */
  #wait(isWaiting: boolean): void {
    this.root.classList.toggle("waiting", isWaiting);
    this.root.setAttribute("aria-busy", String(isWaiting));
    this.body.dataset["wait"] = isWaiting ? say("waiting_panel", this.#language) : "";
  }

  /**
   * Says why the panel shows nothing new; empty when it does. What fails for everybody is said once, by the
   * page.
   */
  #complain(problem: string): void {
    if (problem || this.#complained) setText(this.#said, problem);
    this.#complained = problem !== "";
  }
}

/** A panel that draws nothing but the answer to its own question. */
export abstract class AskingPanel<Answer> extends Panel<Answer> {
  abstract override ask(seen: Seen, session: Session): Question | null;

  protected override isWaiting(_scene: Scene, own: Known<Answer>): boolean {
    return own.answer === null && own.problem === null;
  }
}
