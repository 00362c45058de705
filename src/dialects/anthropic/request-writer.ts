/** Writes a canonical request in the format of Anthropic Messages. Pure: the same turns give the same bytes. */

import type { Target, WrittenRequest } from "#dialects/dialect.ts";
import type { Json } from "#dialects/json-object.ts";
import { droppedDetails, droppedThoughts } from "#dialects/lost-details.ts";
import { describedSchema, refuseLogprobs, refuseOtherThanText } from "#dialects/lost-shape.ts";
import { stateFor } from "#dialects/opaque-state.ts";
import { refuseStoredState } from "#dialects/stored-state.ts";
import { parametersOf } from "#dialects/tool-arguments.ts";
import { flatNameOf } from "#dialects/tool-names.ts";
import { droppedTuning } from "#dialects/tuning.ts";
import { unsupported } from "#dialects/upstream-error.ts";
import type { ChatRequest, ToolDefinition } from "#gen/polygate/v1/chat_pb.js";
import {
  ResponseFormat_Kind as FormatKind,
  ToolChoice_Mode as Mode,
} from "#gen/polygate/v1/conversation_pb.js";
import { cacheControlOf, type Fields, keepLastMarks } from "./cache-marks.ts";
import { thinkingOf } from "./thinking-writer.ts";
import { turnsOf } from "./turns.ts";

/** Refuses what would change the shape of the response. */
function refuseShapes(request: ChatRequest, target: Target): void {
  const { choices = 1, messages } = request;
  if (choices > 1) throw unsupported("n", "the provider writes one response");
  refuseLogprobs(request);
  refuseOtherThanText(request);
  if (messages.at(-1)?.role === "assistant" && !target.facts.prefill) {
    throw unsupported("messages", "the model does not go on from a last turn of the assistant");
  }
}

function toolOf(tool: ToolDefinition, { facts }: Target): Fields {
  if (tool.provider !== undefined) return JSON.parse(tool.provider.json);
  return {
    name: flatNameOf(tool),
    ...(tool.description === "" ? {} : { description: tool.description }),
    input_schema: parametersOf(tool),
    ...(tool.strict === true && facts.structuredOutputs ? { strict: true } : {}),
    ...cacheControlOf(tool.cache),
  };
}

/** Tools that Anthropic knows; those of other vendors are dropped and named. */
function ownTools({ tools }: ChatRequest, dropped: string[]): ToolDefinition[] {
  return tools.filter(({ name, provider }) => {
    if (provider === undefined || provider.vendor === "anthropic") return true;
    dropped.push(`tools.${name}`);
    return false;
  });
}

/** What is said of the choice; undefined for the default. */
function choiceOf(
  request: ChatRequest,
  tools: readonly ToolDefinition[],
  canForce: boolean,
): Fields | undefined {
  const { toolChoice, parallelToolCalls } = request;
  const off = parallelToolCalls === false ? { disable_parallel_tool_use: true } : {};
  switch (toolChoice?.mode) {
    case Mode.NONE:
      return { type: "none" };
    case Mode.ANY: {
      if (!canForce) return { type: "auto", ...off };
      const [only, ...others] = toolChoice.names;
      if (only === undefined || others.length > 0) return { type: "any", ...off };
      const named = tools.find(({ name }) => name === only);
      return { type: "tool", name: named === undefined ? only : flatNameOf(named), ...off };
    }
    case Mode.AUTO:
      return { type: "auto", ...off };
    default:
      return parallelToolCalls === false ? { type: "auto", ...off } : undefined;
  }
}

/** The tools that may be called, and what is said of the choice. */
function toolsOf(request: ChatRequest, target: Target, dropped: string[]): Fields {
  const canForce = target.facts.forcedTools;
  const names = request.toolChoice?.names ?? [];
  const isForced = request.toolChoice?.mode === Mode.ANY;
  if (isForced && !canForce) dropped.push("tool_choice");
  // Several allowed tools, or one that cannot be forced: the others are not offered.
  const isFiltered = names.length > 1 || (names.length === 1 && !(isForced && canForce));
  const tools = ownTools(request, dropped).filter(
    (tool) => !isFiltered || names.includes(tool.name) || names.includes(flatNameOf(tool)),
  );
  if (tools.length === 0) return {};
  for (const tool of tools) {
    const isKept = target.facts.structuredOutputs || tool.strict !== true;
    if (!isKept) dropped.push(`tools.${tool.name}.strict`);
    if (tool.freeForm && tool.parametersJson !== "") dropped.push(`tools.${tool.name}.format`);
  }
  const choice = choiceOf(request, tools, canForce);
  const written = { tools: tools.map((tool) => toolOf(tool, target)) };
  return choice === undefined ? written : { ...written, tool_choice: choice };
}

/** Tuning that Anthropic does not have. */
const missing = [
  "seed",
  "presence_penalty",
  "frequency_penalty",
  "logit_bias",
  "verbosity",
  "prompt_cache_key",
  "service_tier",
  "metadata",
  "audio",
] as const;

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
        format: { type: "json_schema", schema: describedSchema(responseFormat) },
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
  refuseStoredState(request);
  refuseShapes(request, target);
  const dropped = [
    ...droppedTuning(request, missing),
    ...droppedDetails(request, ["detail", "annotations"]),
    ...droppedThoughts(request, ({ state }) => stateFor("anthropic", state) !== undefined),
  ];
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
  if (keepLastMarks(body)) dropped.push("cache_control");
  return { body, dropped };
}
