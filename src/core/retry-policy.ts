/** When a source that failed is tried again. Times in milliseconds; `random` (0 to 1, seedable) spreads clients. */
export interface RetryPolicy {
  readonly firstDelayMs: number;
  /** Each delay is so many times the last one. */
  readonly growth: number;
  readonly delayMsMax: number;
}

/**
 * A source that comes back is to be used within 5 s: the longest delay and a connect attempt that just missed it fit
 * into that. Until then a delay is at most 250 ms and a quarter of the time for which it has been gone, so that of what it brings after an
 * absence little is lost to waiting: doubled delays take ten attempts in 13 s, these in 8 s, and as many as they afterwards.
 */
export const defaultRetryPolicy: RetryPolicy = { firstDelayMs: 250, growth: 1.25, delayMsMax: 2000 };

/** Delay before attempt `failures` + 1: growing from the first delay, with up to a quarter taken off at random. */
export function retryDelayMs(policy: RetryPolicy, failures: number, random: number): number {
  const full = Math.min(
    policy.delayMsMax,
    policy.firstDelayMs * policy.growth ** Math.min(Math.max(0, failures - 1), 100),
  );
  return full * (1 - random / 4);
}
