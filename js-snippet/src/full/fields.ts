// Gives the visitor's id to the shop's forms: to every `<input data-sf-visitor>`, so that the shop's server can
// name whose an order is.

import { guard } from '../guard';

/** Returns what fills them anew, for when the visitor has agreed or gone. */
export const fillFields = (visitor: () => string | undefined): (() => void) => {
  const fill = guard(() => {
    for (const field of document.querySelectorAll<HTMLInputElement>('[data-sf-visitor]')) {
      field.value = visitor() || '';
    }
  });
  fill();
  // Where the page's own script sends the form, it was clicked before.
  for (const type of ['submit', 'click', 'keydown']) addEventListener(type, fill, true);
  return fill;
};
