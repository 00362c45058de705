/** Writes a whole response as chat completions. Pure. */

import { base64Of, urlOfMedia } from "#chat/media.ts";
import { textOf } from "#chat/parts.ts";
import { finishReasonOf } from "#chat/short-form.ts";
import { speechIn } from "#chat/speech.ts";
import type { ResponseFacts } from "#dialects/dialect.ts";
import type { Json } from "#dialects/json-object.ts";
import { isMade, noPlaceFor } from "#dialects/lost-content.ts";
import { stateFor } from "#dialects/opaque-state.ts";
import { flatNameOf, toolOfFlatName } from "#dialects/tool-names.ts";
import { malformed } from "#dialects/upstream-error.ts";
import type { ChatRequest, ChatResponse } from "#gen/polygate/v1/chat_pb.js";
import {
  Stop_Kind as Kind,
  type MediaPart,
  type Part,
  type Stop,
  type ThinkingPart,
  type ToolCallPart,
} from "#gen/polygate/v1/conversation_pb.js";
import { writeUsage } from "./usage.ts";

/** Formats of states in `reasoning_details`, by vendor. */
const stateFormats: Readonly<Record<string, string>> = {
  anthropic: "anthropic-claude-v1",
  google: "google-gemini-v1",
  openai: "openai-responses-v1",
};

/** What clients send back so that the provider can go on from its thoughts; undefined without a state. */
export function reasoningDetail(
  { text, state, redacted }: ThinkingPart,
  index: number,
): Json | undefined {
  const format = stateFormats[state?.vendor ?? ""];
  if (state === undefined || format === undefined) return undefined;
  return redacted || state.vendor === "openai"
    ? { type: "reasoning.encrypted", data: state.data, format, index }
    : { type: "reasoning.text", text, signature: state.data, format, index };
}

/** A Gemini signature on a call, where Google's own compatible API has it. */
export function extraContentOf(call: ToolCallPart): Json {
  const signature = stateFor("google", call.state);
  return signature === undefined
    ? {}
    : { extra_content: { google: { thought_signature: signature } } };
}

/** A call; a tool that was offered as free text is called with it, whatever the provider made of it. */
function writeCall(call: ToolCallPart, { tools }: ChatRequest): Json {
  const flat = flatNameOf(call);
  const { freeForm } = toolOfFlatName(flat, tools);
  return call.freeForm || freeForm
    ? {
        id: call.id,
        type: "custom",
        custom: { name: flat, input: call.freeForm ? call.arguments : inputOf(call.arguments) },
        ...extraContentOf(call),
      }
    : {
        id: call.id,
        type: "function",
        function: { name: flat, arguments: call.arguments === "" ? "{}" : call.arguments },
        ...extraContentOf(call),
      };
}

/** The free text in the arguments of a tool that was wrapped as one with a text `input`. */
export function inputOf(args: string): string {
  try {
    const parsed: unknown = JSON.parse(args);
    if (typeof parsed === "object" && parsed !== null && "input" in parsed)
      return String(parsed.input);
  } catch {
    // What is no JSON is the free text itself.
  }
  return args;
}

/** The words of a refusal: the model's own, else what its provider says of the stop. */
function refusalOf(parts: readonly Part[], stop: Stop | undefined): string | undefined {
  const said = parts.find(({ content }) => content.case === "refusal")?.content;
  if (said?.case === "refusal") return said.value.text || said.value.category;
  if (stop?.kind !== Kind.REFUSAL) return undefined;
  return stop.detail || stop.raw;
}

/** Base64 of one recording in the format that was asked for. Throws BACKEND_MALFORMED where it is in another. */
export function spokenData(format: string, pieces: readonly MediaPart[]): string {
  const bytes = speechIn(format, pieces);
  if (bytes !== undefined) return base64Of(bytes);
  const types = [...new Set(pieces.map(({ mediaType }) => mediaType))].join(", ");
  throw malformed(`the provider made ${types}, of which no ${format} is written`);
}

/** What of a response is heard. No one keeps it: its id means nothing from now on. */
export function spokenHead({ responseId, createdSeconds }: ResponseFacts): Json {
  return { id: `audio_${responseId}`, expires_at: createdSeconds };
}

function spokenOf(parts: readonly Part[], facts: ResponseFacts): Json {
  const pieces = parts.flatMap(({ content }) => (content.case === "audio" ? [content.value] : []));
  if (pieces.length === 0) return {};
  const format = facts.request.providerOptions?.speech?.format || "wav";
  return { audio: { ...spokenHead(facts), data: spokenData(format, pieces), transcript: "" } };
}

/** A picture that the model made, as compatible servers send it; OpenAI's own API has no place for one. */
export function madeImage(part: Part, index: number): Json {
  const url = part.content.case === "image" ? urlOfMedia(part.content.value) : undefined;
  if (url === undefined) throw noPlaceFor(part);
  return { type: "image_url", image_url: { url }, index };
}

function picturesOf(parts: readonly Part[]): Json {
  const pictures = parts.filter((part) => isMade(part) && part.content.case !== "audio");
  return pictures.length === 0 ? {} : { images: pictures.map(madeImage) };
}

function messageOf(parts: readonly Part[], stop: Stop | undefined, facts: ResponseFacts): Json {
  const { request } = facts;
  const texts = parts.map(textOf).join("");
  const thinking = parts.flatMap(({ content }) =>
    content.case === "thinking" ? [content.value] : [],
  );
  const thoughts = thinking.map(({ text }) => text).join("");
  const details = thinking.flatMap((part, index) => reasoningDetail(part, index) ?? []);
  const calls = parts.flatMap(({ content }) =>
    content.case === "toolCall" ? [writeCall(content.value, request)] : [],
  );
  return {
    role: "assistant",
    content: texts === "" ? null : texts,
    refusal: refusalOf(parts, stop) ?? null,
    ...(thoughts === "" ? {} : { reasoning_content: thoughts }),
    ...(details.length === 0 ? {} : { reasoning_details: details }),
    ...spokenOf(parts, facts),
    ...picturesOf(parts),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

/** The body of a response. */
export function writeResponse(response: ChatResponse, facts: ResponseFacts): Json {
  const all = [response, ...response.alternatives];
  return {
    id: response.id === "" ? facts.responseId : response.id,
    object: "chat.completion",
    created: facts.createdSeconds,
    model: response.modelUsed,
    choices: all.map(({ parts, stop }, index) => ({
      index,
      message: messageOf(parts, stop, facts),
      logprobs: null,
      finish_reason: finishReasonOf(stop),
    })),
    ...(response.usage === undefined ? {} : { usage: writeUsage(response.usage) }),
  };
}
