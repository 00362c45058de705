/** A call as routing receives it, and as it passes it to an endpoint. Types only. */

import type { ConnectError } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import type { Priority } from "#core/priority.ts";
import type { Rng } from "#core/rng.ts";
import type { TraceContext } from "#core/trace-context.ts";
import type { ServerSpan } from "#observability/server-span.ts";
import type { Used } from "#pool/model-stats.ts";
import type { AttemptReport, AttemptStart } from "./attempt.ts";
import type { RetryBudget } from "./retry-budget.ts";

/** Notified of the end of a try that a gate let through, once. */
export type GateExit = (ended: AttemptReport) => void;

/** Decides about each try before it begins. */
export interface Gate {
  /**
   * Lets a try of a provider's model through; what is returned is notified of its end. Undefined: not
   * there now, but elsewhere it may. Throws where it may go nowhere.
   */
  enter(pool: string, model: string): GateExit | undefined | Promise<GateExit | undefined>;
  /** The error of a call for which it left nobody to ask; undefined where it let every try through. */
  refusal(): ConnectError | undefined;
}

/** What travels with a call. */
export interface RoutedCall {
  /** One for all attempts. */
  readonly signal: AbortSignal;
  readonly requestId: string;
  /** Milliseconds until the deadline when the call begins; each attempt gets what is left of it. */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds until the first message is due by the server's own limit. */
  readonly answerWithinMs?: number | undefined;
  readonly watch?: CallWatch | undefined;
  /** How it stands in line for a place when every endpoint is full; absent: it does not wait. */
  readonly priority?: Priority | undefined;
  /** Whether part of the request is used up, so that no one else can be asked. */
  readonly isSpent?: (() => boolean) | undefined;
  /** Decides about each try before it begins; absent: all may. */
  readonly gate?: Gate | undefined;
  /** The trace that it belongs to; undefined where nothing is traced. */
  readonly trace?: ServerSpan | undefined;
  /** Receives a report of every attempt when it has ended. */
  readonly reports?: { push(report: AttemptReport): unknown } | undefined;
}

/** Observes the attempts of one call. */
export interface CallWatch {
  /** Notified once, of the attempt that succeeds, when its response or first message has come. */
  answered(attempt: AttemptCall): void;
  /** Notified of each wait for a place, when it has ended. */
  waited?(ms: number): void;
  /** Notified of each try, when it has ended. */
  ended?(report: AttemptReport): void;
  /**
   * What the response used: asked once, when it is whole, before the attempt that gave it ends. It is
   * given the response where there is one; the messages of a stream went to whoever reads it. May not throw.
   */
  used?(response?: unknown): Used;
}

/** A call as it is passed to an endpoint. */
export interface AttemptCall {
  readonly signal: AbortSignal;
  readonly requestId: string;
  readonly timeoutMs?: number | undefined;
  /** Name of the pool that is asked. */
  readonly pool: string;
  /** Id of the pool's member that is asked. */
  readonly endpoint: string;
  /** The model to ask for, as the endpoint names it; empty leaves it to the endpoint. */
  readonly model: string;
  /** The trace, as it is sent to the endpoint; undefined where nothing is traced. */
  readonly trace?: TraceContext | undefined;
  /** A response that declines to answer counts as a failure, because the route has another step for it. */
  readonly failsDeclined?: boolean | undefined;
}

/** An attempt beyond a call's first: a retry after a failure, or a hedge in parallel to one that is silent. */
export type ExtraKind = "retry" | "hedge";

/** What routing needs of its surroundings. */
export interface DispatchDeps {
  readonly clock: Clock;
  readonly rng: Rng;
  /** The limits on attempts of each kind, over all routes. */
  readonly budgets: Readonly<Record<ExtraKind, RetryBudget>>;
  /** Notified of every attempt as it begins; what it returns is notified of the end. Neither may throw. */
  onAttempt?(start: AttemptStart): (ended: AttemptReport) => void;
  /** Notified of each attempt beyond a call's first, and of each that the budget denied. */
  onExtra?(kind: ExtraKind, denied: boolean): void;
}
