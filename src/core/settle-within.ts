/** Waiting for something whose outcome does not matter, no longer than a number of milliseconds. */

import type { Clock } from "./clock.ts";

/** Resolves when `work` has settled, or after `ms`; never rejects. The work goes on unobserved. */
export async function settleWithin(
  work: Promise<unknown>,
  ms: number,
  clock: Pick<Clock, "sleep">,
): Promise<void> {
  const settled = new AbortController();
  const ignore = () => undefined;
  const expired = clock.sleep(ms, settled.signal).catch(ignore);
  await Promise.race([work.then(ignore, ignore), expired]);
  settled.abort();
}
