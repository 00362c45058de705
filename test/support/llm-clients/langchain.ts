/** LangChain, with its models for OpenAI and Anthropic. */

import { ChatAnthropic } from "@langchain/anthropic";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import {
  type AIMessageChunk,
  type BaseMessage,
  HumanMessage,
  ToolMessage,
} from "@langchain/core/messages";
import { ChatOpenAI } from "@langchain/openai";
import {
  type Ask,
  citySchema,
  type GatewayAddress,
  type LlmClient,
  png,
  question,
  type Reply,
  statusIn,
  toolSchema,
} from "./client.ts";

type ModelOf = (gateway: GatewayAddress, wanted: Ask) => BaseChatModel;

const tools = [
  {
    type: "function" as const,
    function: { name: "weather", description: "Weather", parameters: toolSchema },
  },
];

async function ask(
  modelOf: ModelOf,
  gateway: GatewayAddress,
  wanted: Ask,
  messages: readonly BaseMessage[],
): Promise<Reply> {
  const model = modelOf(gateway, wanted);
  const options = wanted.signal === undefined ? {} : { signal: wanted.signal };
  const input = [...messages];
  if (wanted.schema) {
    const structured = model.withStructuredOutput<Record<string, unknown>>(
      { title: "city", ...citySchema },
      { method: "jsonSchema", includeRaw: true },
    );
    const { raw, parsed } = await structured.invoke(input, options);
    return { ...replyOf(raw), object: parsed, answer: () => Promise.reject(new Error("no call")) };
  }
  const bound = wanted.tool ? (model.bindTools?.(tools) ?? model) : model;
  const message = wanted.streams
    ? await gathered(await bound.stream(input, options), wanted)
    : await bound.invoke(input, options);
  const [call] = message.tool_calls ?? [];
  return {
    ...replyOf(message),
    answer: (content) =>
      ask(modelOf, gateway, wanted, [
        ...messages,
        message,
        new ToolMessage({ content, tool_call_id: call?.id ?? "", name: "weather" }),
      ]),
  };
}

async function gathered(
  stream: AsyncIterable<AIMessageChunk>,
  { onPiece }: Ask,
): Promise<AIMessageChunk> {
  let whole: AIMessageChunk | undefined;
  for await (const chunk of stream) {
    if (chunk.text !== "") onPiece?.();
    whole = whole === undefined ? chunk : whole.concat(chunk);
  }
  if (whole === undefined) throw new Error("nothing came");
  return whole;
}

function replyOf(raw: BaseMessage): Omit<Reply, "answer"> {
  const message = raw as AIMessageChunk;
  const thoughts = message.contentBlocks.map((block) =>
    block.type === "reasoning" ? String(block.reasoning) : "",
  );
  return {
    text: message.text,
    thoughts: thoughts.join(""),
    calls: (message.tool_calls ?? []).map(({ name, args }) => ({ name, args })),
    tokens: (message.usage_metadata as { total_tokens?: number } | undefined)?.total_tokens,
  };
}

const openaiOf =
  (useResponsesApi: boolean): ModelOf =>
  ({ url, key }, { model, thinks }) =>
    new ChatOpenAI({
      model,
      apiKey: key,
      configuration: { baseURL: `${url}/v1` },
      maxRetries: 0,
      useResponsesApi,
      ...(useResponsesApi ? { zdrEnabled: true } : {}),
      // Its own option is left out for models whose names it does not know.
      ...(thinks ? { modelKwargs: useResponsesApi ? reasoning : { reasoning_effort: "low" } } : {}),
    });

const reasoning = { reasoning: { effort: "low", summary: "auto" } };

const anthropicOf: ModelOf = ({ url, key }, { model, thinks }) =>
  new ChatAnthropic({
    model,
    apiKey: key,
    anthropicApiUrl: url,
    maxRetries: 0,
    ...(thinks
      ? {
          thinking: { type: "adaptive" as const, display: "summarized" as const },
          outputConfig: { effort: "low" as const },
        }
      : {}),
  });

function client(
  name: string,
  face: LlmClient["face"],
  modelOf: ModelOf,
  more: Pick<LlmClient, "hidesThoughts" | "losesState" | "streamedTokens"> = {},
): LlmClient {
  return {
    name: `LangChain's ${name}`,
    face,
    ...more,
    ask: (gateway, wanted) =>
      ask(modelOf, gateway, wanted, [
        new HumanMessage({
          content: wanted.image
            ? [
                { type: "text", text: question },
                { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } },
              ]
            : question,
        }),
      ]),
    statusOf: statusIn,
  };
}

/** The clients of LangChain. */
export const langchainClients: readonly LlmClient[] = [
  client("ChatOpenAI", "openai-chat", openaiOf(false), {
    hidesThoughts: true,
    losesState: ["openai-responses", "anthropic", "gemini"],
  }),
  client("ChatOpenAI, Responses", "openai-responses", openaiOf(true)),
  client("ChatAnthropic", "anthropic", anthropicOf, {
    // It reads what was read at a stream's start, when only Anthropic has told, and adds what was written twice.
    streamedTokens: (dialect) => (dialect === "anthropic" ? 13 : 5),
  }),
];
