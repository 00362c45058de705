/** Where in a client's body stood what its canonical request holds, so that a refusal names it in the client's words. */

import type { ChatRequest } from "#gen/polygate/v1/chat_pb.js";
import type { Part } from "#gen/polygate/v1/conversation_pb.js";
import type { ServerDialect } from "./dialect.ts";

/** Kinds of parts that not every provider takes; the places of others are not kept. */
const refusable: ReadonlySet<Part["content"]["case"]> = new Set([
  "image",
  "audio",
  "video",
  "file",
  "toolCall",
  "toolResult",
  "provider",
] as const);

/** Places by part, for as long as the part is there. */
const places = new WeakMap<Part, string>();

/** The part, which stood at `place` of its client's body. */
export function placed(part: Part, place: string): Part {
  if (refusable.has(part.content.case)) places.set(part, place);
  return part;
}

/** Parameters that a dialect has another name for than chat completions, and its word for the conversation. */
const names: Readonly<Record<ServerDialect, Readonly<Record<string, string>>>> = {
  "openai-chat": {},
  "openai-responses": {
    max_tokens: "max_output_tokens",
    messages: "input",
    response_format: "text.format",
  },
  anthropic: { response_format: "output_config.format", stop: "stop_sequences" },
  gemini: {
    logprobs: "generationConfig.responseLogprobs",
    max_tokens: "generationConfig.maxOutputTokens",
    messages: "contents",
    modalities: "generationConfig.responseModalities",
    n: "generationConfig.candidateCount",
    response_format: "generationConfig.responseJsonSchema",
    stop: "generationConfig.stopSequences",
    tool_choice: "toolConfig.functionCallingConfig",
  },
};

const partPlace = /^messages\[(\d+)\]((?:\.parts\[\d+\])+)(.*)$/;

/** The part at a place such as `messages[0].parts[1].parts[0]`, whose parts are those of a result. */
function partAt({ messages }: ChatRequest, message: string, indices: string): Part | undefined {
  let parts: readonly Part[] = messages[Number(message)]?.parts ?? [];
  let part: Part | undefined;
  for (const [index] of indices.matchAll(/\d+/g)) {
    part = parts[Number(index)];
    parts = part?.content.case === "toolResult" ? part.content.value.parts : [];
  }
  return part;
}

/** A place in the canonical request, in the words of the dialect that it was read from. */
export function clientPlace(dialect: ServerDialect, request: ChatRequest, place: string): string {
  const [, message = "", indices = "", rest = ""] = partPlace.exec(place) ?? [];
  const part = partAt(request, message, indices);
  const known = part === undefined ? undefined : places.get(part);
  if (known !== undefined) return known + rest;
  const [root = "", isWithin] = place.split(/([.[])/, 2);
  const name = Object.hasOwn(names[dialect], root) ? names[dialect][root] : undefined;
  // Turns are numbered as the client's only where every one of its own is one.
  if (root === "messages" && isWithin !== undefined && dialect !== "openai-chat")
    return name ?? root;
  return name === undefined ? place : name + place.slice(root.length);
}
