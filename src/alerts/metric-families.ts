/** The metrics of alerts that the gateway tells by itself. */

import type { Makers } from "#observability/metric-makers.ts";

/** Registers the metrics of this room. */
export function alertFamilies({ counter, gauge }: Pick<Makers, "counter" | "gauge">) {
  return {
    alertNotices: counter(
      "gateway_alert_notices_total",
      "Messages to webhooks about alerts: sent, failed after all tries, or dropped because too many waited.",
      ["webhook", "result"],
    ),
    alertsFiring: gauge(
      "gateway_alerts_firing",
      "Alerts of the section `alerts` that hold now.",
      [],
    ).labels({}),
  };
}

/** The registered metrics. */
export type AlertMetrics = ReturnType<typeof alertFamilies>;
