/** Reads a request of OpenAI Responses into the canonical form. Pure. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { isImage, mediaFromUrl } from "#chat/media.ts";
import { partOf, textPart, toolCallPart } from "#chat/parts.ts";
import { placed } from "#dialects/client-places.ts";
import { requireChoosable } from "#dialects/contradictions.ts";
import type { ReadRequest } from "#dialects/dialect.ts";
import { isObject, JsonObject, parameterInvalid } from "#dialects/json-object.ts";
import { efforts } from "#dialects/model-facts.ts";
import { openState } from "#dialects/opaque-state.ts";
import { audioPart } from "#dialects/openai-chat/request-reader.ts";
import { labelsFrom } from "#dialects/tuning.ts";
import {
  type ChatMessage,
  ChatMessageSchema,
  type ChatRequest,
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
  ReasoningSchema,
  type ResponseFormat,
  ResponseFormatSchema,
  Reasoning_Show as Show,
  ToolChoiceSchema,
} from "#gen/polygate/v1/conversation_pb.js";

const vendor = "openai";

function mediaAt(holder: JsonObject, name: string) {
  const url = holder.text(name);
  if (url === undefined) {
    return create(MediaPartSchema, {
      source: { case: "fileId", value: holder.needText("file_id") },
    });
  }
  const media = mediaFromUrl(url);
  if (media === undefined) throw holder.invalid(name, "expected an address or a base64 data URL");
  return media;
}

function filePart(part: JsonObject): Part {
  const media = mediaAt(part, part.has("file_data") ? "file_data" : "file_url");
  media.name = part.text("filename") ?? "";
  return partOf({ case: "file", value: media });
}

function contentPart(part: JsonObject): Part {
  switch (part.needText("type")) {
    case "input_text":
    case "output_text":
    case "text":
    case "summary_text":
      return textPart(part.needText("text"));
    case "refusal":
      return partOf({ case: "refusal", value: { text: part.needText("refusal") } });
    case "input_image": {
      const media = mediaAt(part, "image_url");
      if (!isImage(media)) throw part.invalid("image_url", "its bytes are no image");
      media.detail = part.text("detail") ?? "";
      return partOf({ case: "image", value: media });
    }
    case "input_file":
      return filePart(part);
    case "input_audio":
      return audioPart(part);
    default:
      return providerPart(part);
  }
}

/** A part of tomorrow, or an item: only a provider of the same dialect takes it. */
function providerPart(part: JsonObject): Part {
  return partOf({ case: "provider", value: { vendor, json: part.whole() } });
}

/** Parts of a field that holds text or a list of parts. */
function partsAt(holder: JsonObject, name: string): Part[] {
  const content = holder.raw(name);
  if (content === undefined || content === "") return [];
  if (typeof content === "string") return [textPart(content)];
  return holder.objects(name).map((part) => placed(contentPart(part), part.path));
}

function reasoningItem(item: JsonObject): Part {
  const words = [...item.objects("summary"), ...item.objects("content")];
  for (const part of words) part.ignore("type");
  const text = words.map((part) => part.text("text") ?? "").join("\n");
  const sealed = item.text("encrypted_content");
  return partOf({
    case: "thinking",
    value: sealed === undefined ? { text } : { text, state: openState(sealed, vendor) },
  });
}

/** The turn that an item belongs to, and its parts. */
function turnOf(item: JsonObject): { readonly role: string; readonly parts: Part[] } {
  // Whose response an item was, and how far: it is here now.
  item.ignore("id", "status");
  switch (item.text("type") ?? "message") {
    case "message": {
      const role = item.word("role", ["user", "assistant", "system", "developer"]);
      if (role === undefined) throw item.invalid("role", "is required");
      return { role: role === "developer" ? "system" : role, parts: partsAt(item, "content") };
    }
    case "function_call": {
      const call = {
        id: item.needText("call_id"),
        name: item.needText("name"),
        namespace: item.text("namespace") ?? "",
        arguments: item.text("arguments") ?? "",
      };
      return { role: "assistant", parts: [placed(toolCallPart(call), item.path)] };
    }
    case "custom_tool_call": {
      const part = toolCallPart({
        id: item.needText("call_id"),
        name: item.needText("name"),
        namespace: item.text("namespace") ?? "",
        arguments: item.text("input") ?? "",
        freeForm: true,
      });
      return { role: "assistant", parts: [placed(part, item.path)] };
    }
    case "function_call_output":
    case "custom_tool_call_output": {
      const value = { callId: item.needText("call_id"), parts: partsAt(item, "output") };
      const result = partOf({ case: "toolResult", value });
      return { role: "tool", parts: [placed(result, item.path)] };
    }
    case "reasoning":
      return { role: "assistant", parts: [placed(reasoningItem(item), item.path)] };
    default:
      return { role: "assistant", parts: [placed(providerPart(item), item.path)] };
  }
}

/** The turns of `input`: items of the assistant that follow each other are one turn. */
function messagesOf(body: JsonObject): ChatMessage[] {
  const input = body.raw("input");
  const instructions = body.text("instructions");
  const messages: ChatMessage[] = [];
  const add = (role: string, parts: Part[]) =>
    messages.push(create(ChatMessageSchema, { role, parts }));
  if (instructions) add("system", [textPart(instructions)]);
  if (typeof input === "string") {
    add("user", [textPart(input)]);
    return messages;
  }
  for (const item of body.objects("input")) {
    const { role, parts } = turnOf(item);
    const last = messages.at(-1);
    if (role === "assistant" && last?.role === "assistant") last.parts.push(...parts);
    else add(role, parts);
  }
  return messages;
}

function functionTool(tool: JsonObject, namespace: string): ToolDefinition {
  const parameters = tool.raw("parameters");
  if (parameters !== undefined && !isObject(parameters)) {
    throw tool.invalid("parameters", "expected a JSON Schema");
  }
  return create(ToolDefinitionSchema, {
    name: tool.needText("name"),
    namespace,
    description: tool.text("description") ?? "",
    parametersJson: tool.json("parameters") ?? "",
    strict: tool.flag("strict"),
  });
}

function toolsOf(tool: JsonObject, namespace = ""): ToolDefinition[] {
  const kind = tool.needText("type");
  switch (kind) {
    case "function":
      return [functionTool(tool, namespace)];
    case "custom":
      return [
        create(ToolDefinitionSchema, {
          name: tool.needText("name"),
          namespace,
          description: tool.text("description") ?? "",
          freeForm: true,
          parametersJson: tool.json("format") ?? "",
        }),
      ];
    case "namespace": {
      const name = tool.needText("name");
      return tool.objects("tools").flatMap((inner) => toolsOf(inner, name));
    }
    default: {
      const provider = { vendor, json: tool.whole() };
      return [create(ToolDefinitionSchema, { name: kind, provider })];
    }
  }
}

/** The field that holds a tool's name: those that providers run are known by their type. */
function nameOrType(tool: JsonObject): "name" | "type" {
  tool.ignore("type");
  return tool.has("name") ? "name" : "type";
}

const choiceModes = { none: Mode.NONE, auto: Mode.AUTO, required: Mode.ANY } as const;

function toolChoiceOf(body: JsonObject) {
  if (typeof body.raw("tool_choice") === "string") {
    const word = body.word("tool_choice", ["none", "auto", "required"]) ?? "auto";
    return { toolChoice: create(ToolChoiceSchema, { mode: choiceModes[word] }) };
  }
  const named = body.object("tool_choice");
  if (named === undefined) return {};
  const kind = named.needText("type");
  if (kind === "allowed_tools") {
    const mode = named.word("mode", ["auto", "required"]) ?? "auto";
    const names = named.objects("tools").map((tool) => tool.needText(nameOrType(tool)));
    return { toolChoice: create(ToolChoiceSchema, { mode: choiceModes[mode], names }) };
  }
  const name = named.text("name") ?? kind;
  return { toolChoice: create(ToolChoiceSchema, { mode: Mode.ANY, names: [name] }) };
}

function responseFormatOf(text: JsonObject | undefined): ResponseFormat | undefined {
  const format = text?.object("format");
  switch (format?.word("type", ["text", "json_object", "json_schema"])) {
    case "json_schema":
      return create(ResponseFormatSchema, {
        kind: FormatKind.JSON_SCHEMA,
        name: format?.text("name") ?? "",
        description: format?.text("description") ?? "",
        schemaJson: format?.json("schema") ?? "{}",
        strict: format?.flag("strict"),
      });
    case "json_object":
      return create(ResponseFormatSchema, { kind: FormatKind.JSON_OBJECT });
    case "text":
      return create(ResponseFormatSchema, { kind: FormatKind.TEXT });
    default:
      return undefined;
  }
}

function reasoningOf(body: JsonObject): Reasoning | undefined {
  const told = body.object("reasoning");
  if (told === undefined) return undefined;
  const reasoning: MessageInitShape<typeof ReasoningSchema> = {
    effort: told.knownWord("effort", efforts) ?? "",
  };
  if (told.knownWord("summary", ["auto", "concise", "detailed"]) !== undefined) {
    reasoning.show = Show.SUMMARY;
  }
  return create(ReasoningSchema, reasoning);
}

function conversationIdOf(body: JsonObject): string {
  const conversation = body.raw("conversation");
  if (conversation === undefined) return "";
  if (body.has("previous_response_id")) {
    throw body.invalid("conversation", "goes without `previous_response_id`");
  }
  return typeof conversation === "string"
    ? conversation
    : (body.object("conversation")?.needText("id") ?? "");
}

/** Whether there may be tools beside the list of them: in items, or in a prompt that the provider keeps. */
function hasToolsElsewhere({ value }: JsonObject, { messages }: ChatRequest): boolean {
  const hasItems = messages.some(({ parts }) =>
    parts.some(({ content }) => content.case === "provider"),
  );
  return hasItems || Object.hasOwn(value, "prompt");
}

/** What is to come besides: the state of thoughts always does. */
const includedAnyway = "reasoning.encrypted_content";
const includedLogprobs = "message.output_text.logprobs";

/** Whether probabilities of tokens are to come. What else is to come is left unread, and so named. */
function includesLogprobs(body: JsonObject): boolean {
  const included = body.texts("include") ?? [];
  const isKnown = (name: string) => name === includedAnyway || name === includedLogprobs;
  if (!included.every(isKnown)) body.leaveUnread("include");
  return included.includes(includedLogprobs);
}

/** Reads the body of POST /v1/responses. */
export function readRequest(value: unknown): ReadRequest {
  const body = new JsonObject(value);
  if (!body.has("input") && body.has("messages")) {
    throw parameterInvalid("messages", "belongs to /v1/chat/completions; responses take `input`");
  }
  const messages = messagesOf(body);
  if (messages.length === 0) throw parameterInvalid("input", "is required");
  const text = body.object("text");
  const reasoning = reasoningOf(body);
  const responseFormat = responseFormatOf(text);
  const topP = body.number("top_p", 0, 1);
  const topLogprobs = body.integer("top_logprobs", 0, 20);
  const logprobs = includesLogprobs(body) ? true : undefined;
  const isSampled = [topP, topLogprobs, logprobs].some((value) => value !== undefined);
  const request = create(ChatRequestSchema, {
    modelPreference: body.needText("model"),
    messages,
    tools: body.objects("tools").flatMap((tool) => toolsOf(tool)),
    maxTokens: body.integer("max_output_tokens", 1),
    temperature: body.number("temperature", 0, 2),
    stream: body.flag("stream") ?? false,
    parallelToolCalls: body.flag("parallel_tool_calls"),
    providerOptions: {
      cacheKey: body.text("prompt_cache_key") ?? "",
      user: body.text("safety_identifier") ?? body.text("user") ?? "",
      serviceTier: body.text("service_tier") ?? "",
      verbosity: text?.text("verbosity") ?? "",
      metadata: labelsFrom(body.textMap("metadata")),
      previousResponseId: body.text("previous_response_id") ?? "",
      conversationId: conversationIdOf(body),
      store: body.flag("store"),
      background: body.flag("background"),
    },
    ...(isSampled ? { sampling: { topP, topLogprobs, logprobs } } : {}),
    ...toolChoiceOf(body),
    ...(reasoning === undefined ? {} : { reasoning }),
    ...(responseFormat === undefined ? {} : { responseFormat }),
  });
  if (!hasToolsElsewhere(body, request)) requireChoosable(request, "tool_choice");
  // Nothing is ever cut off without a word.
  if (body.value.truncation === "disabled") body.ignore("truncation");
  return { request, unknown: body.unread() };
}
