// Remembers a text under a key for the visitor's next page.
//
// Promises that `read` gives what `write` took last, nothing after `remove`, at least as long as this page lives: where localStorage is denied, absent or
// full, the page's own memory stands in. Does not know what the texts mean, does not expire them.

// Only what localStorage refused: any other key must show what another tab of the shop wrote meanwhile.
const unsaved: Record<string, string> = {};

export const read = (key: string): string | null => {
  try {
    return unsaved[key] || localStorage.getItem(key);
  } catch {
    return null;
  }
};

export const write = (key: string, text: string): void => {
  try {
    localStorage.setItem(key, text);
    delete unsaved[key];
  } catch {
    unsaved[key] = text;
  }
};

export const remove = (key: string): void => {
  delete unsaved[key];
  try {
    localStorage.removeItem(key);
  } catch {
    // Denied: then nothing of it is there.
  }
};
