/** Where in a client's body stood what its canonical request holds, so that a refusal names it in the client's words. */

import type { ChatRequest } from "#gen/polygate/v1/chat_pb.js";
import type { Part } from "#gen/polygate/v1/conversation_pb.js";
import type { ServerDialect } from "./dialect.ts";

/** Kinds of parts that not every provider takes. */
const refusable: ReadonlySet<Part["content"]["case"]> = new Set([
  "thinking",
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

/** Whether a part may be named: of words alone no one has anything to say. */
function isNamed({ content, cache }: Part): boolean {
  if (cache !== undefined || refusable.has(content.case)) return true;
  return content.case === "text" && content.value.annotationsJson !== "";
}

/** The part, which stood at `place` of its client's body. */
export function placed(part: Part, place: string): Part {
  if (isNamed(part)) places.set(part, place);
  return part;
}

/** Words for details of parts, where a dialect has others than the canonical form. */
const details: Readonly<Record<ServerDialect, Readonly<Record<string, string>>>> = {
  "openai-chat": {
    ".cache": ".cache_control",
    ".detail": ".image_url.detail",
    ".file_id": ".file.file_id",
    ".name": ".file.filename",
  },
  "openai-responses": { ".name": ".filename" },
  anthropic: {
    ".annotations": ".citations",
    ".cache": ".cache_control",
    ".file_id": ".source.file_id",
    ".image_url": ".source",
    ".name": ".title",
  },
  gemini: { ".image_url": "" },
};

/** Parameters that a dialect has another name for than chat completions, and its word for the conversation. */
const names: Readonly<Record<ServerDialect, Readonly<Record<string, string>>>> = {
  "openai-chat": {},
  "openai-responses": {
    max_tokens: "max_output_tokens",
    logprobs: "include",
    messages: "input",
    reasoning_effort: "reasoning.effort",
    reasoning_summary: "reasoning.summary",
    response_format: "text.format",
    verbosity: "text.verbosity",
  },
  anthropic: {
    parallel_tool_calls: "tool_choice.disable_parallel_tool_use",
    reasoning_effort: "output_config.effort",
    reasoning_summary: "thinking.display",
    response_format: "output_config.format",
    stop: "stop_sequences",
    user: "metadata.user_id",
  },
  gemini: {
    audio: "generationConfig.speechConfig",
    frequency_penalty: "generationConfig.frequencyPenalty",
    logprobs: "generationConfig.responseLogprobs",
    max_tokens: "generationConfig.maxOutputTokens",
    messages: "contents",
    modalities: "generationConfig.responseModalities",
    n: "generationConfig.candidateCount",
    presence_penalty: "generationConfig.presencePenalty",
    reasoning_effort: "generationConfig.thinkingConfig",
    reasoning_summary: "generationConfig.thinkingConfig.includeThoughts",
    response_format: "generationConfig.responseJsonSchema",
    seed: "generationConfig.seed",
    service_tier: "serviceTier",
    stop: "generationConfig.stopSequences",
    temperature: "generationConfig.temperature",
    thinking: "generationConfig.thinkingConfig",
    tool_choice: "toolConfig.functionCallingConfig",
    top_k: "generationConfig.topK",
    top_logprobs: "generationConfig.logprobs",
    top_p: "generationConfig.topP",
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

/** A place in the canonical request, in the terms of the dialect that it was read from. */
export function clientPlace(dialect: ServerDialect, request: ChatRequest, place: string): string {
  const [, message = "", indices = "", rest = ""] = partPlace.exec(place) ?? [];
  const part = partAt(request, message, indices);
  const known = part === undefined ? undefined : places.get(part);
  if (known !== undefined) return known + (details[dialect][rest] ?? rest);
  const [said = "", isWithin] = place.split(/([.[])/, 2);
  // Who did not say how hard said something else of it.
  const isEffort = said === "reasoning_effort" && request.reasoning?.effort !== "";
  const root = said === "reasoning_effort" && !isEffort ? "thinking" : said;
  const name = Object.hasOwn(names[dialect], root) ? names[dialect][root] : undefined;
  // Turns are numbered as the client's only where every one of its own is one.
  if (root === "messages" && isWithin !== undefined && dialect !== "openai-chat")
    return name ?? root;
  return (name ?? root) + place.slice(said.length);
}
