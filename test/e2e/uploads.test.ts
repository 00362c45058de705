/** Files that are uploaded once, and named in chats and inferences by whoever sent them. */

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import http2 from "node:http2";
import { connect } from "node:net";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { HttpBodySchema } from "#gen/google/api/httpbody_pb.js";
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

const upload = (body: NonNullable<RequestInit["body"]>, key = alice) =>
  post("/v1/upload", { body }, key);
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

const textForm = () => {
  const form = new FormData();
  form.set("purpose", "vision");
  return form;
};
const twoFiles = () => {
  const form = formOf(png);
  form.set("other", new Blob([png]), "other.png");
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

  test("as a file of chat completions: a picture is sent as one, and text as text", async () => {
    const picture = idOf(await upload(png));
    const text = idOf(await upload("a line of text\n"));
    const file = (id: string) => ({ type: "file", file: { file_id: id } });
    const { status, text: told } = await post(
      "/v1/chat/completions",
      json({
        model: "openai/gpt-4o",
        messages: [{ role: "user", content: [file(picture), file(text)] }],
      }),
    );
    expect(status, told).toBe(200);
    const [heard] = providers["openai-chat"].received;
    expect(heard?.body.messages).toEqual([
      {
        role: "user",
        content: [
          { type: "image_url", image_url: { url: `data:image/png;base64,${base64}` } },
          { type: "text", text: "a line of text\n" },
        ],
      },
    ]);
  });

  test.each([
    [
      "/v1/chat/completions",
      (id: string) => ({
        messages: [{ role: "user", content: [{ type: "file", file: { file_id: id } }] }],
      }),
      "messages[0].content[0].file.file_id",
    ],
    [
      "/v1/responses",
      (id: string) => ({
        input: [{ role: "user", content: [{ type: "input_image", file_id: id }] }],
      }),
      "input[0].content[0].file_id",
    ],
  ])("an unknown one at %s is named in the client's words", async (path, bodyOf, param) => {
    const body = { model: "openai/gpt-4o", ...bodyOf(`upl_${"0".repeat(32)}`) };
    const { status, json: told } = await post(path, json(body));
    expect(status).toBe(404);
    expect(told.error).toMatchObject({ param, message: `${param}: there is no such upload` });
    expect(providers["openai-chat"].received).toEqual([]);
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

describe("what is refused", () => {
  test.each([
    ["an empty body", () => new Uint8Array(0), 400, "the file is empty"],
    ["an empty file", () => formOf(new Uint8Array(0)), 400, "the file is empty"],
    ["a form without a file", () => textForm(), 400, "it has no file"],
    ["a form with two files", () => twoFiles(), 400, "more than one file: send them one by one"],
    ["bytes of no known type", () => Buffer.from("PK\x03\x04\0\0"), 415, "of no known type"],
  ])("%s", async (_name, body, status, told) => {
    const answer = await upload(body());
    expect(answer.status).toBe(status);
    expect(answer.text).toContain(told);
  });

  test.each([
    ["a raw body", (bytes: Uint8Array<ArrayBuffer>) => bytes],
    ["a form", (bytes: Uint8Array<ArrayBuffer>) => formOf(bytes)],
  ])("%s beyond max_file_size, which the refusal names; nothing of it stays", async (_name, of) => {
    const before = openUploads().length;
    const { status, text } = await upload(of(new Uint8Array(70_000).fill(0x61)));
    expect(status).toBe(413);
    expect(text).toContain("61440 bytes (max_file_size)");
    await expect.poll(() => openUploads().length).toBe(before);
  });

  test.each(Object.keys(transports))("over %s pieces beyond it, too", async (name) => {
    const client = createClient(UploadService, transports[name]?.(gateway.url, alice) as never);
    async function* pieces() {
      for (let piece = 0; piece < 8; piece += 1) yield { data: new Uint8Array(10_000).fill(0x61) };
    }
    await expect(client.upload(pieces())).rejects.toThrow(/61440 bytes \(max_file_size\)/);
  });

  test("a caller without a key, before its body is read", async () => {
    const response = await fetch(`${gateway.url}/v1/upload`, { method: "POST", body: png });
    expect(response.status).toBe(401);
  });

  test("more than one key may have, while another key has room", async () => {
    const carol = bob;
    const big = new Uint8Array(59_000).fill(0x61);
    for (let count = 0; count < 3; count += 1) expect((await upload(big, carol)).status).toBe(200);
    const refused = await upload(big, carol);
    expect(refused.status).toBe(429);
    expect(refused.text).toContain("uploads.max_size_per_key");
    expect((await upload(png)).status).toBe(200);
  });
});

describe("names never become paths", () => {
  test.each([
    ["of folders above", "../../../../tmp/x"],
    ["absolute ones", "/etc/passwd"],
    ["with a NUL", "a%00b.png"],
    ["very long ones", `${"x".repeat(5_000)}.png`],
    ["of this system's files", "/proc/self/environ"],
  ])("%s", async (_name, name) => {
    const answer = await upload(formOf(png, name));
    expect(answer.status, answer.text).toBe(200);
    expect(idOf(answer)).toMatch(/^upl_[0-9a-f]{32}$/);
    // What the system says of every open file: the name that the gateway drew, in its own folder.
    const inFolder = join(folder.path, "uploads", "polygate-");
    expect(openUploads().length).toBeGreaterThan(0);
    for (const path of openUploads()) expect(path.slice(0, inFolder.length)).toBe(inFolder);
  });

  test("a raw NUL in a name is a broken form", async () => {
    const body = [
      "--b",
      'content-disposition: form-data; name="file"; filename="a\0b"',
      "",
      "text",
      "--b--",
      "",
    ].join("\r\n");
    const headers = { "content-type": "multipart/form-data; boundary=b" };
    const { status, json: told } = await post("/v1/upload", { body, headers });
    expect(status).toBe(400);
    expect(told.error).toMatchObject({ code: "BODY_MALFORMED" });
  });
});

describe("connections that are cut", () => {
  const head = (more: string) =>
    `POST /v1/upload HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${alice}\r\n${more}\r\n`;
  const formHead = [
    "--b",
    'content-disposition: form-data; name="file"; filename="x.png"',
    "content-type: image/png",
    "",
    "the first bytes",
  ].join("\r\n");

  test.each([
    ["in a raw body", head("content-length: 5000\r\n"), "the first bytes of a text"],
    ["in chunks", head("transfer-encoding: chunked\r\n"), "5\r\nhello\r\n"],
    [
      "in a form",
      head("content-type: multipart/form-data; boundary=b\r\ncontent-length: 5000\r\n"),
      formHead,
    ],
  ])(
    "%s leave no file, as often as they come",
    async (_name, begin, part) => {
      const before = openUploads().length;
      // More than a key may have: each has to give its place back.
      for (let round = 0; round < 45; round += 1) {
        const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
        socket.on("error", () => {});
        socket.write(begin + part);
        await expect
          .poll(() => openUploads().length, { interval: 1, timeout: 10_000 })
          .toBe(before + 1);
        socket.destroy();
        await expect
          .poll(() => openUploads().length, { interval: 1, timeout: 10_000 })
          .toBe(before);
      }
      expect((await upload(png)).status).toBe(200);
    },
    60_000,
  );

  test("streams of gRPC that are cancelled leave none either", async () => {
    const before = openUploads().length;
    const session = http2.connect(gateway.url);
    const stream = session.request({
      ":method": "POST",
      ":path": "/polygate.v1.UploadService/Upload",
      "content-type": "application/grpc",
      authorization: `Bearer ${alice}`,
    });
    stream.on("error", () => {});
    const message = toBinary(HttpBodySchema, create(HttpBodySchema, { data: png }));
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    stream.write(Buffer.concat([prefix, message]));
    await expect.poll(() => openUploads().length).toBe(before + 1);
    // `close` would say first that all was sent.
    stream.destroy();
    await expect.poll(() => openUploads().length).toBe(before);
    session.close();
  });
});

describe("ENABLE_FILE_UPLOAD=false", () => {
  test("is 404 for files, and NOT_FOUND for ids", async () => {
    await using closed = await startTestGateway({ env: { ENABLE_FILE_UPLOAD: "false" } });
    const response = await fetch(`${closed.url}/v1/upload`, { method: "POST", body: png });
    expect(response.status).toBe(404);
    const asked = await fetch(`${closed.url}/predict/digits`, {
      ...json({ file_id: `upl_${"0".repeat(32)}` }),
      method: "POST",
    });
    expect(asked.status).toBe(404);
    expect(await asked.text()).toContain("file_id: there is no such upload");
    const client = createClient(UploadService, transports.gRPC?.(closed.url) as never);
    await expect(client.upload((async function* () {})())).rejects.toThrow(/unimplemented/);
    const document: unknown = await (await fetch(`${closed.url}/openapi.json`)).json();
    expect(document).toHaveProperty(["paths", "/v1/query"]);
    expect(document).not.toHaveProperty(["paths", "/v1/upload"]);
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
