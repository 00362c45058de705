/** Embeddings by a model of the gateway's own: texts in, vectors out, no provider asked. */

import { create } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import type { ModelStatus, PredictBackend } from "#backends/backend.ts";
import type { Clock } from "#core/clock.ts";
import { unsupported } from "#dialects/upstream-error.ts";
import { fault } from "#errors/fault.ts";
import {
  type EmbedRequest,
  type EmbedResponse,
  EmbedResponseSchema,
} from "#gen/polygate/v1/embeddings_pb.js";
import { callRecordKey } from "#interceptors/context.ts";
import { backendCallOf } from "./backend-call.ts";
import type { Meter } from "./meter.ts";
import { withinModelLimits } from "./model-limits.ts";

/** What local embeddings need. */
export interface LocalEmbedDeps {
  readonly predict: PredictBackend;
  readonly clock: Clock;
  readonly meter: Meter;
}

/** The model of this name or alias that makes vectors of texts here; undefined when there is none. */
export function localEmbedder(predict: PredictBackend, model: string): ModelStatus | undefined {
  const status = predict.find(model);
  return status?.spec.meaning.kind === "embedding" && predict.embed !== undefined
    ? status
    : undefined;
}

/**
 * A vector for each input. Throws REQUEST_INVALID for tokens, PARAMETER_UNSUPPORTED for a length that
 * the model's vectors do not have.
 */
export async function embedLocally(
  { predict, clock, meter }: LocalEmbedDeps,
  request: EmbedRequest,
  { status, context }: { readonly status: ModelStatus; readonly context: HandlerContext },
): Promise<EmbedResponse> {
  const { name: model } = status;
  const record = context.values.get(callRecordKey);
  const texts = request.inputs.map(textOf);
  checkLength(request, status);
  record.model = model;
  const { kind } = predict;
  const embed = () => {
    record.upstream = kind;
    const call = backendCallOf(context);
    const done = predict.embed?.({ model, version: "", texts }, call);
    if (done !== undefined) return done;
    throw fault("OPERATION_UNSUPPORTED", `model "${model}" makes no embeddings`);
  };
  const work = () => meter.run({ backend: kind, model, record, isTry: true }, embed);
  const made = await withinModelLimits({ backend: predict, clock }, status, { context, work });
  const { vectors, tokens, cutTexts, cutTokens } = made;
  record.promptTokens = tokens;
  const headers = context.responseHeader;
  headers.set("x-polygate-provider", kind);
  headers.set("x-polygate-model", model);
  if (request.task !== "") headers.set("x-polygate-dropped", "task");
  return create(EmbedResponseSchema, {
    embeddings: vectors.map((values) => ({ values: [...values] })),
    modelUsed: model,
    usage: { promptTokens: tokens, totalTokens: tokens },
    processingTimeMs: Math.round(clock.nowMs() - record.startMs),
    truncatedInputs: cutTexts,
    truncatedTokens: cutTokens,
  });
}

function textOf({ content, title }: EmbedRequest["inputs"][number], at: number): string {
  if (content.case === "text") return title === "" ? content.value : `${title}\n${content.value}`;
  const field = `inputs[${at}].tokens`;
  const description = "the model reads texts: tokens are its tokenizer's to make";
  throw fault("REQUEST_INVALID", `${field}: ${description}`, { fields: [{ field, description }] });
}

function checkLength({ dimensions }: EmbedRequest, { name, outputs }: ModelStatus): void {
  const size = outputs[0]?.shape.at(-1) ?? -1;
  if (dimensions === undefined || size === -1 || dimensions === size) return;
  const description = `vectors of model "${name}" have ${size} components, and no other number`;
  throw unsupported("dimensions", description);
}
