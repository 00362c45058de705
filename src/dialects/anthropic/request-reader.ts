/** Reads a request of Anthropic Messages into the canonical form. Pure. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { bytesFromBase64, isImage, mediaFromBytes } from "#chat/media.ts";
import { partOf, textPart, toolCallPart } from "#chat/parts.ts";
import { placed } from "#dialects/client-places.ts";
import { requireChoosable } from "#dialects/contradictions.ts";
import type { ReadRequest } from "#dialects/dialect.ts";
import { isObject, JsonObject, parameterInvalid } from "#dialects/json-object.ts";
import { openState } from "#dialects/opaque-state.ts";
import {
  type ChatMessage,
  ChatMessageSchema,
  ChatRequestSchema,
  type ToolDefinition,
  ToolDefinitionSchema,
} from "#gen/polygate/v1/chat_pb.js";
import {
  type CacheMark,
  CacheMarkSchema,
  ResponseFormat_Kind as FormatKind,
  type MediaPart,
  MediaPartSchema,
  ToolChoice_Mode as Mode,
  type Part,
  type Reasoning,
  Reasoning_Mode as ReasoningMode,
  ReasoningSchema,
  type ResponseFormat,
  ResponseFormatSchema,
  Reasoning_Show as Show,
  ToolChoiceSchema,
} from "#gen/polygate/v1/conversation_pb.js";

const vendor = "anthropic";
const efforts = ["low", "medium", "high", "xhigh", "max"] as const;

function cacheMarkOf(block: JsonObject): CacheMark | undefined {
  const mark = block.object("cache_control");
  if (mark === undefined) return undefined;
  mark.word("type", ["ephemeral"]);
  return create(CacheMarkSchema, { ttl: mark.word("ttl", ["5m", "1h"]) ?? "" });
}

function mediaOf(source: JsonObject): MediaPart {
  const kind = source.needText("type");
  switch (kind) {
    case "base64": {
      const data = bytesFromBase64(source.needText("data"));
      if (data === undefined) throw source.invalid("data", "expected base64");
      return mediaFromBytes(data, source.needText("media_type"));
    }
    case "url":
      return create(MediaPartSchema, { source: { case: "url", value: source.needText("url") } });
    case "file":
      return create(MediaPartSchema, {
        source: { case: "fileId", value: source.needText("file_id") },
      });
    case "text":
      source.ignore("media_type");
      return mediaFromBytes(Buffer.from(source.needText("data")), "text/plain");
    default:
      throw source.invalid("type", "expected base64, url, file or text");
  }
}

function sourceOf(block: JsonObject): JsonObject {
  const source = block.object("source");
  if (source === undefined) throw block.invalid("source", "is required");
  return source;
}

function documentParts(block: JsonObject, cache?: CacheMark): Part[] {
  const source = sourceOf(block);
  if (source.text("type") === "content") return contentOf(source);
  const media = mediaOf(source);
  media.name = block.text("title") ?? "";
  return [partOf({ case: "file", value: media }, cache)];
}

/** The input as the text that other dialects send it as. */
function argumentsOf(block: JsonObject): string {
  const input = block.raw("input") ?? {};
  if (!isObject(input)) throw block.invalid("input", "expected an object");
  return JSON.stringify(input);
}

function toolResult(block: JsonObject, cache?: CacheMark): Part {
  const value = {
    callId: block.needText("tool_use_id"),
    parts: contentOf(block),
    isError: block.flag("is_error") ?? false,
  };
  return partOf({ case: "toolResult", value }, cache);
}

function thinking(block: JsonObject): Part {
  const state = openState(block.text("signature") ?? "", vendor);
  const text = block.text("thinking") ?? "";
  return partOf({ case: "thinking", value: state.data === "" ? { text } : { text, state } });
}

/** Parts of a block. What only Anthropic understands goes back to it as it came. */
function blockParts(block: JsonObject): Part[] {
  const cache = cacheMarkOf(block);
  switch (block.needText("type")) {
    case "text": {
      const text = block.needText("text");
      // Clients keep empty blocks in their histories, which Anthropic itself refuses.
      if (text === "") return [];
      const annotationsJson = block.json("citations") ?? "";
      return [partOf({ case: "text", value: { text, annotationsJson } }, cache)];
    }
    case "image": {
      const source = sourceOf(block);
      const media = mediaOf(source);
      if (!isImage(media)) throw source.invalid("data", "its bytes are no image");
      return [partOf({ case: "image", value: media }, cache)];
    }
    case "document":
      return documentParts(block, cache);
    case "thinking":
      return [thinking(block)];
    case "redacted_thinking": {
      const state = openState(block.needText("data"), vendor);
      return [partOf({ case: "thinking", value: { state, redacted: true } })];
    }
    case "tool_use":
      // Whom else a program of the model's calls for is said.
      if (isObject(block.value.caller) && block.value.caller.type === "direct") {
        block.ignore("caller");
      }
      return [
        partOf(
          toolCallPart({
            id: block.needText("id"),
            name: block.needText("name"),
            arguments: argumentsOf(block),
          }).content as Parameters<typeof partOf>[0],
          cache,
        ),
      ];
    case "tool_result":
      return [toolResult(block, cache)];
    case "tool_reference":
      return [textPart(`The tool ${block.text("tool_name") ?? ""} is available.`)];
    default:
      return [partOf({ case: "provider", value: { vendor, json: block.whole() } })];
  }
}

/** Parts of `content`: text, or a list of blocks. */
function contentOf(holder: JsonObject): Part[] {
  const content = holder.raw("content");
  if (content === undefined) return [];
  if (typeof content === "string") return content === "" ? [] : [textPart(content)];
  return holder.objects("content").flatMap(placedBlock);
}

/** Parts of a block, which know where it stood. */
function placedBlock(block: JsonObject): Part[] {
  return blockParts(block).map((part) => placed(part, block.path));
}

function messageOf(message: JsonObject): ChatMessage {
  const role = message.word("role", ["user", "assistant", "system"]);
  if (role === undefined) throw message.invalid("role", "is required");
  if (!message.has("content")) throw message.invalid("content", "is required");
  return create(ChatMessageSchema, { role, parts: contentOf(message) });
}

function systemOf(body: JsonObject): ChatMessage[] {
  const system = body.raw("system");
  if (system === undefined || system === "") return [];
  const parts =
    typeof system === "string" ? [textPart(system)] : body.objects("system").flatMap(placedBlock);
  return parts.length === 0 ? [] : [create(ChatMessageSchema, { role: "system", parts })];
}

function toolOf(tool: JsonObject): ToolDefinition {
  const kind = tool.text("type") ?? "custom";
  const name = tool.needText("name");
  const cache = cacheMarkOf(tool);
  if (kind !== "custom") {
    const provider = { vendor, json: tool.whole() };
    return create(ToolDefinitionSchema, { name, provider });
  }
  const schema = tool.raw("input_schema");
  if (!isObject(schema)) throw tool.invalid("input_schema", "expected a JSON Schema");
  return create(ToolDefinitionSchema, {
    name,
    description: tool.text("description") ?? "",
    parametersJson: JSON.stringify(schema),
    strict: tool.flag("strict"),
    ...(cache === undefined ? {} : { cache }),
  });
}

const choiceModes = { auto: Mode.AUTO, any: Mode.ANY, tool: Mode.ANY, none: Mode.NONE } as const;

function toolChoiceOf(body: JsonObject) {
  const choice = body.object("tool_choice");
  if (choice === undefined) return {};
  const kind = choice.word("type", ["auto", "any", "tool", "none"]);
  if (kind === undefined) throw choice.invalid("type", "is required");
  const toolChoice = create(ToolChoiceSchema, {
    mode: choiceModes[kind],
    names: kind === "tool" ? [choice.needText("name")] : [],
  });
  return choice.flag("disable_parallel_tool_use") === true
    ? { toolChoice, parallelToolCalls: false }
    : { toolChoice };
}

const thinkingModes = {
  adaptive: ReasoningMode.ADAPTIVE,
  enabled: ReasoningMode.ON,
  between_tools: ReasoningMode.ON,
  disabled: ReasoningMode.OFF,
} as const;

function reasoningOf(body: JsonObject): Reasoning | undefined {
  const told = body.object("thinking");
  const effort = body.object("output_config")?.knownWord("effort", efforts);
  if (told === undefined && effort === undefined) return undefined;
  const mode = told?.word("type", ["adaptive", "enabled", "disabled", "between_tools"]);
  const display = told?.word("display", ["summarized", "omitted"]);
  const reasoning: MessageInitShape<typeof ReasoningSchema> = {
    effort: effort ?? "",
    budgetTokens: told?.integer("budget_tokens", 1),
  };
  if (mode !== undefined) reasoning.mode = thinkingModes[mode];
  if (display !== undefined) reasoning.show = display === "omitted" ? Show.NONE : Show.SUMMARY;
  return create(ReasoningSchema, reasoning);
}

function responseFormatOf(body: JsonObject): ResponseFormat | undefined {
  const format = body.object("output_config")?.object("format") ?? body.object("output_format");
  if (format === undefined) return undefined;
  format.word("type", ["json_schema"]);
  const schemaJson = format.json("schema");
  if (schemaJson === undefined) throw format.invalid("schema", "is required");
  return create(ResponseFormatSchema, { kind: FormatKind.JSON_SCHEMA, schemaJson });
}

/** Reads the body of POST /v1/messages. */
export function readRequest(value: unknown): ReadRequest {
  const read = readMessages(value);
  if (read.request.maxTokens === undefined) throw parameterInvalid("max_tokens", "is required");
  return read;
}

/** Reads the body of POST /v1/messages/count_tokens: the same, but nothing is to be written. */
export function readMessages(value: unknown): ReadRequest {
  const body = new JsonObject(value);
  const messages = body.objects("messages");
  if (messages.length === 0) throw parameterInvalid("messages", "needs at least one message");
  const reasoning = reasoningOf(body);
  const responseFormat = responseFormatOf(body);
  const topP = body.number("top_p", 0, 1);
  const topK = body.integer("top_k", 0);
  const request = create(ChatRequestSchema, {
    modelPreference: body.needText("model"),
    messages: [...systemOf(body), ...messages.map(messageOf)],
    tools: body.objects("tools").map(toolOf),
    maxTokens: body.integer("max_tokens", 0),
    temperature: body.number("temperature", 0, 1),
    stop: body.texts("stop_sequences") ?? [],
    stream: body.flag("stream") ?? false,
    providerOptions: {
      user: body.object("metadata")?.text("user_id") ?? "",
      serviceTier: body.text("service_tier") ?? "",
    },
    ...toolChoiceOf(body),
    ...(topP === undefined && topK === undefined ? {} : { sampling: { topP, topK } }),
    ...(reasoning === undefined ? {} : { reasoning }),
    ...(responseFormat === undefined ? {} : { responseFormat }),
  });
  requireChoosable(request, "tool_choice");
  return { request, unknown: body.unread() };
}
