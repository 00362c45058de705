/** The metrics of services: of the backends that they ask, of health, copies and inferences. */

import type { Makers } from "#observability/metric-makers.ts";

/** Of inferences; names and meaning are Triton's. */
const modelLabels = ["model", "version"] as const;

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
    inferenceSuccess: counter("nv_inference_request_success", "Inferences done.", modelLabels),
    inferenceFailure: counter("nv_inference_request_failure", "Inferences that failed.", [
      ...modelLabels,
      "reason",
    ]),
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
  };
}

/** The registered metrics. */
export type ServiceMetrics = ReturnType<typeof serviceFamilies>;
