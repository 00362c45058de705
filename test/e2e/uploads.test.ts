/** Files that are uploaded once, and named in chats and inferences by whoever sent them. */

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { UploadService } from "#gen/polygate/v1/uploads_pb.js";
import { digitImage, type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { openUploads, uploadModes } from "../support/open-uploads.ts";
import { type RunningProviders, startProviders } from "../support/provider-double.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";
import { transports } from "../support/transports.ts";

const png = new Uint8Array(readFileSync(digitImage(7)));
const base64 = Buffer.from(png).toString("base64");
const alice = "alice-has-a-key-of-her-own";
const bob = "bob-has-a-key-of-his-own";

let folder: TemporaryFolder;
let providers: RunningProviders<"openai-chat" | "anthropic">;
let gateway: RunningGateway;

beforeAll(async () => {
  folder = await temporaryFolder();
  mkdirSync(join(folder.path, "uploads"));
  providers = await startProviders(["openai-chat", "anthropic"]);
  gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0, max_file_size: 60KB }
auth: { keys: [{ name: alice, key: ${alice} }, { name: bob, key: ${bob} }] }
providers:
  openai: { dialect: openai, base_url: "${providers["openai-chat"].url}", api_key: upstream-key }
  claude: { dialect: anthropic, base_url: "${providers.anthropic.url}", api_key: upstream-key }
uploads: { folder: "${join(folder.path, "uploads")}", max_files_per_key: 40, max_size_per_key: 200KB }
`,
  });
}, 30_000);

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await providers[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

afterEach(() => {
  for (const name of ["openai-chat", "anthropic"] as const) providers[name].received.length = 0;
  // Nothing has a name, whatever was sent and called what.
  expect(readdirSync(join(folder.path, "uploads"))).toEqual([]);
});

interface Answer {
  readonly status: number;
  readonly json: Record<string, unknown>;
  readonly text: string;
}

async function post(path: string, init: RequestInit, key = alice): Promise<Answer> {
  const headers = new Headers(init.headers);
  headers.set("authorization", `Bearer ${key}`);
  const response = await fetch(gateway.url + path, { ...init, method: "POST", headers });
  const text = await response.text();
  return { status: response.status, text, json: JSON.parse(text) };
}

const upload = (body: BodyInit, key = alice) => post("/v1/upload", { body }, key);
const idOf = ({ json, text }: Answer): string => {
  if (typeof json.id !== "string") throw new Error(text);
  return json.id;
};
const json = (body: unknown): RequestInit => ({
  body: JSON.stringify(body),
  headers: { "content-type": "application/json" },
});
const formOf = (bytes: Uint8Array<ArrayBuffer>, name = "seven.png") => {
  const form = new FormData();
  form.set("purpose", "vision");
  form.set("file", new Blob([bytes], { type: "text/html" }), name);
  return form;
};

describe("what comes of an upload", () => {
  test.each([
    ["a raw body", () => png],
    ["a form", () => formOf(png)],
  ])("%s is answered with what its bytes are", async (_name, body) => {
    const beforeMs = Date.now();
    const { status, json: told } = await upload(body());
    expect(status).toBe(200);
    expect(told).toEqual({
      id: expect.stringMatching(/^upl_[0-9a-f]{32}$/),
      size: png.length,
      sha256: createHash("sha256").update(png).digest("hex"),
      content_type: "image/png",
      expires_at: expect.any(String),
    });
    const leftMs = Date.parse(String(told.expires_at)) - beforeMs;
    expect(leftMs).toBeGreaterThanOrEqual(3_600_000);
    expect(leftMs).toBeLessThan(3_660_000);
  });

  test("files on the disk are its owner's alone to read", async () => {
    await upload(png);
    expect(new Set(uploadModes())).toEqual(new Set([0o600]));
  });

  test.each(Object.keys(transports))("over %s, pieces are one file", async (name) => {
    const client = createClient(UploadService, transports[name]?.(gateway.url, alice) as never);
    async function* pieces() {
      for (let at = 0; at < png.length; at += 100) {
        yield { contentType: "application/octet-stream", data: png.subarray(at, at + 100) };
      }
    }
    const { size, sha256, contentType } = await client.upload(pieces());
    expect({ size, sha256, contentType }).toEqual({
      size: png.length,
      sha256: createHash("sha256").update(png).digest("hex"),
      contentType: "image/png",
    });
  });
});

describe("an id in a chat", () => {
  const parts = (id: string, kind: "file" | "image") => [
    { role: "user", parts: [{ text: { text: "which digit?" } }, { [kind]: { file_id: id } }] },
  ];

  test.each(["image", "file"] as const)("as %s: the provider is sent the picture", async (kind) => {
    const id = idOf(await upload(png));
    const body = { model_preference: "openai/gpt-4o", messages: parts(id, kind) };
    const { status, text } = await post("/api/v1/chat", json(body));
    expect(status, text).toBe(200);
    const [heard] = providers["openai-chat"].received;
    expect(JSON.stringify(heard?.body)).toContain(`data:image/png;base64,${base64}`);
  });

  test("in a stream, too", async () => {
    const id = idOf(await upload(png));
    const body = { model_preference: "openai/gpt-4o", messages: parts(id, "image") };
    const response = await fetch(`${gateway.url}/api/v1/chat:stream`, {
      ...json(body),
      method: "POST",
      headers: { authorization: `Bearer ${alice}`, "content-type": "application/json" },
    });
    expect(response.status, await response.text()).toBe(200);
    const [heard] = providers["openai-chat"].received;
    expect(JSON.stringify(heard?.body)).toContain(`data:image/png;base64,${base64}`);
  });

  test("in the words of a vendor whose provider speaks them too: the bytes travel, not the id", async () => {
    const id = idOf(await upload(png));
    const image = { type: "image", source: { type: "file", file_id: id } };
    const { status, text } = await post(
      "/v1/messages",
      json({
        model: "claude/claude-sonnet-4-5",
        max_tokens: 10,
        messages: [{ role: "user", content: [image] }],
      }),
    );
    expect(status, text).toBe(200);
    const [heard] = providers.anthropic.received;
    expect(heard?.body.messages).toEqual([
      {
        role: "user",
        content: [
          { type: "image", source: { type: "base64", media_type: "image/png", data: base64 } },
        ],
      },
    ]);
  });

  test("of another principal is the same NOT_FOUND as an unknown one, and no one is called", async () => {
    const id = idOf(await upload(png));
    const ask = async (named: string, key: string) => {
      const body = { model_preference: "openai/gpt-4o", messages: parts(named, "image") };
      const { status, json: told } = await post("/api/v1/chat", json(body), key);
      const { code, message, details } = told.error as Record<string, unknown>;
      return { status, code, message, details };
    };
    const others = await ask(id, bob);
    expect(others).toMatchObject({ status: 404, code: "NOT_FOUND" });
    expect(others).toEqual(await ask(`upl_${"0".repeat(32)}`, alice));
    expect(providers["openai-chat"].received).toEqual([]);
  });
});

describe("an id in an inference", () => {
  test("is the image that was uploaded", async () => {
    const id = idOf(await upload(formOf(png)));
    const { status, json: told } = await post("/predict/digits", json({ file_id: id, top_k: 1 }));
    expect(status).toBe(200);
    expect(told.classifications).toEqual([expect.objectContaining({ label: "7" })]);
  });

  test("of another principal is NOT_FOUND", async () => {
    const id = idOf(await upload(png));
    const { status, text } = await post("/predict/digits", json({ file_id: id }), bob);
    expect(status).toBe(404);
    expect(text).toContain("file_id: there is no such upload");
  });

  test("besides an image is refused", async () => {
    const id = idOf(await upload(png));
    const body = { file_id: id, file: base64 };
    const { status, text } = await post("/predict/digits", json(body));
    expect(status).toBe(400);
    expect(text).toContain("set one of file, file_id and inputs");
  });
});
