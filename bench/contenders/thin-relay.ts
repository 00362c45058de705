/** The least that fastify and undici can do in front of a provider of OpenAI's dialect: `<port> <upstream port>`. */

import { fastify } from "fastify";
import { Pool } from "undici";
import { upstreamKey } from "../support/llm.ts";

const [, , port, upstreamPort] = process.argv;
const upstream = new Pool(`http://127.0.0.1:${upstreamPort}`, { connections: 256 });
const headers = {
  "content-type": "application/json",
  authorization: `Bearer ${upstreamKey}`,
} as const;

const send = (body: Buffer | string) =>
  upstream.request({ path: "/v1/chat/completions", method: "POST", headers, body });

/** What is read of the gateway's chat, and of OpenAI's. */
interface Chat {
  readonly message: string;
  readonly model_preference: string;
}

interface Completion {
  readonly model: string;
  readonly choices: readonly {
    readonly message: { readonly content: string };
    readonly finish_reason: string;
  }[];
  readonly usage: object;
}

const server = fastify();
server.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => {
  done(null, body);
});

// Bytes both ways: nothing is parsed.
server.post("/v1/chat/completions", async (request, reply) => {
  const { statusCode, headers: fields, body } = await send(request.body as Buffer);
  const type = String(fields["content-type"]);
  reply.code(statusCode).header("content-type", type);
  return type.startsWith("text/event-stream") ? body : Buffer.from(await body.arrayBuffer());
});

// The gateway's own chat to OpenAI's and back.
server.post("/api/v1/chat", async (request) => {
  const began = performance.now();
  const chat = JSON.parse((request.body as Buffer).toString()) as Chat;
  const messages = [{ role: "user", content: chat.message }];
  const { body } = await send(JSON.stringify({ model: chat.model_preference, messages }));
  const { model, choices, usage } = (await body.json()) as Completion;
  return {
    response: choices[0]?.message.content,
    model_used: model,
    usage,
    cost: 0,
    tools_called: [],
    processing_time_ms: performance.now() - began,
    tool_calls: [],
    finish_reason: choices[0]?.finish_reason,
  };
});

await server.listen({ port: Number(port), host: "127.0.0.1" });
