/** Several responses, audio and files: made where the target can, else refused by the name that the client has for them. */

import { describe, expect, test } from "vitest";
import type { DialectName } from "#dialects/dialect.ts";
import { clientKey as key, useDialectGateway } from "../support/dialect-gateway.ts";

const dialects = ["openai-chat", "openai-responses", "anthropic", "gemini", "ollama"] as const;
const wav = Buffer.from("RIFF audio").toString("base64");
const pdf = Buffer.from("%PDF-1.1").toString("base64");
const words = Buffer.from("Ulm is in the south").toString("base64");

type Body = Readonly<Record<string, unknown>>;

const gateway = useDialectGateway(dialects, {
  more: (providers) =>
    `  translated: { dialect: openai, relay: false, base_url: "${providers["openai-chat"].url}", api_key: upstream-key }`,
  settings: "routes: { over: { fallback: [anthropic/double, openai-chat/double] } }",
});

async function post(path: string, body: Body) {
  const response = await fetch(gateway.url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Body };
}

const chat = (target: string, more: Body) =>
  post("/v1/chat/completions", {
    model: `${target}/double`,
    messages: [{ role: "user", content: "Hi" }],
    ...more,
  });
const sent = (target: string, content: unknown) =>
  chat(target, { messages: [{ role: "user", content }] });
const generate = (target: string, more: Body) =>
  post(`/v1beta/models/${encodeURIComponent(`${target}/double`)}:generateContent`, {
    contents: [{ role: "user", parts: [{ text: "Hi" }] }],
    ...more,
  });
const unsupported = (param: string) => ({
  status: 400,
  body: { error: { type: "invalid_request_error", code: "unsupported_parameter", param } },
});

describe("several responses", () => {
  const two = (one: (text: string, index: number) => unknown) => ["One", "Two"].map(one);

  test.each(["openai-chat", "translated"])("come from %s", async (target) => {
    const choices = two((content, index) => ({
      index,
      message: { role: "assistant", content },
      finish_reason: "stop",
    }));
    const bytes = JSON.stringify({ id: "c", model: "double", choices });
    gateway.providers["openai-chat"].faults.push({ kind: "bytes", bytes });
    const { status, body } = await chat(target, { n: 2 });
    expect(gateway.heard()[0]?.body).toMatchObject({ n: 2 });
    expect([status, body.choices]).toMatchObject([
      200,
      [{ message: { content: "One" } }, { index: 1, message: { content: "Two" } }],
    ]);
  });

  test("are candidates of Gemini's", async () => {
    const candidates = two((text, index) => ({
      index,
      content: { role: "model", parts: [{ text }] },
      finishReason: "STOP",
    }));
    const bytes = JSON.stringify({ candidates, modelVersion: "double", responseId: "r" });
    gateway.providers.gemini.faults.push({ kind: "bytes", bytes });
    const { status, body } = await chat("gemini", { n: 2 });
    expect(gateway.heard()[0]?.body).toMatchObject({ generationConfig: { candidateCount: 2 } });
    expect([status, body.choices]).toMatchObject([
      200,
      [{ message: { content: "One" } }, { index: 1, message: { content: "Two" } }],
    ]);
  });

  test.each(["openai-responses", "anthropic", "ollama"])("are refused for %s", async (target) => {
    expect(await chat(target, { n: 2 })).toMatchObject(unsupported("n"));
    expect(gateway.heard()).toEqual([]);
  });

  test("go on to a target that writes several, where a fallback has one", async () => {
    const messages = [{ role: "user", content: "Hi" }];
    const { status } = await post("/v1/chat/completions", { model: "over", messages, n: 2 });
    expect([status, gateway.heard().map(({ body }) => body.n)]).toEqual([200, [2]]);
  });

  test("are Gemini's own word to its clients", async () => {
    const { status, body } = await generate("anthropic", {
      generationConfig: { candidateCount: 2 },
    });
    const [info] = (body.error as { details: [Body] }).details;
    expect([status, info]).toMatchObject([
      400,
      { metadata: { param: "generationConfig.candidateCount" } },
    ]);
  });
});

describe("audio", () => {
  const part = { type: "input_audio", input_audio: { data: wav, format: "wav" } };
  const content = [{ type: "text", text: "What is said?" }, part];

  test("is relayed to chat completions, and told to them", async () => {
    for (const target of ["openai-chat", "translated"]) {
      expect((await sent(target, content)).status).toBe(200);
    }
    const [relayed, translated] = gateway.heard().map(({ body }) => body.messages);
    expect(relayed).toEqual([{ role: "user", content }]);
    expect(translated).toEqual([{ role: "user", content }]);
  });

  test("is inline data to Gemini", async () => {
    expect((await sent("gemini", content)).status).toBe(200);
    expect(gateway.heard()[0]?.body).toMatchObject({
      contents: [{ parts: [{}, { inlineData: { mimeType: "audio/wav", data: wav } }] }],
    });
  });

  test("of Gemini's clients is an audio part to chat completions", async () => {
    const parts = [{ inlineData: { mimeType: "audio/wav", data: wav } }];
    const { status } = await generate("openai-chat", { contents: [{ parts }] });
    expect([status, gateway.heard()[0]?.body.messages]).toEqual([
      200,
      [{ role: "user", content: [part] }],
    ]);
  });

  test("of Responses' clients is told to chat completions and to Gemini", async () => {
    const input = [{ role: "user", content: [part] }];
    for (const target of ["openai-chat", "gemini"]) {
      expect((await post("/v1/responses", { model: `${target}/double`, input })).status).toBe(200);
    }
    expect(gateway.heard().map(({ body }) => body.messages ?? body.contents)).toMatchObject([
      [{ content: [part] }],
      [{ parts: [{ inlineData: { mimeType: "audio/wav", data: wav } }] }],
    ]);
    const refusal = await post("/v1/responses", { model: "anthropic/double", input });
    expect(refusal).toMatchObject(unsupported("input[0].content[0]"));
  });

  test.each(["openai-responses", "anthropic", "ollama"])("is refused for %s", async (target) => {
    expect(await sent(target, content)).toMatchObject(unsupported("messages[0].content[1]"));
    expect(gateway.heard()).toEqual([]);
  });

  test("that is no base64 is refused, whoever would be told it", async () => {
    const bad = [{ type: "input_audio", input_audio: { data: "%", format: "wav" } }];
    const { status, body } = await sent("openai-chat", bad);
    expect([status, body.error]).toMatchObject([
      400,
      { param: "messages[0].content[0].input_audio.data" },
    ]);
    expect(gateway.heard()).toEqual([]);
  });

  test("in response is refused by whoever writes text", async () => {
    const wish = { modalities: ["text", "audio"], audio: { voice: "alloy", format: "wav" } };
    for (const target of ["translated", "openai-responses", "anthropic", "ollama"]) {
      expect(await chat(target, wish)).toMatchObject(unsupported("modalities"));
    }
    expect(gateway.heard()).toEqual([]);
    expect((await chat("openai-chat", wish)).status).toBe(200);
    expect(gateway.heard()[0]?.body).toMatchObject(wish);
  });
});

describe("files", () => {
  const file = { filename: "a.pdf", file_data: `data:application/pdf;base64,${pdf}` };
  const content = [{ type: "file", file }];
  const rows: readonly (readonly [DialectName, Body])[] = [
    ["openai-chat", { messages: [{ content: [{ type: "file", file }] }] }],
    ["openai-responses", { input: [{ content: [{ type: "input_file", ...file }] }] }],
    [
      "anthropic",
      {
        messages: [
          {
            content: [
              { type: "document", source: { type: "base64", media_type: "application/pdf" } },
            ],
          },
        ],
      },
    ],
    ["gemini", { contents: [{ parts: [{ inlineData: { mimeType: "application/pdf" } }] }] }],
  ];
  test.each(rows)("are told to %s in its words", async (target, body) => {
    expect((await sent(target, content)).status).toBe(200);
    expect(gateway.heard()[0]?.body).toMatchObject(body);
  });

  test("are refused for Ollama unless they are text, which is told as text", async () => {
    expect(await sent("ollama", content)).toMatchObject(unsupported("messages[0].content[0]"));
    expect(gateway.heard()).toEqual([]);
    const data = { filename: "a.txt", file_data: `data:text/plain;base64,${words}` };
    expect((await sent("ollama", [{ type: "file", file: data }])).status).toBe(200);
    expect(gateway.heard()[0]?.body).toMatchObject({
      messages: [{ content: "Ulm is in the south" }],
    });
  });

  test.each(["anthropic", "gemini"])(
    "by an id of another provider are refused for %s",
    async (target) => {
      const foreign = [
        { type: "text", text: "?" },
        { type: "file", file: { file_id: "file-1" } },
      ];
      expect(await sent(target, foreign)).toMatchObject(unsupported("messages[0].content[1]"));
      expect(gateway.heard()).toEqual([]);
    },
  );

  test("of Responses' clients are named in their words", async () => {
    const input = [
      { role: "system", content: "Be brief" },
      { role: "user", content: [{ type: "input_file", file_id: "file-1" }] },
    ];
    const refusal = await post("/v1/responses", { model: "anthropic/double", input });
    expect(refusal).toMatchObject(unsupported("input[1].content[0]"));
  });
});

describe("probabilities of tokens", () => {
  test.each(["translated", "openai-responses", "anthropic", "gemini", "ollama"])(
    "are refused where %s would be asked in other words",
    async (target) => {
      expect(await chat(target, { logprobs: true })).toMatchObject(unsupported("logprobs"));
      expect(gateway.heard()).toEqual([]);
    },
  );

  test("are relayed", async () => {
    expect((await chat("openai-chat", { logprobs: true, top_logprobs: 2 })).status).toBe(200);
    expect(gateway.heard()[0]?.body).toMatchObject({ logprobs: true, top_logprobs: 2 });
  });
});
