/** The section `load_balancer`: how calls are spread over cores. */

import { z } from "zod";
import { duration, numberBetween, wholeNumber } from "#yaml/scalar.ts";
import { adaptiveConcurrency } from "./adaptive-concurrency.ts";
import type { EnvironmentRow } from "./environment-row.ts";
import { scoreWeights } from "./score-weights.ts";

/** The section of the file. */
export const loadBalancer = z.strictObject({
  algorithm: z
    .enum(["round_robin", "least_connections", "weighted"])
    .default("round_robin")
    .describe("Which core gets the next call."),
  health_check_interval: duration("1h")
    .prefault("10s")
    .describe("Time between health checks of a core."),
  weights: scoreWeights()
    .prefault({})
    .describe(
      "Weights of the terms under `scored`: cost 30, latency 40, reliability 30, load 10, priority 10 when absent.",
    ),
  retry_attempts: wholeNumber(0, 10)
    .prefault(3)
    .describe(
      "Further tries after the first: elsewhere at once, on the same endpoint after a pause.",
    ),
  retry_budget: numberBetween(0, 10)
    .prefault(0.2)
    .describe("Retries per call, in addition to 10 per second that are always allowed."),
  hedge_budget: numberBetween(0, 1)
    .prefault(0.1)
    .describe("Second tries per call of routes with `hedge`, in addition to 1 per second."),
  ejection_time: duration("10m")
    .prefault("5s")
    .describe(
      "How long an endpoint that fails is left out; doubled each time it fails again, up to 24 times this value.",
    ),
  max_connection_age: duration("24h")
    .optional()
    .describe(
      "Age at which a connection to a core, a provider or a server of models is replaced, up to a tenth more or less: first there is a new one, then the old one ends after its calls. Never when absent; @grpc/grpc-js knows none.",
    ),
  adaptive_concurrency: adaptiveConcurrency(),
  timeout: duration("24h")
    .optional()
    .describe("Time limit of one try; only the time limit of the call applies when absent."),
});

/** Environment names of the section. */
export const loadBalancerRows: readonly EnvironmentRow[] = [
  { name: "LOAD_BALANCER_MAX_RETRIES", path: ["load_balancer", "retry_attempts"] },
  {
    name: "LOAD_BALANCER_TIMEOUT_MS",
    path: ["load_balancer", "timeout"],
    value: (text) => `${text}ms`,
  },
  ...(["cost", "latency", "reliability", "load", "priority"] as const).flatMap((term) =>
    [
      `LOAD_BALANCER_${term.toUpperCase()}_WEIGHT`,
      `LOAD_BALANCER_WEIGHT_${term.toUpperCase()}`,
    ].map((name): EnvironmentRow => ({ name, path: ["load_balancer", "weights", term] })),
  ),
];
