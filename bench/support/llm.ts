/** The chats that gateways in front of LLM providers are measured with, in OpenAI's dialect and in the gateway's own. */

import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";
import { benchKey, framed, paths } from "./chat.ts";
import type { Call } from "./load.ts";

/** What clients of gateways call the models; the provider hears the second half. */
const provider = "bench";
/** A stream of this model pauses after its first token. */
const pausing = "pausing-model";

/** Models by the names that clients use. */
export const models = {
  swift: `${provider}/swift-model`,
  pausing: `${provider}/${pausing}`,
} as const;

/** The provider's settings in a gateway's file. */
export const providers = (upstreamPort: number) => ({
  [provider]: {
    dialect: "openai",
    base_url: `http://127.0.0.1:${upstreamPort}/v1`,
    api_key: upstreamKey,
  },
});

/** What gateways show to the provider. */
export const upstreamKey = "sk-bench-upstream-0123456789";

/** Chunks of a stream, the last one's `[DONE]` not counted. */
export const chunksPerStream = 100;

const question = "What is the capital of the country whose flag has a red circle??";
const reply = "Tokyo is the capital of Japan, whose flag has a red circle on white.";
const about = {
  id: "chatcmpl-0123456789abcdef01234567",
  created: 1_764_000_000,
  model: "swift-model",
};
const usage = { prompt_tokens: 20, completion_tokens: 98, total_tokens: 118 };

const json = ["content-type", "application/json"] as const;
const credential = ["authorization", `Bearer ${benchKey}`] as const;

function completions(model: string, stream: boolean): Call {
  const messages = [
    { role: "system", content: "You are a helpful assistant. Answer in one short sentence." },
    { role: "user", content: question },
  ];
  return {
    wire: "http/1.1",
    path: "/v1/chat/completions",
    fields: [json, credential],
    body: Buffer.from(
      JSON.stringify({ model, messages, max_tokens: 200, ...(stream ? { stream } : {}) }),
    ),
    expects: stream ? "[DONE]" : "red circle",
  };
}

/** A chat completion, whole. */
export const jsonCompletion = completions(models.swift, false);
/** A chat completion as a stream. */
export const streamedCompletion = completions(models.swift, true);
/** The same, of the model that pauses after its first token. */
export const pausingCompletion = completions(models.pausing, true);

/** A chat of the gateway's own API. */
export const grpcChatRequest = create(ChatRequestSchema, {
  message: question,
  modelPreference: models.swift,
});

/** The same over gRPC. */
export const grpcChat: Call = {
  wire: "h2c",
  path: paths.chat,
  fields: [["content-type", "application/grpc"], ["te", "trailers"], credential],
  body: framed(toBinary(ChatRequestSchema, grpcChatRequest)),
  expects: "red circle",
};

/** It over HTTP/1.1 in JSON. */
export const jsonChat: Call = {
  wire: "http/1.1",
  path: "/api/v1/chat",
  fields: [json, credential],
  body: Buffer.from(toJsonString(ChatRequestSchema, grpcChatRequest, { useProtoFieldName: true })),
  expects: "red circle",
};

/** The provider's list of models. */
export const modelList = JSON.stringify({
  object: "list",
  data: Object.values(models).map((model) => ({ id: model.split("/")[1], object: "model" })),
});

/** The provider's whole completion. */
export const completion = JSON.stringify({
  ...about,
  object: "chat.completion",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: reply, refusal: null },
      logprobs: null,
      finish_reason: "stop",
    },
  ],
  usage,
  system_fingerprint: "fp_0123456789",
});

/** What the first token, and every other one, is. */
export const token = " word";

function sse(fields: object): string {
  return `data: ${JSON.stringify({ ...about, object: "chat.completion.chunk", ...fields })}\n\n`;
}

function chunk(delta: object, finishReason: string | null = null): string {
  return sse({ choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }] });
}

/** The provider's stream, event by event: the second one is the first token. */
export function streamedEvents(withUsage: boolean): readonly string[] {
  return [
    chunk({ role: "assistant", content: "", refusal: null }),
    ...Array.from({ length: chunksPerStream - 2 }, () => chunk({ content: token })),
    chunk({}, "stop"),
    ...(withUsage ? [sse({ choices: [], usage })] : []),
    "data: [DONE]\n\n",
  ];
}

/** How the provider answers a body: gateways write the same wishes with spaces or without. */
export function wishesOf(body: string) {
  return {
    isStream: /"stream": ?true/.test(body),
    withUsage: /"include_usage": ?true/.test(body),
    isPausing: body.includes(pausing),
  };
}
