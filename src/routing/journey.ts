/** One call from its first try to its last: which endpoint is tried next, when, and when the call gives up. */

import type { ConnectError } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import type { Priority } from "#core/priority.ts";
import { shedPauseMs } from "#core/shed-pause.ts";
import { fault, reasonOf, withMetadata } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { type Reason, reasons } from "#errors/reason.ts";
import type { PlaceQueue } from "#pool/place-queue.ts";
import { waitForPlace } from "#pool/place-wait.ts";
import { Attempt, type AttemptOwner, type AttemptReport, type AttemptStart } from "./attempt.ts";
import { limitAttempt } from "./attempt-limit.ts";
import { race } from "./hedge.ts";
import { HedgeRunner } from "./hedge-runner.ts";
import { mayRetry, mayWait, pauses, waitMsMax } from "./retry.ts";
import { backoffMs } from "./retry-budget.ts";
import type { Choice, Route, Walk } from "./route.ts";
import type {
  AttemptCall,
  DispatchDeps,
  ExtraKind,
  Gate,
  GateExit,
  RoutedCall,
} from "./routed-call.ts";

/** Most of the time that a call has left in which it may stand in line. */
const waitShare = 0.5;

/** One call. */
export class Journey<B> implements AttemptOwner {
  readonly #route: Route<B>;
  readonly #walk: Walk<B>;
  readonly #call: RoutedCall;
  readonly #deps: DispatchDeps;
  readonly #startedMs: number;
  #attempts = 0;
  /** The number of pauses so far, and their total length. */
  #pauses = 0;
  #waitedMs = 0;
  /** Why it got no place. */
  #refusal: ConnectError | undefined;
  /** Claimed for the next try when the last one failed. */
  #claimed: Choice<B> | undefined;
  /** A try that the gate has not decided about. */
  #entering: Promise<Attempt<B> | undefined> | undefined;
  /** What the last try failed with, where another was to follow: whatever keeps that from being made is no reason. */
  #fault: ConnectError | undefined;
  /** The failed tries, in the order of their ends. */
  readonly #failures: AttemptReport[] = [];

  constructor(route: Route<B>, call: RoutedCall, deps: DispatchDeps) {
    this.#route = route;
    this.#walk = route.begin();
    this.#call = call;
    this.#deps = deps;
    this.#startedMs = deps.clock.nowMs();
    deps.budgets.retry.call(this.#startedMs);
    if (route.hedgeMs !== undefined) deps.budgets.hedge.call(this.#startedMs);
  }

  /** Begins a try on the next endpoint. Undefined when none may be asked yet: then `rested` waits for one. */
  next(): Attempt<B> | undefined {
    this.#checkAborted();
    for (;;) {
      const choice = this.#claimed ?? this.#walk.next() ?? this.#walk.again();
      this.#claimed = undefined;
      if (choice === undefined) return undefined;
      const entered = this.#enter(choice);
      if (entered instanceof Promise) {
        this.#entering = entered;
        return undefined;
      }
      if (entered !== undefined) return entered;
    }
  }

  /** Waits for an endpoint whose pause ends, or that has a place, in time, and begins a try on it. Throws when there is none. */
  async rested(): Promise<Attempt<B>> {
    while (this.#entering !== undefined) {
      const entering = this.#entering;
      this.#entering = undefined;
      const entered = (await entering) ?? this.next();
      if (entered !== undefined) return entered;
    }
    for (;;) {
      const choice = await this.#afterPause();
      if (choice === undefined) {
        throw (
          this.#fault ??
          this.#refusal ??
          this.#call.gate?.refusal() ??
          this.#shed(this.#walk.empty())
        );
      }
      const entered = await this.#enter(choice);
      if (entered !== undefined) return entered;
    }
  }

  /** Begins a try of a choice, if the call's gate lets it through; else the walk goes on without it. */
  #enter(choice: Choice<B>): Attempt<B> | undefined | Promise<Attempt<B> | undefined> {
    const { gate } = this.#call;
    if (gate === undefined) return this.#begin(choice);
    const turnedAway = (thrown: unknown): never => {
      choice.lease[Symbol.dispose]();
      throw this.#fault ?? thrown;
    };
    let exit: ReturnType<Gate["enter"]>;
    try {
      exit = gate.enter(choice.pool, choice.model);
    } catch (thrown) {
      return turnedAway(thrown);
    }
    return exit instanceof Promise
      ? exit.then((late) => this.#entered(choice, late), turnedAway)
      : this.#entered(choice, exit);
  }

  /** Without an exit the choice counts as one that is in progress: it is not chosen again. */
  #entered(choice: Choice<B>, exit: GateExit | undefined): Attempt<B> | undefined {
    if (exit === undefined) {
      choice.lease[Symbol.dispose]();
      return undefined;
    }
    const attempt = this.#begin(choice, exit);
    // The gate may have taken a while.
    const { signal } = this.#call;
    if (!signal.aborted) return attempt;
    const error = faultFrom(signal.reason);
    attempt.failed(error);
    throw error;
  }

  /** The same error; one for calls that were too many says when to come back, to each at another time. */
  #shed(error: ConnectError): ConnectError {
    if (reasonOf(error) !== "OVERLOADED") return error;
    const retryAfterMs = shedPauseMs(this.#deps.rng.next());
    return fault("OVERLOADED", error.rawMessage, { retryAfterMs });
  }

  /** The call as it is passed to the attempt's endpoint, with the time that is left. */
  asked({ endpoint, model, pool, choice, span: trace }: Attempt<B>): AttemptCall {
    const { signal, requestId, timeoutMs } = this.#call;
    const asked =
      timeoutMs === undefined
        ? { signal, requestId, pool, endpoint, model, trace }
        : { signal, requestId, pool, endpoint, model, trace, timeoutMs: this.#leftOf(timeoutMs) };
    const mayGoOn = this.#attempts <= this.#route.retryAttempts;
    return mayGoOn && this.#walk.goesOn(choice, "CONTENT_POLICY_REFUSED")
      ? { ...asked, failsDeclined: true }
      : asked;
  }

  /** Runs a try, and a second one in parallel after `afterMs` without a response. Resolves to the winner; undefined: both failed, and another try may follow. */
  async hedged<T>(
    first: Attempt<B>,
    work: (backend: B, call: AttemptCall) => Promise<T>,
    { afterMs, discard }: { readonly afterMs: number; discard?(value: T): void },
  ): Promise<{ readonly runner: HedgeRunner<B, T>; readonly value: T } | undefined> {
    const { clock } = this.#deps;
    const limit = (asked: AttemptCall) => limitAttempt(asked, this.#route.attemptTimeoutMs, clock);
    const run = (attempt: Attempt<B>) =>
      new HedgeRunner(attempt, work, {
        asked: this.asked(attempt),
        limit,
        discard,
        onLost: (lost, thrown) => this.#lost(lost, thrown),
      });
    const another = () => {
      const attempt = this.#hedge();
      return attempt === undefined ? undefined : run(attempt);
    };
    const end = await race<T, HedgeRunner<B, T>>(run(first), { afterMs, clock, another });
    if ("value" in end) {
      this.#call.watch?.answered(end.runner.asked);
      return end;
    }
    const thrown = end.runner.explain(end.thrown);
    end.runner.close();
    await this.failed(end.runner.attempt, thrown, false);
    return undefined;
  }

  /** Ends the attempt whose response is whole. */
  succeeded(attempt: Attempt<B>, response?: unknown): void {
    attempt.end("OK", this.#call.watch?.used?.(response));
  }

  /** Ends an attempt that failed. */
  #lost(attempt: Attempt<B>, thrown: unknown): Reason {
    const error = faultFrom(thrown);
    attempt.failed(error);
    const reason = reasonOf(error) ?? "INTERNAL";
    this.#walk.failed(attempt.choice, reason);
    return reason;
  }

  /** Ends `attempt`, which failed. Resolves when another may follow, else throws the final fault. */
  async failed(attempt: Attempt<B>, thrown: unknown, committed: boolean): Promise<void> {
    const error = faultFrom(thrown);
    const reason = this.#lost(attempt, error);
    if (this.#mayTry(committed)) {
      this.#claimed = await this.#another(reason);
      if (this.#claimed !== undefined) {
        this.#fault = this.#final(error);
        return;
      }
    }
    throw this.#final(error);
  }

  /** A fault that ends the call, with every try that failed. */
  #final(error: ConnectError): ConnectError {
    const attempts = this.#failures.map(({ endpoint, outcome }) => `${endpoint}:${outcome}`);
    return withMetadata(error, { attempts: attempts.join(",") });
  }

  /**
   * Claims an endpoint for a retry: at once where one is available, else after a pause. When the retry
   * budget is used up, calls that may still succeed wait for their turn, first come, first served.
   */
  async #another(reason: Reason): Promise<Choice<B> | undefined> {
    const { budgets, onExtra } = this.#deps;
    const mayBeSaved = reasons[reason].retryable && this.#walk.waitMs() !== undefined;
    const patienceMs = Math.min(waitMsMax, this.#timeLeftMs() ?? waitMsMax);
    const taken = this.#take("retry", mayBeSaved ? patienceMs : 0);
    if (taken === undefined) return undefined;
    let choice: Choice<B> | undefined;
    try {
      await this.#turn(taken);
      choice =
        this.#walk.next(this.#timeLeftMs()) ??
        (reasons[reason].retryable ? await this.#afterPause() : undefined);
    } finally {
      if (choice === undefined) budgets.retry.giveBack();
      else onExtra?.("retry", false);
    }
    return choice;
  }

  /**
   * An endpoint that may be asked after a pause; where there is none to pause for, one that has a place
   * after a wait. Undefined when neither leads to one within the call's time.
   */
  async #afterPause(): Promise<Choice<B> | undefined> {
    const rested = await this.#afterRest();
    if (rested !== undefined) return rested;
    const { priority } = this.#call;
    const queues = priority === undefined ? [] : this.#walk.queues();
    if (priority === undefined || queues.length === 0) return undefined;
    const placed = await this.#afterPlace(queues, priority);
    if (placed !== undefined || this.#refusal !== undefined) return placed;
    // The one that has a place wants to be left alone for now.
    return await this.#afterRest();
  }

  /**
   * Claims an endpoint that may be asked after a pause. Jitter varies the pause, so that calls do not
   * all come back at once. Undefined when no pause within the call's time would help.
   */
  async #afterRest(): Promise<Choice<B> | undefined> {
    const { rng } = this.#deps;
    for (;;) {
      const waitMs = this.#walk.waitMs();
      if (waitMs === undefined) return undefined;
      const pauseMs = waitMs + backoffMs(this.#pauses, rng.next(), pauses);
      if (!mayWait({ pauseMs, waitedMs: this.#waitedMs, timeLeftMs: this.#timeLeftMs() }))
        return undefined;
      this.#pauses += 1;
      this.#waitedMs += pauseMs;
      await this.#pause(pauseMs);
      const choice = this.#nextOrAgain();
      // No endpoint was in a pause, and still none may be asked: waiting longer would not help.
      if (choice !== undefined || waitMs === 0) return choice;
    }
  }

  /** An endpoint that has a place, when it is this call's turn; undefined when none is had in time. */
  async #afterPlace(
    queues: readonly PlaceQueue[],
    priority: Priority,
  ): Promise<Choice<B> | undefined> {
    const { clock } = this.#deps;
    const { signal, watch } = this.#call;
    const startedMs = clock.nowMs();
    const accepts = (pool: string, endpoint: string) => this.#walk.accepts(pool, endpoint);
    const timeLeftMs = this.#timeLeftMs();
    // Who waited for longer would hardly have the time left that a response takes.
    const patienceMs = timeLeftMs === undefined ? undefined : timeLeftMs * waitShare;
    const ask = { priority, signal, clock, accepts, patienceMs };
    const waited = await waitForPlace(queues, ask);
    const waitedMs = clock.nowMs() - startedMs;
    watch?.waited?.(waitedMs);
    if (waited.end === "served") {
      // It may have been aborted in the same moment; then the place is the next one's.
      const choice = waited.place.use(() => (signal.aborted ? undefined : this.#nextOrAgain()));
      this.#checkAborted();
      return choice;
    }
    this.#checkAborted();
    // Those that it waited for are gone; there may be others.
    if (waited.end === "dismissed") return this.#nextOrAgain();
    const isShort = patienceMs !== undefined && queues.some(({ waitMs }) => waitMs > patienceMs);
    const limit = isShort ? "half of the call's time" : "queue_wait";
    const why =
      waited.end === "late"
        ? `none had a place within ${Math.round(waitedMs)} ms (${limit})`
        : "no more calls may wait for a place (queue_max)";
    const full = `every endpoint of "${this.#route.name}" has as many calls as it may have`;
    this.#refusal = this.#shed(fault("OVERLOADED", `${full}, and ${why}`));
    return undefined;
  }

  #nextOrAgain(): Choice<B> | undefined {
    const timeLeftMs = this.#timeLeftMs();
    return this.#walk.next(timeLeftMs) ?? this.#walk.again(timeLeftMs);
  }

  /** Waits until the retry budget grants the retry with this number. */
  async #turn(taken: number): Promise<void> {
    const { budgets, clock } = this.#deps;
    for (;;) {
      const waitMs = budgets.retry.waitMs(taken, clock.nowMs());
      if (waitMs === 0) return;
      // Traffic may have changed in the meantime.
      await this.#pause(Math.max(1, waitMs));
    }
  }

  /** Waits. Throws when the call is aborted in the meantime. */
  async #pause(ms: number): Promise<void> {
    // An abort is checked below.
    await this.#deps.clock.sleep(ms, this.#call.signal).catch(() => {});
    this.#checkAborted();
  }

  #hedge(): Attempt<B> | undefined {
    const { budgets, onExtra } = this.#deps;
    if (!this.#mayTry(false) || this.#take("hedge") === undefined) return undefined;
    const choice = this.#walk.next(this.#timeLeftMs());
    if (choice === undefined) {
      budgets.hedge.giveBack();
      return undefined;
    }
    const attempt = this.#entersHedge(choice);
    if (attempt === undefined) budgets.hedge.giveBack();
    else onExtra?.("hedge", false);
    return attempt;
  }

  /** A hedge is only ever more than needed: what does not enter at once is left. */
  #entersHedge(choice: Choice<B>): Attempt<B> | undefined {
    try {
      const entered = this.#enter(choice);
      if (!(entered instanceof Promise)) return entered;
      entered.then(
        (late) => late?.outrun(),
        () => {},
      );
    } catch {
      // The call's own try goes on.
    }
    return undefined;
  }

  /** Takes one retry or hedge from its budget if its turn comes within `waitMs`; else undefined. */
  #take(kind: ExtraKind, waitMs = 0): number | undefined {
    const { budgets, clock, onExtra } = this.#deps;
    const taken = budgets[kind].take(clock.nowMs(), waitMs);
    if (taken === undefined) onExtra?.(kind, true);
    return taken;
  }

  #mayTry(committed: boolean): boolean {
    const timeLeftMs = this.#timeLeftMs();
    const failedCall = {
      attempts: this.#attempts,
      committed: committed || this.#call.isSpent?.() === true,
      aborted: this.#call.signal.aborted,
      ...(timeLeftMs === undefined ? {} : { timeLeftMs }),
    };
    return mayRetry(failedCall, this.#route.retryAttempts);
  }

  #begin(choice: Choice<B>, exit?: GateExit): Attempt<B> {
    const { requestId, trace } = this.#call;
    const { lease, pool, algorithm, model, decision } = choice;
    this.#attempts += 1;
    const start: AttemptStart = {
      requestId,
      pool,
      endpoint: lease.id,
      algorithm,
      model,
      attempt: this.#attempts,
      decision,
      span: trace?.try(),
    };
    const tell = this.#deps.onAttempt?.(start);
    if (exit === undefined) return new Attempt(choice, start, this, tell);
    return new Attempt(choice, start, this, (report) => {
      exit(report);
      tell?.(report);
    });
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  get clock(): Clock {
    return this.#deps.clock;
  }

  /** Called by its attempts. */
  ended(report: AttemptReport): void {
    // The final error lists the tries that failed.
    if (report.outcome !== "OK") this.#failures.push(report);
    const { reports, watch } = this.#call;
    reports?.push(report);
    watch?.ended?.(report);
  }

  #checkAborted(): void {
    const { signal } = this.#call;
    if (!signal.aborted) return;
    this.#claimed?.lease[Symbol.dispose]();
    throw faultFrom(signal.reason);
  }

  #leftOf(ms: number): number {
    return Math.max(0, ms - (this.#deps.clock.nowMs() - this.#startedMs));
  }

  /** Milliseconds until the first message is due; undefined when there is no limit. */
  #timeLeftMs(): number | undefined {
    const { timeoutMs, answerWithinMs } = this.#call;
    if (timeoutMs === undefined && answerWithinMs === undefined) return undefined;
    return this.#leftOf(
      Math.min(timeoutMs ?? Number.POSITIVE_INFINITY, answerWithinMs ?? Number.POSITIVE_INFINITY),
    );
  }
}
