/** The metrics of the store of keys. */

import type { Makers } from "#observability/metric-makers.ts";

/** Registers the metrics of this room. */
export function keyFamilies({ counter, gauge }: Pick<Makers, "counter" | "gauge">) {
  return {
    keyStoreUp: gauge(
      "gateway_key_store_up",
      "1 while changes of keys are seen; 0 while their store cannot be asked.",
      [],
      "min",
    ),
    keyStoreFailures: counter(
      "gateway_key_store_failures_total",
      "Times that the store of keys failed, by what was asked of it: keys or usage.",
      ["about"],
    ),
  };
}

/** The registered metrics. */
export type KeyMetrics = ReturnType<typeof keyFamilies>;
