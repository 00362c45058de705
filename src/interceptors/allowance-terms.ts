/** What principals and groups may use, in the terms of limits. */

import type { Allowance } from "#identity/credentials.ts";
import type { Terms } from "#limits/owner.ts";

/** Share of a minute's requests that may come at once where nothing says how many. */
const burstShare = 0.1;

/** An allowance as terms; what it says nothing of is that of `others`. */
export function allowanceTerms(allowance: Allowance, others: Terms = {}): Terms {
  const { requestsPerMinute, burst, tokensPerMinute, concurrentMax, budget } = allowance;
  return {
    ...others,
    ...(requestsPerMinute === undefined
      ? {}
      : {
          requests: {
            capacity: burst ?? Math.max(1, Math.floor(requestsPerMinute * burstShare)),
            perSecond: requestsPerMinute / 60,
          },
        }),
    ...(tokensPerMinute === undefined ? {} : { tokens: perMinute(tokensPerMinute) }),
    ...(concurrentMax === undefined ? {} : { concurrentMax }),
    ...(budget === undefined ? {} : { budget }),
  };
}

/** Those of `terms` that an allowance has no word of. */
export function termsLeft(
  { requests, tokens, budget, concurrentMax }: Terms,
  allowance: Allowance,
): Terms {
  const isLeft = (own: unknown, limit: unknown) => own === undefined && limit !== undefined;
  return {
    ...(isLeft(allowance.requestsPerMinute, requests) && { requests }),
    ...(isLeft(allowance.tokensPerMinute, tokens) && { tokens }),
    ...(isLeft(allowance.concurrentMax, concurrentMax) && { concurrentMax }),
    ...(isLeft(allowance.budget, budget) && { budget }),
  };
}

/** So many each minute, of which a whole minute's may be used at once. */
function perMinute(count: number): {
  readonly capacity: number;
  readonly perSecond: number;
} {
  return { capacity: count, perSecond: count / 60 };
}
