/** Several responses, audio and files: made where the target can, else refused by the name that the client has for them. */

import OpenAI from "openai";
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

describe("a spoken response of Gemini", () => {
  const samples = Buffer.from([1, 0, 2, 0, 3, 0, 4, 0]);
  const spoken = (data: Buffer, more: Body = {}) => ({
    candidates: [
      {
        index: 0,
        content: {
          role: "model",
          parts: [
            {
              inlineData: {
                mimeType: "audio/L16;codec=pcm;rate=24000",
                data: data.toString("base64"),
              },
            },
          ],
        },
        ...more,
      },
    ],
    modelVersion: "double",
    responseId: "r",
  });
  const usageMetadata = {
    promptTokenCount: 3,
    candidatesTokenCount: 5,
    totalTokenCount: 8,
    candidatesTokensDetails: [{ modality: "AUDIO", tokenCount: 5 }],
  };
  const says = (bytes: string) => gateway.providers.gemini.faults.push({ kind: "bytes", bytes });
  const openai = () => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 });
  const wish = {
    model: "gemini/double",
    messages: [{ role: "user" as const, content: "Say hello" }],
    modalities: ["text" as const, "audio" as const],
  };

  test("is the sound of a chat completion: as a file, or as samples", async () => {
    for (const format of ["wav", "pcm16"] as const) {
      says(JSON.stringify({ ...spoken(samples, { finishReason: "STOP" }), usageMetadata }));
      const { choices, usage } = await openai().chat.completions.create({
        ...wish,
        audio: { voice: "Kore", format },
      });
      const audio = choices[0]?.message.audio;
      const bytes = Buffer.from(audio?.data ?? "", "base64");
      expect([choices[0]?.message.content, audio?.transcript, audio?.id]).toEqual([
        null,
        "",
        expect.stringMatching(/^audio_/),
      ]);
      expect(bytes.subarray(-samples.length)).toEqual(samples);
      expect(bytes.length).toBe(format === "wav" ? 44 + samples.length : samples.length);
      if (format === "wav") {
        expect([bytes.toString("latin1", 0, 4), bytes.toString("latin1", 8, 16)]).toEqual([
          "RIFF",
          "WAVEfmt ",
        ]);
        expect([bytes.readUInt32LE(24), bytes.readUInt16LE(22), bytes.readUInt32LE(40)]).toEqual([
          24_000,
          1,
          samples.length,
        ]);
      }
      expect(usage?.completion_tokens_details?.audio_tokens).toBe(5);
    }
    expect(gateway.heard().map(({ body }) => body.generationConfig)).toEqual([
      expect.objectContaining({
        responseModalities: ["AUDIO"],
        speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: "Kore" } } },
      }),
      expect.objectContaining({ responseModalities: ["AUDIO"] }),
    ]);
  });

  test("comes as samples while it is made", async () => {
    const frames = [samples.subarray(0, 3), samples.subarray(3)].map((piece) => spoken(piece));
    const last = { ...spoken(Buffer.alloc(0), { content: { parts: [] }, finishReason: "STOP" }) };
    says([...frames, last].map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join(""));
    const stream = await openai().chat.completions.create({
      ...wish,
      audio: { voice: "Puck", format: "pcm16" },
      stream: true,
    });
    const pieces: Buffer[] = [];
    const ends: unknown[] = [];
    for await (const { choices } of stream) {
      const delta = choices[0]?.delta as { audio?: { data: string } } | undefined;
      if (delta?.audio !== undefined) pieces.push(Buffer.from(delta.audio.data, "base64"));
      if (choices[0]?.finish_reason) ends.push(choices[0].finish_reason);
    }
    expect([Buffer.concat(pieces), pieces.length, ends]).toEqual([samples, 2, ["stop"]]);
  });

  test("has no voice of OpenAI's, and no words besides: both are named", async () => {
    says(JSON.stringify(spoken(samples, { finishReason: "STOP" })));
    const answer = await openai()
      .chat.completions.create({ ...wish, audio: { voice: "alloy", format: "wav" } })
      .withResponse();
    const dropped = answer.response.headers.get("x-polygate-dropped");
    expect(dropped?.split(",").toSorted()).toEqual(["audio.voice", "modalities"]);
    expect(gateway.heard()[0]?.body.generationConfig).toEqual({ responseModalities: ["AUDIO"] });
  });

  test.each([
    ["an encoder that there is none of", { audio: { voice: "Kore", format: "mp3" } }],
    ["a file that is streamed", { audio: { voice: "Kore", format: "wav" }, stream: true }],
  ])("is refused by name where it needs %s", async (_name, more) => {
    const refusal = await chat("gemini", { modalities: ["audio"], ...more });
    expect(refusal).toMatchObject(unsupported("audio.format"));
    expect(gateway.heard()).toEqual([]);
  });

  test("in a format that no one asked for is a failure, not a file that cannot be played", async () => {
    const opus = { inlineData: { mimeType: "audio/opus", data: samples.toString("base64") } };
    says(JSON.stringify({ candidates: [{ content: { parts: [opus] }, finishReason: "STOP" }] }));
    const { status, body } = await chat("gemini", { modalities: ["audio"] });
    expect([status, body.error]).toMatchObject([
      502,
      { message: expect.stringContaining("audio/opus") },
    ]);
  });

  test("has no place in Anthropic's messages and in Responses: that is told, and not left out", async () => {
    const whole = JSON.stringify(spoken(samples, { finishReason: "STOP" }));
    says(whole);
    const messages = [{ role: "user", content: "Hi" }];
    const message = await post("/v1/messages", { model: "gemini/double", max_tokens: 9, messages });
    expect([message.status, message.body.error]).toMatchObject([
      400,
      { message: expect.stringContaining("audio") },
    ]);
    says(whole);
    const response = await post("/v1/responses", { model: "gemini/double", input: "Hi" });
    expect(response).toMatchObject(unsupported("model"));
  });

  test("that was heard before is known by its id to no one else: it is refused by name", async () => {
    const heard = { role: "assistant", content: null, audio: { id: "audio_1" } };
    const messages = [{ role: "user", content: "Hi" }, heard, { role: "user", content: "And?" }];
    const refusal = await chat("gemini", { messages });
    expect(refusal).toMatchObject(unsupported("messages[1].audio"));
    expect(gateway.heard()).toEqual([]);
  });
});

test("pictures that Gemini makes are told to chat completions, whole and streamed", async () => {
  const picture = {
    content: {
      parts: [{ text: "Here" }, { inlineData: { mimeType: "image/png", data: "iVBORw0=" } }],
    },
    finishReason: "STOP",
    index: 0,
  };
  const bytes = JSON.stringify({ candidates: [picture], responseId: "r" });
  const url = "data:image/png;base64,iVBORw0=";
  gateway.providers.gemini.faults.push({ kind: "bytes", bytes });
  const { status, body } = await chat("gemini", { modalities: ["text", "image"] });
  expect([status, body.choices]).toMatchObject([
    200,
    [{ message: { content: "Here", images: [{ type: "image_url", image_url: { url } }] } }],
  ]);
  expect(gateway.heard()[0]?.body.generationConfig).toEqual({
    responseModalities: ["TEXT", "IMAGE"],
  });
  gateway.providers.gemini.faults.push({ kind: "bytes", bytes: `data: ${bytes}\n\n` });
  const streamed = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({
      model: "gemini/double",
      stream: true,
      messages: [{ role: "user", content: "Hi" }],
    }),
  });
  const text = await streamed.text();
  expect(text).toContain(`"images":[{"type":"image_url","image_url":{"url":"${url}"},"index":0}]`);
  expect(text.trimEnd().endsWith("data: [DONE]")).toBe(true);
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
