/** Every metric of the gateway: names, labels and buckets in one place, on a registry of its own. */

import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { CounterFamily, HistogramFamily } from "./family.ts";

/**
 * Seconds; Prometheus's own bounds, one below for what needs no backend and one above for models.
 * Each is a line per series, and most of what /metrics sends.
 */
const durationBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Seconds that a gateway adds. */
const overheadBuckets = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1];

/** Makes metrics of each type on one registry. */
function makers(registry: Registry) {
  return {
    counter: <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
      new CounterFamily<L>({ name, help, labelNames }, registry),
    gauge: <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
      new Gauge<L>({ name, help, labelNames: [...labelNames], registers: [registry] }),
    seconds: <L extends string>(
      name: string,
      help: string,
      labelNames: readonly L[],
      buckets = durationBuckets,
    ) => new HistogramFamily<L>({ name, help, labelNames }, registry, buckets),
  };
}

type Makers = ReturnType<typeof makers>;

/** What is counted at the request entry, of every HTTP request. */
function doorMetrics({ counter, seconds }: Makers) {
  return {
    httpRequests: counter("http_requests_total", "HTTP requests that ended.", [
      "method",
      "endpoint",
      "port",
      "status",
    ]),
    httpDuration: seconds(
      "http_request_duration_seconds",
      "Time from request to end of response.",
      ["method", "endpoint"],
    ),
    connectionFailures: counter(
      "http_connection_failures_total",
      "Connections, and requests of HTTP/2 by their heads, refused because their client broke a rule or a limit.",
      ["reason"],
    ),
    gatewayRequests: counter("gateway_requests_total", "HTTP requests by outcome.", [
      "method",
      "endpoint",
      "status",
    ]),
    // By endpoint it would be the histogram above once more.
    gatewayDuration: seconds(
      "gateway_request_duration_seconds",
      "Time from request to end of response, over all endpoints.",
      [],
    ).labels({}),
  };
}

const callLabels = ["grpc_service", "grpc_method", "grpc_type"] as const;

/** What is counted of every call, whatever surface it came by. */
function callMetrics({ counter, seconds }: Makers) {
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
    recordsLost: counter(
      "gateway_records_lost_total",
      "Calls that recent calls (call) or the history (history) lack, because too many came or the store failed.",
      ["record"],
    ),
    rateLimitHits: counter("rate_limit_hits_total", "Calls that a rate limit was asked about.", [
      "client_id",
    ]),
    rateLimitBlocks: counter("rate_limit_blocks_total", "Calls that a rate limit refused.", [
      "client_id",
    ]),
    aiGateway: counter("ai_gateway_total", "Chat and predict calls.", []).labels({}),
    aiGatewayErrors: counter(
      "ai_gateway_errors_total",
      "Chat and predict calls that failed.",
      [],
    ).labels({}),
  };
}

/** What is counted of backends. */
function backendMetrics({ counter, gauge, seconds }: Makers) {
  return {
    healthDuration: seconds(
      "gateway_health_check_duration_seconds",
      "Time of a health response, probes included.",
      [],
    ).labels({}),
    coreHealth: gauge("core_health_status", "1 while the core has this status.", [
      "core_id",
      "status",
    ]),
    coreResponse: gauge("core_response_time_ms", "Time of the core's last health response.", [
      "core_id",
    ]),
    balancerRequests: counter("load_balancer_requests_total", "Attempts sent to an endpoint.", [
      "algorithm",
      "core",
    ]),
    balancerErrors: counter("load_balancer_errors_total", "Attempts that failed.", [
      "algorithm",
      "core",
    ]),
    balancerEjections: counter(
      "load_balancer_ejections_total",
      "Times that an endpoint was given no calls for a while: calls failed (failures), or it asked for that (retry_after).",
      ["core", "cause"],
    ),
    balancerExtra: counter(
      "load_balancer_extra_attempts_total",
      "Attempts beyond the first of a call: retries after a failure, hedges in parallel to a silent endpoint.",
      ["kind"],
    ),
    mirrored: counter(
      "load_balancer_mirrored_total",
      "Copies of chats for a route's mirror: ok, failed, or skipped for want of room.",
      ["result"],
    ),
    balancerDenied: counter(
      "load_balancer_denied_attempts_total",
      "Attempts beyond the first of a call that the budget denied.",
      ["kind"],
    ),
    aiGatewayRequests: counter("ai_gateway_requests_total", "Requests to a kind of backend.", [
      "backend",
      "status",
    ]),
    aiGatewayDuration: seconds(
      "ai_gateway_request_duration_seconds",
      "Time of a request to a kind of backend.",
      ["backend"],
    ),
  };
}

/** What is counted of responses that are kept. */
function cacheMetrics({ counter, gauge }: Makers) {
  return {
    cacheRequests: counter(
      "gateway_cache_requests_total",
      "Chats that were to be answered from the cache: hit, miss, or bypass where they may not be.",
      ["result"],
    ),
    cacheEvictions: counter(
      "gateway_cache_evictions_total",
      "Kept responses that had to go for want of room.",
      [],
    ).labels({}),
    cacheEntries: gauge("gateway_cache_entries", "Responses that are kept.", []),
    cacheBytes: gauge("gateway_cache_bytes", "Bytes of the responses that are kept.", []),
  };
}

/** What is counted of hooks. */
function hookMetrics({ counter, seconds }: Makers) {
  return {
    hookCalls: counter(
      "gateway_hook_calls_total",
      "Calls of hooks: allow, deny, replace; error, timeout or too_large where they failed; cancelled; skipped where too many streams wait to be seen.",
      ["hook", "phase", "result"],
    ),
    hookDuration: seconds("gateway_hook_duration_seconds", "Time of a call of a hook.", [
      "hook",
      "phase",
    ]),
  };
}

const modelLabels = ["model", "version"] as const;

/** Rows of a batch. */
const batchBuckets = [1, 2, 4, 8, 16, 32, 64, 128];

/** What is counted of inferences; names and meaning are Triton's. */
function inferenceMetrics({ counter, seconds }: Makers) {
  const microseconds = (what: string, help: string) =>
    counter(`nv_inference_${what}_duration_us`, `Microseconds spent ${help}.`, modelLabels);
  return {
    inferenceRows: counter(
      "nv_inference_count",
      "Rows inferred; a batch counts its rows.",
      modelLabels,
    ),
    inferenceRuns: counter(
      "nv_inference_exec_count",
      "Runs of models; a batch counts once.",
      modelLabels,
    ),
    inferenceBatchRows: seconds(
      "polygate_inference_batch_rows",
      "Rows that ran as one.",
      modelLabels,
      batchBuckets,
    ),
    inferenceShadows: counter(
      "polygate_inference_shadow_total",
      "Copies of requests by what came of them: agreed, differed, failed, skipped.",
      [...modelLabels, "outcome"],
    ),
    inferenceRequestUs: microseconds("request", "on inferences that were done, from first to last"),
    inferenceInputUs: microseconds("compute_input", "on making tensors of what clients sent"),
    inferenceOutputUs: microseconds("compute_output", "on labels, boxes and vectors"),
    inferenceSuccess: counter("nv_inference_request_success", "Inferences done.", modelLabels),
    inferenceFailure: counter("nv_inference_request_failure", "Inferences that failed.", [
      ...modelLabels,
      "reason",
    ]),
    inferenceQueueUs: microseconds("queue", "waiting for a worker"),
    inferenceComputeUs: microseconds("compute_infer", "in the model"),
  };
}

/** The metrics of one gateway. Labels come from bounded sets: never an address, raw path or key. */
export type Metrics = ReturnType<typeof createMetrics>;

/** Registers every metric; the names are those that existing dashboards expect. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const make = makers(registry);
  return {
    registry,
    ...doorMetrics(make),
    ...callMetrics(make),
    ...backendMetrics(make),
    ...cacheMetrics(make),
    ...hookMetrics(make),
    ...inferenceMetrics(make),
  };
}
