/** The limits of a model that predicts: taken before it runs, given back when it has. */

import type { HandlerContext } from "@connectrpc/connect";
import type { ModelStatus, PredictBackend } from "#backends/backend.ts";
import type { Clock } from "#core/clock.ts";
import { callLimitsKey, callRecordKey } from "#interceptors/context.ts";
import { refusalFault } from "#interceptors/limit-words.ts";
import type { Target } from "#limits/call-limits.ts";

/** What limits know a model by: those who serve it, or this process by its kind, and its name. */
function targetOf({ group, backend, name }: ModelStatus, { kind }: PredictBackend): Target {
  return { provider: group ?? backend ?? kind, model: name };
}

/** What limits of models need. */
interface ModelLimitDeps {
  readonly backend: PredictBackend;
  readonly clock: Pick<Clock, "wallMs">;
}

/**
 * Does what a model is asked for, if the limits of the model and of those who serve it have room for it.
 * They count requests and calls in progress: predictions have no tokens, and no price. Rejects with
 * RATE_LIMITED, else as `work` does.
 */
export async function withinModelLimits<T>(
  { backend, clock }: ModelLimitDeps,
  status: ModelStatus,
  { context, work }: { readonly context: HandlerContext; work(): Promise<T> },
): Promise<T> {
  const limits = context.values.get(callLimitsKey);
  if (limits?.hasTargets !== true) return await work();
  const outcome = await limits.enter(targetOf(status, backend));
  if (outcome.kind !== "granted") {
    limits.giveBack();
    const { surface } = context.values.get(callRecordKey);
    throw refusalFault(outcome, { surface, wallMs: clock.wallMs() });
  }
  try {
    return await work();
  } finally {
    outcome.ended();
  }
}
