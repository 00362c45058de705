/** A claim on a member for one call: it counts the call in flight, and its outcome once. */

import type { Member, Outcome } from "./member.ts";
import type { Observation } from "./model-stats.ts";
import type { Probe } from "./probe.ts";

/** Held for the length of a call. Disposal without an outcome counts the call as cancelled. */
export class Lease<B> implements Disposable {
  readonly #member: Member<B>;
  readonly #probe: Pick<Probe, "suspect">;
  readonly #nowMs: () => number;
  /** The call by which the breaker of this model is tested. */
  readonly #probesModel: boolean;
  #settled = false;

  /** Claims `member` for a model; `probe` is notified at once when its connection failed. */
  constructor(
    member: Member<B>,
    probe: Pick<Probe, "suspect">,
    { model, nowMs }: { readonly model?: string | undefined; readonly nowMs: () => number },
  ) {
    this.#member = member;
    this.#probe = probe;
    this.#nowMs = nowMs;
    member.begin();
    this.#probesModel = model !== undefined && member.statsOf(model).breaker.begin(nowMs());
  }

  get id(): string {
    return this.#member.id;
  }

  get backend(): B {
    return this.#member.backend;
  }

  /** Ends the claim with what the call showed; only the first outcome counts. */
  settle(outcome: Outcome, observed?: Observation): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#member.end(outcome);
    if (observed !== undefined) {
      this.#member.observe(outcome, observed, this.#probesModel, this.#nowMs());
    }
    if (outcome === "lost") this.#probe.suspect();
  }

  [Symbol.dispose](): void {
    this.settle("cancelled");
  }
}
