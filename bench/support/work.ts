/** Work of a known cost: so many steps as keep a core busy for so many microseconds. */

import { createHash } from "node:crypto";
import { quantile } from "./statistics.ts";

const repetitions = 1_000;
const tries = 20;
/** How far the cost may be from what is asked for. */
const share = 0.02;

/** Work, and what it came to when it was measured. */
export interface Work {
  readonly steps: number;
  readonly us: number;
}

const block = Buffer.alloc(4_096, "work");

/** Keeps a core busy: so many blocks are hashed, by native code, whose speed no compiler changes on the way. */
export function work(steps: number): Buffer {
  const hash = createHash("sha256");
  for (let step = 0; step < steps; step += 1) hash.update(block);
  return hash.digest();
}

/** Microseconds of a repetition. Whoever takes the core meanwhile only adds: the lower quartile is without them. */
function usOf(steps: number): number {
  const taken = Array.from({ length: repetitions }, () => {
    const startMs = performance.now();
    work(steps);
    return (performance.now() - startMs) * 1_000;
  });
  return quantile(taken, 0.25);
}

/** The work that takes so many microseconds on this machine. Throws where its speed does not stay the same. */
export function workOf(us: number): Work {
  let steps = 100;
  for (let tried = 0; tried < tries; tried += 1) {
    const taken = usOf(steps);
    if (Math.abs(taken / us - 1) <= share) return { steps, us: taken };
    steps = Math.round((steps * us) / taken);
  }
  throw new Error(`the machine's speed changes: no work takes ${us} µs in ${tries} measurements`);
}

/** The cores that somebody had, of so many that were busy, while the load's own program took a part of them. */
export function coresLeft(cores: number, { seconds, loadUs }: { seconds: number; loadUs: number }) {
  return cores - loadUs / 1e6 / seconds;
}
