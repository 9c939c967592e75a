// Keeps the tracker's troubles away from the page.
//
// Promises that a guarded function never throws: what goes wrong inside it is said once on the console. Does
// not repair or retry.

let isQuiet: unknown;

/** Says nothing on the console from now on. */
export const silence = (): void => {
  isQuiet = true;
};

// Two arguments, because a thrown value may refuse to become text.
export const warn = (message: unknown): void => {
  if (!isQuiet) console.warn('shopfunnel:', message);
};

/** `work` for the page to call: `undefined` where `work` would have thrown. */
export const guard =
  <Args extends unknown[], Result>(work: (...args: Args) => Result) =>
  (...args: Args): Result | undefined => {
    try {
      return work(...args);
    } catch (error) {
      return warn(error) as undefined;
    }
  };
