/** What SDKs learn about a new try. Pure. */

import type { ReasonRow } from "#errors/reason.ts";

/**
 * `retry-after` in seconds and `retry-after-ms`, where waiting helps; else `x-should-retry: false` for
 * statuses at which SDKs try again by themselves: the gateway has done what could be done.
 */
export function retryHeaders(
  { retryable }: ReasonRow,
  retryAfterMs: number | undefined,
  status: number,
): (readonly [name: string, value: string])[] {
  if (retryAfterMs !== undefined) {
    return [
      ["retry-after", String(Math.ceil(retryAfterMs / 1000))],
      ["retry-after-ms", String(Math.round(retryAfterMs))],
    ];
  }
  const isTriedAgain = status === 408 || status === 409 || status === 429 || status >= 500;
  return isTriedAgain && retryable ? [["x-should-retry", "false"]] : [];
}
