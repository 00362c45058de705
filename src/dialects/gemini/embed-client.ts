/** Gemini's batchEmbedContents of providers behind the gateway. Pure. */

import { create } from "@bufbuild/protobuf";
import type { Target, WrittenRequest } from "#dialects/dialect.ts";
import type { EmbedClient } from "#dialects/embed-dialect.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { malformed, unsupported } from "#dialects/upstream-error.ts";
import { vectorsOf } from "#dialects/vectors.ts";
import {
  type EmbedInput,
  type EmbedRequest,
  type EmbedResponse,
  EmbedResponseSchema,
} from "#gen/polygate/v1/embeddings_pb.js";
import { readUsage } from "./usage.ts";

/** Google's own bound on one batch. */
const batchMax = 100;

function textOf({ content }: EmbedInput, place: string): string {
  if (content.case === "text") return content.value;
  throw unsupported(place, "the provider takes text, not tokens");
}

/** The body of batchEmbedContents, which serves one input as well. */
function write(request: EmbedRequest, target: Target): WrittenRequest {
  const { inputs, dimensions, task, user } = request;
  if (inputs.length > batchMax) {
    throw unsupported("inputs", `the provider takes at most ${batchMax} inputs`);
  }
  const model = `models/${target.model.replace(/^models\//, "")}`;
  const requests = inputs.map((input, index) => ({
    model,
    content: { parts: [{ text: textOf(input, `inputs[${index}]`) }] },
    ...(task === "" ? {} : { taskType: task.toUpperCase() }),
    ...(input.title === "" ? {} : { title: input.title }),
    ...(dimensions === undefined ? {} : { outputDimensionality: dimensions }),
  }));
  return { body: { requests }, dropped: user === "" ? [] : ["user"] };
}

function* read(value: unknown, count: number): Generator<void, EmbedResponse> {
  const body = new LooseObject(value);
  if (!body.has("embeddings")) throw malformed("the provider's response holds no vectors");
  const usage = readUsage(body.object("usageMetadata"));
  const lists = body.objects("embeddings").map((one) => one.raw("values"));
  return create(EmbedResponseSchema, {
    embeddings: yield* vectorsOf(lists, count),
    ...(usage === undefined ? {} : { usage }),
  });
}

/** For providers behind the gateway. */
export const geminiEmbedClient: EmbedClient = { write, read };
