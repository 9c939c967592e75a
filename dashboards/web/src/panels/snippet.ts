// The tag that a shop pastes into its pages.

import { html } from "../element";

export function snippet(): HTMLPreElement {
  return html("pre", "tag", `<script defer src="${location.origin}/s.js" data-shop="pk_…"></script>`);
}
