/** The metrics of every call, whatever surface it came by. */

import type { Makers } from "#observability/metric-makers.ts";

/** Seconds that a gateway adds. */
const overheadBuckets = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1];

const callLabels = ["grpc_service", "grpc_method", "grpc_type"] as const;

/** Registers the metrics of this room. */
export function callFamilies({ counter, seconds }: Makers) {
  return {
    grpcStarted: counter("grpc_server_started_total", "Calls that began.", callLabels),
    grpcHandled: counter("grpc_server_handled_total", "Calls that ended.", [
      ...callLabels,
      "grpc_code",
    ]),
    grpcHandling: seconds("grpc_server_handling_seconds", "Time of a call.", callLabels),
    overhead: seconds(
      "gateway_overhead_seconds",
      "Time of a call less its wait for backends.",
      ["grpc_service", "grpc_method"],
      overheadBuckets,
    ),
    rateLimitHits: counter("rate_limit_hits_total", "Calls that a rate limit was asked about.", [
      "client_id",
    ]),
    rateLimitBlocks: counter("rate_limit_blocks_total", "Calls that a rate limit refused.", [
      "client_id",
    ]),
    budgetsSpent: counter("budgets_spent_total", "Budgets whose money was spent, once a period.", [
      "tier",
      "on_exceeded",
    ]),
    aiGateway: counter("ai_gateway_total", "Chat and predict calls.", []).labels({}),
    aiGatewayErrors: counter(
      "ai_gateway_errors_total",
      "Chat and predict calls that failed.",
      [],
    ).labels({}),
  };
}

/** The registered metrics. */
export type CallMetrics = ReturnType<typeof callFamilies>;
