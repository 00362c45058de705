/** What a predict backend counts, in Prometheus's families: names and meaning are Triton's. */

import type { InferObserver } from "#backends/inference-statistics.ts";
import type { ServiceMetrics } from "./metric-families.ts";

const microseconds = (ms: number) => ms * 1000;

/** Counts everything that it is notified of. */
export function inferenceMetrics(metrics: ServiceMetrics): InferObserver {
  return {
    onSuccess({ model, version, totalMs, queueMs, computeMs }) {
      const labels = { model, version };
      metrics.inferenceSuccess.inc(labels);
      metrics.inferenceRequestUs.inc(labels, microseconds(totalMs));
      metrics.inferenceQueueUs.inc(labels, microseconds(queueMs));
      metrics.inferenceComputeUs.inc(labels, microseconds(computeMs));
    },
    onFail({ model, version, failure }) {
      metrics.inferenceFailure.inc({ model, version, reason: failure });
    },
    onRun({ model, version, rows }) {
      const labels = { model, version };
      metrics.inferenceRows.inc(labels, rows);
      metrics.inferenceRuns.inc(labels);
      metrics.inferenceBatchRows.observe(labels, rows);
    },
    onHandling({ model, version, preprocessMs, postprocessMs, cache }) {
      const labels = { model, version };
      if (preprocessMs !== undefined) {
        metrics.inferenceInputUs.inc(labels, microseconds(preprocessMs));
      }
      if (postprocessMs !== undefined) {
        metrics.inferenceOutputUs.inc(labels, microseconds(postprocessMs));
      }
      if (cache?.result === "miss") metrics.inferenceCacheMisses.inc(labels);
      if (cache?.result === "hit") {
        metrics.inferenceCacheHits.inc(labels);
        metrics.inferenceSuccess.inc(labels);
        metrics.inferenceRequestUs.inc(labels, microseconds(cache.ms));
      }
    },
    onShadow({ model, version, outcome }) {
      metrics.inferenceShadows.inc({ model, version, outcome });
    },
  };
}
