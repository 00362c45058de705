/** Whether an endpoint may be given a call now, in four degrees. Pure. */

/**
 * fit: it may; trial: one call may test whether it has recovered; ejected: it failed too often, so it
 * is the last resort; resting: it asked to be left alone until a certain time.
 */
export type Fitness = "fit" | "trial" | "ejected" | "resting";

const order: readonly Fitness[] = ["fit", "trial", "ejected", "resting"];

/** The lesser of two degrees. */
export function worseOf(one: Fitness, other: Fitness): Fitness {
  return order.indexOf(one) >= order.indexOf(other) ? one : other;
}

/** The greatest of some degrees; resting when there are none. */
export function bestOf(all: readonly Fitness[]): Fitness {
  return order.find((degree) => all.includes(degree)) ?? "resting";
}

/** How somebody stands, and for how long at least. */
export interface Standing {
  readonly fitness: Fitness;
  /** Milliseconds until it may be asked, when it rests. */
  readonly restMs: number;
}
