/** Writes a canonical request in the format of Gemini's generateContent. Pure. */

import { sampleFormats } from "#chat/speech.ts";
import type { Target, WrittenRequest } from "#dialects/dialect.ts";
import { effortOf } from "#dialects/effort.ts";
import { droppedDetails, droppedThoughts } from "#dialects/lost-details.ts";
import { describedSchema, refuseLogprobs } from "#dialects/lost-shape.ts";
import { type Effort, type ModelFacts, nearestEffort } from "#dialects/model-facts.ts";
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
  type Reasoning,
  Reasoning_Mode as ReasoningMode,
  Reasoning_Show as Show,
} from "#gen/polygate/v1/conversation_pb.js";
import { type Fields, turnsOf } from "./turns.ts";

function declarationOf(tool: ToolDefinition): Fields {
  const isOpen = !tool.freeForm && tool.parametersJson === "";
  return {
    name: flatNameOf(tool),
    ...(tool.description === "" ? {} : { description: tool.description }),
    // `parameters` takes a subset of OpenAPI only.
    ...(isOpen ? {} : { parametersJsonSchema: parametersOf(tool) }),
  };
}

function toolsOf(request: ChatRequest, dropped: string[]): Fields {
  const functions: Fields[] = [];
  const hosted: Fields[] = [];
  for (const tool of request.tools) {
    if (tool.provider === undefined) functions.push(declarationOf(tool));
    else if (tool.provider.vendor === "google") hosted.push(JSON.parse(tool.provider.json));
    else dropped.push(`tools.${tool.name}`);
    if (tool.strict === true) dropped.push(`tools.${tool.name}.strict`);
    if (tool.freeForm && tool.parametersJson !== "") dropped.push(`tools.${tool.name}.format`);
  }
  const tools = [
    ...(functions.length === 0 ? [] : [{ functionDeclarations: functions }]),
    ...hosted,
  ];
  return tools.length === 0 ? {} : { tools };
}

const choiceModes: Readonly<Record<Mode, string | undefined>> = {
  [Mode.UNSPECIFIED]: undefined,
  [Mode.AUTO]: "AUTO",
  [Mode.ANY]: "ANY",
  [Mode.NONE]: "NONE",
};

function toolChoiceOf({ toolChoice, tools }: ChatRequest): Fields {
  const mode = choiceModes[toolChoice?.mode ?? Mode.UNSPECIFIED];
  if (toolChoice === undefined || mode === undefined) return {};
  const names = toolChoice.names.map((name) => {
    const tool = tools.find((candidate) => candidate.name === name);
    return tool === undefined ? name : flatNameOf(tool);
  });
  // Names go with modes that call: some of them may be called is ANY of them, or validated.
  const told = names.length > 0 && mode === "AUTO" ? "VALIDATED" : mode;
  const allowed = names.length === 0 ? {} : { allowedFunctionNames: names };
  return { toolConfig: { functionCallingConfig: { mode: told, ...allowed } } };
}

const levelScale: readonly Effort[] = ["minimal", "low", "medium", "high", "xhigh"];
const budgets: Readonly<Record<Effort, number>> = {
  none: 0,
  minimal: 512,
  low: 2048,
  medium: 8192,
  high: 16_384,
  xhigh: 24_576,
  max: 24_576,
};

/** Thinking by a level, on models that have them. */
function levelOf(wanted: Effort | "", facts: ModelFacts, dropped: string[]): Fields {
  if (wanted === "") return {};
  const scale = levelScale.filter((step) => facts.efforts.includes(step));
  const level = nearestEffort(wanted, scale);
  if (level !== wanted) dropped.push("reasoning_effort");
  return level === undefined ? {} : { thinkingLevel: level.toUpperCase() };
}

/** Thinking by a number of tokens; -1 lets the model decide. */
function budgetOf({ effort, budgetTokens }: Reasoning): number {
  if (effort === "none") return 0;
  return budgetTokens ?? (effort === "" ? -1 : budgets[effort as Effort]);
}

function thinkingOf(request: ChatRequest, { facts }: Target, dropped: string[]): Fields {
  const { reasoning } = request;
  if (reasoning === undefined) return {};
  const isOff = reasoning.mode === ReasoningMode.OFF || reasoning.effort === "none";
  if (facts.thinking === "none") {
    if (!isOff) dropped.push("reasoning_effort");
    return {};
  }
  const byBudget = facts.thinking === "budget" || facts.thinking === "manual";
  const wanted = isOff ? "none" : (effortOf(request) ?? "");
  const told = byBudget
    ? { thinkingBudget: isOff ? 0 : budgetOf(reasoning) }
    : levelOf(wanted, facts, dropped);
  const isShown = reasoning.show === Show.SUMMARY || reasoning.show === Show.TEXT;
  const config = isShown ? { ...told, includeThoughts: true } : told;
  return Object.keys(config).length === 0 ? {} : { thinkingConfig: config };
}

function formatOf({ responseFormat }: ChatRequest): Fields {
  switch (responseFormat?.kind) {
    case FormatKind.JSON_SCHEMA:
      return {
        responseMimeType: "application/json",
        responseJsonSchema: describedSchema(responseFormat),
      };
    case FormatKind.JSON_OBJECT:
      return { responseMimeType: "application/json" };
    default:
      return {};
  }
}

/** Sets the fields that have a value. */
function defined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** OpenAI's voices, which are no one else's; Gemini's have names such as Kore. */
const openaiVoices: ReadonlySet<string> = new Set([
  "alloy",
  "ash",
  "ballad",
  "cedar",
  "coral",
  "echo",
  "fable",
  "marin",
  "nova",
  "onyx",
  "sage",
  "shimmer",
  "verse",
]);

/** Raw samples come of Gemini: formats that need an encoder are refused. */
function refuseEncoded(format: string, isStream: boolean): void {
  if (format !== "" && !sampleFormats.includes(format)) {
    const taken = sampleFormats.join(" and ");
    throw unsupported("audio.format", `of what the provider makes, ${taken} are written`);
  }
  if (isStream && format === "wav") {
    throw unsupported("audio.format", "a stream of samples is pcm16: how long it is, no one knows");
  }
}

/** What the response consists of, and how it sounds. Gemini's models speak or write, not both. */
function modalitiesOf({ providerOptions, stream }: ChatRequest, dropped: string[]): Fields {
  const wanted = providerOptions?.modalities ?? [];
  const speech = providerOptions?.speech;
  if (!wanted.includes("audio")) {
    if (speech !== undefined) dropped.push("audio");
    return wanted.length === 0
      ? {}
      : { responseModalities: wanted.map((name) => name.toUpperCase()) };
  }
  const { voice = "", format = "" } = speech ?? {};
  refuseEncoded(format, stream);
  if (wanted.length > 1) dropped.push("modalities");
  const isForeign = openaiVoices.has(voice);
  if (isForeign) dropped.push("audio.voice");
  const named = voice === "" || isForeign ? undefined : { voiceName: voice };
  return {
    responseModalities: ["AUDIO"],
    ...(named === undefined
      ? {}
      : { speechConfig: { voiceConfig: { prebuiltVoiceConfig: named } } }),
  };
}

function configOf(request: ChatRequest, target: Target, dropped: string[]): Fields {
  const { sampling, temperature, maxTokens, stop, choices } = request;
  return defined({
    maxOutputTokens: maxTokens,
    temperature,
    topP: sampling?.topP,
    topK: sampling?.topK,
    stopSequences: stop.length === 0 ? undefined : stop,
    seed: sampling?.seed,
    presencePenalty: sampling?.presencePenalty,
    frequencyPenalty: sampling?.frequencyPenalty,
    candidateCount: choices,
    ...modalitiesOf(request, dropped),
    ...formatOf(request),
    ...thinkingOf(request, target, dropped),
  });
}

/** Tuning that Gemini does not have. */
const missing = [
  "logit_bias",
  "verbosity",
  "prompt_cache_key",
  "user",
  "service_tier",
  "metadata",
  "parallel_tool_calls",
] as const;

/** The body of generateContent and streamGenerateContent; the model stands in the path. */
export function writeRequest(request: ChatRequest, target: Target): WrittenRequest {
  if (request.messages.at(-1)?.role === "assistant") {
    throw unsupported("messages", "the model does not go on from a last turn of the assistant");
  }
  refuseLogprobs(request);
  return writeContents(request, target);
}

/** The same of a conversation that need not be gone on with. */
export function writeContents(request: ChatRequest, target: Target): WrittenRequest {
  refuseStoredState(request);
  const dropped = [
    ...droppedTuning(request, missing),
    ...droppedDetails(request, ["detail", "name", "cache", "annotations"]),
    // What is thought goes back as its signature, where there is one.
    ...droppedThoughts(request, ({ state }) => stateFor("google", state) !== undefined),
  ];
  const { system, contents } = turnsOf(request, target, dropped);
  const generationConfig = configOf(request, target, dropped);
  const body: Fields = {
    contents,
    ...(system.length === 0 ? {} : { systemInstruction: { parts: system } }),
    ...toolsOf(request, dropped),
    ...toolChoiceOf(request),
    ...(Object.keys(generationConfig).length === 0 ? {} : { generationConfig }),
  };
  return { body, dropped };
}
