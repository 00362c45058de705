/** What one gateway holds of a shared bucket, and knows of the rest: decides without asking wherever that is certain. Pure. */

import { type Bucket, type BucketLimits, chargeOf } from "./token-bucket.ts";

/** How long tokens are held, and how long the rest of the bucket is taken to be known. */
export const heldMs = 250;
/** Tokens for so long of the gateway's own demand are taken at one time. */
const aheadMs = 30;
/** They are this share of the capacity at most: a bucket that is full again meanwhile has so much more to give. */
const aheadShareMax = 0.1;
/** Time over which demand is averaged. */
const demandMs = 100;

/** Share of a capacity by which sums of fractions may be off: so little is left to the store. */
const roundedOff = 1e-9;

/** What is certain of a cost: it is covered, it would be refused, or only the shared store knows. */
export type Verdict = "covered" | "refused" | "unknown";

/** The lease of one bucket. */
export class Lease {
  readonly key: string;
  limits: BucketLimits;
  /** Tokens that were taken out of the shared bucket and not used yet. */
  held = 0;
  /** Monotonic time until which they are held. */
  untilMs = Number.NEGATIVE_INFINITY;
  /** What calls cost that wait for the answer to another one. */
  waiting = 0;
  /** Resolves when the store has been heard, with whether it has answered; absent: nothing is asked. */
  asking: Promise<boolean> | undefined;
  /** Tokens of the shared bucket when it was last heard of, and when that was at the earliest. */
  #left = 0;
  #leftAtMs = Number.NEGATIVE_INFINITY;
  /** Tokens a millisecond that calls have asked for. */
  #demand = 0;
  #demandAtMs = Number.NEGATIVE_INFINITY;

  constructor(key: string, limits: BucketLimits) {
    this.key = key;
    this.limits = limits;
  }

  /** A call wants so many tokens. */
  wanted(cost: number, nowMs: number): void {
    this.#demand = this.#demand * Math.exp((this.#demandAtMs - nowMs) / demandMs) + cost / demandMs;
    this.#demandAtMs = nowMs;
  }

  /** Tokens worth taking beyond the cost of a call: for those that wait, or for the next moments. */
  ahead(): number {
    const soon = Math.min(this.#demand * aheadMs, this.limits.capacity * aheadShareMax);
    return Math.max(this.waiting, soon);
  }

  /** The shared bucket holds so many tokens, at the time that it was asked or later. */
  heard(tokens: number, askedAtMs: number): void {
    if (askedAtMs < this.#leftAtMs) return;
    this.#left = tokens;
    this.#leftAtMs = askedAtMs;
  }

  /** The shared bucket is about to be given tokens, or to lose them. */
  corrected(tokens: number): void {
    const { capacity } = this.limits;
    this.#left = Math.max(-capacity, Math.min(capacity, this.#left + tokens));
  }

  /** Tokens for later calls. */
  hold(tokens: number, nowMs: number): void {
    this.held += tokens;
    this.untilMs = nowMs + heldMs;
  }

  /** All that is held, which then is not held here any more. */
  release(): number {
    const tokens = this.held;
    this.held = 0;
    return tokens;
  }

  /** Whether the store need not be asked about a call. What others give back meanwhile is known a little later. */
  verdict(cost: number, nowMs: number): Verdict {
    if (cost > 0 && cost <= this.held && nowMs < this.untilMs) return "covered";
    if (!this.isKnown(nowMs) || this.asking !== undefined) return "unknown";
    const short = this.shortOf(cost, nowMs);
    if (short > roundedOff * this.limits.capacity) return "refused";
    return cost === 0 && short <= 0 ? "covered" : "unknown";
  }

  /** The store was asked not long ago. */
  isKnown(nowMs: number): boolean {
    return nowMs - this.#leftAtMs < heldMs;
  }

  /** When it was last heard of, not long ago, the bucket had too little left for a call. */
  wasShortOf(cost: number, nowMs: number): boolean {
    return this.isKnown(nowMs) && this.#left + this.held < Math.min(cost, this.limits.capacity);
  }

  /** The shared bucket owes tokens, as far as is known. */
  owes(nowMs: number): boolean {
    return this.#tokens(nowMs) < this.held;
  }

  /** Pays for a call that is covered. */
  pay(cost: number): void {
    this.held -= cost;
  }

  /** Tokens that are missing for a call; not positive: none. */
  shortOf(cost: number, nowMs: number): number {
    return Math.min(cost, this.limits.capacity) - this.#tokens(nowMs);
  }

  /** Milliseconds until a call would be granted. */
  waitMs(cost: number, nowMs: number): number {
    const short = this.shortOf(cost, nowMs);
    return short <= 0 ? 0 : Math.ceil((short * 1_000) / this.limits.perSecond);
  }

  /** The bucket as a whole, as far as this gateway knows. */
  bucket(nowMs: number): Bucket {
    return { tokens: this.#tokens(nowMs), atMs: nowMs };
  }

  /** What a call takes of the shared bucket. */
  chargeOf(cost: number): number {
    return chargeOf(cost, this.limits);
  }

  #tokens(nowMs: number): number {
    const { capacity, perSecond } = this.limits;
    if (this.#leftAtMs === Number.NEGATIVE_INFINITY) return capacity;
    const refilled = (Math.max(0, nowMs - this.#leftAtMs) * perSecond) / 1_000;
    return Math.min(capacity, this.#left + refilled + this.held);
  }
}
