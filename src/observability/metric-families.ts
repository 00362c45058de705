/** The metric of records: of calls that are missing among those that are kept. */

import type { Makers } from "./metric-makers.ts";

/** Registers the metrics of this room. */
export function recordFamilies({ counter }: Makers) {
  return {
    recordsLost: counter(
      "gateway_records_lost_total",
      "Calls that recent calls (call), the history (history) or the usage of keys (usage) lack, and lines that the audit log (audit) lacks, because too many came or the store failed.",
      ["record"],
    ),
  };
}

/** The registered metrics. */
export type RecordMetrics = ReturnType<typeof recordFamilies>;
