/** Weights of the terms of `scored`, as the shared settings and each provider have them. */

import { z } from "zod";
import { numberBetween } from "#yaml/scalar.ts";

/** The mapping of weights; a term that is absent keeps the weight that it has elsewhere. */
export const scoreWeights = () =>
  z.strictObject({
    cost: numberBetween(0, 1_000_000).optional().describe("Share of the price."),
    latency: numberBetween(0, 1_000_000).optional().describe("Share of the time that calls take."),
    reliability: numberBetween(0, 1_000_000)
      .optional()
      .describe("Share of the calls that succeed."),
    load: numberBetween(0, 1_000_000).optional().describe("Share of the active calls."),
    priority: numberBetween(0, 1_000_000).optional().describe("Share of the configured priority."),
  });
