// Where texts are kept for the visitor's next page.
//
// `store` is a plain object of texts: localStorage, or the page's own memory where that is denied, full or
// not wanted. What localStorage held before can be read in each case. Does not know what the texts mean, does
// not expire them.

type Texts = Record<string, string>;

const OURS = /^shopfunnel\./;

const localTexts = (): Texts => {
  try {
    return localStorage || {};
  } catch {
    return {};
  }
};

export const disk = localTexts();
export let store = disk;

/** `isWord`: it must outlive the page, even while other texts are kept in memory. */
export const write = (key: string, text: string, isWord?: boolean): void => {
  try {
    store[key] = text;
    if (isWord) disk[key] = text;
  } catch {
    // Full.
    useMemory();
    store[key] = text;
  }
};

/** Keeps what is written from now on in the page's memory only. */
export const useMemory = (): void => {
  const texts: Texts = {};
  for (const key of Object.keys(store)) if (OURS.test(key)) texts[key] = store[key]!;
  store = texts;
};

/** Saves what was kept in memory, and what is written from now on. */
export const useDisk = (): void => {
  store = Object.assign(disk, store);
};

/** Deletes every text whose key fits, wherever it is. */
export const forget = (keys: RegExp): void => {
  for (const texts of [store, disk]) {
    for (const key of Object.keys(texts)) if (keys.test(key)) delete texts[key];
  }
};
