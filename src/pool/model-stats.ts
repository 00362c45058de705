/** What was seen of one model on one endpoint: its speed, its reliability, and whether it may be asked now. */

import { PeakEwma } from "#core/peak-ewma.ts";
import { Breaker } from "./breaker.ts";

/** What a call showed. */
export interface Observation {
  /** Model that was asked for; empty where the endpoint chose. */
  readonly model: string;
  /** Time of the whole call, or to the first message of a stream. */
  readonly latencyMs: number;
  /** The endpoint asked to be left alone for so long. */
  readonly retryAfterMs?: number;
}

/** Latencies fade to 1/e in this time. */
const latencyDecayMs = 30_000;
/** Share that one call has in the success rate. */
const successStep = 0.05;

/** Numbers of one model. */
export class ModelStats {
  readonly breaker = new Breaker();
  readonly #latency = new PeakEwma(latencyDecayMs);
  #successRate: number | undefined;

  get latencyMs(): number | undefined {
    return this.#latency.valueMs;
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
    if (isOk) this.#latency.add(latencyMs, nowMs);
  }
}
