// Figures and pictures as files. What is saved is what the server said or what is seen, nothing is made anew.

import { svg } from "./element";

/** Properties that a picture of an element needs; all others are left as they are by default. */
const LOOK = [
  "display", "position", "top", "right", "bottom", "left", "width", "height", "box-sizing", "margin-top",
  "margin-right", "margin-bottom", "margin-left", "padding-top", "padding-right", "padding-bottom",
  "padding-left", "border-top-width", "border-right-width", "border-bottom-width", "border-left-width",
  "border-top-style", "border-right-style", "border-bottom-style", "border-left-style", "border-top-color",
  "border-right-color", "border-bottom-color", "border-left-color", "border-radius", "border-collapse",
  "border-spacing", "background-color", "color", "font-family", "font-size", "font-weight", "font-style",
  "font-variant-numeric", "line-height", "letter-spacing", "text-align", "text-decoration", "text-anchor",
  "white-space", "overflow-wrap", "text-overflow", "overflow", "vertical-align", "flex-direction",
  "flex-wrap", "flex-grow", "flex-shrink", "flex-basis", "align-items", "align-self", "justify-content",
  "gap", "grid-template-columns", "grid-column", "list-style", "opacity", "visibility", "transform", "fill",
  "stroke", "stroke-width", "stroke-dasharray", "clip-path", "z-index", "unicode-bidi",
] as const;
/** Dots of a picture for each of the page's pixels. */
const SHARPNESS = 2;

/** Gives a file to whoever looks at the page. `name` is plain ASCII. */
export function download(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // Not at once: the browser has yet to read it.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Rows as CSV in UTF-8 with a byte order mark. A spreadsheet takes no cell for a formula. */
export function csvOf(rows: readonly (readonly string[])[]): Blob {
  const cell = (text: string) => {
    const safe =
      /^[\s\u3000]*[=+\-@＝＋－＠\t\r\n]/.test(text) && !/^-?[\d.]+$/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const text = rows.map((row) => row.map(cell).join(",") + "\r\n").join("");
  return new Blob(["\uFEFF", text], { type: "text/csv;charset=utf-8" });
}

/**
 * An element as a PNG: as it is seen, with what would have to be scrolled to, without what is `unpictured`.
 *
 * @throws Error when the browser cannot draw a page.
 */
export async function pictureOf(element: HTMLElement): Promise<Blob> {
  const { copy, width, height } = unrolled(element);
  const frame = svg("foreignObject", { width: "100%", height: "100%" }, copy);
  const drawing = svg("svg", { xmlns: "http://www.w3.org/2000/svg", width, height }, frame);
  const image = new Image();
  const markup = new XMLSerializer().serializeToString(drawing);
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(markup)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width * SHARPNESS, height * SHARPNESS];
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("no canvas");
  pen.scale(SHARPNESS, SHARPNESS);
  pen.drawImage(image, 0, 0, width, height);
  return new Promise((done, fail) =>
    canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("no picture"))), "image/png"),
  );
}

/**
 * A copy of an element with nothing scrolled away, and its size. It is laid out anew for that and back,
 * before anybody sees it.
 */
function unrolled(element: HTMLElement): { copy: HTMLElement; width: number; height: number } {
  const before = element.getAttribute("style");
  const scrollers = [...element.querySelectorAll<HTMLElement>(".scroll")].filter(
    (one) => one.offsetParent !== null,
  );
  const hidden = Math.max(0, ...scrollers.map((one) => one.scrollWidth - one.clientWidth));
  try {
    element.classList.add("pictured");
    element.style.width = `${element.getBoundingClientRect().width + hidden}px`;
    const { width, height } = element.getBoundingClientRect();
    const copy = copyOf(element) as HTMLElement;
    copy.style.setProperty("margin", "0");
    return { copy, width, height };
  } finally {
    element.classList.remove("pictured");
    if (before === null) element.removeAttribute("style");
    // Not as an attribute: the page's policy lets nobody write one.
    else element.style.cssText = before;
  }
}

function copyOf(node: Element): Element {
  const copy = node instanceof HTMLCanvasElement ? imageOf(node) : (node.cloneNode(false) as Element);
  const style = getComputedStyle(node);
  for (const property of LOOK) {
    (copy as HTMLElement | SVGElement).style.setProperty(property, style.getPropertyValue(property));
  }
  copy.removeAttribute("id");
  copy.removeAttribute("class");
  for (const child of node.childNodes) {
    if (child instanceof Element) {
      if (!isLeftOut(child)) copy.append(copyOf(child));
    } else if (child instanceof Text) copy.append(child.data);
  }
  // A pattern is found by its id.
  if (node instanceof SVGPatternElement) copy.id = node.id;
  return copy;
}

function isLeftOut(element: Element): boolean {
  return (
    element.hasAttribute("data-unpictured") || (element instanceof HTMLElement && element.hidden !== false)
  );
}

function imageOf(canvas: HTMLCanvasElement): HTMLImageElement {
  const image = new Image();
  image.src = canvas.toDataURL();
  return image;
}
