/** One inference of the predict backend, measured and counted alike for every service that asks for one. */

import type { HandlerContext } from "@connectrpc/connect";
import type {
  InferRequest,
  InferResponse,
  ModelStatus,
  PredictBackend,
} from "#backends/backend.ts";
import { callRecordKey } from "#interceptors/context.ts";
import type { CallRecord } from "#observability/call-record.ts";

import { backendCallOf } from "./backend-call.ts";
import type { Meter, Metered } from "./meter.ts";
import type { ServiceMetrics } from "./metric-families.ts";

/** What an inference needs. */
export interface RunDeps {
  readonly backend: PredictBackend;
  readonly metrics: ServiceMetrics;
  readonly meter: Meter;
}

function counted(metrics: ServiceMetrics, model: string, done: InferResponse): void {
  const labels = { model, version: done.version };
  metrics.inferenceSuccess.inc(labels);
  metrics.inferenceQueueUs.inc(labels, done.queueMs * 1000);
  metrics.inferenceComputeUs.inc(labels, done.computeMs * 1000);
}

/** What a backend of several kinds tells besides. */
interface RoutedBackend {
  /** Tries are reported by routing. */
  readonly isRouted?: boolean;
}

/** A call as it is measured: under the backend that it is for, then under the one that answered. */
class Measured implements Metered {
  backend: string;
  readonly model: string;
  readonly record: CallRecord;
  readonly isTry: boolean;

  constructor(backend: string, model: string, record: CallRecord, isTry: boolean) {
    this.backend = backend;
    this.model = model;
    this.record = record;
    this.isTry = isTry;
  }
}

/** Runs a model; rejects as the backend does. */
export async function runModel(
  { backend, metrics, meter }: RunDeps & { readonly backend: RoutedBackend },
  { name: model, backend: kind = backend.kind }: ModelStatus & { readonly backend?: string },
  request: Omit<InferRequest, "model">,
  context: HandlerContext,
): Promise<InferResponse> {
  const record = context.values.get(callRecordKey);
  record.model = model;
  const measured = new Measured(kind, model, record, backend.isRouted !== true);
  const done = await meter.run(measured, async () => {
    record.upstream = measured.backend;
    const response: InferResponse & { readonly backend?: string } = await backend.infer(
      { model, ...request },
      backendCallOf(context),
    );
    measured.backend = response.backend ?? kind;
    record.upstream = measured.backend;
    return response;
  });
  // A backend with statistics of its own has counted what it ran itself.
  const isCounted = backend.statistics !== undefined && measured.backend === backend.kind;
  if (!isCounted) counted(metrics, model, done);
  return done;
}
