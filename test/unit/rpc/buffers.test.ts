/** What calls hold of their requests: counted, bounded, and given back however they end. */

import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { createContextValues } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { PredictRequestSchema, PredictService } from "#gen/polygate/v1/predict_pb.js";
import { bytesNeeded, codingOf } from "#protocol/compression.ts";
import { envelope } from "#protocol/envelope.ts";
import { createCallPath } from "#rpc/call.ts";
import { createRpc } from "#rpc/rpc.ts";
import { serveRpc } from "#rpc/serve.ts";
import { MemoryExchange } from "../../support/memory-exchange.ts";
import { PeakBudget } from "../../support/peak-budget.ts";

const readBytesMax = 10 * 1024 * 1024;
const large = messageOf(Math.round(9.9 * 1024 * 1024));
const mebibyte = 1 << 20;

function messageOf(bytes: number): Uint8Array {
  return toBinary(
    PredictRequestSchema,
    create(PredictRequestSchema, { file: Buffer.alloc(bytes) }),
  );
}

async function compressed(name: string, bytes: Uint8Array): Promise<Uint8Array> {
  const result = await codingOf(name)?.compress(bytes);
  if (result === undefined) throw new Error(`${name} is not known`);
  return result;
}

/** A server whose handlers wait until they are released, or their call is over. */
async function setUp(bufferBytesMax: number) {
  const budget = new PeakBudget(bufferBytesMax);
  const release = Promise.withResolvers<void>();
  let called = 0;
  const until = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
      void release.promise.then(resolve);
    });
  const server = await serveRpc(
    (router) =>
      router.service(PredictService, {
        async predict({ file }, { signal }) {
          called += 1;
          await until(signal);
          return { model: String(file.length) };
        },
        async *streamPredict(requests, { signal }) {
          for await (const { file } of requests) {
            called += 1;
            yield { model: String(file.length) };
            await until(signal);
          }
        },
      }),
    { port: 0, readBytesMax, buffers: budget },
  );
  const client = connect(server.url);
  return {
    budget,
    client,
    release: release.resolve,
    called: () => called,
    async [Symbol.asyncDispose]() {
      release.resolve();
      client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

interface Call {
  readonly method?: "Predict" | "StreamPredict";
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** The body is not over. */
  readonly isOpen?: boolean;
}

/** Begins a call; `status` is gRPC's, or HTTP's for other types. */
function begin(
  client: ClientHttp2Session,
  { method = "Predict", type = "application/grpc", headers, body, isOpen }: Call,
) {
  const path = `/polygate.v1.PredictService/${method}`;
  const stream = client.request({
    ":method": "POST",
    ":path": path,
    "content-type": type,
    te: "trailers",
    ...headers,
  });
  stream.on("error", () => {});
  if (isOpen) stream.write(body);
  else stream.end(body);
  return { stream, status: statusOf(stream) };
}

function statusOf(stream: ClientHttp2Stream): Promise<string> {
  return new Promise((resolve) => {
    let status = "none";
    const look = (fields: Record<string, unknown>) => {
      status = String(fields["grpc-status"] ?? (status === "none" ? fields[":status"] : status));
    };
    stream.on("response", look);
    stream.on("trailers", look);
    stream.on("close", () => resolve(status));
    stream.resume();
  });
}

const held = (budget: PeakBudget) => expect.poll(() => budget.heldBytes, { timeout: 10_000 });

/** What a stream of HTTP/2 takes beside its body, its head above all. */
const streamBytesMax = 8 * 1024;

/** `bytes` are held once, beside what their stream takes. */
async function isHeld(budget: PeakBudget, bytes: number): Promise<void> {
  const beyond = () => budget.heldBytes - bytes;
  await expect
    .poll(() => beyond() >= 0 && beyond() <= streamBytesMax, { timeout: 10_000 })
    .toBe(true);
}

test("400 bodies of some bytes that decompress to 9.9 MiB never hold more than the budget, and all are answered", {
  timeout: 60_000,
}, async () => {
  await using setup = await setUp(2 * bytesNeeded(readBytesMax));
  const { budget, client, release } = setup;
  release();
  const body = envelope(1, await compressed("zstd", large));
  expect(400 * body.length).toBeLessThan(200_000);
  const headers = { "grpc-encoding": "zstd" };
  const calls = Array.from({ length: 400 }, () => begin(client, { body, headers }).status);
  const statuses = await Promise.all(calls);
  const ok = statuses.filter((status) => status === "0").length;
  expect(ok).toBeGreaterThan(0);
  expect(ok + statuses.filter((status) => status === "8").length).toBe(400);
  // What the wire has brought is in memory whether there is room or not.
  expect(budget.peakBytes).toBeLessThanOrEqual(budget.bytesMax + 400 * body.length);
  await held(budget).toBe(0);
});

describe.each([
  ["gRPC", { type: "application/grpc" }],
  ["gRPC-Web", { type: "application/grpc-web+proto" }],
  ["Connect", { type: "application/proto" }],
])("%s", (_name, { type }) => {
  const isConnect = type === "application/proto";
  const frame = (flags: number, message: Uint8Array) =>
    isConnect ? message : envelope(flags, message);

  test("the body of a call is held until its end", async () => {
    await using setup = await setUp(1 << 30);
    const { budget, client, release, called } = setup;
    const body = frame(0, messageOf(mebibyte));
    const { status } = begin(client, { type, body });
    await expect.poll(called).toBe(1);
    await isHeld(budget, body.length);
    release();
    expect(await status).toBe(type === "application/grpc" ? "0" : "200");
    await held(budget).toBe(0);
  });

  test("what a body decompresses to is held until the call's end", async () => {
    await using setup = await setUp(1 << 30);
    const { budget, client, release, called } = setup;
    const message = messageOf(mebibyte);
    const body = frame(1, await compressed("gzip", message));
    const headers = { [isConnect ? "content-encoding" : "grpc-encoding"]: "gzip" };
    const { status } = begin(client, { type, body, headers });
    await expect.poll(called).toBe(1);
    expect(budget.heldBytes).toBeGreaterThanOrEqual(message.length + body.length);
    expect(budget.heldBytes).toBeLessThan(message.length + body.length + 300_000);
    release();
    expect(await status).toBe(type === "application/grpc" ? "0" : "200");
    await held(budget).toBe(0);
  });

  test("a body that is refused is held no longer", async () => {
    await using setup = await setUp(1 << 30);
    const { budget, client } = setup;
    const body = frame(1, Buffer.alloc(100_000, 7));
    const headers = { [isConnect ? "content-encoding" : "grpc-encoding"]: "gzip" };
    const { status } = begin(client, { type, body, headers });
    expect(await status).toBe(type === "application/grpc" ? "13" : isConnect ? "400" : "200");
    await held(budget).toBe(0);
  });
});

describe("a client that leaves", () => {
  const headers = { "grpc-encoding": "gzip" };

  test("while its message waits for memory leaves nothing behind", async () => {
    await using setup = await setUp(2 * readBytesMax);
    const { budget, client, called } = setup;
    budget.add(budget.bytesMax - mebibyte);
    const body = envelope(1, await compressed("gzip", large));
    const { stream } = begin(client, { body, headers });
    await held(budget).toBeGreaterThan(budget.bytesMax - mebibyte);
    await new Promise((resolve) => setTimeout(resolve, 50));
    stream.close(8);
    await held(budget).toBe(budget.bytesMax - mebibyte);
    budget.release(budget.bytesMax - mebibyte);
    expect(budget.heldBytes).toBe(0);
    expect(called()).toBe(0);
  });

  test("while its message is decompressed leaves nothing behind", async () => {
    await using setup = await setUp(1 << 30);
    const { budget, client, called } = setup;
    const body = envelope(1, await compressed("br", large));
    const calls = Array.from({ length: 8 }, () =>
      begin(client, { body, headers: { "grpc-encoding": "br" } }),
    );
    await held(budget).toBeGreaterThan(bytesNeeded(readBytesMax));
    for (const { stream } of calls) stream.close(8);
    await held(budget).toBe(0);
    // What had left was not called for; some may have been through before.
    expect(called()).toBeLessThan(8);
  });

  test("while the handler is at work leaves nothing behind", async () => {
    await using setup = await setUp(1 << 30);
    const { budget, client, called } = setup;
    const body = envelope(1, await compressed("gzip", large));
    const { stream } = begin(client, { body, headers });
    await expect.poll(called).toBe(1);
    expect(budget.heldBytes).toBeGreaterThan(large.length);
    stream.close(8);
    await held(budget).toBe(0);
  });

  test("in the middle of a stream's message leaves nothing behind", async () => {
    await using setup = await setUp(1 << 30);
    const { budget, client } = setup;
    const body = envelope(0, messageOf(mebibyte)).subarray(0, 500_000);
    const { stream } = begin(client, { method: "StreamPredict", body, isOpen: true });
    await isHeld(budget, body.length);
    stream.close(8);
    await held(budget).toBe(0);
  });

  test("whose connection breaks leaves nothing behind", async () => {
    await using setup = await setUp(1 << 30);
    const { budget, client, called } = setup;
    const body = envelope(1, await compressed("gzip", large));
    for (const method of ["Predict", "StreamPredict"] as const) {
      begin(client, { method, body, headers, isOpen: method === "StreamPredict" });
    }
    await expect.poll(called).toBe(2);
    client.destroy();
    await held(budget).toBe(0);
  });
});

describe("a stream", () => {
  test("holds the message that its handler looks at, and of the next what has come", async () => {
    await using setup = await setUp(1 << 30);
    const { budget, client, release, called } = setup;
    const first = envelope(0, messageOf(mebibyte));
    const second = envelope(0, messageOf(2 * mebibyte));
    const { stream, status } = begin(client, {
      method: "StreamPredict",
      body: first,
      isOpen: true,
    });
    await expect.poll(called).toBe(1);
    expect(budget.heldBytes).toBeGreaterThanOrEqual(first.length);
    stream.write(second.subarray(0, 1000));
    release();
    await isHeld(budget, 1000);
    stream.end(second.subarray(1000));
    expect(await status).toBe("0");
    await held(budget).toBe(0);
  });

  test("is refused the rest of a message when there is no memory for it", async () => {
    await using setup = await setUp(20 * mebibyte);
    const { budget, client } = setup;
    const message = envelope(0, large);
    const begunBytes = 8 * mebibyte;
    const body = message.subarray(0, begunBytes);
    const { stream, status } = begin(client, { method: "StreamPredict", body, isOpen: true });
    await isHeld(budget, begunBytes);
    const others = 15 * mebibyte;
    budget.add(others);
    stream.write(message.subarray(begunBytes, begunBytes + 1000));
    expect(await status).toBe("8");
    budget.release(others);
    await held(budget).toBe(0);
  });
});

test("a deadline that passes while a message waits for memory is kept", async () => {
  await using setup = await setUp(2 * readBytesMax);
  const { budget, client } = setup;
  budget.add(budget.bytesMax);
  const body = envelope(1, await compressed("gzip", messageOf(100)));
  const headers = { "grpc-encoding": "gzip", "grpc-timeout": "50m" };
  const startMs = performance.now();
  expect(await begin(client, { body, headers }).status).toBe("4");
  expect(performance.now() - startMs).toBeLessThan(4000);
  budget.release(budget.bytesMax);
  await held(budget).toBe(0);
});

describe("of a caller who is not admitted", () => {
  test.each(["application/grpc", "application/proto"])("nothing is read: %s", async (type) => {
    const budget = new PeakBudget(1 << 30);
    const calls = createCallPath((router) => router.service(PredictService, {}), [], {
      admits: () => false,
    });
    const rpc = createRpc(calls, { readBytesMax, buffers: budget });
    let read = 0;
    const body = async function* () {
      read += 1;
      yield envelope(1, await compressed("gzip", large));
    };
    for (const method of ["Predict", "StreamPredict"]) {
      const exchange = new MemoryExchange({
        method: "POST",
        target: `/polygate.v1.PredictService/${method}`,
        httpVersion: "2",
        headers: {
          "content-type": method === "Predict" ? type : "application/grpc",
          "grpc-encoding": "gzip",
          "content-encoding": "gzip",
        },
      });
      exchange.chunks = body;
      const procedure = rpc.procedureOf(exchange.target);
      if (procedure === undefined) throw new Error("no such method");
      await rpc.serve(exchange, procedure, createContextValues());
      expect(exchange.ended).toBe(true);
    }
    expect([read, budget.peakBytes]).toEqual([0, 0]);
  });
});
