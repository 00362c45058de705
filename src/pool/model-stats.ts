/** What was seen of one model on one endpoint: its speed, its reliability, and whether it may be asked now. */

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
  /** The endpoint asked to be left alone for so long. */
  readonly retryAfterMs?: number | undefined;
}

/** How long a call waited: for its response, or for the first message of a stream. */
export function latencyMsOf({ elapsedMs, firstMs }: Pick<Observation, "elapsedMs" | "firstMs">) {
  return firstMs ?? elapsedMs;
}

/** Latencies fade to 1/e in this time. */
const latencyDecayMs = 30_000;
/** Share that one call has in the success rate. */
const successStep = 0.05;
/** Without a call for so long no one knows how fast it is. */
const latencyKeptMs = 60_000;
/** The least latency is that of this time and the one before. */
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

  /** The average; undefined before the first call and after a minute without one, so that no one is avoided for good. */
  latencyMs(nowMs: number): number | undefined {
    return nowMs - this.#latencyAtMs > latencyKeptMs ? undefined : this.#latency.valueMs;
  }

  /** The shortest time in which it answered lately: no one need wait who has less. 0 when nothing is known. */
  get leastMs(): number {
    const least = Math.min(this.#leastMs, this.#leastBeforeMs);
    return least === Number.POSITIVE_INFINITY ? 0 : least;
  }

  /** 0 to 1; undefined before the first call. */
  get successRate(): number | undefined {
    return this.#successRate;
  }

  /** A call has ended by the endpoint's doing. */
  add(isOk: boolean, latencyMs: number, nowMs: number): void {
    const sample = isOk ? 1 : 0;
    const before = this.#successRate;
    this.#successRate = before === undefined ? sample : before + successStep * (sample - before);
    // How fast somebody fails says nothing of how fast it answers.
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

  /** A call was given up that had waited so long already: the endpoint is at least as slow as that. */
  addWait(waitedMs: number, nowMs: number): void {
    if (waitedMs > (this.latencyMs(nowMs) ?? 0)) this.#addLatency(waitedMs, nowMs);
  }

  #addLatency(latencyMs: number, nowMs: number): void {
    // What is forgotten does not come back with the next call.
    if (this.latencyMs(nowMs) === undefined) this.#latency = new PeakEwma(latencyDecayMs);
    this.#latencyAtMs = nowMs;
    this.#latency.add(latencyMs, nowMs);
  }

  /** It has recovered: what it was like before says nothing of now. */
  forget(): void {
    this.#latency = new PeakEwma(latencyDecayMs);
    this.#successRate = undefined;
  }
}
