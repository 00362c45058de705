/** Money that may be spent in a period: which period a moment belongs to, and the bucket of it. Pure. */

import { type BucketLimits, chargeOf } from "./token-bucket.ts";

/** Money that may be spent in a period. */
export interface Budget {
  readonly usd: number;
  /** Calendar periods begin at midnight, UTC, weeks on Monday; what `30d` gives comes back evenly over thirty days. */
  readonly period: "day" | "week" | "month" | "30d";
  /** At the end of the money: go on with a warning, or refuse. */
  readonly onExceeded: "warn" | "block";
}

/** A period of a budget. */
export interface Period {
  /** Part of the bucket's key: another period is another bucket. */
  readonly name: string;
  /** When it began, in milliseconds since the Unix epoch; -Infinity for one that rolls on. */
  readonly startsMs: number;
  /** When it ends, in milliseconds since the Unix epoch; Infinity for one that rolls on. */
  readonly endsMs: number;
}

/** Millionths of a US dollar, in which budgets are counted. */
export const microsPerUsd = 1_000_000;

const dayMs = 86_400_000;
const rollingSeconds = 30 * 86_400;

/** The period of a budget that a moment belongs to. */
export function periodOf({ period }: Budget, wallMs: number): Period {
  const at = new Date(wallMs);
  const year = at.getUTCFullYear();
  const month = at.getUTCMonth();
  const today = Date.UTC(year, month, at.getUTCDate());
  const named = (startsMs: number, endsMs: number, length: number) => ({
    name: `${period} ${new Date(startsMs).toISOString().slice(0, length)}`,
    startsMs,
    endsMs,
  });
  switch (period) {
    case "day":
      return named(today, today + dayMs, "2026-01-31".length);
    case "week": {
      const monday = today - ((at.getUTCDay() + 6) % 7) * dayMs;
      return named(monday, monday + 7 * dayMs, "2026-01-31".length);
    }
    case "month":
      return named(Date.UTC(year, month), Date.UTC(year, month + 1), "2026-01".length);
    case "30d":
      return {
        name: period,
        startsMs: Number.NEGATIVE_INFINITY,
        endsMs: Number.POSITIVE_INFINITY,
      };
  }
}

/** The bucket of one period: in calendar periods nothing comes back, for the next one has its own. */
export function budgetLimits({ usd, period }: Budget): BucketLimits {
  const capacity = usd * microsPerUsd;
  return { capacity, perSecond: period === "30d" ? capacity / rollingSeconds : 0 };
}

/** Money that was spent, and when the last of it was, in milliseconds since the Unix epoch. */
export interface Spending {
  readonly untilMs: number;
  readonly microUsd: number;
}

/** What is missing now in a bucket of a budget from which this was spent, in the order of its times. */
export function missingAfter(
  spendings: Iterable<Spending>,
  limits: BucketLimits,
  wallMs: number,
): number {
  const { capacity, perSecond } = limits;
  let missing = 0;
  let atMs = Number.NEGATIVE_INFINITY;
  const refill = (nowMs: number) => {
    if (perSecond > 0 && missing > 0 && nowMs > atMs) {
      missing = Math.max(0, missing - ((nowMs - atMs) * perSecond) / 1000);
    }
    atMs = Math.max(atMs, nowMs);
  };
  for (const { untilMs, microUsd } of spendings) {
    refill(untilMs);
    // A bucket owes its capacity at most.
    missing = Math.min(2 * capacity, missing + chargeOf(microUsd, limits));
  }
  refill(wallMs);
  return missing;
}
