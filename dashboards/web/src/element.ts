// Makes and finds elements. Text only ever enters the page as a text node; there is no way to pass markup.

const SVG = "http://www.w3.org/2000/svg";

/** The element of index.html with this id; its absence is a bug of the page. */
export function find<T extends Element = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found as Element as T;
}

export function html<K extends keyof HTMLElementTagNameMap>(
  name: K,
  className = "",
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** A button that does something. */
export function button(className: string, text: string, act: () => void): HTMLButtonElement {
  const made = html("button", className, text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

export function svg<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Record<string, string | number> = {},
  ...children: Node[]
): SVGElementTagNameMap[K] {
  const made = document.createElementNS(SVG, name);
  setAttributes(made, attributes);
  made.append(...children);
  return made;
}

export function setAttributes(element: Element, attributes: Record<string, string | number>): void {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
}

/** Leaves an element out of pictures of the page. */
export function unpictured<E extends Element>(element: E): E {
  element.setAttribute("data-unpictured", "");
  return element;
}

/** Sets text only when it differs, so a poll without news touches nothing and disturbs no selection. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Whether an element is to show something else than when this was last asked, so that what stands there may
 * stay.
 */
export function isNews(element: HTMLElement, shown: unknown): boolean {
  const now = JSON.stringify(shown);
  if (element.dataset["shown"] === now) return false;
  element.dataset["shown"] = now;
  return true;
}

/** Makes the options of a select those of `texts`, with `chosen` among them. */
export function setOptions(
  select: HTMLSelectElement,
  texts: readonly (readonly [string, string])[],
  chosen: string,
): void {
  if (isNews(select, texts)) select.replaceChildren(...texts.map(([value, text]) => new Option(text, value)));
  // A list that is open would lose what is pointed at.
  if (select.value !== chosen) select.value = chosen;
}
