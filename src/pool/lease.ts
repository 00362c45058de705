/** A claim on a member for one call: it counts the call in flight, and its outcome once. */

import type { Member, Outcome } from "./member.ts";
import type { Probe } from "./probe.ts";

/** Held for the length of a call. Disposal without an outcome counts the call as cancelled. */
export class Lease<B> implements Disposable {
  readonly #member: Member<B>;
  readonly #probe: Pick<Probe, "suspect">;
  #settled = false;

  /** Claims `member`; `probe` hears at once when its connection failed. */
  constructor(member: Member<B>, probe: Pick<Probe, "suspect">) {
    this.#member = member;
    this.#probe = probe;
    member.begin();
  }

  get id(): string {
    return this.#member.id;
  }

  get backend(): B {
    return this.#member.backend;
  }

  /** Ends the claim; only the first outcome counts. */
  settle(outcome: Outcome): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#member.end(outcome);
    if (outcome === "lost") this.#probe.suspect();
  }

  [Symbol.dispose](): void {
    this.settle("cancelled");
  }
}
