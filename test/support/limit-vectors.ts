/** What every store of buckets does, step by step: read from a file of vectors and held against a store. */

import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { LimitStore } from "#limits/limit-store.ts";
import type { BucketLimits } from "#limits/token-bucket.ts";

/** A key, and tokens. */
type Tokens = readonly [key: string, tokens: number];

/** One step: at most one of `reserve`, `adjust` and `reset`, and what is in the buckets afterwards. */
export interface LimitStep {
  /** Milliseconds since the vector began. */
  readonly atMs: number;
  /** Limits that are other from here on. */
  readonly limits?: Readonly<Record<string, BucketLimits>>;
  readonly reserve?: readonly Tokens[];
  /** Of a reservation. */
  readonly granted?: boolean;
  /** Of a reservation; null: for ever. */
  readonly waitMs?: number | null;
  readonly adjust?: readonly Tokens[];
  readonly reset?: string;
  /** Of a reset: whether anything was known of the bucket. */
  readonly known?: boolean;
  readonly left: Readonly<Record<string, number>>;
}

/** Steps of one store, one after the other, that begin with no bucket known. */
export interface LimitVector {
  readonly name: string;
  readonly limits: Readonly<Record<string, BucketLimits>>;
  readonly steps: readonly LimitStep[];
}

/** All of them. */
export const limitVectors: readonly LimitVector[] = JSON.parse(
  readFileSync(new URL("../fixtures/limits/vectors.json", import.meta.url), "utf8"),
);

/** A store that is held against vectors. */
export interface LimitSubject {
  readonly store: LimitStore;
  /** Makes it so many milliseconds since the vector began. */
  moveTo(atMs: number): void | Promise<void>;
  /** Milliseconds by which its time may be off; 0 when absent. */
  readonly slackMs?: number;
  /** Put before each key, so that stores that last begin anew with each vector. */
  readonly prefix?: string;
  /** Resolves when the corrections so far have been made; absent: they are made at once. */
  settled?(): Promise<void>;
}

/** Waits are whole milliseconds, rounded up: a fraction that a sum is off by may make one more of it. */
const roundedMs = 1;
/** Digits after the point to which tokens are compared, for sums of fractions. */
const digits = 6;

/** Takes a store through the steps of a vector. */
export async function expectVector(vector: LimitVector, subject: LimitSubject): Promise<void> {
  const { store, moveTo, slackMs = 0, prefix = "", settled } = subject;
  let limits = vector.limits;
  const of = (key: string): BucketLimits => limits[key] ?? { capacity: 1, perSecond: 1 };
  for (const [index, step] of vector.steps.entries()) {
    const where = `step ${index + 1} at ${step.atMs} ms`;
    limits = { ...limits, ...step.limits };
    await moveTo(step.atMs);
    if (step.reserve !== undefined) {
      const asks = step.reserve.map(([key, cost]) => ({
        key: prefix + key,
        limits: of(key),
        cost,
      }));
      const { waitMs, takes } = await store.reserve(asks);
      expect(waitMs === 0, `${where}: granted`).toBe(step.granted);
      expect(takes, `${where}: a take a bucket`).toHaveLength(asks.length);
      const wanted = step.waitMs ?? Number.POSITIVE_INFINITY;
      if (!Number.isFinite(wanted)) expect(waitMs, where).toBe(wanted);
      else {
        expect(waitMs, where).toBeGreaterThanOrEqual(wanted - slackMs);
        expect(waitMs, where).toBeLessThanOrEqual(wanted + slackMs + roundedMs);
      }
    }
    if (step.adjust !== undefined) {
      store.adjust(
        step.adjust.map(([key, tokens]) => ({ key: prefix + key, limits: of(key), tokens })),
      );
      await settled?.();
    }
    if (step.reset !== undefined) {
      expect(await store.reset(prefix + step.reset), where).toBe(step.known);
    }
    for (const [key, tokens] of Object.entries(step.left)) {
      const bucket = await store.read(prefix + key, of(key));
      const slack = (slackMs * of(key).perSecond) / 1000 + 0.5 * 10 ** -digits;
      const off = Math.abs(bucket.tokens - tokens);
      expect(off, `${where}: ${key} has ${bucket.tokens}`).toBeLessThanOrEqual(slack);
    }
  }
}
