/** One hook: asked within its time, counted, and its failures turned into what its settings say. */

import { abortable } from "#core/abortable.ts";
import { type Clock, timeLimit } from "#core/clock.ts";
import { matchesPattern } from "#core/text-pattern.ts";
import { fault } from "#errors/fault.ts";
import type { HookDecision } from "#gen/polygate/v1/hooks_pb.js";
import { causeText } from "#observability/cause-text.ts";
import type { Logger } from "#observability/logger.ts";
import type { Decision } from "./decision.ts";
import type { HookSettings, Phase } from "./hook-settings.ts";
import type { Judge, Question } from "./judge.ts";
import type { HookMetrics } from "./metric-families.ts";

/** What hooks need of their surroundings. */
export interface HookDeps {
  readonly clock: Clock;
  readonly metrics: HookMetrics;
  readonly logger: Logger;
}

/** How a hook failed to decide. */
type HookFailure = "error" | "timeout" | "too_large";

/** Time in which a hook leaves one line about failures, in milliseconds. */
const lineEveryMs = 10_000;

/** A hook that can be asked. */
export class Hook {
  readonly settings: HookSettings;
  readonly judge: Judge;
  readonly #deps: HookDeps;
  readonly #phases: ReadonlySet<Phase>;
  #nextLineMs = Number.NEGATIVE_INFINITY;
  #linesLeftOut = 0;

  constructor(settings: HookSettings, judge: Judge, deps: HookDeps) {
    this.settings = settings;
    this.judge = judge;
    this.#deps = deps;
    this.#phases = new Set(settings.phases ?? judge.phases);
  }

  /** Whether it is called for chats of a model. */
  concerns(phase: Phase, model: string): boolean {
    const { models } = this.settings;
    const isMeant = (name: string) => matchesPattern(model, name);
    return this.#phases.has(phase) && (models.length === 0 || models.some(isMeant));
  }

  /**
   * What it decides, as `settle` reads it. Rejects with HOOK_FAILED where it does not decide and that
   * denies, and with the signal's reason when no one waits any more.
   */
  async decide<T>(
    question: Question,
    settle: (decision: HookDecision) => Decision<T>,
    signal: AbortSignal,
  ): Promise<Decision<T>> {
    const { clock } = this.#deps;
    const startMs = clock.nowMs();
    using limit = timeLimit(this.settings.timeoutMs, signal);
    const told = (result: string) => {
      const elapsedMs = clock.nowMs() - startMs;
      this.count(question.phase, result);
      const labels = { hook: this.settings.name, phase: question.phase };
      this.#deps.metrics.hookDuration.labels(labels).observe(elapsedMs / 1000);
    };
    try {
      const asked = this.judge.ask(question, limit.signal);
      const decision = settle(await abortable(asked, limit.signal));
      told(decision.action);
      return decision;
    } catch (thrown) {
      if (signal.aborted) {
        told("cancelled");
        throw signal.reason;
      }
      const failure = limit.signal.aborted ? "timeout" : "error";
      told(failure);
      this.#log(question.phase, failure, question.context.requestId, thrown);
      this.refuse(thrown);
      return { action: "allow" };
    }
  }

  /** Says that a stream was too large for it. */
  tellTooLarge(requestId: string): void {
    this.count("after", "too_large");
    const cause = new RangeError(
      "the stream is larger than max_stream_size, or than there is memory for",
    );
    this.#log("after", "too_large", requestId, cause);
  }

  /** It has failed: throws HOOK_FAILED where that denies. */
  refuse(cause?: unknown): void {
    const { name: hook, onError } = this.settings;
    if (onError === "allow") return;
    throw fault("HOOK_FAILED", "a policy check of the gateway failed", {
      metadata: { hook },
      cause,
    });
  }

  /** Counts a call of it. */
  count(phase: Phase, result: string): void {
    this.#deps.metrics.hookCalls.inc({ hook: this.settings.name, phase, result });
  }

  /** A hook that is down fails for every call: it leaves a line now and then, with the number of the others. */
  #log(phase: Phase, result: HookFailure, requestId: string, cause: unknown): void {
    const { clock, logger } = this.#deps;
    const nowMs = clock.nowMs();
    if (nowMs < this.#nextLineMs) {
      this.#linesLeftOut += 1;
      return;
    }
    const { name: hook, onError } = this.settings;
    const facts = { hook, phase, result, on_error: onError, request_id: requestId };
    const failuresBefore = this.#linesLeftOut;
    logger.warn(
      { ...facts, failures_before: failuresBefore, error: causeText(cause) },
      "hook failed",
    );
    this.#nextLineMs = nowMs + lineEveryMs;
    this.#linesLeftOut = 0;
  }
}
