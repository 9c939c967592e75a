// When to ask: every 2 s while the tab is seen, more slowly after failures, never while it is hidden, never
// twice at once.

const EVERY_MS = 2_000;
const SLOWEST_MS = 60_000;

/**
 * The wait before the next question after so many failures in a row; the server's Retry-After is a lower
 * bound.
 */
export function waitMs(failures: number, retry_after_ms = 0): number {
  return Math.max(Math.min(EVERY_MS * 2 ** failures, SLOWEST_MS), retry_after_ms);
}

export interface Poll {
  /** Ask at once: what is under way is dropped, earlier failures are forgotten. */
  now(): void;
  stop(): void;
}

/**
 * Calls `ask` until stopped. `ask` resolves to null when it worked and to the server's Retry-After (ms, 0 for
 * none) when it failed; its signal says that nobody waits for it any more.
 */
export function startPoll(ask: (stop: AbortSignal) => Promise<number | null>): Poll {
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let current = new AbortController();

  const drop = () => {
    clearTimeout(timer);
    current.abort();
  };
  const round = async () => {
    drop();
    const mine = (current = new AbortController());
    const failed = await ask(mine.signal);
    if (mine.signal.aborted) return;
    failures = failed === null ? 0 : failures + 1;
    timer = setTimeout(round, waitMs(failures, failed ?? 0));
  };
  const seen = () => (document.hidden ? drop() : void round());

  document.addEventListener("visibilitychange", seen);
  seen();
  return {
    now() {
      failures = 0;
      void round();
    },
    stop() {
      document.removeEventListener("visibilitychange", seen);
      drop();
    },
  };
}
