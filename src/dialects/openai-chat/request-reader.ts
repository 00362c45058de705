/** Reads a request of OpenAI chat completions into the canonical form. Pure. */

import { create } from "@bufbuild/protobuf";
import {
  audioTypeOf,
  bytesFromBase64,
  isImage,
  mediaFromBytes,
  mediaFromUrl,
} from "#chat/media.ts";
import { turnOf } from "#chat/normalize.ts";
import { partOf, textPart, thinkingPart, toolCallPart } from "#chat/parts.ts";
import { placed } from "#dialects/client-places.ts";
import { requireChoosable } from "#dialects/contradictions.ts";
import type { ReadRequest } from "#dialects/dialect.ts";
import { isObject, JsonObject, parameterInvalid } from "#dialects/json-object.ts";
import { efforts } from "#dialects/model-facts.ts";
import { labelsFrom } from "#dialects/tuning.ts";
import {
  type ChatMessage,
  type ChatRequest,
  type ToolDefinition,
  ToolDefinitionSchema,
} from "#gen/polygate/v1/chat_pb.js";
import {
  type CacheMark,
  CacheMarkSchema,
  ResponseFormat_Kind as FormatKind,
  ToolChoice_Mode as Mode,
  OpaqueStateSchema,
  type Part,
  type ProviderOptions,
  type Reasoning,
  ReasoningSchema,
  type ResponseFormat,
  ResponseFormatSchema,
  type Sampling,
  SamplingSchema,
  type Speech,
  SpeechSchema,
  type ToolChoice,
  ToolChoiceSchema,
} from "#gen/polygate/v1/conversation_pb.js";

/** Vendors of the states in `reasoning_details`, by the beginning of their format. */
const stateVendors: ReadonlyMap<string, string> = new Map([
  ["anthropic", "anthropic"],
  ["google", "google"],
  ["openai", "openai"],
]);

/** Of parts of tomorrow, which only providers of the same dialect take. */
const partVendor = "openai-chat";

function cacheMarkOf(part: JsonObject): CacheMark | undefined {
  const mark = part.object("cache_control");
  const breakpoint = part.object("prompt_cache_breakpoint");
  if (mark === undefined && breakpoint === undefined) return undefined;
  mark?.ignore("type");
  breakpoint?.ignore("mode");
  const ttl = mark?.word("ttl", ["5m", "1h"]) ?? breakpoint?.word("ttl", ["30m", "12h"]) ?? "";
  return create(CacheMarkSchema, { ttl });
}

function imagePart(part: JsonObject, cache?: CacheMark): Part {
  const image = part.object("image_url");
  if (image === undefined) throw part.invalid("image_url", "is required");
  const media = mediaFromUrl(image.needText("url"));
  if (media === undefined) throw image.invalid("url", "expected an address or a base64 data URL");
  if (!isImage(media)) throw image.invalid("url", "its bytes are no image");
  media.detail = image.text("detail") ?? "";
  return partOf({ case: "image", value: media }, cache);
}

/** Audio, as both of OpenAI's APIs have it. */
export function audioPart(part: JsonObject, cache?: CacheMark): Part {
  const audio = part.object("input_audio");
  if (audio === undefined) throw part.invalid("input_audio", "is required");
  const data = bytesFromBase64(audio.needText("data"));
  if (data === undefined) throw audio.invalid("data", "expected base64");
  const value = mediaFromBytes(data, audioTypeOf(audio.needText("format")));
  return partOf({ case: "audio", value }, cache);
}

function filePart(part: JsonObject, cache?: CacheMark): Part {
  const file = part.object("file");
  if (file === undefined) throw part.invalid("file", "is required");
  const name = file.text("filename") ?? "";
  const fileId = file.text("file_id");
  if (fileId !== undefined) {
    return partOf(
      { case: "file", value: { source: { case: "fileId", value: fileId }, name } },
      cache,
    );
  }
  const media = mediaFromUrl(file.needText("file_data"));
  if (media === undefined) throw file.invalid("file_data", "expected a base64 data URL");
  media.name = name;
  return partOf({ case: "file", value: media }, cache);
}

function contentPart(part: JsonObject): Part {
  const cache = cacheMarkOf(part);
  const kind = part.needText("type");
  switch (kind) {
    case "text":
      return partOf({ case: "text", value: { text: part.needText("text") } }, cache);
    case "refusal":
      return partOf({ case: "refusal", value: { text: part.needText("refusal") } });
    case "image_url":
      return imagePart(part, cache);
    case "input_audio":
      return audioPart(part, cache);
    case "file":
      return filePart(part, cache);
    default:
      return partOf({ case: "provider", value: { vendor: partVendor, json: part.whole() } });
  }
}

/** Parts of `content`: text, or a list of parts. */
function contentOf(message: JsonObject): Part[] {
  const content = message.raw("content");
  if (content === undefined) return [];
  if (typeof content === "string") return content === "" ? [] : [textPart(content)];
  return message.objects("content").map((part) => placed(contentPart(part), part.path));
}

function reasoningDetail(detail: JsonObject): Part[] {
  detail.ignore("type", "index", "id");
  const vendor = stateVendors.get((detail.text("format") ?? "").split("-")[0] ?? "");
  const data = detail.text("signature") ?? detail.text("data");
  const state =
    vendor === undefined || data === undefined
      ? undefined
      : create(OpaqueStateSchema, { vendor, data });
  const text = detail.text("text") ?? detail.text("summary") ?? "";
  if (text === "" && state === undefined) return [];
  const part = thinkingPart(text, state);
  if (part.content.case === "thinking") part.content.value.redacted = detail.has("data");
  return [part];
}

/** What the model thought, in the two forms that clients send back. */
function thinkingOf(message: JsonObject): Part[] {
  const details = message
    .objects("reasoning_details")
    .flatMap((detail) => reasoningDetail(detail).map((part) => placed(part, detail.path)));
  // Both names are in use for one text.
  const [word, other] = ["reasoning_content", "reasoning"] as const;
  const text = message.text(word) ?? message.text(other);
  message.ignore(other);
  if (details.length > 0 || !text) return details;
  return [placed(thinkingPart(text), message.at(message.has(word) ? word : other))];
}

/** Calls of the assistant, in their present form and in the one before tools had ids. */
function callsOf(message: JsonObject): Part[] {
  const calls = message.objects("tool_calls").map((call) => placed(toolCall(call), call.path));
  const old = message.object("function_call");
  if (old === undefined) return calls;
  const name = old.needText("name");
  const call = toolCallPart({ id: name, name, arguments: old.text("arguments") ?? "" });
  return [...calls, placed(call, old.path)];
}

/** Sound that the assistant made before: whoever made it knows it by its id, and no one else. */
function spokenOf(message: JsonObject): Part[] {
  const audio = message.object("audio");
  if (audio === undefined) return [];
  const json = JSON.stringify({ type: "audio", audio: JSON.parse(audio.whole()) });
  return [placed(partOf({ case: "provider", value: { vendor: partVendor, json } }), audio.path)];
}

function toolCall(call: JsonObject): Part {
  const id = call.needText("id");
  call.ignore("type", "index");
  const signature = call.object("extra_content")?.object("google")?.text("thought_signature");
  const state =
    signature === undefined
      ? {}
      : { state: create(OpaqueStateSchema, { vendor: "google", data: signature }) };
  const custom = call.object("custom");
  if (custom !== undefined) {
    const value = { id, name: custom.needText("name"), arguments: custom.text("input") ?? "" };
    return toolCallPart({ ...value, freeForm: true, ...state });
  }
  const called = call.object("function");
  if (called === undefined) throw call.invalid("function", "is required");
  return toolCallPart({
    id,
    name: called.needText("name"),
    arguments: called.text("arguments") ?? "",
    ...state,
  });
}

const roles = ["system", "developer", "user", "assistant", "tool", "function"] as const;

function messageOf(message: JsonObject): ChatMessage {
  const role = message.word("role", roles);
  if (role === undefined) throw message.invalid("role", "is required");
  const parts = contentOf(message);
  switch (role) {
    case "developer":
    case "system":
      return turnOf("system", parts);
    case "user":
      return turnOf(role, parts);
    case "assistant": {
      const refusal = message.text("refusal");
      if (refusal) parts.push(partOf({ case: "refusal", value: { text: refusal } }));
      const thoughts = thinkingOf(message);
      return turnOf(role, [...thoughts, ...parts, ...spokenOf(message), ...callsOf(message)]);
    }
    case "tool": {
      const value = { callId: message.needText("tool_call_id"), parts };
      // The call tells it, too.
      message.ignore("name");
      const result = placed(partOf({ case: "toolResult", value }), message.path);
      return turnOf(role, [result]);
    }
    case "function": {
      const name = message.needText("name");
      const value = { callId: name, name, parts };
      return turnOf("tool", [partOf({ case: "toolResult", value })]);
    }
  }
}

function toolOf(tool: JsonObject): ToolDefinition {
  const kind = tool.text("type") ?? "function";
  const custom = tool.object("custom");
  if (kind === "custom" && custom !== undefined) {
    return create(ToolDefinitionSchema, {
      name: custom.needText("name"),
      description: custom.text("description") ?? "",
      freeForm: true,
      // The grammar of the text, for providers that have one.
      parametersJson: custom.json("format") ?? "",
    });
  }
  if (kind !== "function") {
    const provider = { vendor: "openai", json: tool.whole() };
    return create(ToolDefinitionSchema, { name: kind, provider });
  }
  const called = tool.object("function");
  if (called === undefined) throw tool.invalid("function", "is required");
  const parameters = called.raw("parameters");
  if (parameters !== undefined && !isObject(parameters)) {
    throw called.invalid("parameters", "expected a JSON Schema");
  }
  const cache = cacheMarkOf(tool);
  return create(ToolDefinitionSchema, {
    name: called.needText("name"),
    description: called.text("description") ?? "",
    parametersJson: called.json("parameters") ?? "",
    strict: called.flag("strict"),
    ...(cache === undefined ? {} : { cache }),
  });
}

const choiceModes = { none: Mode.NONE, auto: Mode.AUTO, required: Mode.ANY } as const;

/** The name that one entry of a choice means: a function's or a custom tool's. */
function chosenName(entry: JsonObject): string {
  entry.ignore("type");
  const named = entry.object("function") ?? entry.object("custom");
  return named?.needText("name") ?? entry.needText("name");
}

function toolChoiceOf(body: JsonObject): ToolChoice | undefined {
  if (typeof body.raw("tool_choice") === "string") {
    const word = body.word("tool_choice", ["none", "auto", "required"]);
    return create(ToolChoiceSchema, word === undefined ? {} : { mode: choiceModes[word] });
  }
  const named = body.object("tool_choice");
  if (named === undefined) return undefined;
  const kind = named.needText("type");
  if (kind === "function" || kind === "custom") {
    return create(ToolChoiceSchema, { mode: Mode.ANY, names: [chosenName(named)] });
  }
  const allowed = named.object("allowed_tools");
  if (kind !== "allowed_tools" || allowed === undefined) {
    throw named.invalid("type", "expected function, custom or allowed_tools");
  }
  const mode = allowed.word("mode", ["auto", "required"]) ?? "auto";
  return create(ToolChoiceSchema, {
    mode: choiceModes[mode],
    names: allowed.objects("tools").map(chosenName),
  });
}

function responseFormatOf(body: JsonObject): ResponseFormat | undefined {
  const format = body.object("response_format");
  if (format === undefined) return undefined;
  switch (format.word("type", ["text", "json_object", "json_schema"])) {
    case "json_schema": {
      const schema = format.object("json_schema");
      if (schema === undefined) throw format.invalid("json_schema", "is required");
      return create(ResponseFormatSchema, {
        kind: FormatKind.JSON_SCHEMA,
        schemaJson: schema.json("schema") ?? "{}",
        name: schema.text("name") ?? "",
        description: schema.text("description") ?? "",
        strict: schema.flag("strict"),
      });
    }
    case "json_object":
      return create(ResponseFormatSchema, { kind: FormatKind.JSON_OBJECT });
    case "text":
      return create(ResponseFormatSchema, { kind: FormatKind.TEXT });
    case undefined:
      throw format.invalid("type", "is required");
  }
}

function biasesOf(bias: JsonObject | undefined) {
  return Object.keys(bias?.value ?? {}).map((token) => ({
    token,
    bias: bias?.number(token, -100, 100) ?? 0,
  }));
}

const samplingFields = [
  ...["top_p", "top_k", "seed", "presence_penalty", "frequency_penalty"],
  ...["logprobs", "top_logprobs", "logit_bias"],
] as const;

function samplingOf(body: JsonObject): Sampling | undefined {
  if (!samplingFields.some((name) => body.has(name))) return undefined;
  return create(SamplingSchema, {
    topP: body.number("top_p", 0, 1),
    topK: body.integer("top_k", 0),
    seed: body.number("seed"),
    presencePenalty: body.number("presence_penalty", -2, 2),
    frequencyPenalty: body.number("frequency_penalty", -2, 2),
    logprobs: body.flag("logprobs"),
    topLogprobs: body.integer("top_logprobs", 0, 20),
    logitBias: biasesOf(body.object("logit_bias")),
  });
}

function reasoningOf(body: JsonObject): Reasoning | undefined {
  const effort = body.knownWord("reasoning_effort", efforts);
  return effort === undefined ? undefined : create(ReasoningSchema, { effort });
}

/** How a spoken response sounds. A voice that is an object is one of the client's own, at its provider. */
function speechOf(body: JsonObject): Speech | undefined {
  const audio = body.object("audio");
  if (audio === undefined) return undefined;
  const voice = isObject(audio.value.voice) ? "" : (audio.text("voice") ?? "");
  return create(SpeechSchema, { voice, format: audio.text("format") ?? "" });
}

/** What is asked for besides the conversation. */
function optionsOf(body: JsonObject): ProviderOptions {
  const speech = speechOf(body);
  return {
    $typeName: "polygate.v1.ProviderOptions",
    previousResponseId: "",
    conversationId: "",
    cacheKey: body.text("prompt_cache_key") ?? "",
    user: body.text("safety_identifier") ?? body.text("user") ?? "",
    serviceTier: body.text("service_tier") ?? "",
    verbosity: body.text("verbosity") ?? "",
    modalities: body.texts("modalities") ?? [],
    metadata: labelsFrom(body.textMap("metadata")),
    speech,
  };
}

function stopsOf(body: JsonObject): string[] {
  const stop = body.raw("stop");
  return typeof stop === "string" ? [stop] : (body.texts("stop") ?? []);
}

/** Reads the body of POST /v1/chat/completions. */
export function readRequest(value: unknown): ReadRequest {
  const body = new JsonObject(value);
  if (!body.has("messages") && body.has("input")) {
    throw parameterInvalid("input", "belongs to /v1/responses; chat completions take `messages`");
  }
  const messages = body.objects("messages");
  if (messages.length === 0) throw parameterInvalid("messages", "needs at least one message");
  const sampling = samplingOf(body);
  const toolChoice = toolChoiceOf(body);
  const responseFormat = responseFormatOf(body);
  const reasoning = reasoningOf(body);
  const maxTokens = body.integer("max_tokens", 1);
  // A literal, in full, because every call makes one.
  const request: ChatRequest = {
    $typeName: "polygate.v1.ChatRequest",
    message: "",
    context: "",
    sessionId: "",
    useTools: false,
    withParts: false,
    modelPreference: body.needText("model"),
    messages: messages.map(messageOf),
    tools: body.objects("tools").map(toolOf),
    maxTokens: body.integer("max_completion_tokens", 1) ?? maxTokens,
    temperature: body.number("temperature", 0, 2),
    stop: stopsOf(body),
    stream: body.flag("stream") ?? false,
    parallelToolCalls: body.flag("parallel_tool_calls"),
    choices: body.integer("n", 1, 128),
    providerOptions: optionsOf(body),
    sampling,
    toolChoice,
    responseFormat,
    reasoning,
  };
  requireChoosable(request, "tool_choice");
  if (body.value.store === false) body.ignore("store");
  const includeUsage = body.object("stream_options")?.flag("include_usage") ?? false;
  return { request, unknown: body.unread(), includeUsage };
}
