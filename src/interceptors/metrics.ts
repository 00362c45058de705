/** Counts and times every call by method and code, streams to their end included. */

import type { Interceptor } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import type { Metrics } from "#observability/metrics.ts";
import type { Stats } from "#observability/stats.ts";
import { callRecordKey } from "./context.ts";
import { type AnyRequest, observe, procedureOf } from "./outcome.ts";

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
]);

function labelsOf(request: AnyRequest) {
  return {
    grpc_service: request.service.typeName,
    grpc_method: request.method.name,
    grpc_type: grpcTypes[request.method.methodKind],
  };
}

/** What the metrics interceptor writes to. */
export interface MetricsDeps {
  readonly metrics: Metrics;
  readonly stats: Stats;
  readonly clock: Clock;
}

/** Measures calls of every surface. */
export function callMetrics({ metrics, stats, clock }: MetricsDeps): Interceptor {
  return (next) => (request) => {
    const labels = labelsOf(request);
    const record = request.contextValues.get(callRecordKey);
    const startMs = clock.nowMs();
    const isAi = aiServices.has(request.service.typeName);
    metrics.grpcStarted.inc(labels);
    if (isAi) metrics.aiGateway.inc();
    const finishers = [
      stats.begin("gateway", "calls"),
      stats.begin("method", procedureOf(request)),
    ];
    return observe(next, request, ({ code, level }) => {
      const elapsedMs = clock.nowMs() - startMs;
      // What the log takes for routine is the caller's doing: its mistakes, and its leaving.
      const failed = level !== "info";
      metrics.grpcHandled.inc({ ...labels, grpc_code: code });
      metrics.grpcHandling.observe(labels, elapsedMs / 1000);
      metrics.overhead.observe(
        { grpc_service: labels.grpc_service, grpc_method: labels.grpc_method },
        Math.max(0, elapsedMs - (record.upstreamMs ?? 0)) / 1000,
      );
      if (isAi && failed) metrics.aiGatewayErrors.inc();
      for (const finish of finishers) finish({ failed });
    });
  };
}
