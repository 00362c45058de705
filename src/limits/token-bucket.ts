/** Token-bucket arithmetic: refills by elapsed time, then takes tokens or returns how long to wait. Pure. */

/** A bucket as it was at one moment. */
export interface Bucket {
  /** Tokens in it, with fractions. */
  readonly tokens: number;
  /** Monotonic time of that count, in milliseconds. */
  readonly atMs: number;
}

/** How much a bucket holds and how fast it fills. */
export interface BucketLimits {
  /** Most tokens it holds: the burst. */
  readonly capacity: number;
  /** Tokens it gains each second; 0: none, for a bucket whose key names the period that it holds for. */
  readonly perSecond: number;
}

/** The outcome of one try. */
export interface Take {
  /** The bucket afterwards; a refused try leaves its tokens untouched. */
  readonly bucket: Bucket;
  /** 0 when granted, else how long until it would be, in milliseconds; Infinity: never. */
  readonly waitMs: number;
}

/** What refills in a longer time has a place of its own where buckets are kept. */
const lastingSeconds = 86_400;

/** Whether a bucket takes more than a day to fill, as budgets do. */
export function isLasting({ capacity, perSecond }: BucketLimits): boolean {
  return perSecond * lastingSeconds < capacity;
}

/** A full bucket. */
export function fullBucket(limits: BucketLimits, nowMs: number): Bucket {
  return { tokens: limits.capacity, atMs: nowMs };
}

/**
 * What a call that costs so much takes of a bucket: a bucket gives all that it holds, and owes as much
 * again at most. Who corrects a cost corrects it by the difference of two charges, so that nothing is
 * given back that was not taken. What is no positive number, whoever counted it, costs nothing: a bucket
 * that held NaN would never be granted again.
 */
export function chargeOf(cost: number, { capacity }: BucketLimits): number {
  return cost > 0 ? Math.min(cost, 2 * capacity) : 0;
}

/**
 * Takes `cost`, or returns how long until it could. What costs more than a bucket holds needs a full
 * one, and the bucket owes the rest. A clock that steps back refills nothing.
 */
export function take(
  old: Bucket,
  limits: BucketLimits,
  ask: { readonly cost: number; readonly nowMs: number },
): Take {
  const elapsedMs = Math.max(0, ask.nowMs - old.atMs);
  const tokens = Math.min(limits.capacity, old.tokens + (elapsedMs * limits.perSecond) / 1000);
  const atMs = Math.max(ask.nowMs, old.atMs);
  const short = Math.min(ask.cost, limits.capacity) - tokens;
  return short <= 0
    ? { bucket: { tokens: tokens - chargeOf(ask.cost, limits), atMs }, waitMs: 0 }
    : { bucket: { tokens, atMs }, waitMs: Math.ceil((short * 1000) / limits.perSecond) };
}

/** Gives tokens back, or takes more of them: a bucket holds its capacity at most, and owes as much at most. */
export function add(old: Bucket, { capacity }: BucketLimits, tokens: number): Bucket {
  return { tokens: Math.max(-capacity, Math.min(capacity, old.tokens + tokens)), atMs: old.atMs };
}
