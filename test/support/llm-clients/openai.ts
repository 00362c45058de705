/** OpenAI's own SDK, by chat completions and by Responses. */

import OpenAI from "openai";
import type {
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionMessage,
  ChatCompletionMessageParam,
} from "openai/resources/chat/completions";
import type {
  Response,
  ResponseCreateParamsNonStreaming,
  ResponseInputItem,
} from "openai/resources/responses/responses";
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

/** The SDK's client. */
export const sdk = ({ url, key }: GatewayAddress) =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });

const optionsOf = ({ signal }: Ask) => (signal === undefined ? {} : { signal });

/** What servers add to a message that OpenAI's types do not have. */
type WithThoughts = ChatCompletionMessage & { reasoning_content?: string };

async function chat(
  gateway: GatewayAddress,
  ask: Ask,
  messages: readonly ChatCompletionMessageParam[],
): Promise<Reply> {
  const params: ChatCompletionCreateParamsNonStreaming = {
    model: ask.model,
    max_completion_tokens: 50,
    messages: [...messages],
    ...(ask.thinks ? { reasoning_effort: "low" } : {}),
    ...(ask.tool
      ? {
          tools: [
            {
              type: "function",
              function: { name: "weather", description: "Weather", parameters: toolSchema },
            },
          ],
        }
      : {}),
    ...(ask.schema
      ? {
          response_format: {
            type: "json_schema",
            json_schema: { name: "city", schema: citySchema, strict: true },
          },
        }
      : {}),
  };
  const { completions } = sdk(gateway).chat;
  const { choices, usage } = ask.streams
    ? await chatStream(gateway, ask, params)
    : await (ask.schema
        ? completions.parse(params, optionsOf(ask))
        : completions.create(params, optionsOf(ask)));
  const message = choices[0]?.message as WithThoughts;
  const calls = message.tool_calls ?? [];
  return {
    text: message.content ?? "",
    thoughts: message.reasoning_content ?? "",
    calls: calls.map((call) => {
      if (call.type !== "function") throw new Error(`a call of the kind ${call.type}`);
      return { name: call.function.name, args: JSON.parse(call.function.arguments) };
    }),
    tokens: usage?.total_tokens,
    ...(ask.schema ? { object: (message as { parsed?: unknown }).parsed } : {}),
    answer: (content) =>
      chat(gateway, ask, [
        ...messages,
        message,
        { role: "tool", tool_call_id: calls[0]?.id ?? "", content },
      ]),
  };
}

function chatStream(
  gateway: GatewayAddress,
  ask: Ask,
  params: ChatCompletionCreateParamsNonStreaming,
) {
  const stream = sdk(gateway).chat.completions.stream(
    { ...params, stream: true, stream_options: { include_usage: true } },
    optionsOf(ask),
  );
  stream.on("content.delta", () => ask.onPiece?.());
  return stream.finalChatCompletion();
}

/** What Responses are asked. */
export function responseParams(
  ask: Ask,
  input: readonly ResponseInputItem[],
): ResponseCreateParamsNonStreaming {
  return {
    model: ask.model,
    input: [...input],
    store: false,
    include: ["reasoning.encrypted_content"],
    ...(ask.thinks ? { reasoning: { effort: "low", summary: "auto" } } : {}),
    ...(ask.tool
      ? {
          tools: [
            {
              type: "function",
              name: "weather",
              description: "Weather",
              parameters: toolSchema,
              strict: false,
            },
          ],
        }
      : {}),
    ...(ask.schema
      ? {
          text: { format: { type: "json_schema", name: "city", schema: citySchema, strict: true } },
        }
      : {}),
  };
}

/** The question, as Responses are asked it. */
export function questionItem({ image }: Ask): ResponseInputItem {
  const url = `data:image/png;base64,${png}`;
  return {
    role: "user",
    content: image
      ? [
          { type: "input_text", text: question },
          { type: "input_image", image_url: url, detail: "auto" },
        ]
      : question,
  };
}

/** The calls of a response, and what it shows of its thoughts. */
export function saidIn({ output }: Pick<Response, "output">) {
  const calls = output.filter((item) => item.type === "function_call");
  const thoughts = output.flatMap((item) =>
    item.type === "reasoning" ? item.summary.map(({ text }) => text) : [],
  );
  return {
    callId: calls[0]?.call_id ?? "",
    thoughts: thoughts.join(""),
    calls: calls.map((call) => ({ name: call.name, args: JSON.parse(call.arguments) })),
  };
}

async function respond(
  gateway: GatewayAddress,
  ask: Ask,
  input: readonly ResponseInputItem[],
): Promise<Reply> {
  const params = responseParams(ask, input);
  const { responses } = sdk(gateway);
  let response: Response;
  if (ask.streams) {
    const stream = responses.stream({ ...params, stream: true }, optionsOf(ask));
    stream.on("response.output_text.delta", () => ask.onPiece?.());
    response = await stream.finalResponse();
    if (response.status === "failed") throw new Error(response.error?.message);
  } else {
    response = await (ask.schema
      ? responses.parse(params, optionsOf(ask))
      : responses.create(params, optionsOf(ask)));
  }
  const { callId, thoughts, calls } = saidIn(response);
  return {
    text: response.output_text,
    thoughts,
    calls,
    tokens: response.usage?.total_tokens,
    ...(ask.schema ? { object: (response as { output_parsed?: unknown }).output_parsed } : {}),
    answer: (output) =>
      respond(gateway, ask, [
        ...input,
        ...(response.output as ResponseInputItem[]),
        { type: "function_call_output", call_id: callId, output },
      ]),
  };
}

/** The clients of this SDK. */
export const openaiClients: readonly LlmClient[] = [
  {
    name: "openai, chat completions",
    face: "openai-chat",
    ask: (gateway, ask) =>
      chat(gateway, ask, [
        {
          role: "user",
          content: ask.image
            ? [
                { type: "text", text: question },
                { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } },
              ]
            : question,
        },
      ]),
    statusOf: statusIn,
  },
  {
    name: "openai, Responses",
    face: "openai-responses",
    ask: (gateway, ask) => respond(gateway, ask, [questionItem(ask)]),
    statusOf: statusIn,
  },
];
