// Where texts are kept for the visitor's next page.
//
// `store` is a plain object of texts: localStorage, or the page's own memory where that is denied, full or
// not wanted. What localStorage held before can be read in each case. Does not know what the texts mean, does
// not expire them.

type Texts = Record<string, string>;

const localTexts = (): Texts => {
  try {
    return localStorage || {};
  } catch {
    return {};
  }
};

const disk = localTexts();
export let store = disk;

export const write = (key: string, text: string): void => {
  try {
    store[key] = text;
  } catch {
    // Full.
    useMemory();
    store[key] = text;
  }
};

/** Keeps what is written from now on in the page's memory only. */
export const useMemory = (): void => {
  store = { ...store };
};

/** Saves what was kept in memory, and what is written from now on. */
export const useDisk = (): void => {
  store = Object.assign(disk, store);
};
