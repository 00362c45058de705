/** Decides which requests are sampled, before anything is made of them. */

import { PerSecond } from "#core/per-second.ts";
import type { Rng } from "#core/rng.ts";

/** How requests are chosen. */
export interface SamplerOptions {
  /** Share of traces that begin here; 0 to 1. */
  readonly ratio: number;
  /** A request that belongs to a trace is sampled if that is. */
  readonly honoursParents: boolean;
  /** Requests a second that are sampled because of what they say; beyond that the share decides. */
  readonly parentsPerSecond: number;
}

/** What a request says of its trace. */
export interface ToldParent {
  readonly traceId: string;
  readonly isSampled: boolean;
}

/** The last 13 digits of a trace's id, which are random: as many as a double holds exactly. */
const digits = 13;
const digitsRange = 16 ** digits;

/** Chooses requests. */
export class Sampler {
  readonly #options: SamplerOptions;
  readonly #rng: Rng;
  readonly #parents: PerSecond;
  readonly #onLimited: () => void;

  /** `onLimited` is notified of each request whose word did not count, because too many came. */
  constructor(options: SamplerOptions, rng: Rng, onLimited: () => void) {
    this.#options = options;
    this.#rng = rng;
    this.#parents = new PerSecond(options.parentsPerSecond);
    this.#onLimited = onLimited;
  }

  /** Whether a trace that begins here is sampled: all that see its id say the same. */
  begins(traceId: string): boolean {
    const { ratio } = this.#options;
    if (ratio >= 1) return true;
    if (ratio <= 0) return false;
    return Number.parseInt(traceId.slice(-digits), 16) >= (1 - ratio) * digitsRange;
  }

  /**
   * Whether a request of another's trace is, at so many milliseconds. Its flag and its id are what a
   * client likes them to be, so what they bring about is bounded.
   */
  joins({ traceId, isSampled }: ToldParent, nowMs: number): boolean {
    const { honoursParents, ratio } = this.#options;
    const isWanted = honoursParents ? isSampled : this.begins(traceId);
    if (!isWanted) return false;
    if (ratio >= 1 || this.#parents.passes(nowMs)) return true;
    this.#onLimited();
    return this.#rng.next() < ratio;
  }
}
