// What people wrote about days: read by everybody, written and removed by who may.

import type { Annotation } from "../../ask";
import { button, html, isNews, setText } from "../../element";
import { formatDay } from "../../format";
import { type Language, say } from "../../words";
import { WORDS } from "./words";

interface NoteActs {
  add(day: string, text: string): Promise<void>;
  remove(id: string): Promise<void>;
}

export class Notes {
  readonly #acts: NoteActs;
  readonly #title = html("h3");
  readonly #list = html("ul", "notes");
  readonly #day = html("input");
  readonly #text = html("input");
  readonly #add = html("button");
  readonly #form = html("form", "note-form", this.#day, this.#text, this.#add);
  readonly #problem = html("p", "problem");
  readonly parts = [this.#title, this.#list, this.#form, this.#problem];
  #language: Language = "en";

  constructor(acts: NoteActs) {
    this.#acts = acts;
    this.#day.type = "date";
    this.#day.required = true;
    this.#text.required = true;
    this.#text.maxLength = 200;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#tryTo(acts.add(this.#day.value, this.#text.value).then(() => void (this.#text.value = "")));
    });
    this.#problem.setAttribute("role", "alert");
  }

  /** `lastDay` is the day to begin writing with, where it is known. */
  show(
    annotations: readonly Annotation[],
    lastDay: string | null,
    canWrite: boolean,
    language: Language,
  ): void {
    this.#language = language;
    setText(this.#title, say(WORDS.annotations, language));
    this.#form.hidden = !canWrite;
    this.#day.setAttribute("aria-label", say("day", language));
    if (lastDay && !this.#day.value) this.#day.value = lastDay;
    this.#text.setAttribute("aria-label", say(WORDS.annotation_text, language));
    this.#text.placeholder = say(WORDS.annotation_hint, language);
    setText(this.#add, say(WORDS.add, language));
    if (!isNews(this.#list, [annotations, language, canWrite])) return;
    const items = annotations.map((note) => this.#item(note, canWrite));
    const nothing = html("li", "quiet", say(WORDS.no_annotation, language));
    this.#list.replaceChildren(...(items.length > 0 ? items : [nothing]));
  }

  #item({ id, day, text }: Annotation, canWrite: boolean): HTMLLIElement {
    const item = html("li", "", html("time", "", formatDay(day, this.#language)), html("span", "", text));
    if (canWrite) {
      const remove = button("small", "×", () => this.#tryTo(this.#acts.remove(id)));
      remove.setAttribute("aria-label", say("remove", this.#language, { what: text }));
      item.append(remove);
    }
    return item;
  }

  #tryTo(done: Promise<void>): void {
    setText(this.#problem, "");
    done.catch((error: unknown) => {
      const why = error instanceof Error ? error.message : "";
      setText(this.#problem, say("not_saved", this.#language, { why }));
    });
  }
}
