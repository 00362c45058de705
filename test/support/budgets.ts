/** Budgets for retries and hedges that are never used up. */

import { RetryBudget } from "#routing/retry-budget.ts";

/** Both of them, without a bound. */
export function unlimitedBudgets() {
  const budget = () =>
    new RetryBudget({ share: 0, perSecondMin: Number.POSITIVE_INFINITY, windowSeconds: 1 });
  return { retry: budget(), hedge: budget() };
}
