/** Measures the part of a call that waits for a backend, by kind of backend and by model. */

import type { Clock } from "#core/clock.ts";
import { reasonOf, rowOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { CallRecord } from "#observability/call-record.ts";
import type { Metrics } from "#observability/metrics.ts";
import type { Stats } from "#observability/stats.ts";

/** Where measures go. */
export interface MeterDeps {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly stats: Stats;
}

/** What is measured. */
export interface Metered {
  /** Kind of backend, such as onnx. */
  readonly backend: string;
  /** Model by name; absent while only the answer will tell. */
  readonly model?: string;
  readonly record: CallRecord;
  /** Ends the measure when it aborts, for streams that nobody pulls any more. */
  readonly signal?: AbortSignal;
}

/**
 * Begins a measure; the function that is returned ends it, with what was thrown if anything was.
 * Only its first call counts.
 */
export function beginMeasure({ clock, metrics, stats }: MeterDeps, what: Metered) {
  const { backend, model, record, signal } = what;
  const startMs = clock.nowMs();
  const finishModel = model === undefined ? undefined : stats.begin("model", model);
  let ended = false;
  const end = (thrown?: unknown): void => {
    if (ended) return;
    ended = true;
    signal?.removeEventListener("abort", leave);
    const elapsedMs = clock.nowMs() - startMs;
    const error = thrown === undefined ? undefined : faultFrom(thrown);
    // What the log takes for routine is the caller's doing, not the backend's.
    const failed = error !== undefined && rowOf(error).log !== "info";
    record.upstreamMs = (record.upstreamMs ?? 0) + elapsedMs;
    finishModel?.({ failed });
    const status = error === undefined ? "OK" : (reasonOf(error) ?? "INTERNAL");
    metrics.aiGatewayRequests.inc({ backend, status });
    metrics.aiGatewayDuration.observe({ backend }, elapsedMs / 1000);
    if (error !== undefined && backend === "onnx" && model !== undefined) {
      metrics.inferenceFailure.inc({ model, version: "", reason: status });
    }
  };
  const leave = () => end(signal?.reason);
  signal?.addEventListener("abort", leave, { once: true });
  return end;
}

/** Runs `work` and measures it. */
export async function metered<T>(
  deps: MeterDeps,
  what: Metered,
  work: () => Promise<T>,
): Promise<T> {
  const end = beginMeasure(deps, what);
  try {
    const done = await work();
    end();
    return done;
  } catch (thrown) {
    end(thrown);
    throw thrown;
  }
}
