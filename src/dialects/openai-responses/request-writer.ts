/** Writes a canonical request in the format of OpenAI Responses. Pure. */

import { createHash } from "node:crypto";
import { urlOfMedia } from "#chat/media.ts";
import { textOf } from "#chat/parts.ts";
import type { Target, WrittenRequest } from "#dialects/dialect.ts";
import { effortOf, isWishAlone } from "#dialects/effort.ts";
import { isForeignPrompt } from "#dialects/foreign-prompt.ts";
import { droppedDetails, droppedThoughts } from "#dialects/lost-details.ts";
import { refuseLogprobs, refuseOtherThanText } from "#dialects/lost-shape.ts";
import { type Effort, nearestEffort } from "#dialects/model-facts.ts";
import { stateFor } from "#dialects/opaque-state.ts";
import { safeUserOf } from "#dialects/openai-chat/request-writer.ts";
import { leaveOut } from "#dialects/provider-part.ts";
import { droppedTuning, metadataOf } from "#dialects/tuning.ts";
import { unsupported } from "#dialects/upstream-error.ts";
import type { ChatRequest, ToolDefinition } from "#gen/polygate/v1/chat_pb.js";
import {
  ResponseFormat_Kind as FormatKind,
  type MediaPart,
  ToolChoice_Mode as Mode,
  type Part,
  Reasoning_Show as Show,
  type ThinkingPart,
  type ToolCallPart,
} from "#gen/polygate/v1/conversation_pb.js";

type Fields = Record<string, unknown>;

const vendor = "openai";

/** Sets the fields that have a value. */
function defined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function filePart(media: MediaPart): Fields {
  const { source, name } = media;
  if (source.case === "fileId") return { type: "input_file", file_id: source.value };
  if (source.case === "url") return { type: "input_file", file_url: source.value };
  return {
    type: "input_file",
    filename: name === "" ? "file" : name,
    file_data: urlOfMedia(media),
  };
}

/** A part of the user's turn, or of a result; undefined for what has no place there. */
function inputPart({ content }: Part, place: string, dropped: string[]): Fields | undefined {
  switch (content.case) {
    case "text":
      return content.value.text === ""
        ? undefined
        : { type: "input_text", text: content.value.text };
    case "image": {
      const { source, detail } = content.value;
      const at =
        source.case === "fileId"
          ? { file_id: source.value }
          : { image_url: urlOfMedia(content.value) };
      return { type: "input_image", ...at, detail: detail === "" ? "auto" : detail };
    }
    case "file":
      return filePart(content.value);
    // A part for audio has a type there, and no place.
    case "audio":
    case "video":
      throw unsupported(place, `${content.case} is not taken`);
    case "provider":
      if (content.value.vendor === vendor) return JSON.parse(content.value.json);
      leaveOut(content.value, place, "user", dropped);
      return undefined;
    default:
      return undefined;
  }
}

function inputParts(parts: readonly Part[], place: string, dropped: string[]): Fields[] {
  return parts.flatMap((part, index): Fields[] => {
    const written = inputPart(part, `${place}.parts[${index}]`, dropped);
    return written === undefined ? [] : [written];
  });
}

function callItem({ id, name, namespace, arguments: args, freeForm }: ToolCallPart): Fields {
  const where = namespace === "" ? {} : { namespace };
  return freeForm
    ? { type: "custom_tool_call", call_id: id, name, ...where, input: args }
    : { type: "function_call", call_id: id, name, ...where, arguments: args === "" ? "{}" : args };
}

/** OpenAI's own thoughts go back; those of others are no one's here. */
function reasoningItem({ text, state }: ThinkingPart): Fields | undefined {
  const sealed = stateFor(vendor, state);
  if (sealed === undefined) return undefined;
  const id = `rs_${createHash("sha256").update(sealed).digest("hex").slice(0, 32)}`;
  const summary = text === "" ? [] : [{ type: "summary_text", text }];
  return { type: "reasoning", id, summary, encrypted_content: sealed };
}

function assistantItems(parts: readonly Part[], place: string, dropped: string[]): Fields[] {
  return parts.flatMap(({ content }, index): Fields[] => {
    const at = `${place}.parts[${index}]`;
    switch (content.case) {
      case "text": {
        const words = { type: "output_text", text: content.value.text, annotations: [] };
        return content.value.text === ""
          ? []
          : [{ type: "message", role: "assistant", content: [words] }];
      }
      case "refusal": {
        const words = { type: "refusal", refusal: content.value.text };
        return [{ type: "message", role: "assistant", content: [words] }];
      }
      case "toolCall":
        return [callItem(content.value)];
      case "thinking": {
        const item = reasoningItem(content.value);
        return item === undefined ? [] : [item];
      }
      case "provider":
        if (content.value.vendor === vendor) return [JSON.parse(content.value.json)];
        leaveOut(content.value, at, "assistant", dropped);
        return [];
      case "image":
      case "audio":
      case "video":
      case "file":
        // What a model made before is sent to no other one.
        dropped.push(at);
        return [];
      default:
        return [];
    }
  });
}

/** A turn of the user or of tools: results first, then the rest. */
function userItems(
  parts: readonly Part[],
  place: string,
  freeForm: ReadonlySet<string>,
  dropped: string[],
): Fields[] {
  const content: Fields[] = [];
  const results: Fields[] = [];
  for (const [index, part] of parts.entries()) {
    const at = `${place}.parts[${index}]`;
    if (part.content.case !== "toolResult") {
      const written = inputPart(part, at, dropped);
      if (written !== undefined) content.push(written);
      continue;
    }
    const { callId, parts: returned } = part.content.value;
    const hasMedia = returned.some(({ content: { case: kind } }) => kind !== "text");
    const output = hasMedia ? inputParts(returned, at, dropped) : returned.map(textOf).join("\n");
    const kind = freeForm.has(callId) ? "custom_tool_call_output" : "function_call_output";
    results.push({ type: kind, call_id: callId, output });
  }
  return content.length === 0 ? results : [...results, { role: "user", content }];
}

/** Ids of calls whose tool takes free text: their results are of another kind. */
function freeFormCallsOf({ messages }: ChatRequest): Set<string> {
  const calls = messages.flatMap(({ parts }) =>
    parts.flatMap(({ content }) => (content.case === "toolCall" ? [content.value] : [])),
  );
  return new Set(calls.filter(({ freeForm }) => freeForm).map(({ id }) => id));
}

/** `instructions` (the first system turn, when it is one text) and `input`. */
function inputOf(
  request: ChatRequest,
  dropped: string[],
): {
  readonly instructions?: string;
  readonly input: Fields[];
} {
  const freeForm = freeFormCallsOf(request);
  const [first, ...others] = request.messages;
  const leading = first?.role === "system" ? ownParts(first.parts) : [];
  const isInstructions = leading.length === 1 && textOf(leading[0] as Part) !== "";
  const turns = isInstructions ? others : request.messages;
  const offset = request.messages.length - turns.length;
  const input = turns.flatMap(({ role, parts }, index): Fields[] => {
    const place = `messages[${index + offset}]`;
    if (role === "assistant") return assistantItems(parts, place, dropped);
    if (role !== "system") return userItems(parts, place, freeForm, dropped);
    const content = inputParts(ownParts(parts), place, dropped);
    return content.length === 0 ? [] : [{ role: "developer", content }];
  });
  return isInstructions ? { instructions: leading.map(textOf).join(""), input } : { input };
}

/** Parts that are no attribution for another vendor. */
function ownParts(parts: readonly Part[]): Part[] {
  return parts.filter((part) => !isForeignPrompt(part, vendor));
}

function functionTool(tool: ToolDefinition): Fields {
  const described = tool.description === "" ? {} : { description: tool.description };
  const json = tool.parametersJson;
  if (tool.freeForm) {
    const format = json === "" ? {} : { format: JSON.parse(json) };
    return { type: "custom", name: tool.name, ...described, ...format };
  }
  const parameters = json === "" ? { type: "object", properties: {} } : JSON.parse(json);
  // The default there is true, which most schemas do not keep.
  return {
    type: "function",
    name: tool.name,
    ...described,
    parameters,
    strict: tool.strict ?? false,
  };
}

/** Tools; those of a namespace stand together. */
export function toolsOf({ tools }: ChatRequest, dropped: string[]): Fields[] {
  const written: Fields[] = [];
  const namespaces = new Map<string, Fields[]>();
  for (const tool of tools) {
    if (tool.provider !== undefined) {
      if (tool.provider.vendor === vendor) written.push(JSON.parse(tool.provider.json));
      else dropped.push(`tools.${tool.name}`);
    } else if (tool.namespace === "") {
      written.push(functionTool(tool));
    } else {
      const known = namespaces.get(tool.namespace);
      const inner = known ?? [];
      inner.push(functionTool(tool));
      if (known === undefined) {
        namespaces.set(tool.namespace, inner);
        written.push({ type: "namespace", name: tool.namespace, description: "", tools: inner });
      }
    }
  }
  return written;
}

const modes: Readonly<Record<Mode, string | undefined>> = {
  [Mode.UNSPECIFIED]: undefined,
  [Mode.AUTO]: "auto",
  [Mode.ANY]: "required",
  [Mode.NONE]: "none",
};

/** The choice among the tools; undefined where none was said. */
export function toolChoiceOf({ toolChoice, tools }: ChatRequest): unknown {
  const mode = modes[toolChoice?.mode ?? Mode.UNSPECIFIED];
  const names = toolChoice?.names ?? [];
  const entryOf = (name: string) => {
    const freeForm = tools.some((tool) => tool.name === name && tool.freeForm);
    return { type: freeForm ? "custom" : "function", name };
  };
  const [only, ...others] = names;
  if (only === undefined || mode === "none") return mode;
  if (others.length === 0 && mode === "required") return entryOf(only);
  return { type: "allowed_tools", mode, tools: names.map(entryOf) };
}

function textOptionsOf({ responseFormat, providerOptions }: ChatRequest): Fields | undefined {
  const verbosity = providerOptions?.verbosity ? { verbosity: providerOptions.verbosity } : {};
  const format = (() => {
    switch (responseFormat?.kind) {
      case FormatKind.JSON_SCHEMA: {
        const { name, description, schemaJson, strict = true } = responseFormat;
        return {
          type: "json_schema",
          name: name === "" ? "response" : name,
          ...(description === "" ? {} : { description }),
          schema: JSON.parse(schemaJson || "{}"),
          strict,
        };
      }
      case FormatKind.JSON_OBJECT:
        return { type: "json_object" };
      default:
        return undefined;
    }
  })();
  const written = format === undefined ? verbosity : { format, ...verbosity };
  return Object.keys(written).length === 0 ? undefined : written;
}

function reasoningOf(
  request: ChatRequest,
  { facts }: Target,
  dropped: string[],
): Fields | undefined {
  const wanted: Effort | undefined = effortOf(request);
  const effort = wanted === undefined ? undefined : nearestEffort(wanted, facts.efforts);
  if (wanted !== effort) dropped.push("reasoning_effort");
  if (isWishAlone(request)) dropped.push("thinking");
  const show = request.reasoning?.show;
  const summary = show === Show.SUMMARY || show === Show.TEXT ? "auto" : undefined;
  const written = defined({ effort, summary });
  return Object.keys(written).length === 0 ? undefined : written;
}

/** Tuning that Responses does not have. */
const missing = [
  "top_k",
  "seed",
  "presence_penalty",
  "frequency_penalty",
  "logit_bias",
  "audio",
] as const;

/** The body of POST /responses. Nothing is kept there unless the client asked for it. */
export function writeRequest(request: ChatRequest, target: Target): WrittenRequest {
  const { sampling, providerOptions: options, choices = 1 } = request;
  if (choices > 1) throw unsupported("n", "the provider writes one response");
  if (request.stop.length > 0) throw unsupported("stop", "the provider has no stop sequences");
  refuseLogprobs(request);
  refuseOtherThanText(request);
  const dropped = [
    ...droppedTuning(request, missing),
    ...droppedDetails(request, ["cache", "annotations", "is_error"]),
    ...droppedThoughts(request, ({ state }) => stateFor(vendor, state) !== undefined),
  ];
  const { instructions, input } = inputOf(request, dropped);
  const tools = toolsOf(request, dropped);
  const nonEmpty = (text: string | undefined) => (text ? text : undefined);
  const chosen = { temperature: request.temperature, top_p: sampling?.topP };
  if (!target.facts.sampling) dropped.push(...Object.keys(defined(chosen)));
  const body = defined({
    model: target.model,
    instructions,
    input,
    max_output_tokens: request.maxTokens,
    ...(target.facts.sampling ? chosen : {}),
    tools: tools.length === 0 ? undefined : tools,
    tool_choice: tools.length === 0 ? undefined : toolChoiceOf(request),
    parallel_tool_calls: request.parallelToolCalls,
    reasoning: reasoningOf(request, target, dropped),
    text: textOptionsOf(request),
    include: ["reasoning.encrypted_content"],
    store: options?.store ?? false,
    previous_response_id: nonEmpty(options?.previousResponseId),
    conversation: nonEmpty(options?.conversationId),
    background: options?.background,
    prompt_cache_key: nonEmpty(options?.cacheKey),
    safety_identifier: options?.user ? safeUserOf(options.user) : undefined,
    service_tier: nonEmpty(options?.serviceTier),
    metadata: metadataOf(options),
    stream: request.stream ? true : undefined,
  });
  return { body, dropped };
}
