/** Statistics of a model's version as the wire has them. Pure. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { InferStatistics, Tally } from "#backends/backend.ts";
import { threeDigits } from "#core/three-digits.ts";
import type { InferenceStatsSchema } from "#gen/polygate/v1/stats_pb.js";

const stage = ({ count, totalMs }: Tally) => ({ count, totalMs: threeDigits(totalMs) });

/** One version of one model. */
export function inferenceStats(
  one: InferStatistics,
): MessageInitShape<typeof InferenceStatsSchema> {
  const { model, version, inferences, executions, lastMs, failures, shadow } = one;
  return {
    ...{ model, version, inferences, executions, failures },
    success: stage(one.success),
    fail: stage(one.fail),
    queue: stage(one.queue),
    preprocess: stage(one.preprocess),
    compute: stage(one.compute),
    postprocess: stage(one.postprocess),
    cacheHit: stage(one.cacheHit),
    cacheMiss: stage(one.cacheMiss),
    batches: one.batches.map(({ rows, compute }) => ({ rows, compute: stage(compute) })),
    ...(shadow !== undefined && { shadow }),
    ...(lastMs > 0 && { lastInference: timestampFromMs(lastMs) }),
  };
}
