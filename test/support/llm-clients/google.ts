/** Google's own SDK. */

import { type Content, GoogleGenAI, type Part, ThinkingLevel } from "@google/genai";
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
  contents: readonly Content[],
): Promise<Reply> {
  const { url, key } = gateway;
  const { models } = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } });
  const { signal } = wanted;
  const params = {
    model: wanted.model,
    contents: [...contents],
    config: {
      maxOutputTokens: 50,
      ...(signal === undefined ? {} : { abortSignal: signal }),
      ...(wanted.thinks
        ? { thinkingConfig: { includeThoughts: true, thinkingLevel: ThinkingLevel.LOW } }
        : {}),
      ...(wanted.schema
        ? { responseMimeType: "application/json", responseJsonSchema: citySchema }
        : {}),
      ...(wanted.tool
        ? {
            tools: [
              {
                functionDeclarations: [
                  {
                    name: "weather",
                    description: "Weather",
                    parametersJsonSchema: toolSchema,
                  },
                ],
              },
            ],
          }
        : {}),
    },
  };
  const parts: Part[] = [];
  let tokens: number | undefined;
  if (wanted.streams) {
    let finish: unknown;
    for await (const chunk of await models.generateContentStream(params)) {
      const candidate = chunk.candidates?.[0];
      parts.push(...(candidate?.content?.parts ?? []));
      tokens = chunk.usageMetadata?.totalTokenCount ?? tokens;
      finish = candidate?.finishReason ?? finish;
      wanted.onPiece?.();
    }
    // The SDK takes a stream that was cut for one that ended: its users look for the reason.
    if (finish === undefined) throw new Error("the stream ended without a reason");
  } else {
    const response = await models.generateContent(params);
    parts.push(...(response.candidates?.[0]?.content?.parts ?? []));
    tokens = response.usageMetadata?.totalTokenCount;
  }
  const words = (isThought: boolean) =>
    parts.map((part) => ((part.thought ?? false) === isThought ? (part.text ?? "") : "")).join("");
  const calls = parts.flatMap(({ functionCall }) => functionCall ?? []);
  return {
    text: words(false),
    thoughts: words(true),
    calls: calls.map(({ name = "", args }) => ({ name, args })),
    tokens,
    ...(wanted.schema ? { object: JSON.parse(words(false)) } : {}),
    answer: (output) =>
      ask(gateway, wanted, [
        ...contents,
        { role: "model", parts },
        {
          role: "user",
          parts: [
            {
              functionResponse: {
                name: "weather",
                response: { output },
                ...(calls[0]?.id === undefined ? {} : { id: calls[0].id }),
              },
            },
          ],
        },
      ]),
  };
}

/** The client of this SDK. */
export const googleClient: LlmClient = {
  name: "@google/genai",
  face: "gemini",
  ask: (gateway, wanted) =>
    ask(gateway, wanted, [
      {
        role: "user",
        parts: [
          { text: question },
          ...(wanted.image ? [{ inlineData: { mimeType: "image/png", data: png } }] : []),
        ],
      },
    ]),
  statusOf: statusIn,
};
