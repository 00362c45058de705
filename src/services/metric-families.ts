/** The metrics of services: of the backends that they ask, of health, copies and inferences. */

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
export function serviceFamilies({ counter, seconds }: Makers) {
  return {
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

/** The registered metrics. */
export type ServiceMetrics = ReturnType<typeof serviceFamilies>;
