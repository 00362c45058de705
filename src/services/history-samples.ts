/** What the history counts of a call that has ended: each of its tries. Pure. */

import { blameOf } from "#errors/blame.ts";
import type { HistorySample } from "#history/bucket.ts";
import type { EndedCall } from "#observability/call-journal.ts";

/** A sample per try. */
export function samplesOf({ record, elapsedMs, endedWallMs }: EndedCall): HistorySample[] {
  const { tries = [], startMs, model = "" } = record;
  return tries.map((one) => {
    const endMs = one.startedMs + one.elapsedMs - startMs;
    return {
      wallMs: endedWallMs - elapsedMs + endMs,
      provider: one.pool,
      // Cores choose their model themselves, and say which.
      model: one.model === "" ? model : one.model,
      blame: one.outcome === "OK" ? undefined : blameOf(one.outcome),
      latencyMs: one.firstMs ?? one.elapsedMs,
      firstMs: one.firstMs,
      tokens: one.tokens ?? 0,
      cost: one.cost ?? 0,
    };
  });
}
