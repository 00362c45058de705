/** Reads a request of Gemini's generateContent into the canonical form. Pure. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { bytesFromBase64, isImage, mediaFromBytes } from "#chat/media.ts";
import { partOf, textPart, toolCallPart } from "#chat/parts.ts";
import { placed } from "#dialects/client-places.ts";
import { requireChoosable } from "#dialects/contradictions.ts";
import type { ReadRequest } from "#dialects/dialect.ts";
import { isObject, type JsonObject } from "#dialects/json-object.ts";
import {
  type ChatMessage,
  ChatMessageSchema,
  ChatRequestSchema,
  type ToolDefinition,
  ToolDefinitionSchema,
} from "#gen/polygate/v1/chat_pb.js";
import {
  ResponseFormat_Kind as FormatKind,
  MediaPartSchema,
  ToolChoice_Mode as Mode,
  type Part,
  type Reasoning,
  Reasoning_Mode as ReasoningMode,
  ReasoningSchema,
  type ResponseFormat,
  ResponseFormatSchema,
  type Sampling,
  SamplingSchema,
  Reasoning_Show as Show,
  ToolChoiceSchema,
} from "#gen/polygate/v1/conversation_pb.js";
import { partKindOf } from "./media-kind.ts";
import { ProtoObject } from "./proto-object.ts";
import { jsonSchemaOf } from "./schema.ts";
import { readSignature } from "./signature.ts";

const vendor = "google";

/** Call ids that clients leave out: the name and how many calls of it came before. */
class CallIds {
  readonly #calls = new Map<string, number>();
  readonly #results = new Map<string, number>();

  call(name: string): string {
    return this.#next(this.#calls, name);
  }

  result(name: string): string {
    return this.#next(this.#results, name);
  }

  #next(counts: Map<string, number>, name: string): string {
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return `${name}_${count}`;
  }
}

function inlineMedia(part: JsonObject): Part {
  const inline = part.object("inlineData");
  if (inline === undefined) throw part.invalid("inlineData", "is required");
  const mediaType = inline.needText("mimeType");
  const data = bytesFromBase64(inline.needText("data"));
  if (data === undefined) throw inline.invalid("data", "expected base64");
  const media = mediaFromBytes(data, mediaType);
  const kind = partKindOf(mediaType);
  if (kind === "image" && !isImage(media)) throw inline.invalid("data", "its bytes are no image");
  return partOf({ case: kind, value: media });
}

function fileMedia(file: JsonObject): Part {
  const mediaType = file.text("mimeType") ?? "";
  const uri = file.needText("fileUri");
  const isWeb = /^https?:/.test(uri) && !uri.includes("/v1beta/files/");
  const value = create(MediaPartSchema, {
    source: isWeb ? { case: "url", value: uri } : { case: "fileId", value: uri },
    mediaType,
  });
  return partOf({ case: partKindOf(mediaType), value });
}

function resultPart(response: JsonObject, ids: CallIds): Part {
  const name = response.needText("name");
  const told = response.object("response");
  const error = told?.raw("error");
  const output = error ?? told?.raw("output") ?? told?.value ?? "";
  // Without either it is reported whole.
  if (told !== undefined && output === told.value) told.whole();
  const text = typeof output === "string" ? output : JSON.stringify(output);
  const media = response.objects("parts").map((part) => placed(inlineMedia(part), part.path));
  return partOf({
    case: "toolResult",
    value: {
      callId: response.text("id") ?? ids.result(name),
      name,
      parts: [...(text === "" ? [] : [textPart(text)]), ...media],
      isError: error !== undefined,
    },
  });
}

function callPart(call: JsonObject, signature: string | undefined, ids: CallIds): Part {
  const args = call.raw("args") ?? {};
  if (!isObject(args)) throw call.invalid("args", "expected an object");
  const name = call.needText("name");
  const state = signature === undefined ? {} : { state: readSignature(signature) };
  const generated = ids.call(name);
  return toolCallPart({
    id: call.text("id") ?? generated,
    name,
    arguments: JSON.stringify(args),
    ...state,
  });
}

function partsOf(part: JsonObject, ids: CallIds): Part[] {
  const signature = part.text("thoughtSignature");
  const call = part.object("functionCall");
  if (call !== undefined) return [callPart(call, signature, ids)];
  const response = part.object("functionResponse");
  if (response !== undefined) return [resultPart(response, ids)];
  const state = signature === undefined ? {} : { state: readSignature(signature) };
  const text = part.text("text");
  if (part.flag("thought") === true) {
    return [partOf({ case: "thinking", value: { text: text ?? "", ...state } })];
  }
  if (text !== undefined) {
    const thoughts =
      signature === undefined ? [] : [partOf({ case: "thinking", value: { text: "", ...state } })];
    return text === "" ? thoughts : [textPart(text), ...thoughts];
  }
  const file = part.object("fileData");
  if (file !== undefined) return [fileMedia(file)];
  if (part.has("inlineData")) return [inlineMedia(part)];
  return [partOf({ case: "provider", value: { vendor, json: part.whole() } })];
}

function messageOf(content: JsonObject, ids: CallIds): ChatMessage {
  const role = content.word("role", ["user", "model", "function"]) ?? "user";
  const parts = content
    .objects("parts")
    .flatMap((part) => partsOf(part, ids).map((read) => placed(read, part.path)));
  return create(ChatMessageSchema, { role: role === "model" ? "assistant" : "user", parts });
}

function systemOf(body: JsonObject, ids: CallIds): ChatMessage[] {
  const name = "systemInstruction";
  const told = body.raw(name);
  const system = typeof told === "string" ? undefined : body.object(name);
  system?.ignore("role");
  const parts =
    typeof told === "string"
      ? [textPart(told)]
      : (system?.objects("parts") ?? []).flatMap((part) =>
          partsOf(part, ids).map((read) => placed(read, part.path)),
        );
  return parts.length === 0 ? [] : [create(ChatMessageSchema, { role: "system", parts })];
}

/** A schema of Gemini's own kind, as JSON Schema; undefined when it is absent. */
function schemaJson(object: JsonObject, name: string): string | undefined {
  const schema = object.raw(name);
  return schema === undefined ? undefined : JSON.stringify(jsonSchemaOf(schema));
}

function toolsOf(tool: JsonObject): ToolDefinition[] {
  const declarations = tool.objects("functionDeclarations");
  const own = tool.at("functionDeclarations");
  const hosted = Object.keys(tool.value).filter((name) => tool.at(name) !== own);
  tool.ignore(...hosted);
  return [
    ...declarations.map((declaration) =>
      create(ToolDefinitionSchema, {
        name: declaration.needText("name"),
        description: declaration.text("description") ?? "",
        parametersJson:
          declaration.json("parametersJsonSchema") ?? schemaJson(declaration, "parameters") ?? "",
      }),
    ),
    ...hosted.map((name) =>
      create(ToolDefinitionSchema, {
        name,
        provider: { vendor, json: JSON.stringify({ [name]: tool.value[name] }) },
      }),
    ),
  ];
}

const choiceModes = {
  AUTO: Mode.AUTO,
  VALIDATED: Mode.AUTO,
  ANY: Mode.ANY,
  NONE: Mode.NONE,
  MODE_UNSPECIFIED: Mode.UNSPECIFIED,
} as const;

function toolChoiceOf(body: JsonObject) {
  const config = body.object("toolConfig")?.object("functionCallingConfig");
  if (config === undefined) return {};
  const mode = config.anyCaseWord("mode", ["AUTO", "ANY", "NONE", "VALIDATED", "MODE_UNSPECIFIED"]);
  const names = config.texts("allowedFunctionNames") ?? [];
  return { toolChoice: create(ToolChoiceSchema, { mode: choiceModes[mode ?? "AUTO"], names }) };
}

const levels = {
  MINIMAL: "minimal",
  LOW: "low",
  MEDIUM: "medium",
  HIGH: "high",
  XHIGH: "xhigh",
  THINKING_LEVEL_UNSPECIFIED: "",
} as const;
const levelWords = Object.keys(levels) as (keyof typeof levels)[];

function reasoningOf(config: JsonObject): Reasoning | undefined {
  const thinking = config.object("thinkingConfig");
  if (thinking === undefined) return undefined;
  const level = thinking.anyCaseWord("thinkingLevel", levelWords);
  const budget = thinking.integer("thinkingBudget", -1);
  if (level !== undefined && budget !== undefined) {
    throw thinking.invalid("thinkingBudget", "goes without `thinkingLevel`");
  }
  const shown = thinking.flag("includeThoughts");
  const reasoning: MessageInitShape<typeof ReasoningSchema> = {
    effort: level === undefined ? "" : levels[level],
    ...(budget === undefined || budget < 1 ? {} : { budgetTokens: budget }),
    ...(budget === 0 ? { mode: ReasoningMode.OFF } : {}),
    ...(budget === -1 ? { mode: ReasoningMode.ADAPTIVE } : {}),
    ...(shown === undefined ? {} : { show: shown ? Show.SUMMARY : Show.NONE }),
  };
  return create(ReasoningSchema, reasoning);
}

function responseFormatOf(config: JsonObject): ResponseFormat | undefined {
  const mimeType = config.knownWord("responseMimeType", ["application/json", "text/plain"]);
  const schema = config.json("responseJsonSchema") ?? schemaJson(config, "responseSchema");
  if (schema !== undefined) {
    return create(ResponseFormatSchema, { kind: FormatKind.JSON_SCHEMA, schemaJson: schema });
  }
  return mimeType === "application/json"
    ? create(ResponseFormatSchema, { kind: FormatKind.JSON_OBJECT })
    : undefined;
}

/** The voice of a spoken response. */
function voiceOf(config: JsonObject): string | undefined {
  return config
    .object("speechConfig")
    ?.object("voiceConfig")
    ?.object("prebuiltVoiceConfig")
    ?.text("voiceName");
}

function samplingOf(config: JsonObject): Sampling {
  return create(SamplingSchema, {
    topP: config.number("topP", 0, 1),
    topK: config.integer("topK", 0),
    seed: config.number("seed"),
    presencePenalty: config.number("presencePenalty", -2, 2),
    frequencyPenalty: config.number("frequencyPenalty", -2, 2),
    logprobs: config.flag("responseLogprobs"),
    topLogprobs: config.integer("logprobs", 0, 20),
  });
}

/**
 * Reads the body of POST /v1beta/models/{model}:generateContent; `model` and `stream` stand in the
 * URL. `path` is the body's place where it is a part of another one.
 */
export function readGenerateContent(
  value: unknown,
  model: string,
  stream: boolean,
  path = "",
): ReadRequest {
  const body = new ProtoObject(value, path);
  const contents = body.objects("contents");
  if (contents.length === 0) throw body.invalid("contents", "needs at least one content");
  const config =
    body.object("generationConfig") ?? new ProtoObject({}, body.at("generationConfig"));
  const ids = new CallIds();
  const reasoning = reasoningOf(config);
  const responseFormat = responseFormatOf(config);
  const voice = voiceOf(config);
  const request = create(ChatRequestSchema, {
    modelPreference: model,
    stream,
    messages: [...systemOf(body, ids), ...contents.map((content) => messageOf(content, ids))],
    tools: body.objects("tools").flatMap(toolsOf),
    maxTokens: config.integer("maxOutputTokens", 1),
    temperature: config.number("temperature", 0, 2),
    stop: config.texts("stopSequences") ?? [],
    choices: config.integer("candidateCount", 1, 128),
    sampling: samplingOf(config),
    providerOptions: {
      serviceTier: body.text("serviceTier") ?? "",
      modalities: (config.texts("responseModalities") ?? []).map((name) => name.toLowerCase()),
      ...(voice === undefined ? {} : { speech: { voice } }),
    },
    ...toolChoiceOf(body),
    ...(reasoning === undefined ? {} : { reasoning }),
    ...(responseFormat === undefined ? {} : { responseFormat }),
  });
  // What is cached may hold tools, too.
  if (!Object.hasOwn(body.value, "cachedContent")) {
    requireChoosable(request, body.at("toolConfig.functionCallingConfig"));
  }
  return { request, unknown: body.unread() };
}

/** The same for a body that names its model, as tests and batches have it. */
export function readRequest(value: unknown): ReadRequest {
  const body = new ProtoObject(value);
  return readGenerateContent(value, body.text("model") ?? "", false);
}
