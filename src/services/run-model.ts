/** One inference of the predict backend, measured alike for every service that asks for one. */

import type { HandlerContext } from "@connectrpc/connect";
import type { InferRequest, ModelStatus, PredictBackend } from "#backends/backend.ts";
import type { Clock } from "#core/clock.ts";
import { callRecordKey } from "#interceptors/context.ts";
import type { CallRecord } from "#observability/call-record.ts";
import type { AttemptCall, CallWatch, RoutedCall } from "#routing/dispatch.ts";
import { backendCallOf } from "./backend-call.ts";
import type { Meter, Metered } from "./meter.ts";
import { withinModelLimits } from "./model-limits.ts";
import type { ModelRun } from "./model-run.ts";
import type { PredictCache } from "./predict-cache.ts";

/** What an inference needs. */
export interface RunDeps {
  readonly backend: PredictBackend;
  readonly clock: Pick<Clock, "wallMs">;
  readonly meter: Meter;
  /** Responses to equal predictions. */
  readonly predictions: PredictCache;
}

/** A call as it is measured: under the backend that it is for, then under the one that answered. */
class Measured implements Metered, CallWatch {
  backend: string;
  /** Who answered, where calls are routed. */
  pool: string | undefined;
  readonly model: string;
  readonly record: CallRecord;
  readonly isTry: boolean;

  constructor(backend: string, model: string, record: CallRecord, isTry: boolean) {
    this.backend = backend;
    this.model = model;
    this.record = record;
    this.isTry = isTry;
    record.upstream = backend;
  }

  answered({ pool, endpoint }: AttemptCall): void {
    this.pool = pool;
    this.record.upstream = endpoint;
  }
}

/**
 * Runs a model, or has the response to an equal request where its owner allows that; tells the client
 * who answered where calls are routed. Rejects as the backend does.
 */
export async function runModel(
  deps: RunDeps,
  status: ModelStatus,
  request: Omit<InferRequest, "model">,
  context: HandlerContext,
): Promise<ModelRun> {
  context.values.get(callRecordKey).model = status.name;
  const cached = await deps.predictions.for(status, request, context);
  if (cached === undefined) {
    return await runOnBackend(deps, status, request, { context, call: backendCallOf(context) });
  }
  return await cached.run((call, settled) =>
    runOnBackend(deps, status, { ...request, settled }, { context, call }),
  );
}

function runOnBackend(
  deps: RunDeps,
  status: ModelStatus,
  request: Omit<InferRequest, "model">,
  how: { readonly context: HandlerContext; readonly call: RoutedCall },
): Promise<ModelRun> {
  const work = () => inferOn(deps, status, request, how);
  return withinModelLimits(deps, status, { context: how.context, work });
}

async function inferOn(
  { backend, meter }: RunDeps,
  { name: model, backend: kind = backend.kind }: ModelStatus,
  request: Omit<InferRequest, "model">,
  { context, call: own }: { readonly context: HandlerContext; readonly call: RoutedCall },
): Promise<ModelRun> {
  const record = context.values.get(callRecordKey);
  const measured = new Measured(kind, model, record, backend.isRouted !== true);
  const done = await meter.run(measured, async () => {
    const call: RoutedCall = { ...own, watch: measured };
    const response = await backend.infer({ model, ...request }, call);
    measured.backend = response.backend ?? backend.kind;
    return response;
  });
  if (measured.pool !== undefined) {
    context.responseHeader.set("x-polygate-provider", measured.pool);
    context.responseHeader.set("x-polygate-attempts", String(record.tries?.length ?? 1));
  }
  const { backend: by, pool } = measured;
  return { ...done, backend: by, pool };
}
