/** Anthropic's own SDK. */

import Anthropic from "@anthropic-ai/sdk";
import type { MessageCreateParamsNonStreaming, MessageParam } from "@anthropic-ai/sdk/resources";
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

async function ask(
  gateway: GatewayAddress,
  wanted: Ask,
  messages: readonly MessageParam[],
): Promise<Reply> {
  const { model, streams, signal } = wanted;
  const sdk = new Anthropic({ baseURL: gateway.url, apiKey: gateway.key, maxRetries: 0 });
  const outputConfig = {
    ...(wanted.thinks ? { effort: "low" as const } : {}),
    ...(wanted.schema ? { format: { type: "json_schema" as const, schema: citySchema } } : {}),
  };
  const params: MessageCreateParamsNonStreaming = {
    model,
    max_tokens: 50,
    messages: [...messages],
    ...(wanted.thinks ? { thinking: { type: "adaptive", display: "summarized" } } : {}),
    ...(wanted.thinks || wanted.schema ? { output_config: outputConfig } : {}),
    ...(wanted.tool
      ? { tools: [{ name: "weather", description: "Weather", input_schema: toolSchema }] }
      : {}),
  };
  const options = signal === undefined ? {} : { signal };
  let message: Anthropic.Message;
  if (streams) {
    const stream = sdk.messages.stream(params, options);
    stream.on("text", () => wanted.onPiece?.());
    message = await stream.finalMessage();
  } else {
    message = await (wanted.schema
      ? sdk.messages.parse(params, options)
      : sdk.messages.create(params, options));
  }
  const { content, usage } = message;
  const calls = content.filter((block) => block.type === "tool_use");
  const texts = content.map((block) => (block.type === "text" ? block.text : ""));
  const text = texts.join("");
  return {
    text,
    thoughts: content.map((block) => (block.type === "thinking" ? block.thinking : "")).join(""),
    calls: calls.map(({ name, input }) => ({ name, args: input })),
    tokens: usage.input_tokens + usage.output_tokens,
    ...(wanted.schema ? { object: JSON.parse(text) } : {}),
    answer: (result) =>
      ask(gateway, wanted, [
        ...messages,
        { role: "assistant", content },
        {
          role: "user",
          content: [{ type: "tool_result", tool_use_id: calls[0]?.id ?? "", content: result }],
        },
      ]),
  };
}

/** The client of this SDK. */
export const anthropicClient: LlmClient = {
  name: "@anthropic-ai/sdk",
  face: "anthropic",
  ask: (gateway, wanted) =>
    ask(gateway, wanted, [
      {
        role: "user",
        content: wanted.image
          ? [
              { type: "text", text: question },
              { type: "image", source: { type: "base64", media_type: "image/png", data: png } },
            ]
          : question,
      },
    ]),
  statusOf: statusIn,
};
