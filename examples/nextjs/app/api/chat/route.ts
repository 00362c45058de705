/** Answers the page's chat: the gateway's key stays on this server. */

import { createOpenAI } from "@ai-sdk/openai";
import { convertToModelMessages, streamText, type UIMessage } from "ai";

const polygate = createOpenAI({
  baseURL: `${process.env.POLYGATE_URL ?? "http://localhost:8080"}/v1`,
  apiKey: process.env.POLYGATE_KEY ?? "none",
});

export async function POST(request: Request): Promise<Response> {
  const { messages } = (await request.json()) as { messages: UIMessage[] };
  const result = streamText({
    model: polygate.chat(process.env.POLYGATE_MODEL ?? "polyagent-reference-1"),
    messages: await convertToModelMessages(messages),
    // The gateway tries again itself; who leaves the page ends the call at the provider too.
    maxRetries: 0,
    abortSignal: request.signal,
  });
  return result.toUIMessageStreamResponse();
}
