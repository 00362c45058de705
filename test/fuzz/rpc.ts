/**
 * Throws malformed requests at the RPC server: `node -C source test/fuzz/rpc.ts [--seconds 10]
 * [--seed 1]`. Every one must get a whole, well-formed answer in its protocol, or be broken off
 * because its client left; nothing may throw, hang or tell what is inside, or hold more of its requests
 * than it may, or anything of them afterwards. A failure prints its seed.
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import { parseArgs } from "node:util";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { create, type Message, toBinary } from "@bufbuild/protobuf";
import type { Interceptor } from "@connectrpc/connect";
import { seededRng } from "#core/rng.ts";
import { bytesNeeded } from "#protocol/compression.ts";
import { envelope } from "#protocol/envelope.ts";
import { conformanceService } from "../conformance/service.ts";
import { UnaryRequestSchema } from "../gen/connectrpc/conformance/v1/service_pb.js";
import { PeakBudget } from "../support/peak-budget.ts";
import { rawCaller, statusOf } from "../support/rpc-caller.ts";

const { values: flags } = parseArgs({
  options: {
    seconds: { type: "string", default: "10" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});

const types = [
  "application/grpc",
  "application/grpc+json",
  "application/grpc-web",
  "application/grpc-web-text",
  "application/proto",
  "application/json",
  "application/connect+proto",
  "application/connect+json",
  "application/grpc+thrift",
  "text/plain",
  "",
];
const methods = ["Unary", "ServerStream", "ClientStream", "BidiStream", "IdempotentUnary"];
const words = [
  "gzip",
  "br",
  "zstd",
  "identity",
  "snappy",
  "",
  "0",
  "1",
  "10m",
  "soon",
  "99999999H",
];
const fields = [
  "grpc-encoding",
  "grpc-accept-encoding",
  "content-encoding",
  "accept-encoding",
  "connect-content-encoding",
  "connect-accept-encoding",
  "connect-protocol-version",
];

const message = toBinary(
  UnaryRequestSchema,
  create(UnaryRequestSchema, {
    responseDefinition: { response: { case: "responseData", value: Buffer.from("x") } },
  }),
);
const seeds = [
  Buffer.alloc(0),
  Buffer.from(message),
  Buffer.from(envelope(0, message)),
  Buffer.concat([envelope(0, message), envelope(0, message)]),
  Buffer.from(envelope(1, gzipSync(message))),
  Buffer.from(envelope(1, gzipSync(Buffer.alloc(1 << 16)))),
  Buffer.from(envelope(1, brotliCompressSync(Buffer.alloc(4096, Uint8Array.of(0x12, 0))))),
  Buffer.from(envelope(1, zstdCompressSync(Buffer.alloc(1 << 20)))),
  brotliCompressSync(Buffer.alloc(1 << 20)),
  Buffer.from(envelope(0, Buffer.alloc(4000, Uint8Array.of(0x0a, 0)))),
  Buffer.from(envelope(0, Buffer.alloc(4000, Uint8Array.of(0x0b)))),
  Buffer.from(Buffer.from(envelope(0, message)).toString("base64")),
  Buffer.from("{}"),
  Buffer.from(envelope(0, Buffer.from('{"responseDefinition":{}}'))),
  Buffer.from(envelope(2, Buffer.from("{}"))),
  Buffer.from([0, 255, 255, 255, 255]),
];

/** What a mangled request may ask of the service: to wait before it answers. */
type Delayed = Message & { responseDefinition?: { responseDelayMs: number } };

function undelayed<M extends Message>(message: M): M {
  const { responseDefinition } = message as Delayed;
  if (responseDefinition !== undefined) responseDefinition.responseDelayMs = 0;
  return message;
}

async function* allUndelayed<M extends Message>(messages: AsyncIterable<M>): AsyncIterable<M> {
  for await (const message of messages) yield undelayed(message);
}

const answersAtOnce: Interceptor = (next) => (request) =>
  next(
    request.stream
      ? { ...request, message: allUndelayed(request.message) }
      : { ...request, message: undelayed(request.message) },
  );

const deadlineMs = performance.now() + Number(flags.seconds) * 1000;
const readBytesMax = 4096;
const buffers = new PeakBudget(2 * bytesNeeded(readBytesMax));
const options = { readBytesMax, buffers, decoding: { elementsMax: 500 } };
const call = rawCaller(options, conformanceService, [answersAtOnce]);
const hangMs = 5000;
let requests = 0;

for (let seed = Number(flags.seed); performance.now() < deadlineMs; seed += 1) {
  const rng = seededRng(seed);
  const below = (max: number) => Math.floor(rng.next() * max);
  const one = <T>(list: readonly T[]): T => list[below(list.length)] as T;

  const body = Buffer.from(one(seeds));
  for (let changes = below(4); changes > 0 && body.length > 0; changes -= 1) {
    body[below(body.length)] = below(256);
  }
  const cut = rng.next() < 0.3 ? body.subarray(0, below(body.length + 1)) : body;
  const size = 1 + below(8);
  const chunks: Buffer[] = [];
  for (let at = 0; at < cut.length; at += size) chunks.push(cut.subarray(at, at + size));
  const headers: Record<string, string> = {};
  for (let more = below(3); more > 0; more -= 1) headers[one(fields)] = one(words);
  if (rng.next() < 0.1) headers["grpc-timeout"] = one(words);
  if (rng.next() < 0.1) headers["connect-timeout-ms"] = one(words);
  const isGet = rng.next() < 0.1;
  const query = isGet ? `?encoding=proto&base64=1&message=${cut.toString("base64url")}` : "";
  const request = {
    call: one(methods) + query,
    type: one(types),
    method: isGet ? "GET" : "POST",
    httpVersion: one(["1.1", "2"] as const),
    headers,
    chunks,
    leaves: rng.next() < 0.1,
  };

  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("no answer")), hangMs);
  });
  try {
    const exchange = await Promise.race([call(request), hang]);
    if (exchange.broken && !request.leaves) throw new Error("broken off");
    if (!exchange.broken) statusOf(isGet ? "" : request.type, exchange);
    // What is being decompressed for somebody who left ends in its own time.
    const heldUntilMs = performance.now() + hangMs;
    while (buffers.heldBytes !== 0 && performance.now() < heldUntilMs) await nextTurn();
    if (buffers.heldBytes !== 0) throw new Error(`${buffers.heldBytes} bytes are still held`);
    if (buffers.peakBytes > buffers.bytesMax) throw new Error("more is held than may be");
    if (/\bat \w+ \(|node_modules|\/src\//.test(exchange.text)) throw new Error("a stack leaked");
  } catch (error) {
    console.error(`--seed ${seed}`, request, error);
    process.exit(1);
  } finally {
    clearTimeout(timer);
  }
  requests += 1;
}
console.log(`${requests} requests from seed ${flags.seed}, each answered`);
