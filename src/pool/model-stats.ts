/** Numbers of one model on one endpoint: latency, success rate, and its circuit breaker. */

import { Breaker, type BreakerOptions } from "#core/breaker.ts";
import { PeakEwma } from "#core/peak-ewma.ts";

/** What a response used. */
export interface Used {
  /** Tokens read and written. */
  readonly tokens: number;
  /** US dollars. */
  readonly cost: number;
}

/** What a call showed: measured once, for scores, statistics, history and metrics alike. */
export interface Observation extends Used {
  /** Model that was asked for; empty where the endpoint chose. */
  readonly model: string;
  /** Time of the whole call, in milliseconds with fractions. */
  readonly elapsedMs: number;
  /** Milliseconds to the first message of a stream; undefined where there was none. */
  readonly firstMs: number | undefined;
  /** Pause that the endpoint asked for, by Retry-After. */
  readonly retryAfterMs?: number | undefined;
  /** It said, or showed by a time-out, that it has more calls than it can do. */
  readonly isPushback?: boolean | undefined;
}

/** How long a call waited: for its response, or for the first message of a stream. */
export function latencyMsOf({ elapsedMs, firstMs }: Pick<Observation, "elapsedMs" | "firstMs">) {
  return firstMs ?? elapsedMs;
}

/** After this time a latency weighs 1/e of what it did. */
const latencyDecayMs = 30_000;
/** Weight of one call in the success rate. */
const successStep = 0.05;
/** After this time without a call the latency counts as unknown. */
const latencyKeptMs = 60_000;
/** The shortest latency is taken over the current window of this length, and the window before. */
const leastWindowMs = 60_000;

/** Numbers of one model. */
export class ModelStats {
  readonly breaker: Breaker;
  #latency = new PeakEwma(latencyDecayMs);
  #latencyAtMs = 0;
  #successRate: number | undefined;
  #leastMs = Number.POSITIVE_INFINITY;
  #leastBeforeMs = Number.POSITIVE_INFINITY;
  #leastStartMs = 0;

  constructor(breaker?: BreakerOptions) {
    this.breaker = new Breaker(breaker);
  }

  /** The average. Undefined before the first call, and after a minute without one: else a slow endpoint would never be tried again. */
  latencyMs(nowMs: number): number | undefined {
    return nowMs - this.#latencyAtMs > latencyKeptMs ? undefined : this.#latency.valueMs;
  }

  /** The shortest recent latency: a call with less time left cannot succeed here. 0 when nothing is known. */
  get leastMs(): number {
    const least = Math.min(this.#leastMs, this.#leastBeforeMs);
    return least === Number.POSITIVE_INFINITY ? 0 : least;
  }

  /** 0 to 1; undefined before the first call. */
  get successRate(): number | undefined {
    return this.#successRate;
  }

  /** A call ended, in success or by a fault of the endpoint. */
  add(isOk: boolean, latencyMs: number, nowMs: number): void {
    const sample = isOk ? 1 : 0;
    const before = this.#successRate;
    this.#successRate = before === undefined ? sample : before + successStep * (sample - before);
    // The time of a failure says nothing about the time of a response.
    if (!isOk) return;
    this.#addLatency(latencyMs, nowMs);
    if (nowMs - this.#leastStartMs > leastWindowMs) {
      const isNext = nowMs - this.#leastStartMs <= 2 * leastWindowMs;
      this.#leastBeforeMs = isNext ? this.#leastMs : Number.POSITIVE_INFINITY;
      this.#leastMs = Number.POSITIVE_INFINITY;
      this.#leastStartMs = nowMs;
    }
    this.#leastMs = Math.min(this.#leastMs, latencyMs);
  }

  /** A call was given up after this wait: the latency is at least that long. */
  addWait(waitedMs: number, nowMs: number): void {
    if (waitedMs > (this.latencyMs(nowMs) ?? 0)) this.#addLatency(waitedMs, nowMs);
  }

  #addLatency(latencyMs: number, nowMs: number): void {
    // An average that counts as unknown must not come back with the next call.
    if (this.latencyMs(nowMs) === undefined) this.#latency = new PeakEwma(latencyDecayMs);
    this.#latencyAtMs = nowMs;
    this.#latency.add(latencyMs, nowMs);
  }

  /** It has recovered: numbers from before no longer count. */
  forget(): void {
    this.#latency = new PeakEwma(latencyDecayMs);
    this.#successRate = undefined;
  }
}
