/** The workers that run models, seen from a thread: it asks the main thread, which has them. */

import type { Inference, Inferred } from "#backends/onnx/inference-queue.ts";
import type { WorkerPool } from "#backends/onnx/worker-pool.ts";
import type { Clock } from "#core/clock.ts";
import { onAbort } from "#core/on-abort.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { AskedOfMain, AskedOfThread } from "./messages.ts";
import { ownTensor } from "./own-tensor.ts";
import type { PortCalls } from "./port-calls.ts";

/** What a thread asks with. */
type MainCalls = Pick<PortCalls<AskedOfMain, AskedOfThread>, "ask">;

/** A pool for one generation of a thread. Disposing of it unloads the sessions that it has loaded. */
export class RemoteInference implements WorkerPool {
  readonly #calls: MainCalls;
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #keyPrefix: string;
  readonly #keys = new Set<string>();
  #running = 0;
  /** Counts the runs of all generations of this thread. */
  static #runs = 0;

  /** `generation` keeps the sessions of one apart from those of another. */
  constructor(calls: MainCalls, clock: Pick<Clock, "nowMs">, generation: number) {
    this.#calls = calls;
    this.#clock = clock;
    this.#keyPrefix = `${generation} `;
  }

  async load(request: Parameters<WorkerPool["load"]>[0], instances?: number) {
    const key = this.#keyPrefix + request.key;
    this.#keys.add(key);
    return await this.#calls.ask("loadSession", {
      request: { ...request, key },
      ...(instances !== undefined && { instances }),
    });
  }

  async unload(key: string): Promise<void> {
    await this.#unload(this.#keyPrefix + key);
  }

  async run(inference: Inference, signal: AbortSignal): Promise<Inferred> {
    const { key, group, inputs, rowsMax, deadlineMs, onRun } = inference;
    if (signal.aborted) throw faultFrom(signal.reason);
    RemoteInference.#runs += 1;
    const run = RemoteInference.#runs;
    const own = inputs.map(ownTensor);
    this.#running += 1;
    using _stop = { [Symbol.dispose]: onAbort(signal, () => this.#cancel(run)) };
    try {
      const asked = this.#calls.ask(
        "infer",
        {
          ...{ run, rowsMax, inputs: own },
          key: this.#keyPrefix + key,
          ...(group !== undefined && { group }),
          ...(deadlineMs !== undefined && { withinMs: deadlineMs - this.#clock.nowMs() }),
        },
        own.map(({ bytes }) => bytes.buffer),
      );
      const { ran, ...inferred } = await asked;
      if (ran !== undefined) onRun?.(ran.rows, ran.computeMs);
      return inferred;
    } catch (thrown) {
      throw signal.aborted ? faultFrom(signal.reason) : thrown;
    } finally {
      this.#running -= 1;
    }
  }

  /** What this thread waits for. */
  stats() {
    return { queued: this.#running, running: 0, orphans: 0, workers: 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#keys].map((key) => this.#unload(key)));
  }

  #cancel(run: number): void {
    // Where the main thread has ended there is nothing left to cancel.
    this.#calls.ask("cancelInference", run).catch(() => {});
  }

  async #unload(key: string): Promise<void> {
    this.#keys.delete(key);
    await this.#calls.ask("unloadSession", key);
  }
}
