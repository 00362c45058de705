/** Uploads of a gateway with two threads: sent to one, named at the other, counted together, kept when threads change. */

import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { Agent, type ClientRequest, request } from "node:http";
import { text } from "node:stream/consumers";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { UploadService } from "#gen/polygate/v1/uploads_pb.js";
import { openUploads } from "../support/open-uploads.ts";
import { fromSource, type PolygateProcess, startProcess } from "../support/polygate-process.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const filesMax = 12;
const bytesMax = 4_000_000;

/** Ends the thread that is told to. */
const hook = `export default {
  before(request) {
    const said = JSON.stringify(request, (_, value) => typeof value === "bigint" ? 0 : value);
    if (!said.includes("please-throw")) return { action: "allow" };
    setTimeout(() => { throw new Error("thrown by a test"); });
    return new Promise(() => {});
  },
};`;

const yamlWith = (provider: string) => `workers: 2
models: { path: models }
reload: { watch: false }
hooks: [{ name: judge, module: hook.mjs, timeout: 10s }]
providers:
  openai: { dialect: openai, base_url: "${provider}", api_key: k, default_model: double }
uploads: { folder: uploads, max_files: ${filesMax}, max_size: ${bytesMax}B }
listeners: [{ name: plain, host: 127.0.0.1, port: 0 }]
`;

let folder: TemporaryFolder;
let provider: ProviderDouble;
let gateway: PolygateProcess;

beforeAll(async () => {
  folder = await temporaryFolder();
  await folder.write("models/empty", "");
  await folder.write("uploads/empty", "");
  await folder.write("hook.mjs", hook);
  provider = await startProvider("openai-chat");
  const path = await folder.write("gateway.yaml", yamlWith(provider.url));
  gateway = await startProcess({ command: fromSource("serve", "--config", path) });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await provider?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

const origin = () => gateway.urls[0] ?? "";

interface Told {
  readonly status: number;
  readonly json: Record<string, unknown>;
}

/** One client on one connection, which it keeps: the next one's goes to the other thread. */
class Client implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  begin(path: string, headers: Record<string, string> = {}): ClientRequest {
    return request(origin() + path, { agent: this.#agent, method: "POST", headers });
  }

  async post(path: string, body: string | Uint8Array, type = "application/json"): Promise<Told> {
    const sent = this.begin(path, { "content-type": type });
    sent.end(body);
    const [response] = await once(sent, "response");
    const told = await text(response);
    return { status: response.statusCode, json: JSON.parse(told) };
  }

  upload(body: string | Uint8Array): Promise<Told> {
    return this.post("/v1/upload", body, "application/octet-stream");
  }

  /** What the provider is told of a chat that names an upload. */
  async named(id: unknown): Promise<{ readonly status: number; readonly heard: unknown }> {
    provider.received.length = 0;
    const content = [{ type: "file", file: { file_id: id } }];
    const body = { model: "openai/double", messages: [{ role: "user", content }] };
    const { status } = await this.post("/v1/chat/completions", JSON.stringify(body));
    return { status, heard: provider.received[0]?.body.messages };
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

async function metrics(): Promise<string> {
  const response = await fetch(`${origin()}/metrics`, { headers: { connection: "close" } });
  return await response.text();
}

async function metric(name: string): Promise<number> {
  return Number(new RegExp(`^${name} (.*)$`, "m").exec(await metrics())?.[1]);
}

async function taken() {
  const [files, bytes] = ["files", "bytes"].map((of) => metric(`gateway_upload_${of}`));
  return { files: (await files) ?? 0, bytes: await bytes };
}

const heardText = (told: string) => [{ role: "user", content: told }];
const textOf = (heard: unknown) => JSON.stringify(heard);

test("a file is named on the connection of the other thread, over gRPC and REST alike", async () => {
  using one = new Client();
  using other = new Client();
  const line = "a line that one thread was sent\n";
  const { status, json } = await one.upload(line);
  expect(status, JSON.stringify(json)).toBe(200);
  expect(json).toMatchObject({
    size: line.length,
    sha256: createHash("sha256").update(line).digest("hex"),
    content_type: "text/plain",
  });
  for (const client of [other, one]) {
    const { status: named, heard } = await client.named(json.id);
    expect([named, textOf(heard)]).toEqual([200, expect.stringContaining(line.trim())]);
  }
  const served = (await metrics()).matchAll(/^gateway_worker_connections\{thread="."\} [1-9]/gm);
  expect([...served]).toHaveLength(2);
  const sessionManager = new Http2SessionManager(origin());
  const transport = createGrpcTransport({ baseUrl: origin(), sessionManager });
  async function* pieces() {
    yield { data: Buffer.from("in pieces ") };
    yield { data: Buffer.from("over gRPC\n") };
  }
  const { id } = await createClient(UploadService, transport).upload(pieces());
  sessionManager.abort();
  for (const client of [one, other]) {
    expect(textOf((await client.named(id)).heard)).toContain("in pieces over gRPC");
  }
  expect(await metric("gateway_upload_files")).toBe(2);
  expect(openUploads(gateway.pid)).toHaveLength(2);
});

test("a large one arrives whole, whatever thread reads it", async () => {
  using one = new Client();
  using other = new Client();
  const large = randomBytes(750_000).toString("hex");
  const { json } = await one.upload(large);
  const sha256 = createHash("sha256").update(large).digest("hex");
  expect(json).toMatchObject({ size: large.length, sha256 });
  expect((await other.named(json.id)).heard).toEqual(heardText(large));
});

test("bytes are bounded over all threads, those of files that still come included", async () => {
  using one = new Client();
  using other = new Client();
  const coming = one.begin("/v1/upload", { "content-type": "application/octet-stream" });
  coming.on("error", () => {});
  coming.write(Buffer.alloc(2_000_000, "a"));
  await vi.waitUntil(async () => (await metric("gateway_upload_bytes")) > 3_500_000, {
    timeout: 20_000,
  });
  const { status, json } = await other.upload(Buffer.alloc(600_000, "b"));
  expect([status, JSON.stringify(json)]).toEqual([
    507,
    expect.stringContaining("uploads.max_size"),
  ]);
  // Who leaves gives back what it took.
  coming.destroy();
  await vi.waitUntil(async () => (await metric("gateway_upload_bytes")) < 2_000_000, {
    timeout: 20_000,
  });
  expect((await other.upload(Buffer.alloc(600_000, "b"))).status).toBe(200);
});

test("what has come in part ends with its thread; what is kept outlives all threads", async () => {
  using one = new Client();
  const { json } = await one.upload("kept for longer than a thread\n");
  const before = await taken();
  const sessionManager = new Http2SessionManager(origin());
  const transport = createGrpcTransport({ baseUrl: origin(), sessionManager });
  async function* pieces() {
    yield { data: Buffer.alloc(100_000, "a") };
    await new Promise(() => {});
  }
  const coming = createClient(UploadService, transport).upload(pieces());
  coming.catch(() => {});
  await vi.waitUntil(async () => (await taken()).files === before.files + 1);
  // On the same connection, and so in the same thread.
  const chat = createClient(ChatService, transport).chat({ message: "please-throw" });
  await expect(chat).rejects.toThrow();
  await expect(coming).rejects.toThrow();
  await vi.waitUntil(() => gateway.output().includes("thread crashed"));
  await expect.poll(taken, { timeout: 20_000 }).toEqual(before);
  expect(openUploads(gateway.pid)).toHaveLength(before.files);
  for (const client of [new Client(), new Client()]) {
    expect(textOf((await client.named(json.id)).heard)).toContain("kept for longer than a thread");
    client[Symbol.dispose]();
  }
});

test("files are counted over all threads: of many at once as many are kept as may be", async () => {
  const before = await metric("gateway_upload_files");
  const clients = Array.from({ length: 16 }, () => new Client());
  const statuses = await Promise.all(clients.map(async (one) => (await one.upload("a\n")).status));
  for (const client of clients) client[Symbol.dispose]();
  const kept = statuses.filter((status) => status === 200).length;
  expect(new Set(statuses)).toEqual(new Set([200, 507]));
  expect(kept).toBe(filesMax - before);
  expect(openUploads(gateway.pid)).toHaveLength(filesMax);
});
