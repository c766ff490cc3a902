/** When a source that failed is tried again. Times in milliseconds; `random` (0 to 1, seedable) spreads clients. */
export interface RetryPolicy {
  readonly firstDelayMs: number;
  readonly delayMsMax: number;
}

/**
 * A source that comes back is to be used within 5 s: the longest delay and a connect attempt that just missed it fit
 * into that. In the mean half the longest delay of its speed is lost.
 */
export const defaultRetryPolicy: RetryPolicy = { firstDelayMs: 250, delayMsMax: 2000 };

/** Delay before attempt `failures` + 1: doubling from the first delay, with up to a quarter taken off at random. */
export function retryDelayMs(policy: RetryPolicy, failures: number, random: number): number {
  const full = Math.min(policy.delayMsMax, policy.firstDelayMs * 2 ** Math.min(Math.max(0, failures - 1), 20));
  return full * (1 - random / 4);
}
