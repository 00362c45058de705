/** `MAX_FILE_SIZE` bounds uploads alone, `max_request_size` every other body; each refusal names its own setting. */

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digitImage, type RunningGateway, startTestGateway } from "../support/gateway.ts";

const image = readFileSync(digitImage(7));

function form(bytes: Uint8Array<ArrayBuffer>): FormData {
  const parts = new FormData();
  parts.set("file", new Blob([bytes]), "file.png");
  return parts;
}

const json = (text: string): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: text,
});
const raw = (bytes: Uint8Array<ArrayBuffer>): RequestInit => ({
  method: "POST",
  headers: { "content-type": "image/png" },
  body: bytes,
});
const chatOf = (bytes: number) => json(JSON.stringify({ message: "x".repeat(bytes) }));

let gateway: RunningGateway;
const ask = async (path: string, init: RequestInit) => {
  const response = await fetch(gateway.url + path, init);
  const text = await response.text();
  return { status: response.status, text };
};

describe("uploads may be smaller than other bodies", () => {
  beforeAll(async () => {
    gateway = await startTestGateway({
      yaml: "gateway: { host: 127.0.0.1, port: 0, max_request_size: 200KB }",
      env: { MAX_FILE_SIZE: "20KB" },
    });
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  test.each([
    ["a form", { method: "POST", body: form(new Uint8Array(30_000)) }],
    ["a file that is the body", raw(new Uint8Array(30_000))],
  ])("%s beyond it is refused, naming max_file_size", async (_name, init) => {
    const { status, text } = await ask("/predict/digits", init);
    expect(status).toBe(413);
    expect(text).toContain("20480 bytes (max_file_size)");
  });

  test("an upload within it and a body beyond it are taken", async () => {
    expect(
      (await ask("/predict/digits", { method: "POST", body: form(new Uint8Array(image)) })).status,
    ).toBe(200);
    expect((await ask("/api/v1/chat", chatOf(30_000))).status).toBe(200);
  });

  test("a body beyond its own limit is refused, naming max_request_size", async () => {
    const { status, text } = await ask("/api/v1/chat", chatOf(300_000));
    expect(status).toBe(413);
    expect(text).toContain("204800 bytes (max_request_size)");
  });
});

describe("uploads may be larger than other bodies", () => {
  beforeAll(async () => {
    gateway = await startTestGateway({
      yaml: "gateway: { host: 127.0.0.1, port: 0, max_request_size: 20KB, max_file_size: 200KB }",
    });
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  test("an upload beyond the limit of bodies is read", async () => {
    const padded = new Uint8Array(30_000);
    padded.set(image);
    const { status } = await ask("/predict/digits", { method: "POST", body: form(padded) });
    expect(status).toBe(200);
  });

  test("and a body of JSON beyond it is not", async () => {
    expect((await ask("/api/v1/chat", chatOf(30_000))).status).toBe(413);
  });
});
