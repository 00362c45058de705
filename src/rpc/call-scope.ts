/** The time between a call's start and its end: its deadline, its signal, who is notified of its end. */

import {
  type ConnectError,
  type ContextKey,
  type ContextValues,
  createContextKey,
} from "@connectrpc/connect";
import { appended } from "#core/appended.ts";
import { type Clock, systemClock, type Timer } from "#core/clock.ts";
import { abortFollowed, followedController } from "#core/followed-signal.ts";
import { onAbort } from "#core/on-abort.ts";
import { fault } from "#errors/fault.ts";
import { Metadata } from "#protocol/metadata.ts";
import type { ActiveCalls, Cancellable } from "./active-calls.ts";
import type { CallEnded } from "./call-observer.ts";
import type { Limited, TimeLimits } from "./time-limits.ts";

/** What comes with a call besides its message. */
export interface CallInit {
  /** Request metadata. */
  readonly header: Headers;
  /** Milliseconds that the client gives the call; absent when it named no deadline. */
  readonly timeoutMs?: number | undefined;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
  /** The same without a signal, which is expensive to make; at once when the client has left already. */
  onGone?(listener: (reason: unknown) => void): void;
  /** Typed values that interceptors and implementation share. */
  readonly values: ContextValues;
  /** Request URL, for interceptors that look at it. */
  readonly url: string;
  /** HTTP method of the request. */
  readonly httpMethod: string;
  /** Word for the surface, such as rest. */
  readonly protocol: string;
  /** Nothing takes more of the call's body than this from now on; absent: it has no body of its own. */
  capBody?(bytesMax: number): void;
  /** Where the response's metadata is put, that of a call that fails included; absent: into new ones. */
  readonly responseHeader?: Headers;
  readonly responseTrailer?: Headers;
}

/** How long a call may take, and what is said of it. */
export interface CallTerms {
  /** The client's deadline, in milliseconds from now. */
  readonly timeoutMs: number | undefined;
  /** The server's own limit; absent: none. */
  readonly limits?: TimeLimits | undefined;
  /** The handler waits for what its client sends, without a look at its signal. */
  readonly isClientStream?: boolean;
  /** Absent: the system's. */
  readonly clock?: Clock;
  /** Why the call fails in the place of its handler. */
  readonly failure?: { readonly thrown: unknown };
}

/** The refusal of a call whose time is up before it has begun. */
export function deadlinePassed(): ConnectError {
  return fault("DEADLINE_EXCEEDED", "the deadline passed before the call");
}

/** What the signal of a handler says once its call has ended, well or not. */
const callEnded = new DOMException("the call has ended", "AbortError");

/**
 * One call in progress. Signals are expensive to make and to link, so that there is one only when somebody
 * has looked at it.
 */
export class CallScope implements Cancellable, Limited {
  readonly init: CallInit;
  readonly responseHeader: Headers;
  readonly responseTrailer: Headers;
  readonly failure: CallTerms["failure"];
  readonly #isClientStream: boolean;
  readonly #clock: Clock;
  /** When the client's deadline passes, on the monotonic clock; undefined without one. */
  readonly #deadlineMs: number | undefined;
  activeAt = -1;
  readonly #activeCalls: ActiveCalls;
  #ended: CallEnded | undefined;
  #isOver = false;
  /** How it ended. */
  #failure: unknown;
  limitedBefore: Limited | undefined;
  limitedAfter: Limited | undefined;
  limitAtMs = 0;
  /** The limit that the call is under, when it comes before the client's deadline. */
  #limits: TimeLimits | undefined;
  /** For the client's deadline, when that comes first. */
  #timer: Timer | undefined;
  /** Why the call ends before its handler does: its time is up, or the server stops. */
  #cut: { readonly reason: unknown } | undefined;
  #onCut: ((reason: unknown) => void) | undefined;
  /** The client has left while somebody looked at the signal. */
  #gone: { readonly reason: unknown } | undefined;
  #controller: AbortController | undefined;
  /** Whoever has the signal is to hear of the call's end, too. */
  #isWatched = false;
  #unfollow: (() => void) | undefined;
  /** Handlers with a signal of their own. */
  #handlers: Cancellable[] | undefined;
  /** What of its work outlasts the call, and how to stop that. */
  #outlasting: { stop(reason: unknown): void } | undefined;

  /** Throws DEADLINE_EXCEEDED when the time is up before the call has begun. */
  constructor(init: CallInit, activeCalls: ActiveCalls, terms: CallTerms) {
    const { timeoutMs, limits, failure, isClientStream = false, clock = systemClock } = terms;
    // A timer of 0 would let a quick call through after its deadline.
    if (timeoutMs === 0) throw deadlinePassed();
    this.init = init;
    this.#activeCalls = activeCalls;
    this.#isClientStream = isClientStream;
    this.#clock = clock;
    this.failure = failure;
    this.responseHeader = init.responseHeader ?? new Metadata();
    this.responseTrailer = init.responseTrailer ?? new Metadata();
    this.#deadlineMs = timeoutMs === undefined ? undefined : clock.nowMs() + timeoutMs;
    if (limits !== undefined && (timeoutMs === undefined || limits.limitMs < timeoutMs)) {
      this.#limits = limits;
      limits.add(this);
    } else if (timeoutMs !== undefined) {
      this.#arm(timeoutMs);
    }
    activeCalls.add(this);
  }

  /** Aborts when the client leaves, the deadline passes or the server is cut off, and at the call's end. */
  get signal(): AbortSignal {
    this.#isWatched = true;
    return this.workSignal;
  }

  /**
   * The same for work that the handler waits for: when the call ends by itself that work is over, and
   * an abort that tells no one anything is not paid for.
   */
  get workSignal(): AbortSignal {
    return (this.#controller ?? this.#open()).signal;
  }

  /** Who is notified, once, how the call ended. */
  begin(ended: CallEnded): void {
    this.#ended = ended;
  }

  /** The client named a deadline. */
  get hasDeadline(): boolean {
    return this.#deadlineMs !== undefined;
  }

  /** Milliseconds that the client's deadline leaves; undefined without one. */
  timeLeftMs(): number | undefined {
    return this.#deadlineMs === undefined ? undefined : this.#deadlineMs - this.#clock.nowMs();
  }

  /** The server's limit is over; the client's deadline stays in force. */
  lift(): void {
    if (this.#limits === undefined) return;
    this.#limits.delete(this);
    this.#limits = undefined;
    const leftMs = this.timeLeftMs();
    if (leftMs !== undefined) this.#arm(Math.max(1, leftMs));
  }

  /**
   * What `work` settles to, or why the call ends when that comes first; the work then goes on
   * unobserved. One at a time.
   */
  within<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#cut === undefined) this.#onCut = reject;
      else reject(this.#cut.reason);
      work.then(resolve, reject);
    });
  }

  /** `listener` is given why the call is cut, at once where it has been; until its end, and one at a time. */
  whenCut(listener: (reason: unknown) => void): void {
    if (this.#cut === undefined) this.#onCut = listener;
    else listener(this.#cut.reason);
  }

  /**
   * The same as `within` for one message of many. Without a limit, and where the client sends nothing more, it is
   * the work itself, for messages are not to cost a promise more: a handler that the server stops
   * hears of it by its signal.
   */
  withinLimit<T>(work: Promise<T>): Promise<T> {
    const isTimed = this.#limits !== undefined || this.#timer !== undefined;
    const mayBeCut = isTimed || this.#isClientStream || this.#cut !== undefined;
    return mayBeCut ? this.within(work) : work;
  }

  /** A handler has a signal of its own: it hears of the call's end, also of one that is past. */
  watch(handler: Cancellable): void {
    if (this.#isOver) {
      handler.stop(this.#endReason());
      return;
    }
    this.#handlers = appended(this.#handlers, handler);
    this.#activeCalls.add(handler);
  }

  /** Its time was up, or the server stops: it is not its client that has left. */
  get wasCut(): boolean {
    return this.#cut !== undefined;
  }

  /**
   * Some of the handler's work may go on when the client has left. Until the function that is returned
   * is called, observers are not notified of the call's end, and the server waits for it; it says so by
   * `stop` when it waits no longer. Once per call.
   */
  outlast(stop: (reason: unknown) => void): () => void {
    const outlasting = { stop };
    this.#outlasting = outlasting;
    return () => {
      if (this.#outlasting !== outlasting) return;
      this.#outlasting = undefined;
      if (this.#isOver) this.#tell();
    };
  }

  /** The server stops: the call ends with `reason`, whether its handler watches its signal or not. */
  stop(reason: unknown): void {
    this.#cut ??= { reason };
    this.#onCut?.(reason);
    if (this.#controller !== undefined) abortFollowed(this.#controller, reason);
    this.#outlasting?.stop(reason);
  }

  /** The call is over: timers stop, signals abort. Only the first end counts. */
  end(failure?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#limits?.delete(this);
    this.#limits = undefined;
    if (this.#timer !== undefined) this.#clock.stop(this.#timer);
    this.#timer = undefined;
    this.#onCut = undefined;
    this.#failure = failure;
    this.#unfollow?.();
    this.#unfollow = undefined;
    if (this.#controller !== undefined && this.#isWatched) this.#stopHandlers(this.#controller);
    if (this.#outlasting === undefined) this.#tell();
  }

  #tell(): void {
    this.#activeCalls.delete(this);
    this.#ended?.(this.#failure);
  }

  #stopHandlers(controller: AbortController): void {
    const reason = this.#endReason();
    abortFollowed(controller, reason);
    for (const handler of this.#handlers ?? []) {
      this.#activeCalls.delete(handler);
      handler.stop(reason);
    }
    this.#handlers = undefined;
  }

  #endReason(): unknown {
    if (this.#cut !== undefined) return this.#cut.reason;
    return this.#gone === undefined ? callEnded : this.#gone.reason;
  }

  #arm(waitMs: number): void {
    this.#timer = this.#clock.timer<CallScope>(waitMs, timeOut, this);
  }

  /** For limits and timer alone. */
  timeOut(waitMs: number): void {
    this.#limits = undefined;
    this.#timer = undefined;
    const reason = new DOMException(`the limit of ${waitMs} ms passed`, "TimeoutError");
    this.#cut ??= { reason };
    this.#onCut?.(reason);
    if (this.#controller !== undefined) abortFollowed(this.#controller, reason);
  }

  #open(): AbortController {
    const controller = followedController();
    this.#controller = controller;
    if (this.#isOver || this.#cut !== undefined) {
      controller.abort(this.#endReason());
      return controller;
    }
    const leave = (reason: unknown) => {
      this.#gone = { reason };
      abortFollowed(controller, reason);
    };
    if (this.init.onGone === undefined) this.#unfollow = onAbort(this.init.signal, leave);
    else this.init.onGone(leave);
    return controller;
  }
}

function timeOut(scope: CallScope, waitMs: number): void {
  scope.timeOut(waitMs);
}

/** The scope of a call among its values; undefined for a request that came by no call path. */
export const callScopeKey: ContextKey<CallScope | undefined> = createContextKey<
  CallScope | undefined
>(undefined, { description: "call scope" });
