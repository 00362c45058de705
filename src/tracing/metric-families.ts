/** The metrics of tracing. */

import type { Makers } from "#observability/metric-makers.ts";

/** Registers the metrics of this room. */
export function tracingFamilies({ counter }: Makers) {
  return {
    traceSpans: counter(
      "gateway_trace_spans_total",
      "Spans by result: exported, dropped because too many waited, failed because the collector was away or refused them, or rejected by the collector one by one.",
      ["result"],
    ),
    traceParentsLimited: counter(
      "gateway_trace_parents_limited_total",
      "Requests whose caller wants them sampled, beyond `tracing.sampled_parents`: the ratio decided.",
      [],
    ).labels({}),
  };
}

/** The registered metrics. */
export type TracingMetrics = ReturnType<typeof tracingFamilies>;
