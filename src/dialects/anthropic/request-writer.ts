/** Writes a canonical request in the words of Anthropic Messages. Pure: the same turns give the same bytes. */

import type { Target, WrittenRequest } from "#dialects/dialect.ts";
import type { Json } from "#dialects/json-object.ts";
import { flatNameOf } from "#dialects/tool-names.ts";
import { unsupported } from "#dialects/upstream-error.ts";
import type { ChatRequest, ToolDefinition } from "#gen/polygate/v1/chat_pb.js";
import {
  ResponseFormat_Kind as FormatKind,
  ToolChoice_Mode as Mode,
} from "#gen/polygate/v1/conversation_pb.js";
import { cacheControlOf, type Fields, keepLastMarks } from "./cache-marks.ts";
import { thinkingOf } from "./thinking-writer.ts";
import { turnsOf } from "./turns.ts";

const emptySchema = { type: "object", properties: {} };
const freeFormSchema = {
  type: "object",
  properties: { input: { type: "string" } },
  required: ["input"],
};

/** Refuses what would change the shape of the response. */
function refuseShapes(request: ChatRequest, target: Target): void {
  const { choices = 1, sampling, providerOptions, messages } = request;
  if (choices > 1) throw unsupported("n", "the provider writes one response");
  if (sampling?.logprobs === true) throw unsupported("logprobs", "the provider does not send them");
  if (providerOptions?.modalities.some((modality) => modality !== "text") === true) {
    throw unsupported("modalities", "the provider writes text");
  }
  if (messages.at(-1)?.role === "assistant" && !target.facts.prefill) {
    throw unsupported("messages", "the model does not go on from a last turn of the assistant");
  }
}

function schemaOf(tool: ToolDefinition): unknown {
  if (tool.freeForm) return freeFormSchema;
  return tool.parametersJson === "" ? emptySchema : JSON.parse(tool.parametersJson);
}

function toolOf(tool: ToolDefinition, { facts }: Target): Fields {
  if (tool.provider !== undefined) return JSON.parse(tool.provider.json);
  return {
    name: flatNameOf(tool),
    ...(tool.description === "" ? {} : { description: tool.description }),
    input_schema: schemaOf(tool),
    ...(tool.strict === true && facts.structuredOutputs ? { strict: true } : {}),
    ...cacheControlOf(tool.cache),
  };
}

/** The tools that may be called, and what is said of the choice. */
function toolsOf(request: ChatRequest, target: Target, dropped: string[]): Fields {
  const { toolChoice, parallelToolCalls } = request;
  const names = toolChoice?.names ?? [];
  const own = request.tools.filter(({ name, provider }) => {
    if (provider === undefined || provider.vendor === "anthropic") return true;
    dropped.push(`tools.${name}`);
    return false;
  });
  const isNamed = toolChoice?.mode === Mode.ANY && names.length === 1;
  const isForced = toolChoice?.mode === Mode.ANY;
  const canForce = target.facts.forcedTools;
  if (isForced && !canForce) dropped.push("tool_choice");
  // Several allowed tools, or one that cannot be forced: the others are not offered.
  const isFiltered = names.length > 0 && (!isNamed || !canForce);
  const tools = isFiltered
    ? own.filter((tool) => names.includes(tool.name) || names.includes(flatNameOf(tool)))
    : own;
  if (tools.length === 0) return {};
  const off = parallelToolCalls === false ? { disable_parallel_tool_use: true } : {};
  const written = { tools: tools.map((tool) => toolOf(tool, target)) };
  const named = tools.find(({ name }) => name === names[0]);
  switch (toolChoice?.mode) {
    case Mode.NONE:
      return { ...written, tool_choice: { type: "none" } };
    case Mode.ANY: {
      if (!canForce) return { ...written, tool_choice: { type: "auto", ...off } };
      const name = isNamed
        ? { type: "tool", name: named === undefined ? names[0] : flatNameOf(named) }
        : { type: "any" };
      return { ...written, tool_choice: { ...name, ...off } };
    }
    case Mode.AUTO:
      return { ...written, tool_choice: { type: "auto", ...off } };
    default:
      return parallelToolCalls === false
        ? { ...written, tool_choice: { type: "auto", ...off } }
        : written;
  }
}

/** Names of the tuning that Anthropic does not have. */
function droppedTuning({ sampling, providerOptions: options }: ChatRequest): string[] {
  return [
    ...(sampling?.seed === undefined ? [] : ["seed"]),
    ...(sampling?.presencePenalty === undefined ? [] : ["presence_penalty"]),
    ...(sampling?.frequencyPenalty === undefined ? [] : ["frequency_penalty"]),
    ...(Object.keys(sampling?.logitBias ?? {}).length === 0 ? [] : ["logit_bias"]),
    ...(options?.verbosity ? ["verbosity"] : []),
    ...(options?.cacheKey ? ["prompt_cache_key"] : []),
    ...(options?.serviceTier ? ["service_tier"] : []),
    ...(Object.keys(options?.metadata ?? {}).length === 0 ? [] : ["metadata"]),
  ];
}

/** Temperature and its like; the model's own where it takes none, or thinks by a budget. */
function samplingOf(request: ChatRequest, takesSampling: boolean, dropped: string[]): Fields {
  const { temperature, sampling } = request;
  const chosen: Fields = {
    ...(temperature === undefined ? {} : { temperature: Math.min(1, temperature) }),
    ...(sampling?.topP === undefined ? {} : { top_p: sampling.topP }),
    ...(sampling?.topK === undefined ? {} : { top_k: sampling.topK }),
  };
  if (takesSampling) {
    if (temperature !== undefined && temperature > 1) dropped.push("temperature");
    return chosen;
  }
  dropped.push(...Object.keys(chosen));
  return {};
}

/** The schema of the response, or words that ask for JSON. */
function formatOf(
  { responseFormat }: ChatRequest,
  { facts }: Target,
  dropped: string[],
): { format?: Json; words?: string } {
  switch (responseFormat?.kind) {
    case FormatKind.JSON_SCHEMA:
      if (!facts.structuredOutputs) {
        throw unsupported("response_format", "the model does not follow schemas");
      }
      return {
        format: { type: "json_schema", schema: JSON.parse(responseFormat.schemaJson || "{}") },
      };
    case FormatKind.JSON_OBJECT:
      dropped.push("response_format");
      return { words: "Respond with one JSON object and nothing else." };
    default:
      return {};
  }
}

/** The body of POST /v1/messages. */
export function writeRequest(request: ChatRequest, target: Target): WrittenRequest {
  refuseShapes(request, target);
  const dropped = droppedTuning(request);
  const maxTokens = request.maxTokens ?? target.facts.outputTokensMax;
  const { format, words } = formatOf(request, target, dropped);
  const isForced = request.toolChoice?.mode === Mode.ANY && target.facts.forcedTools;
  const { thinking, effort, hasBudget } = thinkingOf(request, target, {
    maxTokens,
    isForced,
    dropped,
  });
  const { system, messages } = turnsOf(request, target, dropped);
  if (words !== undefined) system.push({ type: "text", text: words });
  const outputConfig = {
    ...(effort === undefined ? {} : { effort }),
    ...(format === undefined ? {} : { format }),
  };
  const user = request.providerOptions?.user ?? "";
  const tools = toolsOf(request, target, dropped);
  const sampling = samplingOf(request, target.facts.sampling && !hasBudget, dropped);
  const body: Fields = {
    model: target.model,
    max_tokens: maxTokens,
    ...(system.length === 0 ? {} : { system }),
    messages,
    ...tools,
    ...sampling,
    ...(request.stop.length === 0 ? {} : { stop_sequences: request.stop }),
    ...(thinking === undefined ? {} : { thinking }),
    ...(Object.keys(outputConfig).length === 0 ? {} : { output_config: outputConfig }),
    ...(user === "" ? {} : { metadata: { user_id: user } }),
    ...(request.stream ? { stream: true } : {}),
  };
  keepLastMarks(body);
  return { body, dropped };
}
