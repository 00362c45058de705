/**
 * Every field that a client's request may have, towards every dialect that providers speak: it is told
 * in the provider's words, or named as dropped, or refused by its name. Nothing is lost in silence.
 */

import { ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { clientPlace } from "#dialects/client-places.ts";
import type { DialectName, ServerDialect, Target } from "#dialects/dialect.ts";
import { clients, servers } from "#dialects/dialects.ts";
import { readGenerateContent } from "#dialects/gemini/request-reader.ts";
import { defaultModelFacts, type ModelFacts } from "#dialects/model-facts.ts";
import { infoMetadataOf, reasonOf } from "#errors/fault.ts";
import { recorded } from "../../support/asked-fields.ts";

type Json = Readonly<Record<string, unknown>>;

/** Dialects that have no word for a field and need none, and why. */
interface Silence {
  readonly at: readonly DialectName[];
  readonly why: string;
}

/** A field, what it is set to, and the body that it is set in. */
type Row = readonly [path: string, value: unknown, body?: Json, silence?: Silence];

const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const gif = "R0lGODlhAQABAAAAACwAAAAAAQABAAA=";
const pdf = "JVBERi0xLjE=";
const schema = { type: "object", properties: { city: { type: "string" } } };
const all: readonly DialectName[] = [
  "anthropic",
  "gemini",
  "ollama",
  "openai-chat",
  "openai-responses",
];
const but = (...names: readonly DialectName[]) => all.filter((name) => !names.includes(name));

/** A model that takes as little as any does. */
const bare: ModelFacts = {
  ...defaultModelFacts,
  sampling: false,
  structuredOutputs: false,
  forcedTools: false,
  thinking: "none",
  efforts: ["low", "high"],
  systemPosition: "first",
};

const targets: readonly (readonly [DialectName, Target])[] = all.flatMap((name) => [
  [name, { model: "m", facts: defaultModelFacts }] as const,
  [name, { model: "m", facts: bare, profile: "compatible" }] as const,
]);

/** The body with a field set; what is on the way to it and is not there is made. */
function withField(body: Json, path: string, value: unknown): Json {
  const copy = structuredClone(body) as Record<string, unknown>;
  const keys = path.split(/\.|(?=\[)/).map((key) => key.replace(/^\[(\d+)\]$/, "$1"));
  let at: Record<string, unknown> = copy;
  for (const key of keys.slice(0, -1)) {
    at[key] ??= {};
    at = at[key] as Record<string, unknown>;
  }
  at[keys.at(-1) as string] = value;
  return copy;
}

function read(dialect: ServerDialect, body: unknown) {
  return dialect === "gemini"
    ? readGenerateContent(body, "m", false)
    : servers[dialect].readRequest(body);
}

/** A place without its numbers; a tool by its name is one of the list. */
function kindOf(place: string): string {
  return place.replaceAll(/\[\d+\]/g, "[]").replace(/^tools\.[^.]+/, "tools[]");
}

/** Whether a name means a field: it, what it is in, what it holds, or a tool's of that name. */
function means(name: string, path: string): boolean {
  const [named, field] = [kindOf(name), kindOf(path)];
  if (named.startsWith(field) || field.startsWith(named)) return true;
  const [root, last] = [/^[^.[]*/, /[^.\]]*$/].map((part) => part.exec(named)?.[0]);
  return root === /^[^.[]*/.exec(field)?.[0] && last === /[^.\]]*$/.exec(field)?.[0];
}

/** What a provider is sent of a body, and which names are dropped; or the name that is refused. */
function outcomeOf(dialect: ServerDialect, body: Json, name: DialectName, target: Target) {
  const { request, unknown } = read(dialect, body);
  const placeOf = (place: string) => clientPlace(dialect, request, place);
  try {
    const written = clients[name].writeRequest(request, target);
    return {
      sent: JSON.stringify(written.body),
      dropped: [...written.dropped.map(placeOf), ...unknown],
    };
  } catch (thrown) {
    if (!(thrown instanceof ConnectError)) throw thrown;
    expect(["PARAMETER_UNSUPPORTED", "PARAMETER_INVALID"]).toContain(reasonOf(thrown));
    return { refused: placeOf(infoMetadataOf(thrown).param ?? "") };
  }
}

/** Whether a provider is not told of a field, and its client neither. */
function isSilent(
  dialect: ServerDialect,
  [path, value, body = {}]: Row,
  [name, target]: (typeof targets)[number],
): boolean {
  const without = { ...bases[dialect], ...body };
  const before = outcomeOf(dialect, without, name, target);
  // What the field is a part of is refused already.
  if (before.refused !== undefined) return false;
  const after = outcomeOf(dialect, withField(without, path, value), name, target);
  if (after.refused !== undefined) return !means(after.refused, path);
  const named = after.dropped.filter((place) => !before.dropped.includes(place));
  return after.sent === before.sent && !named.some((place) => means(place, path));
}

const own: Silence = {
  at: all,
  why: "it ties turns together; each dialect has ids of its own, or needs none",
};
const isDefault: Silence = { at: all, why: "it is what happens without it" };
const routed: Silence = { at: all, why: "routing reads it, and names a model of the provider's" };
const byPath: Silence = { at: ["gemini"], why: "the path says it" };
const label = (...at: DialectName[]): Silence => ({ at, why: "it only labels the schema" });
const stateOf = (...at: DialectName[]): Silence => ({
  at,
  why: "a provider's state is no one else's; the thoughts in words are named",
});
const bytesTell: Silence = { at: ["ollama"], why: "the bytes tell it" };
const idle = (...at: DialectName[]): Silence => ({
  at,
  why: "of a model that does not think there is nothing to show",
});
const otherName = (name: string, ...at: DialectName[]): Silence => ({
  at,
  why: `it is named by its other name, ${name}`,
});
const strictAnyway: Silence = {
  at: ["anthropic", "gemini", "ollama"],
  why: "their schemas always bind",
};

// Chat completions.

const chatUser = (...content: unknown[]) => ({ messages: [{ role: "user", content }] });
const chatTurns = (assistant: Json, ...more: unknown[]): Json => ({
  messages: [{ role: "user", content: "Hi" }, { role: "assistant", ...assistant }, ...more],
});
const words = { type: "text", text: "Hi" };
const chatImage = chatUser(words, {
  type: "image_url",
  image_url: { url: `data:image/png;base64,${png}` },
});
const chatAudio = chatUser(words, {
  type: "input_audio",
  input_audio: { data: "UklGRg==", format: "wav" },
});
const chatFile = (url: string) => chatUser({ type: "file", file: { file_data: url } });
const chatTool = { tools: [{ type: "function", function: { name: "w" } }] };
const chatTools = {
  tools: [...chatTool.tools, { type: "function", function: { name: "v" } }],
};
const chatCustom = { tools: [{ type: "custom", custom: { name: "c" } }] };
const chatCustoms = { tools: [...chatCustom.tools, { type: "custom", custom: { name: "d" } }] };
const bye = { role: "user", content: "Bye" };
const chatCalled: Json = {
  ...chatTool,
  ...chatTurns(
    {
      content: null,
      tool_calls: [{ id: "c1", type: "function", function: { name: "w", arguments: "{}" } }],
    },
    { role: "tool", tool_call_id: "c1", content: "Sun" },
  ),
};
const chatCustomCalled: Json = {
  ...chatCustom,
  ...chatTurns(
    { content: null, tool_calls: [{ id: "c1", type: "custom", custom: { name: "c", input: "" } }] },
    { role: "tool", tool_call_id: "c1", content: "Sun" },
  ),
};
const chatOld: Json = chatTurns(
  { content: null, function_call: { name: "w", arguments: "{}" } },
  { role: "function", name: "w", content: "Sun" },
);
const chatSaid = chatTurns({ content: [words] }, bye);
const chatThought = chatTurns(
  { content: "A", reasoning_details: [{ type: "reasoning.text" }] },
  bye,
);
const chatSchema = { response_format: { type: "json_schema", json_schema: { name: "n", schema } } };
const choice = (tool_choice: unknown) => ({ ...chatTool, tool_choice });

const chatRows: readonly Row[] = [
  ["model", "other", {}, routed],
  ["messages[0].content", "Bye"],
  ["messages[0].name", "Ann"],
  ["messages[0].content[0].text", "Bye"],
  ["messages[0].content[0].cache_control", { type: "ephemeral" }],
  ["messages[0].content[0].cache_control.ttl", "1h"],
  [
    "messages[0].content[0].prompt_cache_breakpoint",
    { mode: "explicit", ttl: "12h" },
    {},
    otherName("cache_control", "gemini", "ollama", "openai-chat", "openai-responses"),
  ],
  ["messages[0].content[0].of_tomorrow", 1],
  ["messages[0].content[1]", { type: "of_tomorrow", x: 1 }],
  ["messages[0].content[1].image_url.url", `data:image/gif;base64,${gif}`, chatImage],
  ["messages[0].content[1].image_url.detail", "high", chatImage],
  ["messages[0].content[1].input_audio.data", "UklGRkE=", chatAudio],
  ["messages[0].content[1].input_audio.format", "mp3", chatAudio],
  [
    "messages[0].content[0].file.file_data",
    "data:application/pdf;base64,JVBERi0xLjI=",
    chatFile(`data:application/pdf;base64,${pdf}`),
  ],
  ["messages[0].content[0].file.filename", "a.pdf", chatFile(`data:application/pdf;base64,${pdf}`)],
  ["messages[0].content[0].file.filename", "a.txt", chatFile("data:text/plain;base64,SGk=")],
  ["messages[0].content[0].file.file_id", "file-1", chatFile("data:text/plain;base64,SGk=")],
  [
    "messages[1].content[0].refusal",
    "No",
    chatTurns({ content: [{ type: "refusal", refusal: "" }] }, bye),
  ],
  ["messages[1].refusal", "No", chatSaid],
  ["messages[1].name", "Bo", chatSaid],
  ["messages[1].reasoning_content", "Hm", chatSaid],
  ["messages[1].reasoning", "Hm", chatSaid],
  ["messages[1].reasoning_details[0].text", "Hm", chatThought],
  ["messages[1].reasoning_details[0].summary", "Hm", chatThought],
  [
    "messages[1].reasoning_details[0]",
    { type: "reasoning.text", format: "anthropic-claude-v1", signature: "s" },
    chatThought,
    stateOf("gemini", "ollama", "openai-chat", "openai-responses"),
  ],
  [
    "messages[1].reasoning_details[0]",
    { type: "reasoning.encrypted", format: "openai-responses-v1", data: "s" },
    chatThought,
    stateOf("anthropic", "gemini", "ollama", "openai-chat"),
  ],
  ["messages[1].audio", { id: "audio_1" }, chatSaid],
  ["messages[1].images", [{ type: "image_url" }], chatSaid],
  ["messages[1].annotations", [{ type: "url_citation" }], chatSaid],
  [
    "messages[1].function_call",
    { name: "w", arguments: "{}" },
    {
      ...chatTool,
      ...chatTurns({ content: "A" }, { role: "function", name: "w", content: "Sun" }),
    },
  ],
  ["messages[1].function_call.arguments", '{"a":1}', chatOld],
  [
    "messages[1].tool_calls[0].id",
    "c2",
    {
      ...chatCalled,
      ...chatTurns({
        content: null,
        tool_calls: [{ id: "c1", type: "function", function: { name: "w", arguments: "{}" } }],
      }),
    },
  ],
  ["messages[1].tool_calls[0].function.name", "x", chatCalled],
  ["messages[1].tool_calls[0].function.arguments", '{"a":1}', chatCalled],
  [
    "messages[1].tool_calls[0].extra_content.google.thought_signature",
    "c2ln",
    chatCalled,
    stateOf("anthropic", "ollama", "openai-responses"),
  ],
  ["messages[1].tool_calls[0].custom.name", "d", chatCustomCalled],
  ["messages[1].tool_calls[0].custom.input", "x", chatCustomCalled],
  ["messages[2].content", "Rain", chatCalled],
  [
    "messages[2].tool_call_id",
    "c3",
    {
      ...chatTool,
      ...chatTurns({ content: "A" }, { role: "tool", tool_call_id: "c1", content: "Sun" }),
    },
    { ...own, at: [] },
  ],
  ["messages[2].name", "w", chatCalled, { at: all, why: "the call tells it, too" }],
  ["messages[2].content", "Rain", chatOld],
  ["messages[2].name", "x", chatOld],
  ["tools[0]", { type: "web_search", x: 1 }, { tools: [] }],
  ["tools[0].function.name", "x", chatTool],
  ["tools[0].function.description", "d", chatTool],
  ["tools[0].function.parameters", schema, chatTool],
  ["tools[0].function.strict", true, chatTool],
  ["tools[0].cache_control", { type: "ephemeral" }, chatTool],
  ["tools[0].cache_control.ttl", "1h", chatTool],
  [
    "tools[0].prompt_cache_breakpoint",
    { mode: "explicit", ttl: "12h" },
    chatTool,
    otherName("cache_control", "gemini", "ollama", "openai-chat", "openai-responses"),
  ],
  ["tools[0].of_tomorrow", 1, chatTool],
  ["tools[0].custom.name", "d", chatCustom],
  ["tools[0].custom.description", "d", chatCustom],
  ["tools[0].custom.format", { type: "grammar", syntax: "lark", definition: "x" }, chatCustom],
  ["tool_choice", "auto", chatTool, { ...isDefault, at: ["ollama"] }],
  ["tool_choice", "none", chatTool],
  ["tool_choice", "required", chatTool],
  [
    "tool_choice.function.name",
    "v",
    { ...chatTools, tool_choice: { type: "function", function: { name: "w" } } },
  ],
  [
    "tool_choice.custom.name",
    "d",
    { ...chatCustoms, tool_choice: { type: "custom", custom: { name: "c" } } },
  ],
  [
    "tool_choice.allowed_tools.mode",
    "required",
    choice({
      type: "allowed_tools",
      allowed_tools: { tools: [{ type: "function", function: { name: "w" } }] },
    }),
  ],
  [
    "tool_choice",
    {
      type: "allowed_tools",
      allowed_tools: { tools: [{ type: "function", function: { name: "w" } }] },
    },
    { tools: [...chatTool.tools, { type: "function", function: { name: "v" } }] },
  ],
  ["response_format", { type: "text" }, {}, { ...isDefault, at: but("openai-chat") }],
  ["response_format", { type: "json_object" }],
  ["response_format", { type: "json_schema", json_schema: { name: "n", schema } }],
  ["response_format.json_schema.schema", { type: "object" }, chatSchema],
  ["response_format.json_schema.name", "o", chatSchema, label("anthropic", "gemini", "ollama")],
  ["response_format.json_schema.description", "d", chatSchema],
  ["response_format.json_schema.strict", false, chatSchema, strictAnyway],
  ["top_p", 0.5],
  ["top_k", 5],
  ["seed", 1],
  ["presence_penalty", 1],
  ["frequency_penalty", 1],
  ["logprobs", true],
  ["top_logprobs", 2],
  ["logit_bias", { 5: 1 }],
  ["reasoning_effort", "high"],
  ["reasoning_effort", "minimal"],
  ["reasoning_effort", "xhigh"],
  [
    "reasoning_effort",
    "none",
    {},
    { at: ["anthropic", "gemini", "ollama"], why: "a model that does not think need not be told" },
  ],
  ["reasoning_effort", "of_tomorrow"],
  ["temperature", 1.5],
  ["max_tokens", 9],
  ["max_completion_tokens", 9],
  ["stop", "x"],
  ["stop", ["x"]],
  ["stream", true, {}, byPath],
  [
    "stream_options.include_usage",
    true,
    { stream: true },
    { at: all, why: "its client's last frame has it" },
  ],
  ["stream_options.include_obfuscation", true, { stream: true }],
  ["parallel_tool_calls", false, chatTool],
  ["parallel_tool_calls", true, {}, { ...isDefault, at: but("openai-chat", "openai-responses") }],
  ["n", 2],
  ["prompt_cache_key", "k"],
  ["safety_identifier", "u", {}, otherName("user", "gemini", "ollama")],
  ["user", "u"],
  [
    "user",
    "u",
    { safety_identifier: "v" },
    otherName("user, as the other one is", "gemini", "ollama"),
  ],
  ["service_tier", "flex"],
  ["verbosity", "low"],
  ["modalities", ["text"], {}, { ...isDefault, at: but("gemini") }],
  ["modalities", ["audio"]],
  ["modalities", ["text", "audio"]],
  ["modalities", ["image"]],
  ["audio", { voice: "alloy", format: "wav" }],
  ["audio.voice", "Kore", { modalities: ["audio"], audio: { format: "wav" } }],
  ["audio.voice", "alloy", { modalities: ["audio"], audio: { format: "wav" } }],
  ["audio.voice", { id: "voice_1" }, { modalities: ["audio"], audio: { format: "wav" } }],
  ["audio.format", "mp3", { modalities: ["audio"] }],
  ["audio.format", "wav", { modalities: ["audio"], stream: true }],
  [
    "audio.format",
    "pcm16",
    { modalities: ["audio"] },
    { at: ["gemini"], why: "the response is written in it" },
  ],
  ["metadata", { a: "b" }],
  ["store", true],
  ["store", false, {}, isDefault],
  ["prediction", { type: "content", content: "x" }],
  ["of_tomorrow", 1],
];

// Responses.

const said = (...input: unknown[]): Json => ({ input });
const inputText = { type: "input_text", text: "Hi" };
const asked = (...content: unknown[]) => said({ role: "user", content });
const responsesTool = { tools: [{ type: "function", name: "w" }] };
const responsesCustom = { tools: [{ type: "custom", name: "c" }] };
const userItem = { role: "user", content: [inputText] };
const callItem = { type: "function_call", call_id: "c1", name: "w", arguments: "{}" };
const resultItem = { type: "function_call_output", call_id: "c1", output: "Sun" };
const responsesCalled = { ...responsesTool, ...said(userItem, callItem, resultItem) };
const responsesCustomCalled = {
  ...responsesCustom,
  ...said(
    userItem,
    { type: "custom_tool_call", call_id: "c1", name: "c", input: "" },
    { type: "custom_tool_call_output", call_id: "c1", output: "Sun" },
  ),
};
const assistantItem = (part: Json) => ({ type: "message", role: "assistant", content: [part] });
const outputText = { type: "output_text", text: "A" };
const reasoning = (more: Json) =>
  said(userItem, { type: "reasoning", ...more }, assistantItem(outputText), userItem);
const imagePart = { type: "input_image", image_url: `data:image/png;base64,${png}` };
const filePart = { type: "input_file", file_data: `data:application/pdf;base64,${pdf}` };
const responsesSeen = {
  ...responsesTool,
  ...said(userItem, callItem, { ...resultItem, output: [imagePart] }),
};
const responsesNamespace = {
  tools: [{ type: "namespace", name: "ns", tools: [{ type: "function", name: "w" }] }],
};
const responsesFormat = { text: { format: { type: "json_schema", name: "n", schema } } };
const anyTool = (tool_choice: unknown) => ({ ...responsesTool, tool_choice });

const responsesRows: readonly Row[] = [
  ["model", "other", {}, routed],
  ["input", "Bye"],
  ["instructions", "Be brief"],
  ["input[0].content", "Bye"],
  ["input[0].content[0].text", "Bye"],
  ["input[0].content[0].of_tomorrow", 1],
  ["input[0].content[0]", { type: "of_tomorrow" }],
  ["input[0].phase", "commentary"],
  ["input[0].content[1].image_url", `data:image/gif;base64,${gif}`, asked(inputText, imagePart)],
  ["input[0].content[1].detail", "high", asked(inputText, imagePart)],
  [
    "input[0].content[1].file_data",
    "data:application/pdf;base64,JVBERi0xLjI=",
    asked(inputText, filePart),
  ],
  ["input[0].content[1].filename", "a.pdf", asked(inputText, filePart)],
  ["input[0].content[1]", { type: "input_file", file_id: "file-1" }],
  ["input[0].content[1]", { type: "input_file", file_url: "https://a.example/a.pdf" }],
  ["input[0].content[1]", { type: "input_image", file_id: "file-1" }],
  [
    "input[0].content[1]",
    { type: "input_audio", input_audio: { data: "UklGRg==", format: "wav" } },
  ],
  [
    "input[1].content[0].annotations",
    [{ type: "url_citation" }],
    said(userItem, assistantItem(outputText), userItem),
  ],
  [
    "input[1].content[0].refusal",
    "No",
    said(userItem, assistantItem({ type: "refusal", refusal: "" }), userItem),
  ],
  ["input[1].id", "msg_1", said(userItem, assistantItem(outputText), userItem), own],
  ["input[1].status", "completed", said(userItem, assistantItem(outputText), userItem), own],
  ["input[1].summary", [{ type: "summary_text", text: "Hm" }], reasoning({})],
  ["input[1].content", [{ type: "reasoning_text", text: "Hm" }], reasoning({})],
  [
    "input[1].encrypted_content",
    "sealed",
    reasoning({}),
    stateOf("anthropic", "gemini", "ollama", "openai-chat"),
  ],
  [
    "input[1].encrypted_content",
    "pg1.anthropic.sealed",
    reasoning({}),
    stateOf("gemini", "ollama", "openai-chat", "openai-responses"),
  ],
  ["input[1]", { type: "item_reference", id: "x" }, said(userItem, assistantItem(outputText))],
  [
    "input[1]",
    { type: "web_search_call", id: "x" },
    said(userItem, assistantItem(outputText), userItem),
  ],
  ["input[1].name", "x", responsesCalled],
  ["input[1].namespace", "ns", responsesCalled],
  ["input[1].arguments", '{"a":1}', responsesCalled],
  ["input[1].call_id", "c2", { ...responsesTool, ...said(userItem, callItem) }],
  ["input[2].output", "Rain", responsesCalled],
  ["input[2].output", [inputText, imagePart], responsesCalled],
  ["input[1].name", "d", responsesCustomCalled],
  ["input[1].namespace", "ns", responsesCustomCalled],
  ["input[1].input", "x", responsesCustomCalled],
  ["input[2].output", "Rain", responsesCustomCalled],
  ["input[2].output[0].detail", "high", responsesSeen],
  ["tools[0].tools[0].description", "d", responsesNamespace],
  ["tools[0].tools[0].parameters", schema, responsesNamespace],
  ["tools[0].tools[0].strict", true, responsesNamespace],
  ["tools[0].name", "x", responsesTool],
  ["tools[0].description", "d", responsesTool],
  ["tools[0].parameters", schema, responsesTool],
  ["tools[0].strict", true, responsesTool],
  ["tools[0].defer_loading", true, responsesTool],
  ["tools[0].name", "d", responsesCustom],
  ["tools[0].description", "d", responsesCustom],
  ["tools[0].format", { type: "grammar", syntax: "lark", definition: "x" }, responsesCustom],
  [
    "tools[0]",
    { type: "namespace", name: "ns", tools: [{ type: "function", name: "w" }] },
    { tools: [] },
  ],
  [
    "tools[0].description",
    "d",
    { tools: [{ type: "namespace", name: "ns", tools: [{ type: "function", name: "w" }] }] },
  ],
  ["tools[0]", { type: "web_search" }, { tools: [] }],
  ["tool_choice", "auto", responsesTool, { ...isDefault, at: ["ollama"] }],
  ["tool_choice", "none", responsesTool],
  ["tool_choice", "required", responsesTool],
  ["tool_choice", { type: "function", name: "w" }, responsesTool],
  [
    "tool_choice.mode",
    "required",
    anyTool({ type: "allowed_tools", tools: [{ type: "function", name: "w" }] }),
  ],
  [
    "tool_choice",
    { type: "allowed_tools", tools: [{ type: "function", name: "w" }] },
    { tools: [...responsesTool.tools, { type: "function", name: "v" }] },
  ],
  ["text.format", { type: "text" }, {}, { ...isDefault, at: but("openai-chat") }],
  ["text.format", { type: "json_object" }],
  ["text.format.schema", { type: "object" }, responsesFormat],
  ["text.format.name", "o", responsesFormat, label("anthropic", "gemini", "ollama")],
  ["text.format.description", "d", responsesFormat],
  ["text.format.strict", false, responsesFormat, strictAnyway],
  ["text.verbosity", "low"],
  ["reasoning.effort", "high"],
  ["reasoning.effort", "minimal"],
  ["reasoning.summary", "auto", {}, idle("anthropic", "gemini", "ollama")],
  ["reasoning.mode", "x"],
  ["top_p", 0.5],
  ["top_logprobs", 2],
  ["max_output_tokens", 9],
  ["temperature", 1.5],
  ["stream", true, {}, byPath],
  ["stream_options", { include_obfuscation: true }, { stream: true }],
  ["parallel_tool_calls", false, responsesTool],
  ["prompt_cache_key", "k"],
  ["safety_identifier", "u", {}, otherName("user", "gemini", "ollama")],
  ["user", "u"],
  [
    "user",
    "u",
    { safety_identifier: "v" },
    otherName("user, as the other one is", "gemini", "ollama"),
  ],
  ["service_tier", "flex"],
  ["metadata", { a: "b" }],
  ["previous_response_id", "resp_1"],
  ["conversation", "conv_1"],
  ["conversation", { id: "conv_1" }],
  ["store", true],
  ["store", false, {}, isDefault],
  ["background", true],
  ["include", ["reasoning.encrypted_content"], {}, { at: all, why: "it comes anyway" }],
  ["include", ["message.output_text.logprobs"]],
  ["include", ["web_search_call.action.sources"]],
  ["truncation", "auto"],
  ["truncation", "disabled", {}, isDefault],
  ["max_tool_calls", 3],
  ["prompt", { id: "p" }],
  ["of_tomorrow", 1],
];

// Anthropic.

const block = { type: "text", text: "Hi" };
const blocks = (...content: unknown[]): Json => ({ messages: [{ role: "user", content }] });
const turns = (...content: unknown[]): Json => ({
  messages: [
    { role: "user", content: "Hi" },
    { role: "assistant", content },
    { role: "user", content: "Bye" },
  ],
});
const image = { type: "image", source: { type: "base64", media_type: "image/png", data: png } };
const document = {
  type: "document",
  source: { type: "base64", media_type: "application/pdf", data: pdf },
};
const anthropicTool = { tools: [{ name: "w", input_schema: schema }] };
const anthropicCalled: Json = {
  ...anthropicTool,
  messages: [
    { role: "user", content: "Hi" },
    { role: "assistant", content: [{ type: "tool_use", id: "c1", name: "w", input: {} }] },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "c1", content: "Sun" }] },
  ],
};
const anthropicRead: Json = {
  ...anthropicTool,
  messages: [
    { role: "user", content: "Hi" },
    { role: "assistant", content: [{ type: "tool_use", id: "c1", name: "w", input: {} }] },
    {
      role: "user",
      content: [
        { type: "tool_result", tool_use_id: "c1", content: [{ type: "text", text: "Sun" }] },
      ],
    },
  ],
};
const systemBlock = { system: [{ type: "text", text: "Be brief" }] };
const mark = { type: "ephemeral" };

const anthropicRows: readonly Row[] = [
  ["model", "other", {}, routed],
  ["messages[0].content", "Bye"],
  ["messages[0].content[0].text", "Bye"],
  ["messages[0].content[0].cache_control", mark],
  ["messages[0].content[0].cache_control.ttl", "1h"],
  ["messages[0].content[0].citations", [{ type: "char_location" }]],
  ["messages[0].content[0].of_tomorrow", 1],
  ["messages[0].content[1]", { type: "search_result", title: "t" }],
  [
    "messages[0].content[1].source",
    { type: "base64", media_type: "image/gif", data: gif },
    blocks(block, image),
  ],
  ["messages[0].content[1].source.data", gif, blocks(block, image)],
  ["messages[0].content[1].source.media_type", "image/gif", blocks(block, image), bytesTell],
  [
    "messages[0].content[1].source",
    { type: "url", url: "https://a.example/a.png" },
    blocks(block, image),
  ],
  ["messages[0].content[1].source", { type: "file", file_id: "f" }, blocks(block, image)],
  ["messages[0].content[1].title", "a.pdf", blocks(block, document)],
  ["messages[0].content[1].context", "c", blocks(block, document)],
  ["messages[0].content[1].citations", { enabled: true }, blocks(block, document)],
  ["messages[0].content[1].cache_control", mark, blocks(block, document)],
  [
    "messages[0].content[1].source",
    { type: "text", media_type: "text/plain", data: "Bye" },
    blocks(block, document),
  ],
  ["messages[0].content[1].source", { type: "content", content: "Bye" }, blocks(block, document)],
  ["messages[1].content[0].thinking", "Hm", turns({ type: "thinking", thinking: "" }, block)],
  [
    "messages[1].content[0].signature",
    "s",
    turns({ type: "thinking", thinking: "" }, block),
    stateOf("gemini", "ollama", "openai-chat", "openai-responses"),
  ],
  [
    "messages[1].content[0].data",
    "s",
    turns({ type: "redacted_thinking", data: "" }, block),
    stateOf("gemini", "ollama", "openai-chat", "openai-responses"),
  ],
  ["messages[1].content[0].input", { a: 1 }, anthropicCalled],
  ["messages[1].content[0].name", "x", anthropicCalled],
  [
    "messages[1].content[0].id",
    "c2",
    { ...anthropicTool, ...turns({ type: "tool_use", id: "c1", name: "w", input: {} }) },
    { ...own, at: ["gemini", "ollama"] },
  ],
  ["messages[1].content[0].caller", { type: "direct" }, anthropicCalled, isDefault],
  ["messages[1].content[0].caller", { type: "code_execution", tool_id: "x" }, anthropicCalled],
  ["messages[1].content[0].cache_control", mark, anthropicCalled],
  ["messages[2].content[0].content", "Rain", anthropicCalled],
  ["messages[2].content[0].content", [block, image], anthropicCalled],
  ["messages[2].content[0].content", [{ type: "tool_reference", tool_name: "x" }], anthropicCalled],
  ["messages[2].content[0].is_error", true, anthropicCalled],
  ["messages[2].content[0].cache_control", mark, anthropicCalled],
  ["messages[2].content[0].content[0].cache_control", mark, anthropicRead],
  ["messages[2].content[0].content[0].cache_control.ttl", "1h", anthropicRead],
  ["messages[2].content[0].content[0].citations", [{ type: "char_location" }], anthropicRead],
  ["messages[2].content[0].tool_use_id", "c2", anthropicCalled, { ...own, at: [] }],
  ["system", "Be brief"],
  ["system", [block]],
  ["system[0].text", "Be long", systemBlock],
  ["system[0].cache_control", mark, systemBlock],
  ["system[0].cache_control.ttl", "1h", systemBlock],
  ["system[0].citations", [{ type: "char_location" }], systemBlock],
  ["cache_control", mark],
  ["tools[0].name", "x", anthropicTool],
  ["tools[0].description", "d", anthropicTool],
  ["tools[0].input_schema", { type: "object" }, anthropicTool],
  ["tools[0].strict", true, anthropicTool],
  ["tools[0].cache_control", mark, anthropicTool],
  ["tools[0].cache_control.ttl", "1h", anthropicTool],
  ["tools[0].defer_loading", true, anthropicTool],
  ["tools[0]", { type: "web_search_20250305", name: "web_search" }, { tools: [] }],
  ["tool_choice", { type: "auto" }, anthropicTool, { ...isDefault, at: ["ollama"] }],
  ["tool_choice", { type: "any" }, anthropicTool],
  ["tool_choice", { type: "none" }, anthropicTool],
  ["tool_choice", { type: "tool", name: "w" }, anthropicTool],
  [
    "tool_choice.disable_parallel_tool_use",
    true,
    { ...anthropicTool, tool_choice: { type: "auto" } },
  ],
  [
    "thinking",
    { type: "adaptive" },
    {},
    { at: ["gemini"], why: "its models think as much as they need" },
  ],
  ["thinking", { type: "enabled", budget_tokens: 2048 }],
  [
    "thinking.budget_tokens",
    20_000,
    { thinking: { type: "enabled", budget_tokens: 2048 } },
    { at: ["anthropic", "gemini", "ollama"], why: "all of the wish is named" },
  ],
  [
    "thinking",
    { type: "disabled" },
    {},
    { at: ["anthropic", "gemini", "ollama"], why: "a model that does not think need not be told" },
  ],
  [
    "thinking.display",
    "omitted",
    { thinking: { type: "adaptive" } },
    {
      at: ["anthropic", "gemini", "openai-responses", "ollama"],
      why: "nothing is shown there anyway",
    },
  ],
  [
    "thinking.display",
    "summarized",
    { thinking: { type: "adaptive" } },
    { at: ["anthropic", "gemini", "ollama"], why: "it is shown there anyway, if there is any" },
  ],
  ["output_config.effort", "high"],
  ["output_config.format", { type: "json_schema", schema }],
  [
    "output_config.format.schema",
    { type: "object" },
    { output_config: { format: { type: "json_schema", schema } } },
  ],
  [
    "output_format",
    { type: "json_schema", schema },
    {},
    otherName("output_config.format", "anthropic"),
  ],
  ["max_tokens", 8],
  ["temperature", 0.5],
  ["top_p", 0.5],
  ["top_k", 5],
  ["stop_sequences", ["x"]],
  ["stream", true, {}, byPath],
  ["metadata.user_id", "u"],
  ["metadata.other", "u"],
  ["service_tier", "auto"],
  ["container", "x"],
  ["of_tomorrow", 1],
];

// Gemini.

const parts = (...list: unknown[]): Json => ({ contents: [{ role: "user", parts: list }] });
const text = { text: "Hi" };
const inline = { inlineData: { mimeType: "image/png", data: png } };
const declared = { tools: [{ functionDeclarations: [{ name: "w" }] }] };
const geminiCalled: Json = {
  ...declared,
  contents: [
    { role: "user", parts: [text] },
    { role: "model", parts: [{ functionCall: { name: "w", args: {} } }] },
    { role: "user", parts: [{ functionResponse: { name: "w", response: { output: "Sun" } } }] },
  ],
};
const geminiTurns = (...list: unknown[]): Json => ({
  contents: [
    { role: "user", parts: [text] },
    { role: "model", parts: list },
    { role: "user", parts: [text] },
  ],
});
const config = "generationConfig";
const calling = "toolConfig.functionCallingConfig";

const geminiRows: readonly Row[] = [
  ["contents[0].parts[0].text", "Bye"],
  ["contents[0].parts[0].videoMetadata", { fps: 1 }],
  ["contents[0].parts[1]", { executableCode: { code: "x" } }],
  ["contents[0].parts[1].inlineData.data", gif, parts(text, inline)],
  ["contents[0].parts[1].inlineData.mimeType", "image/gif", parts(text, inline), bytesTell],
  ["contents[0].parts[1].inlineData.displayName", "a", parts(text, inline)],
  [
    "contents[0].parts[1]",
    { fileData: { fileUri: "https://a.example/a.png", mimeType: "image/png" } },
  ],
  [
    "contents[0].parts[1]",
    { fileData: { fileUri: "https://a.example/v1beta/files/a", mimeType: "image/png" } },
  ],
  ["contents[1].parts[0].text", "Hm", geminiTurns({ text: "", thought: true }, text)],
  [
    "contents[1].parts[0].thoughtSignature",
    "c2ln",
    geminiTurns({ text: "", thought: true }, text),
    stateOf("anthropic", "ollama", "openai-chat", "openai-responses"),
  ],
  [
    "contents[1].parts[0].functionCall.name",
    "x",
    { ...declared, ...geminiTurns({ functionCall: { name: "w", args: {} } }) },
  ],
  ["contents[1].parts[0].functionCall.args", { a: 1 }, geminiCalled],
  [
    "contents[1].parts[0].functionCall.id",
    "c9",
    { ...declared, ...geminiTurns({ functionCall: { name: "w", args: {} } }) },
    { ...own, at: ["gemini", "ollama"] },
  ],
  ["contents[2].parts[0].functionResponse.response", { output: "Rain" }, geminiCalled],
  ["contents[2].parts[0].functionResponse.response", { error: "Rain" }, geminiCalled],
  ["contents[2].parts[0].functionResponse.response", { a: 1 }, geminiCalled],
  ["contents[2].parts[0].functionResponse.response.more", 1, geminiCalled],
  ["contents[2].parts[0].functionResponse.parts", [inline], geminiCalled],
  ["contents[2].parts[0].functionResponse.willContinue", true, geminiCalled],
  ["contents[2].parts[0].functionResponse.name", "x", geminiCalled, { ...own, at: [] }],
  ["contents[2].parts[0].functionResponse.id", "c9", geminiCalled, { ...own, at: ["gemini"] }],
  ["systemInstruction", "Be brief"],
  ["systemInstruction", { parts: [{ text: "Be brief" }] }],
  ["systemInstruction.role", "user", { systemInstruction: { parts: [text] } }, own],
  ["tools[0].functionDeclarations[0].name", "x", declared],
  ["tools[0].functionDeclarations[0].description", "d", declared],
  ["tools[0].functionDeclarations[0].parametersJsonSchema", schema, declared],
  ["tools[0].functionDeclarations[0].parameters", { type: "OBJECT" }, declared],
  ["tools[0].functionDeclarations[0].response", { type: "OBJECT" }, declared],
  ["tools[0]", { googleSearch: {} }, { tools: [] }],
  [`${calling}.mode`, "AUTO", declared, { ...isDefault, at: ["ollama"] }],
  [`${calling}.mode`, "ANY", declared],
  [`${calling}.mode`, "NONE", declared],
  [
    `${calling}.allowedFunctionNames`,
    ["w"],
    { tools: [{ functionDeclarations: [{ name: "w" }, { name: "v" }] }] },
  ],
  ["toolConfig.retrievalConfig", { x: 1 }, declared],
  [`${config}.maxOutputTokens`, 9],
  [`${config}.temperature`, 1.5],
  [`${config}.topP`, 0.5],
  [`${config}.topK`, 5],
  [`${config}.seed`, 1],
  [`${config}.presencePenalty`, 1],
  [`${config}.frequencyPenalty`, 1],
  [`${config}.responseLogprobs`, true],
  [`${config}.logprobs`, 2],
  [`${config}.candidateCount`, 2],
  [`${config}.stopSequences`, ["x"]],
  [`${config}.responseMimeType`, "application/json"],
  [`${config}.responseMimeType`, "text/x.enum"],
  [`${config}.responseMimeType`, "text/plain", {}, isDefault],
  [`${config}.responseJsonSchema`, schema],
  [
    `${config}.responseSchema`,
    { type: "OBJECT" },
    {},
    otherName("responseJsonSchema", "anthropic"),
  ],
  [`${config}.responseModalities`, ["AUDIO"]],
  [`${config}.responseModalities`, ["TEXT", "IMAGE"]],
  [`${config}.speechConfig`, { languageCode: "de" }],
  [`${config}.speechConfig.voiceConfig.prebuiltVoiceConfig.voiceName`, "Kore"],
  [
    `${config}.speechConfig.voiceConfig.prebuiltVoiceConfig.voiceName`,
    "Kore",
    { generationConfig: { responseModalities: ["AUDIO"] } },
  ],
  [`${config}.thinkingConfig.thinkingLevel`, "HIGH"],
  [`${config}.thinkingConfig.thinkingBudget`, 2048],
  [
    `${config}.thinkingConfig.thinkingBudget`,
    -1,
    {},
    { at: ["gemini"], why: "its models think as much as they need" },
  ],
  [
    `${config}.thinkingConfig.thinkingBudget`,
    0,
    {},
    { at: ["anthropic", "gemini", "ollama"], why: "a model that does not think need not be told" },
  ],
  [
    `${config}.thinkingConfig.includeThoughts`,
    true,
    {},
    { at: ["ollama"], why: "what it thinks it shows" },
  ],
  [`${config}.of_tomorrow`, 1],
  ["serviceTier", "flex"],
  ["safetySettings", [{ category: "x" }]],
  ["cachedContent", "cachedContents/x"],
  ["model", "models/m"],
  ["of_tomorrow", 1],
];

const bases: Readonly<Record<ServerDialect, Json>> = {
  "openai-chat": { model: "m", ...chatUser(words) },
  "openai-responses": { model: "m", ...asked(inputText) },
  anthropic: { model: "m", max_tokens: 9, ...blocks(block) },
  gemini: parts(text),
};
const rows: Readonly<Record<ServerDialect, readonly Row[]>> = {
  "openai-chat": chatRows,
  "openai-responses": responsesRows,
  anthropic: anthropicRows,
  gemini: geminiRows,
};

/** What tells of what kind something is, or holds the fields that have rows; and the other API's word. */
const kinds: Readonly<Record<ServerDialect, readonly string[]>> = {
  "openai-chat": ["input"],
  "openai-responses": ["messages"],
  anthropic: [],
  gemini: [],
};
const isKind = (path: string) => /(^|\.)(type|role|thought)$/.test(path);

const dialects = Object.keys(rows) as ServerDialect[];

describe.each(dialects)("of a request of %s", (dialect) => {
  const named = rows[dialect].map(
    (row, index) => [`${row[0]} = ${JSON.stringify(row[1]).slice(0, 60)}`, index, row] as const,
  );

  test.each(named)("no provider loses %s in silence (%#)", (_name, _index, row) => {
    const silent = targets.filter((target) => isSilent(dialect, row, target));
    expect(new Set(silent.map(([name]) => name))).toEqual(new Set(row[3]?.at));
  });

  test("every field that its reader asks for is in the table", () => {
    const fields = new Set<string>();
    for (const [path, value, body] of rows[dialect]) {
      const whole = withField({ ...bases[dialect], ...body }, path, value);
      read(dialect, recorded(whole, fields));
    }
    const known = rows[dialect].map(([path]) => kindOf(path));
    // Parts are read alike wherever they stand.
    const shared = (field: string) =>
      field.replace(/^systemInstruction\.parts/, "contents[].parts");
    const isCovered = (field: string) =>
      isKind(field) ||
      kinds[dialect].includes(field) ||
      // Gemini's second spelling of a field.
      (dialect === "gemini" && field.includes("_")) ||
      known.some((path) => path.startsWith(shared(field))) ||
      rows[dialect].some(([path, value]) => isWithin(field, kindOf(path), value));
    expect([...fields].filter((field) => !isCovered(field))).toEqual([]);
  });
});

/** Whether a field is one that a row's value has. */
function isWithin(field: string, path: string, value: unknown): boolean {
  if (!field.startsWith(path)) return false;
  const rest = field.slice(path.length).replace(/^\./, "");
  return fieldsOf(value).includes(rest);
}

/** The fields of a value, and of the values in it. */
function fieldsOf(value: unknown, path = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => fieldsOf(one, `${path}[]`));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const own = path === "" ? name : `${path}.${name}`;
    return [own, ...fieldsOf(inner, own)];
  });
}
