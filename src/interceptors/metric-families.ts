/** The metrics of every call, whatever surface it came by. */

import type { Makers } from "#observability/metric-makers.ts";

/** Seconds that a gateway adds. */
const overheadBuckets = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1];

/** Clients of limits by name: kept keys and subjects of tokens are as many as others make them. */
const clientsMax = 1_000;

const callLabels = ["grpc_service", "grpc_method", "grpc_type"] as const;

/** Registers the metrics of this room. */
export function callFamilies({ counter, gauge, seconds }: Makers) {
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
    rateLimitHits: counter(
      "rate_limit_hits_total",
      "Calls that a rate limit was asked about.",
      ["client_id"],
      clientsMax,
    ),
    rateLimitBlocks: counter(
      "rate_limit_blocks_total",
      "Calls that a rate limit refused.",
      ["client_id"],
      clientsMax,
    ),
    budgetsSpent: counter("budgets_spent_total", "Budgets whose money was spent, once a period.", [
      "tier",
      "on_exceeded",
    ]),
    callsShed: counter(
      "overload_shed_calls_total",
      "Calls that were refused because the process had more work than it could do: those of low priority, or all.",
      ["refused", "cause"],
    ),
    overload: gauge(
      "overload_level",
      "What is refused for load now: 0 nothing, 1 calls of low priority, 2 all but health, metrics and admin.",
      [],
      "max",
    ).labels({}),
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
