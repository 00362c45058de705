/** The metrics of services: of the backends that they ask, of health, copies and inferences. */

import { GenAi, genAiBuckets, genAiLabels } from "#observability/gen-ai.ts";
import type { Makers } from "#observability/metric-makers.ts";

/** Of inferences; names and meaning are Triton's. */
const modelLabels = ["model", "version"] as const;

/** Rows of a batch. */
const batchBuckets = [1, 2, 4, 8, 16, 32, 64, 128];

function inferenceFamilies({ counter, seconds }: Pick<Makers, "counter" | "seconds">) {
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
    inferenceSuccess: counter("nv_inference_request_success", "Inferences done.", modelLabels),
    inferenceCacheHits: counter(
      "nv_cache_num_hits_per_model",
      "Inferences that were answered from the cache.",
      modelLabels,
    ),
    inferenceCacheMisses: counter(
      "nv_cache_num_misses_per_model",
      "Inferences that the cache might have answered and did not.",
      modelLabels,
    ),
    inferenceFailure: counter("nv_inference_request_failure", "Inferences that failed.", [
      ...modelLabels,
      "reason",
    ]),
    inferenceRequestUs: counter(
      "nv_inference_request_duration_us",
      "Microseconds spent on inferences that were done, from first to last.",
      modelLabels,
    ),
    inferenceInputUs: counter(
      "nv_inference_compute_input_duration_us",
      "Microseconds spent on making tensors of what clients sent.",
      modelLabels,
    ),
    inferenceQueueUs: counter(
      "nv_inference_queue_duration_us",
      "Microseconds spent waiting for a worker.",
      modelLabels,
    ),
    inferenceComputeUs: counter(
      "nv_inference_compute_infer_duration_us",
      "Microseconds spent in the model.",
      modelLabels,
    ),
    inferenceOutputUs: counter(
      "nv_inference_compute_output_duration_us",
      "Microseconds spent on labels, boxes and vectors.",
      modelLabels,
    ),
  };
}

/** Registers the metrics of this room. */
export function serviceFamilies(makers: Makers) {
  const { counter, gauge, seconds } = makers;
  return {
    ...genAiFamilies(makers),
    ...forecastFamilies(makers),
    drained: counter(
      "gateway_drained_calls_total",
      "Calls that went on after their clients had left: whole or failed where their backends ended them, time_out, stopped; no_room where they were cancelled instead.",
      ["result"],
    ),
    draining: gauge(
      "gateway_draining_calls",
      "Calls that go on now although their clients have left.",
      [],
    ),
    healthDuration: seconds(
      "gateway_health_check_duration_seconds",
      "Time of a health response, probes included.",
      [],
    ).labels({}),
    mirrored: counter(
      "load_balancer_mirrored_total",
      "Copies of chats for a route's mirror: ok, failed, or skipped for want of room.",
      ["result"],
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
    ...inferenceFamilies({ counter, seconds }),
  };
}

/** Of the hour that is not over and the next one, by the forecast of GetForecast. */
function forecastFamilies({ gauge }: Pick<Makers, "gauge">) {
  const labels = ["provider", "hour"] as const;
  return {
    forecastCalls: gauge(
      "polygate_forecast_calls_per_second",
      "Calls a second that a provider is likely to be given, on average over this hour and the next.",
      labels,
      "max",
    ),
    forecastTokens: gauge(
      "polygate_forecast_tokens_per_second",
      "Tokens a second, read and written, that go with these calls.",
      labels,
      "max",
    ),
    forecastError: gauge(
      "polygate_forecast_error_ratio",
      "What the forecast would have been wrong by in the past as a share of the calls, by the method that was chosen and by the naive one.",
      ["provider", "method"],
      "max",
    ),
  };
}

/** Of calls of models; names, labels and buckets are OpenTelemetry's. */
function genAiFamilies({ seconds: histogram }: Makers) {
  return {
    genAi: new GenAi({
      tokenUsage: histogram(
        "gen_ai_client_token_usage",
        "Tokens that calls of models read (input) and wrote (output).",
        [...genAiLabels, "gen_ai_token_type"],
        genAiBuckets.tokenUsage,
      ),
      operationDuration: histogram(
        "gen_ai_client_operation_duration_seconds",
        "Time of a call of a model, each try by itself.",
        [...genAiLabels, "error_type"],
        genAiBuckets.operationDuration,
      ),
      timeToFirstToken: histogram(
        "gen_ai_server_time_to_first_token_seconds",
        "Time to the first token of streams, as the gateway sees it.",
        genAiLabels,
        genAiBuckets.timeToFirstToken,
      ),
      timePerOutputToken: histogram(
        "gen_ai_server_time_per_output_token_seconds",
        "Time per token of streams after the first one, as the gateway sees it.",
        genAiLabels,
        genAiBuckets.timePerOutputToken,
      ),
    }),
  };
}

/** The registered metrics. */
export type ServiceMetrics = ReturnType<typeof serviceFamilies>;
