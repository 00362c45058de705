/** One try of a call on one endpoint: a lease that reports how the try ended, once. */

import type { ConnectError } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import { reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { type Reason, reasons } from "#errors/reason.ts";
import type { Lease } from "#pool/lease.ts";
import type { Outcome } from "#pool/member.ts";

/** How a try ended. */
type AttemptOutcome = "OK" | Reason;

/** What is known of a try when it begins. */
export interface AttemptStart {
  /** Of the call that the try belongs to. */
  readonly requestId: string;
  readonly pool: string;
  /** Id of the member. */
  readonly endpoint: string;
  /** Strategy that chose it. */
  readonly algorithm: string;
}

/** What is known of a try when it has ended. */
export interface AttemptReport extends AttemptStart {
  readonly outcome: AttemptOutcome;
  /** Milliseconds from the choice to the end, with fractions. */
  readonly elapsedMs: number;
}

/** What surrounds a try. */
export interface AttemptSetting extends Omit<AttemptStart, "endpoint"> {
  /** The call's: when it has aborted, that is how the try has ended. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Told once, with what the try came to. */
  readonly report: (report: AttemptReport) => void;
}

/** A try under way on a lease, which it settles. */
export class Attempt<B> implements Disposable {
  readonly #lease: Lease<B>;
  readonly #setting: AttemptSetting;
  readonly #startedMs: number;
  #isListening = false;
  #ended = false;

  constructor(lease: Lease<B>, setting: AttemptSetting) {
    this.#lease = lease;
    this.#setting = setting;
    this.#startedMs = setting.clock.nowMs();
  }

  /**
   * Has an abort end the try while nobody pulls its stream: a server need not return to a generator
   * whose client has left.
   */
  endOnAbort(): void {
    this.#isListening = true;
    this.#setting.signal.addEventListener("abort", this);
  }

  /** Id of the member. */
  get endpoint(): string {
    return this.#lease.id;
  }

  get backend(): B {
    return this.#lease.backend;
  }

  /** Only the first end counts. */
  end(outcome: AttemptOutcome): void {
    if (this.#ended) return;
    this.#ended = true;
    const { requestId, pool, algorithm, signal, clock, report } = this.#setting;
    if (this.#isListening) signal.removeEventListener("abort", this);
    this.#lease.settle(leaseOutcome(outcome));
    const elapsedMs = clock.nowMs() - this.#startedMs;
    report({ requestId, pool, endpoint: this.endpoint, algorithm, outcome, elapsedMs });
  }

  /** Ends it by what was thrown. What is thrown behind an abort is only its consequence. */
  failed(error: ConnectError): void {
    const { aborted, reason } = this.#setting.signal;
    const first = aborted ? faultFrom(reason) : error;
    this.end(reasonOf(first) ?? (aborted ? "CANCELLED" : "INTERNAL"));
  }

  /** For the signal alone: the call is over. */
  handleEvent(): void {
    this.failed(faultFrom(this.#setting.signal.reason));
  }

  /** Without an end the try counts as cancelled. */
  [Symbol.dispose](): void {
    this.end("CANCELLED");
  }
}

function leaseOutcome(outcome: AttemptOutcome): Outcome {
  switch (outcome) {
    case "OK":
      return "ok";
    case "CANCELLED":
      return "cancelled";
    case "BACKEND_LOST":
    case "UNAVAILABLE":
    case "SHUTTING_DOWN":
      return "lost";
    default:
      // What the log takes for routine is the caller's doing, not the member's.
      return reasons[outcome].log === "info" ? "refused" : "failed";
  }
}
