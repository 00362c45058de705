/** One try of a call on one endpoint: a lease that reports how the try ended, once. */

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

/** A try under way. Disposal without an end counts it as cancelled. */
export interface Attempt<B> extends Disposable {
  /** Id of the member. */
  readonly endpoint: string;
  readonly backend: B;
  /** Only the first end counts. */
  end(outcome: AttemptOutcome): void;
}

/** What surrounds a try. */
export interface AttemptSetting {
  readonly requestId: string;
  readonly pool: string;
  readonly algorithm: string;
  /** Ends the try at once when it aborts. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  report(report: AttemptReport): void;
}

/**
 * Begins a try on `lease`, which it settles. An abort ends it even while nobody pulls its stream: a
 * server need not return to a generator whose client has left.
 */
export function beginAttempt<B>(lease: Lease<B>, setting: AttemptSetting): Attempt<B> {
  const { requestId, pool, algorithm, signal, clock } = setting;
  const startedMs = clock.nowMs();
  let ended = false;
  const end = (outcome: AttemptOutcome) => {
    if (ended) return;
    ended = true;
    signal.removeEventListener("abort", abort);
    lease.settle(leaseOutcome(outcome));
    const elapsedMs = clock.nowMs() - startedMs;
    setting.report({ requestId, pool, endpoint: lease.id, algorithm, outcome, elapsedMs });
  };
  const abort = () => end(reasonOf(faultFrom(signal.reason)) ?? "CANCELLED");
  signal.addEventListener("abort", abort, { once: true });
  return {
    endpoint: lease.id,
    backend: lease.backend,
    end,
    [Symbol.dispose]: () => end("CANCELLED"),
  };
}

function leaseOutcome(outcome: AttemptOutcome): Outcome {
  switch (outcome) {
    case "OK":
      return "ok";
    case "CANCELLED":
      return "cancelled";
    case "BACKEND_LOST":
    case "SHUTTING_DOWN":
      return "lost";
    default:
      // What the log takes for routine is the caller's doing, not the member's.
      return reasons[outcome].log === "info" ? "refused" : "failed";
  }
}
