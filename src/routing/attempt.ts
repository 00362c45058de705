/** One try of a call on one endpoint: a lease that reports how the try ended, once. */

import type { ConnectError } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import type { TraceContext } from "#core/trace-context.ts";
import { failureClassOf, isKeysFault } from "#errors/failure-class.ts";
import { reasonOf, retryAfterMsFrom } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { Reason } from "#errors/reason.ts";
import type { Outcome } from "#pool/member.ts";
import type { Observation, Used } from "#pool/model-stats.ts";
import type { Decision } from "./decision.ts";
import type { Choice } from "./route.ts";

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
  /** The model that was asked for; empty where the endpoint chooses. */
  readonly model: string;
  /** 1 for the call's first try. */
  readonly attempt: number;
  /** Why it went there. */
  readonly decision: Decision;
  /** The trace, as it is sent to the endpoint; undefined where nothing is traced. */
  readonly span?: TraceContext | undefined;
}

/** What is known of a try when it has ended. Its times are counted from the choice. */
export interface AttemptReport extends AttemptStart, Observation {
  readonly outcome: AttemptOutcome;
  /** Monotonic time of the choice, in milliseconds. */
  readonly startedMs: number;
  /** Another try of the call answered first, and this one was stopped. */
  readonly isOutrun?: true | undefined;
}

const nothingUsed: Used = { tokens: 0, cost: 0 };

/** The call that a try belongs to. */
export interface AttemptOwner {
  /** When it aborts, the try ends with its reason. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Notified once, when the try has ended. */
  ended(report: AttemptReport): void;
}

/** A deadline that passes earlier than this does not count against the endpoint: the caller gave it too little time. */
const patienceMs = 10_000;

/** A try in progress on a claimed endpoint, whose lease it settles. */
export class Attempt<B> implements Disposable {
  readonly choice: Choice<B>;
  readonly #start: AttemptStart;
  readonly #owner: AttemptOwner;
  readonly #tell: ((report: AttemptReport) => void) | undefined;
  readonly #startedMs: number;
  #isListening = false;
  #ended = false;
  #isOutrun = false;
  #firstMs: number | undefined;
  #retryAfterMs: number | undefined;

  /** `start` is what is known when it begins. When it ends, `tell` is notified before the owner. */
  constructor(
    choice: Choice<B>,
    start: AttemptStart,
    owner: AttemptOwner,
    tell?: (report: AttemptReport) => void,
  ) {
    this.#tell = tell;
    this.choice = choice;
    this.#start = start;
    this.#owner = owner;
    this.#startedMs = choice.lease.claimedMs;
  }

  /**
   * Ends the try when the signal aborts, even while nothing reads its stream: when the client has
   * left, a server may never resume the generator.
   */
  endOnAbort(): void {
    this.#isListening = true;
    this.#owner.signal.addEventListener("abort", this);
  }

  /** Id of the member. */
  get endpoint(): string {
    return this.choice.lease.id;
  }

  /** Name of the member's pool. */
  get pool(): string {
    return this.choice.pool;
  }

  /** The model to ask for. */
  get model(): string {
    return this.choice.model;
  }

  get span(): TraceContext | undefined {
    return this.#start.span;
  }

  get backend(): B {
    return this.choice.lease.backend;
  }

  /** The first message of a stream is here. */
  answered(): void {
    this.#firstMs ??= this.#owner.clock.nowMs() - this.#startedMs;
  }

  /** Ends it, with what its response used. Only the first end counts. */
  end(outcome: AttemptOutcome, { tokens, cost }: Used = nothingUsed): void {
    if (this.#ended) return;
    this.#ended = true;
    const { signal, clock } = this.#owner;
    const { lease, model, pool, algorithm, decision } = this.choice;
    const { requestId, endpoint, attempt, span } = this.#start;
    if (this.#isListening) signal.removeEventListener("abort", this);
    const nowMs = clock.nowMs();
    const elapsedMs = nowMs - this.#startedMs;
    const isOutrun = this.#isOutrun || isImpatient(outcome, elapsedMs);
    const report: AttemptReport = {
      requestId,
      pool,
      endpoint,
      algorithm,
      model,
      attempt,
      decision,
      span,
      outcome,
      startedMs: this.#startedMs,
      isOutrun: this.#isOutrun || undefined,
      elapsedMs,
      firstMs: this.#firstMs,
      retryAfterMs: this.#retryAfterMs,
      tokens,
      cost,
      isPushback: (!isOutrun && isPushback(outcome)) || undefined,
    };
    lease.settle(isOutrun ? "outrun" : leaseOutcome(outcome), report, nowMs);
    this.#tell?.(report);
    this.#owner.ended(report);
  }

  /** Ends it with what was thrown. After an abort the abort itself counts, and not the error that it causes. */
  failed(error: ConnectError): void {
    const { signal } = this.#owner;
    const first = signal.aborted ? faultFrom(signal.reason) : error;
    const reason = reasonOf(first) ?? (signal.aborted ? "CANCELLED" : "INTERNAL");
    // A core at its limit is free again as soon as one of its calls ends: the pause that it asks for is not kept.
    this.#retryAfterMs = reason === "OVERLOADED" ? undefined : retryAfterMsFrom(first);
    this.end(reason);
  }

  /** Another endpoint was faster. */
  outrun(): void {
    this.#isOutrun = true;
    this.end("CANCELLED");
  }

  /** Called by the signal only: the call is over. */
  handleEvent(): void {
    this.failed(faultFrom(this.#owner.signal.reason));
  }

  /** A try that has not ended counts as cancelled. */
  [Symbol.dispose](): void {
    this.end("CANCELLED");
  }
}

/** The caller's deadline passed, and was too short to judge the endpoint by. */
function isImpatient(outcome: AttemptOutcome, elapsedMs: number): boolean {
  return outcome === "DEADLINE_EXCEEDED" && elapsedMs < patienceMs;
}

/** Whether the endpoint said, or showed by taking too long, that it has more calls than it can do. */
function isPushback(outcome: AttemptOutcome): boolean {
  if (outcome === "OK") return false;
  const failure = failureClassOf(outcome);
  return failure === "overload" || failure === "time_out";
}

function leaseOutcome(outcome: AttemptOutcome): Outcome {
  if (outcome === "OK") return "ok";
  if (outcome === "CANCELLED") return "cancelled";
  if (isKeysFault(outcome)) return "key";
  switch (failureClassOf(outcome)) {
    case "connect":
      return "lost";
    case "client":
    case "unsupported":
    case "context_window":
    case "content_policy":
      return "refused";
    default:
      return "failed";
  }
}
