/** Writes a canonical request in the format of OpenAI chat completions. Pure. */

import { createHash } from "node:crypto";
import { audioFormatOf, base64Of, urlOfMedia } from "#chat/media.ts";
import { textOf } from "#chat/parts.ts";
import type { Target, WrittenRequest } from "#dialects/dialect.ts";
import { effortOf, isWishAlone } from "#dialects/effort.ts";
import { isForeignPrompt } from "#dialects/foreign-prompt.ts";
import { droppedDetails, droppedThoughts } from "#dialects/lost-details.ts";
import { refuseLogprobs, refuseOtherThanText } from "#dialects/lost-shape.ts";
import { nearestEffort } from "#dialects/model-facts.ts";
import { stateFor } from "#dialects/opaque-state.ts";
import { type PlacedPart, placedParts } from "#dialects/placed-part.ts";
import { leaveOut } from "#dialects/provider-part.ts";
import { refuseStoredState } from "#dialects/stored-state.ts";
import { parametersOf } from "#dialects/tool-arguments.ts";
import { flatNameOf } from "#dialects/tool-names.ts";
import { droppedTuning, metadataOf } from "#dialects/tuning.ts";
import { unsupported } from "#dialects/upstream-error.ts";
import type { ChatMessage, ChatRequest, ToolDefinition } from "#gen/polygate/v1/chat_pb.js";
import {
  ResponseFormat_Kind as FormatKind,
  type MediaPart,
  ToolChoice_Mode as Mode,
  type Part,
  Reasoning_Show as Show,
  type ToolCallPart,
  type ToolResultPart,
} from "#gen/polygate/v1/conversation_pb.js";
import { type Profile, profileOf } from "./profile.ts";

type Fields = Record<string, unknown>;

/** OpenAI refuses longer ones. */
const userLengthMax = 128;
const stopsMax = 4;

/** Whose parts are written as they came. */
const partVendor = "openai-chat";

/** Media that a model can have made. */
const madeMedia: ReadonlySet<string | undefined> = new Set(["image", "audio", "video", "file"]);

function filePart(media: MediaPart, place: string, dropped: string[]): Fields {
  const { source, name } = media;
  if (source.case === "fileId") return { type: "file", file: { file_id: source.value } };
  if (source.case === "data" && media.mediaType.startsWith("text/")) {
    if (name !== "") dropped.push(`${place}.name`);
    return { type: "text", text: Buffer.from(source.value).toString() };
  }
  if (source.case !== "data") throw unsupported(place, "a file by its address is not taken");
  const file = { filename: name === "" ? "file" : name, file_data: urlOfMedia(media) };
  return { type: "file", file };
}

function mediaPart(part: Part, place: string, dropped: string[]): Fields | undefined {
  const { content } = part;
  switch (content.case) {
    case "image": {
      const url = urlOfMedia(content.value);
      if (url === undefined) throw unsupported(place, "a file of another provider is not taken");
      const { detail } = content.value;
      return { type: "image_url", image_url: detail === "" ? { url } : { url, detail } };
    }
    case "audio": {
      const { source, mediaType } = content.value;
      if (source.case !== "data") throw unsupported(place, "audio is taken as bytes only");
      const audio = { data: base64Of(source.value), format: audioFormatOf(mediaType) };
      return { type: "input_audio", input_audio: audio };
    }
    case "file":
      return filePart(content.value, place, dropped);
    case "video":
      throw unsupported(place, "video is not taken");
    case "provider":
      if (content.value.vendor === partVendor) return JSON.parse(content.value.json);
      leaveOut(content.value, place, "user", dropped);
      return undefined;
    default:
      return undefined;
  }
}

/** One text is a string, as servers of old expect; several, or anything else, a list of parts. */
function contentOf(parts: readonly PlacedPart[], dropped: string[]): string | Fields[] {
  const written = parts.flatMap(({ part, at }): Fields[] => {
    if (part.content.case === "text") {
      return textOf(part) === "" ? [] : [{ type: "text", text: textOf(part) }];
    }
    const media = mediaPart(part, at, dropped);
    return media === undefined ? [] : [media];
  });
  const [first] = written;
  if (written.length === 0) return "";
  return written.length === 1 && first?.type === "text" ? String(first.text) : written;
}

function toolCall(call: ToolCallPart): Fields {
  const { id, arguments: args, freeForm } = call;
  const name = flatNameOf(call);
  const signature = stateFor("google", call.state);
  const extra =
    signature === undefined ? {} : { extra_content: { google: { thought_signature: signature } } };
  return freeForm
    ? { id, type: "custom", custom: { name, input: args }, ...extra }
    : { id, type: "function", function: { name, arguments: args === "" ? "{}" : args }, ...extra };
}

function assistantMessage(
  message: ChatMessage,
  place: string,
  returnsReasoning: boolean,
  dropped: string[],
): Fields {
  for (const { part, at } of placedParts(message.parts, place)) {
    const { content } = part;
    if (content.case === "provider") leaveOut(content.value, at, "assistant", dropped);
    // What a model made before is sent to no other one.
    else if (madeMedia.has(content.case)) dropped.push(at);
  }
  const texts = message.parts.map(textOf).join("");
  const calls = message.parts.flatMap(({ content }) =>
    content.case === "toolCall" ? [toolCall(content.value)] : [],
  );
  const refusal = message.parts.find(({ content }) => content.case === "refusal")?.content;
  const thoughts = message.parts
    .map(({ content }) => (content.case === "thinking" ? content.value.text : ""))
    .join("");
  return {
    role: "assistant",
    content: texts === "" && (calls.length > 0 || refusal !== undefined) ? null : texts,
    ...(refusal?.case === "refusal" ? { refusal: refusal.value.text } : {}),
    ...(returnsReasoning && thoughts !== "" ? { reasoning_content: thoughts } : {}),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

/** A result as a tool message, which holds text alone, and its media for the turn of the user after it. */
function toolMessage(
  { callId, parts, isError }: ToolResultPart,
  place: string,
): {
  readonly message: Fields;
  readonly media: readonly PlacedPart[];
} {
  const text = parts
    .map(textOf)
    .filter((words) => words !== "")
    .join("\n");
  const media = placedParts(parts, place).filter(({ part }) => part.content.case !== "text");
  const content = isError && text === "" ? "error" : text;
  return { message: { role: "tool", tool_call_id: callId, content }, media };
}

/** The messages of a turn of the user or of tools: results come first, the rest after them. */
function userMessages({ parts }: ChatMessage, place: string, dropped: string[]): Fields[] {
  const messages: Fields[] = [];
  const rest: PlacedPart[] = [];
  for (const placed of placedParts(parts, place)) {
    const { content } = placed.part;
    if (content.case !== "toolResult") {
      rest.push(placed);
      continue;
    }
    const { message, media } = toolMessage(content.value, placed.at);
    messages.push(message);
    rest.push(...media);
  }
  const hasResults = messages.length > 0;
  if (rest.length > 0 || !hasResults) {
    messages.push({ role: "user", content: contentOf(rest, dropped) });
  }
  return messages;
}

function messagesOf(
  request: ChatRequest,
  returnsReasoning: boolean,
  systemFirst: boolean,
  dropped: string[],
): Fields[] {
  let isLeading = true;
  return request.messages.flatMap((message, index): Fields[] => {
    const place = `messages[${index}]`;
    if (message.role === "system") {
      const parts = placedParts(message.parts, place).filter(
        ({ part }) => !isForeignPrompt(part, "openai"),
      );
      if (parts.length === 0 && message.parts.length > 0) return [];
      const role = systemFirst && !isLeading ? "user" : "system";
      return [{ role, content: contentOf(parts, dropped) }];
    }
    isLeading = false;
    if (message.role === "assistant") {
      return [assistantMessage(message, place, returnsReasoning, dropped)];
    }
    return userMessages(message, place, dropped);
  });
}

function toolOf(tool: ToolDefinition, hasCustom: boolean): Fields {
  const name = flatNameOf(tool);
  const described = tool.description === "" ? { name } : { name, description: tool.description };
  if (tool.freeForm && hasCustom) {
    const format = tool.parametersJson === "" ? {} : { format: JSON.parse(tool.parametersJson) };
    return { type: "custom", custom: { ...described, ...format } };
  }
  const parameters = parametersOf(tool);
  if (tool.freeForm) return { type: "function", function: { ...described, parameters } };
  const strict = tool.strict === undefined ? {} : { strict: tool.strict };
  return { type: "function", function: { ...described, parameters, ...strict } };
}

/** The choice; more than one name is a list of allowed tools. */
function toolChoiceOf({ toolChoice, tools }: ChatRequest): Fields | string | undefined {
  if (toolChoice === undefined) return undefined;
  const { mode, names } = toolChoice;
  const entryOf = (name: string): Fields => {
    const tool = tools.find((candidate) => candidate.name === name);
    const kind = tool?.freeForm === true ? "custom" : "function";
    return { type: kind, [kind]: { name: tool === undefined ? name : flatNameOf(tool) } };
  };
  const [only] = names;
  if (only !== undefined && mode !== Mode.NONE) {
    if (names.length === 1 && mode === Mode.ANY) return entryOf(only);
    const allowed = { mode: mode === Mode.ANY ? "required" : "auto", tools: names.map(entryOf) };
    return { type: "allowed_tools", allowed_tools: allowed };
  }
  switch (mode) {
    case Mode.NONE:
      return "none";
    case Mode.ANY:
      return "required";
    case Mode.AUTO:
      return "auto";
    case Mode.UNSPECIFIED:
      return undefined;
  }
}

function responseFormatOf({ responseFormat }: ChatRequest): Fields | undefined {
  switch (responseFormat?.kind) {
    case FormatKind.JSON_SCHEMA: {
      const { name, description, schemaJson, strict = true } = responseFormat;
      const schema = {
        name: name === "" ? "response" : name,
        ...(description === "" ? {} : { description }),
        schema: JSON.parse(schemaJson === "" ? "{}" : schemaJson),
        strict,
      };
      return { type: "json_schema", json_schema: schema };
    }
    case FormatKind.JSON_OBJECT:
      return { type: "json_object" };
    case FormatKind.TEXT:
      return { type: "text" };
    default:
      return undefined;
  }
}

/** A user's name as OpenAI takes it: longer ones, which may hold a device's identifier, as a hash. */
export function safeUserOf(user: string): string {
  return user.length <= userLengthMax ? user : createHash("sha256").update(user).digest("hex");
}

/** Sets the fields that have a value. */
function defined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function samplingOf(
  { sampling, temperature }: ChatRequest,
  target: Target,
  dropped: string[],
): Fields {
  const takesTopK = profileOf(target).topK;
  if (sampling?.topK !== undefined && !takesTopK) dropped.push("top_k");
  const chosen = {
    temperature,
    top_p: sampling?.topP,
    ...(takesTopK ? { top_k: sampling?.topK } : {}),
    presence_penalty: sampling?.presencePenalty,
    frequency_penalty: sampling?.frequencyPenalty,
  };
  if (!target.facts.sampling) {
    dropped.push(...Object.keys(defined(chosen)));
  }
  const bias = (sampling?.logitBias ?? []).map((one) => [one.token, one.bias]);
  return defined({
    ...(target.facts.sampling ? chosen : {}),
    seed: sampling?.seed,
    logit_bias: bias.length === 0 ? undefined : Object.fromEntries(bias),
  });
}

/** What chat completions have no word for. */
function droppedOf(request: ChatRequest, profile: Profile): string[] {
  const { show } = request.reasoning ?? {};
  return [
    ...droppedTuning(request, ["audio"]),
    ...droppedDetails(request, ["cache", "annotations", "is_error"]),
    ...droppedThoughts(request, () => profile.returnsReasoning),
    ...(isWishAlone(request) ? ["thinking"] : []),
    ...((show ?? Show.UNSPECIFIED) === Show.UNSPECIFIED ? [] : ["reasoning_summary"]),
  ];
}

/** The body of POST /chat/completions. */
export function writeRequest(request: ChatRequest, target: Target): WrittenRequest {
  refuseStoredState(request);
  refuseLogprobs(request);
  refuseOtherThanText(request);
  const profile = profileOf(target);
  const dropped = droppedOf(request, profile);
  if (request.stop.length > stopsMax) {
    throw unsupported("stop", `the provider takes ${stopsMax} stop sequences`);
  }
  const lastRole = request.messages.at(-1)?.role;
  if (lastRole === "assistant" && !target.facts.prefill) {
    throw unsupported("messages", "the provider does not go on from a last turn of the assistant");
  }
  const tools = request.tools.filter((tool) => {
    const { name, provider, freeForm, parametersJson } = tool;
    if (provider !== undefined) dropped.push(`tools.${name}`);
    else if (freeForm && parametersJson !== "" && !profile.customTools) {
      dropped.push(`tools.${name}.format`);
    }
    return provider === undefined;
  });
  const effort = effortOf(request);
  const takenEffort =
    effort === undefined ? undefined : nearestEffort(effort, target.facts.efforts);
  if (effort !== undefined && takenEffort !== effort) dropped.push("reasoning_effort");
  const options = request.providerOptions;
  const nonEmpty = (text: string | undefined) => (text ? text : undefined);
  const body = defined({
    model: target.model,
    messages: messagesOf(
      request,
      profile.returnsReasoning,
      target.facts.systemPosition === "first",
      dropped,
    ),
    [profile.outputBound]: request.maxTokens,
    ...samplingOf(request, target, dropped),
    n: request.choices,
    stop: request.stop.length === 0 ? undefined : request.stop,
    reasoning_effort: takenEffort,
    verbosity: nonEmpty(options?.verbosity),
    response_format: responseFormatOf(request),
    tools: tools.length === 0 ? undefined : tools.map((tool) => toolOf(tool, profile.customTools)),
    tool_choice: tools.length === 0 ? undefined : toolChoiceOf(request),
    parallel_tool_calls: request.parallelToolCalls,
    prompt_cache_key: nonEmpty(options?.cacheKey),
    safety_identifier: options?.user ? safeUserOf(options.user) : undefined,
    service_tier: nonEmpty(options?.serviceTier),
    metadata: metadataOf(options),
    stream: request.stream ? true : undefined,
    stream_options: request.stream ? { include_usage: true } : undefined,
  });
  return { body, dropped };
}
