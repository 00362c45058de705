/** Writes a canonical request in the format of Ollama's chat. Pure. */

import { base64Of } from "#chat/media.ts";
import { textOf } from "#chat/parts.ts";
import type { Target, WrittenRequest } from "#dialects/dialect.ts";
import { effortOf, isWishAlone } from "#dialects/effort.ts";
import { isForeignPrompt } from "#dialects/foreign-prompt.ts";
import { droppedDetails } from "#dialects/lost-details.ts";
import { describedSchema, refuseLogprobs, refuseOtherThanText } from "#dialects/lost-shape.ts";
import type { Effort } from "#dialects/model-facts.ts";
import { type PlacedPart, placedParts } from "#dialects/placed-part.ts";
import { leaveOut } from "#dialects/provider-part.ts";
import { refuseStoredState } from "#dialects/stored-state.ts";
import { argumentsObject, parametersOf } from "#dialects/tool-arguments.ts";
import { flatNameOf } from "#dialects/tool-names.ts";
import { droppedTuning } from "#dialects/tuning.ts";
import { unsupported } from "#dialects/upstream-error.ts";
import type { ChatMessage, ChatRequest, ToolDefinition } from "#gen/polygate/v1/chat_pb.js";
import {
  ResponseFormat_Kind as FormatKind,
  ToolChoice_Mode as Mode,
  type Part,
  Reasoning_Mode as ReasoningMode,
  Reasoning_Show as Show,
  type ToolCallPart,
  type ToolResultPart,
} from "#gen/polygate/v1/conversation_pb.js";

type Fields = Record<string, unknown>;

/** Sets the fields that have a value. */
function defined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Where a part of a kind came from, in the client's own words. */
const clientNames: Readonly<Record<string, string>> = { image: "image_url", audio: "input_audio" };

/** Base64 of the images of a turn. Throws PARAMETER_UNSUPPORTED for other media, and what is elsewhere. */
function imagesOf(parts: readonly PlacedPart[], role: string, dropped: string[]): string[] {
  return parts.flatMap(({ part: { content }, at }) => {
    switch (content.case) {
      case "image": {
        const { source } = content.value;
        if (source.case === "data") return [base64Of(source.value)];
        throw unsupported(
          `${at}.${clientNames.image}`,
          "the provider fetches nothing: send the bytes",
        );
      }
      case "audio":
      case "video":
        throw unsupported(at, `${content.case} is not taken`);
      case "file":
        if (content.value.source.case === "data" && content.value.mediaType.startsWith("text/"))
          return [];
        throw unsupported(at, "files are not taken");
      case "provider":
        leaveOut(content.value, at, role, dropped);
        return [];
      default:
        return [];
    }
  });
}

/** Words of a turn, those of text files included. */
function wordsOf(parts: readonly Part[]): string {
  return parts
    .map((part) => {
      const { content } = part;
      const isText = content.case === "file" && content.value.source.case === "data";
      if (content.case === "refusal") return content.value.text;
      return isText
        ? Buffer.from(content.value.source.value as Uint8Array).toString()
        : textOf(part);
    })
    .filter((words) => words !== "")
    .join("\n");
}

/** A result is a message of its own. */
function resultMessage(
  { callId, parts, name }: ToolResultPart,
  names: Map<string, string>,
): Fields {
  const tool = names.get(callId) ?? name;
  return { role: "tool", content: wordsOf(parts), tool_name: tool, tool_call_id: callId };
}

/** A call, whose name its result will want. */
function callOf(call: ToolCallPart, names: Map<string, string>): Fields {
  const name = flatNameOf(call);
  names.set(call.id, name);
  return { function: { name, arguments: argumentsObject(call) } };
}

/** The messages of a turn; each result is one of its own. */
function messagesOf(
  { role, parts }: ChatMessage,
  place: string,
  names: Map<string, string>,
  dropped: string[],
): Fields[] {
  const results: { readonly value: ToolResultPart; readonly at: string }[] = [];
  const calls: Fields[] = [];
  const thoughts: string[] = [];
  const rest: PlacedPart[] = [];
  for (const placed of placedParts(parts, place)) {
    const { part, at } = placed;
    const { content } = part;
    if (content.case === "toolResult") results.push({ value: content.value, at });
    else if (content.case === "toolCall") calls.push(callOf(content.value, names));
    else if (content.case === "thinking") thoughts.push(content.value.text);
    else if (!isForeignPrompt(part, "ollama")) rest.push(placed);
  }
  const written = results.map(({ value }) => resultMessage(value, names));
  const images = [
    ...results.flatMap(({ value, at }) => imagesOf(placedParts(value.parts, at), role, dropped)),
    ...imagesOf(rest, role, dropped),
  ];
  const content = wordsOf(rest.map(({ part }) => part));
  if (results.length > 0 && content === "" && images.length === 0) return written;
  const thinking = thoughts.join("");
  return [
    ...written,
    defined({
      role: role === "tool" ? "user" : role,
      content,
      images: images.length === 0 ? undefined : images,
      thinking: thinking === "" ? undefined : thinking,
      tool_calls: calls.length === 0 ? undefined : calls,
    }),
  ];
}

function toolOf(tool: ToolDefinition): Fields {
  const { description } = tool;
  const parameters = parametersOf(tool);
  return { type: "function", function: { name: flatNameOf(tool), description, parameters } };
}

/** The tools that may be called. Ollama has no choice: none means that none is offered. */
function toolsOf(request: ChatRequest, dropped: string[]): Fields[] {
  const { toolChoice, tools } = request;
  if (toolChoice?.mode === Mode.ANY) {
    throw unsupported("tool_choice", "the provider cannot be made to call a tool");
  }
  if (toolChoice?.mode === Mode.NONE) return [];
  const names = toolChoice?.names ?? [];
  return tools.flatMap((tool) => {
    if (tool.provider !== undefined) {
      dropped.push(`tools.${tool.name}`);
      return [];
    }
    if (tool.strict === true) dropped.push(`tools.${tool.name}.strict`);
    if (tool.freeForm && tool.parametersJson !== "") dropped.push(`tools.${tool.name}.format`);
    return names.length === 0 || names.includes(tool.name) ? [toolOf(tool)] : [];
  });
}

/** Efforts that have no word there, and the nearest that has. */
const nearestWords: Partial<Record<Effort, string>> = { minimal: "low", xhigh: "high" };

function thinkOf(
  request: ChatRequest,
  { facts }: Target,
  dropped: string[],
): boolean | string | undefined {
  const { reasoning } = request;
  if (reasoning === undefined) return undefined;
  const effort = effortOf(request);
  if (facts.thinking === "none") {
    if (effort !== undefined && effort !== "none") dropped.push("reasoning_effort");
    if (isWishAlone(request)) dropped.push("thinking");
    return undefined;
  }
  if (effort === "none") return false;
  // What it thinks it shows.
  if (reasoning.show === Show.NONE) dropped.push("reasoning_summary");
  if (effort === undefined) return reasoning.mode === ReasoningMode.UNSPECIFIED ? undefined : true;
  const nearest = nearestWords[effort];
  if (nearest !== undefined) dropped.push("reasoning_effort");
  return nearest ?? effort;
}

function formatOf({ responseFormat }: ChatRequest): unknown {
  switch (responseFormat?.kind) {
    case FormatKind.JSON_SCHEMA:
      return describedSchema(responseFormat);
    case FormatKind.JSON_OBJECT:
      return "json";
    default:
      return undefined;
  }
}

/** Tuning that Ollama does not have. */
const missing = [
  "logit_bias",
  "verbosity",
  "prompt_cache_key",
  "user",
  "service_tier",
  "metadata",
  "audio",
  "parallel_tool_calls",
] as const;

/** The body of POST /api/chat. */
export function writeRequest(request: ChatRequest, target: Target): WrittenRequest {
  refuseStoredState(request);
  const { sampling, choices = 1 } = request;
  if (choices > 1) throw unsupported("n", "the provider writes one response");
  refuseLogprobs(request);
  refuseOtherThanText(request);
  if (request.messages.at(-1)?.role === "assistant") {
    throw unsupported("messages", "the provider does not go on from a last turn of the assistant");
  }
  const dropped = [
    ...droppedTuning(request, missing),
    ...droppedDetails(request, ["detail", "name", "cache", "annotations", "is_error"]),
  ];
  const names = new Map<string, string>();
  const tools = toolsOf(request, dropped);
  const options = defined({
    num_predict: request.maxTokens,
    temperature: request.temperature,
    top_p: sampling?.topP,
    top_k: sampling?.topK,
    seed: sampling?.seed,
    stop: request.stop.length === 0 ? undefined : request.stop,
    presence_penalty: sampling?.presencePenalty,
    frequency_penalty: sampling?.frequencyPenalty,
  });
  const body = defined({
    model: target.model,
    messages: request.messages.flatMap((message, index) =>
      messagesOf(message, `messages[${index}]`, names, dropped),
    ),
    tools: tools.length === 0 ? undefined : tools,
    format: formatOf(request),
    think: thinkOf(request, target, dropped),
    options: Object.keys(options).length === 0 ? undefined : options,
    // Its default is a stream, and to cut long conversations without a word.
    stream: request.stream,
    truncate: false,
  });
  return { body, dropped };
}
