/** What is kept of a message: valid JSON within its bound, never media, never what looks like a credential. */

import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import {
  type ChatRequest,
  ChatRequestSchema,
  ChatResponseSchema,
} from "#gen/polygate/v1/chat_pb.js";
import { PredictRequestSchema } from "#gen/polygate/v1/predict_pb.js";
import { Captured } from "#interceptors/captured-text.ts";

function captured(
  fields: Parameters<typeof create<typeof ChatRequestSchema>>[1],
  bytesMax = 100_000,
) {
  const one = new Captured(ChatRequestSchema, { isStream: false, bytesMax });
  one.add(create(ChatRequestSchema, fields));
  return one.text();
}

test("a message is its JSON: names, numbers, lists, nested messages and oneofs", () => {
  const { json, truncated } = captured({
    message: 'say "hi"\n',
    maxTokens: 5,
    useTools: true,
    messages: [{ role: "user", parts: [{ content: { case: "text", value: { text: "Hello" } } }] }],
  });
  expect(truncated).toBe(false);
  expect(JSON.parse(json)).toMatchObject({
    message: 'say "hi"\n',
    maxTokens: 5,
    useTools: true,
    messages: [{ role: "user", parts: [{ text: { text: "Hello" } }] }],
  });
});

describe("media are told by their size", () => {
  test("bytes of images and tensors", () => {
    const { json } = captured({
      messages: [
        { role: "user", images: [{ data: new Uint8Array(5_000), mediaType: "image/png" }] },
      ],
    });
    expect(json).toContain('"<5000 bytes>"');
    expect(json.length).toBeLessThan(200);
    const one = new Captured(PredictRequestSchema, { isStream: false, bytesMax: 1_000 });
    one.add(create(PredictRequestSchema, { model: "m", file: new Uint8Array(9) }));
    expect(JSON.parse(one.text().json)).toEqual({ model: "m", file: "<9 bytes>" });
  });

  test("data URIs within texts, and texts that are bytes in base64", () => {
    const png = `data:image/png;base64,${"iVBORw0KGgo".repeat(20)}`;
    const { json } = captured({ message: `look at ${png} please`, context: "QUJD".repeat(500) });
    expect(JSON.parse(json)).toEqual({
      message: "look at <data URI> please",
      context: "<2000 characters>",
    });
  });
});

describe("credentials are left out", () => {
  test.each([
    ["an OpenAI key", "sk-proj-abcdefghijklmnop1234"],
    ["an Anthropic key", "sk-ant-api03-abcdefghijklmnop"],
    ["an xAI key", "xai-abcdefghijklmnopqrst"],
    ["a Google key", "AIzaSyA1234567890abcdefghijklmnopqrstu"],
    ["an AWS key", "AKIAIOSFODNN7EXAMPLE"],
    ["a GitHub token", "ghp_abcdefghijklmnopqrstuvwxyz012345"],
    ["a JSON web token", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"],
    ["a bearer", "Authorization: Bearer abc123def456"],
    ["a password", 'password = "hunter2hunter2"'],
    ["a private key", "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----"],
  ])("%s", (_name, secret) => {
    const { json } = captured({ message: `before ${secret} after` });
    expect(json).toContain("[redacted]");
    expect(json).not.toContain(secret.includes("PRIVATE") ? "MIIE" : secret.slice(-6, -1));
    expect(JSON.parse(json).message).toMatch(/^before .* after$/s);
  });

  test("at the end of a text that is cut, where it would not look like one", () => {
    const secret = "sk-abcdefghijklmnopqrstuvwxyz";
    for (let shift = 0; shift < secret.length; shift += 1) {
      const message = `${"word ".repeat(818)}${"x".repeat(shift)} ${secret}`;
      expect(captured({ message }).json).not.toMatch(/sk-a/);
    }
  });

  test("what a provider wants back", () => {
    const one = new Captured(ChatResponseSchema, { isStream: false, bytesMax: 1_000 });
    const state = { vendor: "anthropic", data: new TextEncoder().encode("opaque") };
    const thinking = { text: "hm", state };
    one.add(
      create(ChatResponseSchema, {
        parts: [{ content: { case: "thinking", value: thinking } }],
      } as never),
    );
    expect(one.text().json).not.toContain("opaque");
  });
});

describe("the bound holds for every message", () => {
  const texts: readonly [string, () => Partial<ChatRequest>][] = [
    ["one long text", () => ({ message: "word ".repeat(1_000_000) })],
    ["many texts", () => ({ stop: new Array(100_000).fill("stop") })],
    [
      "many messages",
      () => ({
        messages: new Array(50_000).fill(0).map(() => ({ role: "user", content: "Hi" })) as never,
      }),
    ],
    [
      "texts that grow when they are written",
      () => ({ stop: new Array(5_000).fill("\u0000\u0001") }),
    ],
    ["texts of which nothing is kept", () => ({ stop: new Array(5_000).fill("QUJD".repeat(300)) })],
  ];
  test.each(texts)("%s", (_name, fields) => {
    const { json, truncated } = captured(fields() as never, 2_000);
    expect(() => JSON.parse(json)).not.toThrow();
    // The last text may be a whole one more, each of whose characters may be written as six.
    expect(Buffer.byteLength(json)).toBeLessThan(2_000 + 6 * 4_096 + 100);
    expect(truncated || json.length < 6_000).toBe(true);
  });

  test("a stream is a list, and ends where its bytes do", () => {
    const one = new Captured(ChatRequestSchema, { isStream: true, bytesMax: 500 });
    for (let count = 0; count < 1_000; count += 1)
      one.add(create(ChatRequestSchema, { message: "word" }));
    const { json, truncated } = one.text();
    expect(truncated).toBe(true);
    expect(JSON.parse(json)[0]).toEqual({ message: "word" });
    expect(json.length).toBeLessThan(1_000);
  });
});
