/** A claim on a member for one call: it counts the call as in flight, and counts its outcome once. */

import type { BreakerTicket } from "#core/breaker.ts";
import type { Member, Outcome } from "./member.ts";
import type { Observation } from "./model-stats.ts";
import type { Probe } from "./probe.ts";

/** What a claim is made with. */
export interface LeaseOptions {
  readonly model?: string | undefined;
  readonly nowMs: () => number;
  /** Notified when the claim has ended. */
  readonly onEnd?: (() => void) | undefined;
}

/** Held while a call runs. Disposing of it without an outcome counts the call as cancelled. */
export class Lease<B> implements Disposable {
  readonly #member: Member<B>;
  readonly #probe: Pick<Probe, "suspect">;
  readonly #nowMs: () => number;
  readonly #model: string;
  /** The place of the call in the breaker of its model. */
  readonly #ticket: BreakerTicket;
  readonly #onEnd: (() => void) | undefined;
  /** Monotonic time of the claim, in milliseconds. */
  readonly claimedMs: number;
  #settled = false;

  /** Claims `member` for a model. When its connection fails, `probe` is notified at once. */
  constructor(member: Member<B>, probe: Pick<Probe, "suspect">, options: LeaseOptions) {
    const { model = "", nowMs, onEnd } = options;
    this.#member = member;
    this.#probe = probe;
    this.#nowMs = nowMs;
    this.#model = model;
    this.#onEnd = onEnd;
    this.claimedMs = nowMs();
    member.begin(this.claimedMs);
    this.#ticket = member.statsOf(model).breaker.begin(this.claimedMs);
  }

  get id(): string {
    return this.#member.id;
  }

  get backend(): B {
    return this.#member.backend;
  }

  /** Ends the claim with what was observed; only the first outcome counts. Callers that have just read the clock pass `nowMs`. */
  settle(outcome: Outcome, observed?: Observation, nowMs = this.#nowMs()): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#member.end(outcome);
    if (observed === undefined) this.#member.forgo(this.#model, this.#ticket, nowMs);
    else {
      this.#member.learn(outcome, observed, { startedMs: this.claimedMs, nowMs });
      this.#member.observe(outcome, observed, this.#ticket, nowMs);
    }
    if (outcome === "lost") this.#probe.suspect();
    this.#onEnd?.();
  }

  [Symbol.dispose](): void {
    this.settle("cancelled");
  }
}
