/** What a load saw in one phase: calls, failures by what they were, and times. */

import { quantile } from "../../bench/support/statistics.ts";

/** Most kinds of failures that are told one by one. */
const kindsMax = 5;
/** What grpc-js tells of where the time of a call went, which is different for each. */
const timesOfCall = / after [\d.]+s(,.*)?$/;

/** One kind of call in one phase. */
export class Tally {
  readonly #failures = new Map<string, number>();
  readonly #times: number[] = [];

  /** A call that ended well, after so many milliseconds. */
  ok(ms: number): void {
    this.#times.push(ms);
  }

  /** A call that a client saw fail. */
  fail(what: string): void {
    const kind = what.replace(timesOfCall, "");
    this.#failures.set(kind, (this.#failures.get(kind) ?? 0) + 1);
  }

  get count(): number {
    return this.#times.length + this.failed;
  }

  get failed(): number {
    return [...this.#failures.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Milliseconds below which this share of the calls that ended well was; NaN without any. */
  quantileMs(share: number): number {
    return quantile(this.#times, share);
  }

  get longestMs(): number {
    return this.#times.reduce((longest, ms) => Math.max(longest, ms), 0);
  }

  /** Such as `0 of 600 failed`, and what the failures were. */
  text(): string {
    const kinds = [...this.#failures].map(([what, count]) => `${count} × ${what}`);
    if (kinds.length > kindsMax) kinds.splice(kindsMax, Number.POSITIVE_INFINITY, "and others");
    return [`${this.failed} of ${this.count} failed`, ...kinds].join("; ");
  }

  /** Such as `p50 1.2 ms, p99 4.0 ms, longest 9.9 ms`. */
  timesText(): string {
    const ms = (value: number) => `${value.toFixed(1)} ms`;
    return `p50 ${ms(this.quantileMs(0.5))}, p99 ${ms(this.quantileMs(0.99))}, longest ${ms(this.longestMs)}`;
  }
}

/** What a load saw while one thing was so. */
export class Phase {
  readonly unary = new Tally();
  readonly streams = new Tally();
  readonly connections = new Tally();
}
