/** The board of cores and routing: who answers, who is left out, what is tried again. */

import { type BoardSpec, chosen, quantile, rateBy } from "./panels.ts";

export const routing: BoardSpec = {
  name: "routing",
  title: "Cores and routing",
  description: "Health of cores, attempts at endpoints, breakers, retries, and calls that wait.",
  rows: [
    {
      title: "Cores",
      panels: [
        {
          title: "Cores by health",
          description: "What the last probe of each said.",
          unit: "short",
          queries: [
            [`sum by (core_id, status) (core_health_status{${chosen}})`, "{{core_id}} {{status}}"],
          ],
        },
        {
          title: "Time of the last probe",
          description: "Of each core.",
          unit: "ms",
          queries: [[`max by (core_id) (core_response_time_ms{${chosen}})`, "{{core_id}}"]],
        },
      ],
    },
    {
      title: "Attempts",
      panels: [
        {
          title: "Attempts by endpoint",
          description: "Retries and hedges included.",
          unit: "reqps",
          queries: [[`topk(15, ${rateBy("core", "load_balancer_requests_total")})`, "{{core}}"]],
        },
        {
          title: "Attempts that failed, by endpoint",
          description: "Through no fault of the caller.",
          unit: "reqps",
          queries: [[`topk(15, ${rateBy("core", "load_balancer_errors_total")})`, "{{core}}"]],
        },
        {
          title: "Breakers that opened",
          description: "Times a minute that an endpoint was given no calls for a while.",
          unit: "short",
          queries: [
            [
              `${rateBy("core, cause", "load_balancer_ejections_total")} * 60`,
              "{{core}} {{cause}}",
            ],
          ],
        },
        {
          title: "Retries and hedges",
          description: "Attempts beyond the first, and those that the budget denied.",
          unit: "reqps",
          queries: [
            [rateBy("kind", "load_balancer_extra_attempts_total"), "{{kind}}"],
            [rateBy("kind", "load_balancer_denied_attempts_total"), "{{kind}} denied"],
          ],
        },
        {
          title: "p95 by kind of backend",
          description: "Time of a request to it.",
          unit: "s",
          queries: [
            [quantile(0.95, "backend", "ai_gateway_request_duration_seconds"), "{{backend}}"],
          ],
        },
        {
          title: "How requests to backends ended",
          description: "OK, or the reason of the error.",
          unit: "reqps",
          queries: [
            [rateBy("backend, status", "ai_gateway_requests_total"), "{{backend}} {{status}}"],
          ],
        },
      ],
    },
    {
      title: "Waiting",
      panels: [
        {
          title: "Calls that wait for a place",
          description: "At providers with a queue, by priority.",
          unit: "short",
          queries: [
            [
              `sum by (provider, priority) (load_balancer_queued_calls{${chosen}})`,
              "{{provider}} {{priority}}",
            ],
          ],
        },
        {
          title: "Wait for a place, p95",
          description: "By how it ended.",
          unit: "s",
          queries: [
            [
              quantile(0.95, "provider, end", "load_balancer_queue_wait_seconds"),
              "{{provider}} {{end}}",
            ],
          ],
        },
        {
          title: "Calls that found the queue full",
          description: "They were refused.",
          unit: "reqps",
          queries: [[rateBy("provider", "load_balancer_queue_full_total"), "{{provider}}"]],
        },
        {
          title: "Calls at one time, at most",
          description: "Limits of endpoints; adaptive ones move.",
          unit: "short",
          queries: [
            [`max by (provider, core) (load_balancer_concurrency_limit{${chosen}})`, "{{core}}"],
          ],
        },
      ],
    },
  ],
};
