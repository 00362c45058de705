/** Copies of requests for another version: run when there is room, compared, and thrown away. */

import type { InferResponse } from "#backends/backend.ts";
import type { InferObserver } from "#backends/inference-statistics.ts";
import type { NamedTensor } from "#core/tensor.ts";
import { isAgreed } from "#inference/output-agreement.ts";
import type { Serving } from "./serving.ts";

/** A request that was answered. */
export interface Answered {
  readonly inputs: readonly NamedTensor[];
  readonly outputs: InferResponse["outputs"];
}

/** Copies that wait or run at one time. */
const shadowsMax = 8;

/** Sends copies. Disposing ends those that are on their way. */
export class Shadows implements Disposable {
  readonly #observer: InferObserver;
  readonly #closing = new AbortController();
  #running = 0;

  constructor(observer: InferObserver) {
    this.#observer = observer;
  }

  /** Gives `serving` a copy, unless others wait for its workers; no one waits for what comes of it. */
  send({ inputs, outputs }: Answered, serving: Serving): void {
    const of = { model: serving.model, version: serving.version };
    if (this.#running >= shadowsMax || serving.waiting() > 0) {
      this.#observer.onShadow({ ...of, outcome: "skipped" });
      return;
    }
    this.#running += 1;
    void this.#compare({ inputs, outputs }, serving).then((outcome) => {
      this.#running -= 1;
      if (!this.#closing.signal.aborted) this.#observer.onShadow({ ...of, outcome });
    });
  }

  /** Runs a copy and says what came of it; never rejects. */
  async #compare(
    { inputs, outputs }: Answered,
    serving: Serving,
  ): Promise<"agreed" | "differed" | "failed"> {
    const { model, version, spec } = serving;
    const onRun = (rows: number, computeMs: number) =>
      this.#observer.onRun({ model, version, rows, computeMs });
    try {
      const copy = await serving.run({ inputs, onRun }, this.#closing.signal);
      return isAgreed(outputs, copy.outputs, spec.meaning) ? "agreed" : "differed";
    } catch {
      return "failed";
    }
  }

  [Symbol.dispose](): void {
    this.#closing.abort();
  }
}
