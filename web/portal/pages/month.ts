/** What a month's spending comes to at its pace so far; pure. Months are UTC's, as those of usage and of budgets are. */

/** Before this much of a month is over its pace says nothing. */
const knownMs = 24 * 60 * 60 * 1000;

/**
 * What was spent of a month by `nowMs`, in proportion to the whole month, in the unit of `spent`; undefined on the
 * first day.
 */
export function byMonthsEnd(spent: number, nowMs: number): number | undefined {
  const now = new Date(nowMs);
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
  const beginMs = Date.UTC(year, month);
  const elapsedMs = nowMs - beginMs;
  if (elapsedMs < knownMs) return undefined;
  return (spent * (Date.UTC(year, month + 1) - beginMs)) / elapsedMs;
}
