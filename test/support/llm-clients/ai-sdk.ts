/** Vercel's AI SDK, with the providers of each family. */

import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import {
  APICallError,
  generateText,
  jsonSchema,
  type LanguageModel,
  type ModelMessage,
  Output,
  streamText,
  type ToolSet,
  tool,
} from "ai";
import {
  type Ask,
  citySchema,
  type GatewayAddress,
  type LlmClient,
  png,
  question,
  type Reply,
  toolSchema,
} from "./client.ts";

type ModelOf = (gateway: GatewayAddress, model: string) => LanguageModel;

Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

const tools: ToolSet = {
  weather: tool({ description: "Weather", inputSchema: jsonSchema<unknown>(toolSchema) }),
};

type Options = Parameters<typeof generateText>[0];

const providerOptions = {
  // Models that it does not know are taken for ones that do not think, and for ones without schemas.
  openai: { forceReasoning: true, store: false },
  anthropic: { structuredOutputMode: "outputFormat" as const },
};

async function ask(
  modelOf: ModelOf,
  gateway: GatewayAddress,
  wanted: Ask,
  messages: readonly ModelMessage[],
): Promise<Reply> {
  const { signal } = wanted;
  const options = {
    model: modelOf(gateway, wanted.model),
    messages: [...messages],
    maxOutputTokens: 50,
    maxRetries: 0,
    providerOptions,
    ...(wanted.thinks ? { reasoning: "low" as const } : {}),
    ...(wanted.tool ? { tools } : {}),
    ...(wanted.schema
      ? { output: Output.object({ schema: jsonSchema<unknown>(citySchema) }) }
      : {}),
    ...(signal === undefined ? {} : { abortSignal: signal }),
  };
  const result = wanted.streams
    ? await streamed(wanted, options as Options)
    : await whole(wanted, options as Options);
  const [call] = result.calls;
  return {
    ...result,
    calls: result.calls.map(({ toolName, input }) => ({ name: toolName, args: input })),
    answer: (value) =>
      ask(modelOf, gateway, wanted, [
        ...messages,
        ...result.written,
        {
          role: "tool",
          content: [
            {
              type: "tool-result",
              toolCallId: call?.toolCallId ?? "",
              toolName: "weather",
              output: { type: "text", value },
            },
          ],
        },
      ]),
  };
}

async function whole({ schema }: Ask, options: Options) {
  const result = await generateText(options);
  return {
    text: result.text,
    thoughts: result.reasoningText ?? "",
    calls: result.toolCalls,
    tokens: result.usage.totalTokens,
    written: result.response.messages,
    ...(schema ? { object: result.output as unknown } : {}),
  };
}

async function streamed({ schema, onPiece }: Ask, options: Options) {
  const result = streamText({ ...options, onError: () => {} } as Parameters<typeof streamText>[0]);
  for await (const part of result.fullStream) {
    if (part.type === "text-delta") onPiece?.();
    if (part.type === "error") throw part.error;
    if (part.type === "abort") throw new Error("aborted");
  }
  return {
    text: await result.text,
    thoughts: (await result.reasoningText) ?? "",
    calls: await result.toolCalls,
    tokens: (await result.usage).totalTokens,
    written: (await result.response).messages,
    ...(schema ? { object: (await result.output) as unknown } : {}),
  };
}

/** The status of its errors, which it wraps. */
function statusOf(thrown: unknown): number | undefined {
  if (APICallError.isInstance(thrown)) return thrown.statusCode;
  const { lastError, cause } = thrown as { lastError?: unknown; cause?: unknown };
  const inner = lastError ?? cause;
  return inner === undefined ? undefined : statusOf(inner);
}

function client(
  name: string,
  face: LlmClient["face"],
  modelOf: ModelOf,
  more: Pick<LlmClient, "hidesThoughts" | "losesState"> = {},
): LlmClient {
  return {
    name: `ai with ${name}`,
    face,
    ...more,
    ask: (gateway, wanted) =>
      ask(modelOf, gateway, wanted, [
        {
          role: "user",
          content: [
            { type: "text", text: question },
            ...(wanted.image ? [{ type: "file" as const, data: png, mediaType: "image/png" }] : []),
          ],
        },
      ]),
    statusOf,
  };
}

/** The clients of this SDK. */
export const aiSdkClients: readonly LlmClient[] = [
  client("@ai-sdk/openai", "openai-responses", ({ url, key }, model) =>
    createOpenAI({ baseURL: `${url}/v1`, apiKey: key })(model),
  ),
  client(
    "@ai-sdk/openai, chat",
    "openai-chat",
    ({ url, key }, model) => createOpenAI({ baseURL: `${url}/v1`, apiKey: key }).chat(model),
    { hidesThoughts: true, losesState: ["openai-responses", "anthropic", "gemini"] },
  ),
  client(
    "@ai-sdk/openai-compatible",
    "openai-chat",
    ({ url, key }, model) =>
      createOpenAICompatible({
        name: "polygate",
        baseURL: `${url}/v1`,
        apiKey: key,
        includeUsage: true,
        supportsStructuredOutputs: true,
      })(model),
    { losesState: ["openai-responses", "anthropic"] },
  ),
  client("@ai-sdk/anthropic", "anthropic", ({ url, key }, model) =>
    createAnthropic({ baseURL: `${url}/v1`, apiKey: key })(model),
  ),
  client("@ai-sdk/google", "gemini", ({ url, key }, model) =>
    createGoogle({ baseURL: `${url}/v1beta`, apiKey: key })(model),
  ),
];
