/** Ollama's POST /api/embed of providers behind the gateway. Pure. */

import { create } from "@bufbuild/protobuf";
import { usageOf } from "#chat/usage.ts";
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

function textOf({ content }: EmbedInput, index: number): string {
  if (content.case === "text") return content.value;
  throw unsupported(`inputs[${index}]`, "the provider takes text, not tokens");
}

function write(request: EmbedRequest, { model }: Target): WrittenRequest {
  const { inputs, dimensions, task, user } = request;
  const body = {
    model,
    input: inputs.map(textOf),
    // Its default is to cut long texts without a word.
    truncate: false,
    ...(dimensions === undefined ? {} : { dimensions }),
  };
  const dropped = [
    ...(task === "" ? [] : ["task"]),
    ...(inputs.some(({ title }) => title !== "") ? ["title"] : []),
    ...(user === "" ? [] : ["user"]),
  ];
  return { body, dropped };
}

function* read(value: unknown, count: number): Generator<void, EmbedResponse> {
  const body = new LooseObject(value);
  const lists = body.raw("embeddings");
  if (!Array.isArray(lists)) throw malformed("the provider's response holds no vectors");
  return create(EmbedResponseSchema, {
    embeddings: yield* vectorsOf(lists, count),
    modelUsed: body.text("model"),
    // A count of zero is left out there.
    usage: usageOf({ uncached: body.count("prompt_eval_count"), written: 0 }),
  });
}

/** For providers behind the gateway. */
export const ollamaEmbedClient: EmbedClient = { write, read };
