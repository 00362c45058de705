/** OpenAI's embeddings of providers behind the gateway. Pure. */

import { create } from "@bufbuild/protobuf";
import type { Target, WrittenRequest } from "#dialects/dialect.ts";
import type { EmbedClient } from "#dialects/embed-dialect.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { malformed, unsupported } from "#dialects/upstream-error.ts";
import { requireCount, vectorOf } from "#dialects/vectors.ts";
import {
  type EmbedInput,
  type EmbedRequest,
  type EmbedResponse,
  EmbedResponseSchema,
} from "#gen/polygate/v1/embeddings_pb.js";
import { readUsage } from "./usage.ts";

/** All texts, or all lists of tokens. */
function inputOf(inputs: readonly EmbedInput[]): unknown[] {
  const written = inputs.map(({ content }) =>
    content.case === "tokens" ? content.value.ids : (content.value ?? ""),
  );
  const isText = typeof written[0] === "string";
  const odd = written.findIndex((one) => (typeof one === "string") !== isText);
  if (odd >= 0) {
    throw unsupported(`inputs[${odd}]`, "the provider takes texts or tokens, not both at once");
  }
  return written;
}

/** The body of POST /embeddings. */
function write(request: EmbedRequest, { model, profile }: Target): WrittenRequest {
  const { inputs, dimensions, task, user } = request;
  const body = {
    model,
    input: inputOf(inputs),
    // A third of the bytes, and exact. Servers that are only compatible may not know it.
    ...(profile === "openai" ? { encoding_format: "base64" } : {}),
    ...(dimensions === undefined ? {} : { dimensions }),
    ...(user === "" ? {} : { user }),
  };
  const dropped = [
    ...(task === "" ? [] : ["task"]),
    ...(inputs.some(({ title }) => title !== "") ? ["title"] : []),
  ];
  return { body, dropped };
}

/** Puts vectors in the order of their inputs. */
function* read(value: unknown, count: number): Generator<void, EmbedResponse> {
  const body = new LooseObject(value);
  const entries = body.objects("data");
  requireCount(entries.length, count);
  const embeddings = new Array<ReturnType<typeof vectorOf>>(entries.length);
  for (const [at, entry] of entries.entries()) {
    const index = entry.number("index") ?? at;
    if (!(index in entries) || embeddings[index] !== undefined) {
      throw malformed("the provider's vectors are not numbered in order");
    }
    embeddings[index] = vectorOf(entry.raw("embedding"));
    yield;
  }
  const usage = readUsage(body.object("usage"));
  return create(EmbedResponseSchema, {
    embeddings,
    modelUsed: body.text("model"),
    ...(usage === undefined ? {} : { usage }),
  });
}

/** For providers behind the gateway. */
export const openaiEmbedClient: EmbedClient = { write, read };
