/** Measures the part of a call that waits for a backend, by kind of backend and by model. */

import type { Clock } from "#core/clock.ts";
import { getOrCreate } from "#core/get-or-create.ts";
import { reasonOf, rowOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { CallRecord } from "#observability/call-record.ts";
import type { CounterSeries } from "#observability/family.ts";
import type { Stats } from "#observability/stats.ts";
import { triesOf } from "./backend-call.ts";
import type { ServiceMetrics } from "./metric-families.ts";

/** Where measures go. */
export interface MeterDeps {
  readonly clock: Clock;
  readonly metrics: ServiceMetrics;
  readonly stats: Stats;
}

/** What is measured. */
export interface Metered {
  /** Kind of backend, such as onnx; read at the end, when it is known who answered. */
  readonly backend: string;
  /** Model by name; absent while only the response will tell. */
  readonly model?: string;
  readonly record: CallRecord;
  /** No routing stands between: this is a try of its own, and is written down as one. */
  readonly isTry?: boolean;
  /** Monotonic time at which it begins; now when absent. */
  readonly startMs?: number;
  /** Ends the measure when it aborts, for streams that no one pulls any more. */
  readonly signal?: AbortSignal;
}

const well = { status: "OK", failed: false };

/** What metrics call the end of a call that failed. */
function endedBy(thrown: unknown): typeof well {
  const error = faultFrom(thrown);
  return { status: reasonOf(error) ?? "INTERNAL", failed: rowOf(error).blame !== "caller" };
}

/** Measures calls of backends. */
export interface Meter {
  /**
   * Begins a measure; the function that is returned ends it, with what was thrown if anything was.
   * Only its first call counts.
   */
  begin(what: Metered): (thrown?: unknown) => void;
  /** Runs `work` and measures it. */
  run<T>(what: Metered, work: () => Promise<T>): Promise<T>;
}

/** The meter that services share. */
export function createMeter({ clock, metrics, stats }: MeterDeps): Meter {
  // Kinds of backends and ends of calls are few.
  const known = new Map<string, ReturnType<typeof seriesOf>>();
  const seriesOf = (backend: string) => {
    const requests = new Map<string, CounterSeries>();
    return {
      duration: metrics.aiGatewayDuration.labels({ backend }),
      requests: (status: string) =>
        getOrCreate(requests, status, () => metrics.aiGatewayRequests.labels({ backend, status })),
    };
  };

  const begin = (what: Metered) => {
    const { model, record, signal, startMs = clock.nowMs() } = what;
    const finishModel = model === undefined ? undefined : stats.begin("model", model);
    let ended = false;
    const end = (thrown?: unknown): void => {
      if (ended) return;
      ended = true;
      signal?.removeEventListener("abort", leave);
      const elapsedMs = clock.nowMs() - startMs;
      const { backend } = what;
      const { status, failed } = thrown === undefined ? well : endedBy(thrown);
      record.upstreamMs = (record.upstreamMs ?? 0) + elapsedMs;
      finishModel?.({ failed });
      if (what.isTry === true) {
        const about = { pool: backend, endpoint: backend, model: model ?? "", algorithm: "local" };
        triesOf(record).push({ ...about, outcome: status, startedMs: startMs, elapsedMs });
      }
      const series = getOrCreate(known, backend, () => seriesOf(backend));
      series.requests(status).inc();
      series.duration.observe(elapsedMs / 1000);
    };
    const leave = () => end(signal?.reason);
    signal?.addEventListener("abort", leave, { once: true });
    return end;
  };

  return {
    begin,
    async run(what, work) {
      const end = begin(what);
      try {
        const done = await work();
        end();
        return done;
      } catch (thrown) {
        end(thrown);
        throw thrown;
      }
    },
  };
}
