/** Counts and times every call by method and code, streams to their end included. */

import type { DescMethod } from "@bufbuild/protobuf";
import type { Clock } from "#core/clock.ts";
import { getOrCreate } from "#core/get-or-create.ts";
import type { CounterSeries } from "#observability/family.ts";
import type { Stats } from "#observability/stats.ts";
import { callRecordKey } from "./context.ts";
import { methodFacts } from "./method-facts.ts";
import type { CallMetrics } from "./metric-families.ts";
import { type CallWatch, procedureOf } from "./outcome.ts";

const grpcTypes = {
  unary: "unary",
  server_streaming: "server_stream",
  client_streaming: "client_stream",
  bidi_streaming: "bidi_stream",
} as const;

/** Services whose calls are work for a model. */
const aiServices: ReadonlySet<string> = new Set([
  "polygate.v1.ChatService",
  "polygate.v1.PredictService",
  "polygate.v1.RelayService",
]);

/** What the metrics of calls are written to. */
export interface MetricsDeps {
  readonly metrics: CallMetrics;
  readonly stats: Stats;
  readonly clock: Clock;
}

/** The series of one method. */
function seriesOf(method: DescMethod, { metrics, stats }: MetricsDeps) {
  const { typeName: grpc_service } = method.parent;
  const grpc_method = method.name;
  const labels = { grpc_service, grpc_method, grpc_type: grpcTypes[method.methodKind] };
  const handled = new Map<string, CounterSeries>();
  return {
    started: metrics.grpcStarted.labels(labels),
    handling: metrics.grpcHandling.labels(labels),
    overhead: metrics.overhead.labels({ grpc_service, grpc_method }),
    handled: (grpc_code: string) =>
      getOrCreate(handled, grpc_code, () => metrics.grpcHandled.labels({ ...labels, grpc_code })),
    stats: methodFacts(method).isUncounted
      ? []
      : [stats.series("gateway", "calls"), stats.series("method", procedureOf(method))],
  };
}

/** Measures calls of every surface. */
export function callMetrics(deps: MetricsDeps): CallWatch {
  const { metrics, clock } = deps;
  return (method) => {
    const isAi = aiServices.has(method.parent.typeName);
    // A method that no one calls has no series.
    let known: ReturnType<typeof seriesOf> | undefined;
    return (values) => {
      known ??= seriesOf(method, deps);
      const series = known;
      const record = values.get(callRecordKey);
      if (record.uncounted === true) return () => {};
      const startMs = clock.nowMs();
      series.started.inc();
      if (isAi) metrics.aiGateway.inc();
      for (const each of series.stats) each.begin();
      return ({ code, level, uncounted }) => {
        const elapsedMs = clock.nowMs() - startMs;
        // What the log takes for routine is the caller's doing: its mistakes, and its leaving.
        const failed = level !== "info";
        series.handled(code).inc();
        series.handling.observe(elapsedMs / 1000, uncounted === true ? undefined : record.trace);
        series.overhead.observe(Math.max(0, elapsedMs - (record.upstreamMs ?? 0)) / 1000);
        if (isAi && failed) metrics.aiGatewayErrors.inc();
        for (const each of series.stats) each.end(elapsedMs, { failed });
      };
    };
  };
}
