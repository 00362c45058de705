/**
 * Inferences that cost the most within 10 MB, in and out: CPU of each, and the longest time that the
 * thread goes on without a look at anything else: `node -C source --expose-gc bench/inferences.ts`.
 * Times are the thread's own. The model gives back what it gets, at once.
 */

import type { ModelStatus, PredictBackend } from "#backends/backend.ts";
import { ResponseCache } from "#cache/response-cache.ts";
import { ByteBudget } from "#core/byte-budget.ts";
import { systemClock } from "#core/clock.ts";
import { Compression, defaultCompression } from "#exchange/compression.ts";
import { GRPCInferenceService } from "#gen/inference/grpc_service_pb.js";
import { createMetrics } from "#metrics.ts";
import { createStats } from "#observability/stats.ts";
import { Decompressor } from "#protocol/decompressor.ts";
import { createCallPath } from "#rpc/call.ts";
import { createMeter } from "#services/meter.ts";
import { createOipService } from "#services/oip.ts";
import { PredictCache } from "#services/predict-cache.ts";
import { createOipSurface } from "#surfaces/oip.ts";
import { createTfServingSurface } from "#surfaces/tfserving.ts";
import { MemoryExchange } from "../test/support/memory-exchange.ts";

const bytesMax = 10_000_000;

function modelOf(name: string): ModelStatus {
  const tensor = { name: "x", datatype: name, shape: [-1] };
  return {
    name,
    state: "available",
    version: "1",
    inputs: [tensor],
    outputs: [tensor],
    spec: {
      aliases: [],
      description: "",
      labels: [],
      meaning: { kind: "tensor" },
      batchMax: 1,
      warmUpRuns: 0,
    },
  };
}

const backend: PredictBackend = {
  kind: "echo",
  models: () => [],
  find: modelOf,
  infer: async ({ inputs }) => ({ outputs: inputs, version: "1", queueMs: 0, computeMs: 0 }),
  load: async (name) => modelOf(name),
  unload: async (name) => modelOf(name),
  reload: async (name) => modelOf(name),
  async [Symbol.asyncDispose]() {},
};

const clock = systemClock;
const metrics = createMetrics();
const cache = new ResponseCache(
  { bytesMax: 1, entriesMax: 1, entryBytesMax: 1, ttlMs: 1 },
  { clock },
);
const predictions = new PredictCache(
  { enabled: false, isShared: false },
  { cache, backend, metrics, clock },
);
const meter = createMeter({ clock, metrics, stats: createStats(clock) });
const calls = createCallPath((router) => {
  const deps = {
    backend,
    clock,
    metrics,
    meter,
    predictions,
    isReady: () => true,
    version: "bench",
  };
  router.service(GRPCInferenceService, createOipService(deps));
}, []);
const buffers = new ByteBudget(Number.POSITIVE_INFINITY);
const options = {
  calls,
  clock,
  bodyBytesMax: 2 * bytesMax,
  decompressor: new Decompressor(buffers),
  buffers,
  compression: new Compression(defaultCompression),
  findModel: async ({ model }: { readonly model: string }) => modelOf(model),
};
const surfaces = [
  createOipSurface(options),
  createTfServingSurface({ ...options, serves: new Set(["tfserving"]) }),
];

/** As many of `unit` as there is room for, or as are wanted. */
function filled(unit: string, countMax = Number.POSITIVE_INFINITY): string {
  const count = Math.min(countMax, Math.floor((bytesMax - 200) / unit.length));
  return unit.repeat(count - 1) + unit.slice(0, -1);
}

const infer = (type: string, data: string, shape: number) => ({
  target: `/v2/models/${type}/infer`,
  body: `{"inputs":[{"name":"x","shape":[${shape}],"datatype":"${type}","data":[${data}]}]}`,
});
const predict = (type: string, data: string) => ({
  target: `/v1/models/${type}:predict`,
  body: `{"instances":[${data}]}`,
});
const classes = (count: number) => {
  const head = JSON.stringify({
    inputs: [
      { name: "x", shape: [count], datatype: "FP32", parameters: { binary_data_size: 4 * count } },
    ],
    outputs: [{ name: "x", parameters: { classification: 10_000 } }],
  });
  const numbers = Float32Array.from({ length: count }, (_, at) => at);
  return {
    target: "/v2/models/FP32/infer",
    body: Buffer.concat([Buffer.from(head), new Uint8Array(numbers.buffer)]),
    headers: { "inference-header-content-length": String(head.length) },
  };
};
const raw = (count: number) => {
  const { body, headers, target } = classes(count);
  const head = body.toString("latin1", 0, Number(headers["inference-header-content-length"]));
  const plain = head.replace(/,"outputs".*$/, "}");
  return {
    target,
    body: Buffer.concat([Buffer.from(plain), body.subarray(head.length)]),
    headers: { "inference-header-content-length": String(plain.length) },
  };
};

interface Sent {
  readonly target: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

const rows: readonly (readonly [name: string, sent: Sent])[] = [
  ["1.5 M floats, both ways", infer("FP32", filled("0.5,", 1_500_000), 1_500_000)],
  ["floats of 16 digits", infer("FP64", filled("0.1428571492433548,"), 526_305)],
  ["90,000 long integers", infer("INT64", filled("9007199254740993,", 90_000), 90_000)],
  ["5 M numbers", infer("FP32", filled("1,"), 1)],
  ["2.5 M lists", infer("FP32", filled("[1],"), 1)],
  ["3.3 M texts", infer("BYTES", filled('"",'), 1)],
  ["90,000 texts, both ways", infer("BYTES", filled('"text",', 90_000), 90_000)],
  ["one text of 10 MB", infer("BYTES", filled("x").replace(/^./, '"').replace(/.$/, '"'), 1)],
  ["10 M brackets", infer("FP32", "[".repeat(bytesMax - 200), 1)],
  ["rows: 700,000 of one", predict("FP32", filled("[1],", 700_000))],
  ["rows: 45,000 by name", predict("FP32", filled('{"x":1},', 45_000))],
  ["rows: 5 M numbers", predict("FP32", filled("1,"))],
  ["2.5 M floats as bytes, out as JSON", raw(2_490_000)],
  ["10,000 classes of 2.5 M", classes(2_490_000)],
];

/** CPU of this thread, in milliseconds. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function record(target: string) {
  const none = { listener: "", port: 0, clientAddress: "", httpMethod: "", httpVersion: "" };
  const facts = { requestId: "bench", startMs: 0, endpoint: target, status: undefined };
  return { ...none, ...facts, called: false };
}

async function measure({ target, body, headers = {} }: Sent) {
  const bytes = Buffer.from(body);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 65_536) chunks.push(bytes.subarray(at, at + 65_536));
  const exchange = new MemoryExchange({ method: "POST", target, headers, chunks });
  globalThis.gc?.();
  await new Promise((resolve) => setImmediate(resolve));
  let last = cpuMs();
  const first = last;
  let longestMs = 0;
  let isDone = false;
  const look = () => {
    longestMs = Math.max(longestMs, cpuMs() - last);
    last = cpuMs();
    if (!isDone) setImmediate(look);
  };
  setImmediate(look);
  for (const surface of surfaces) {
    const taken = surface.take(exchange, record(target));
    if (taken === false) continue;
    await taken;
    break;
  }
  const totalMs = cpuMs() - first;
  await new Promise((resolve) => setImmediate(resolve));
  isDone = true;
  const outcome = exchange.status === 200 ? "" : exchange.text;
  return { totalMs, longestMs, status: exchange.status, outcome };
}

// What the first error and the first message load is not an inference's.
await measure(infer("FP32", "x", 1));
await measure(predict("FP32", "1"));
for (const [name, sent] of rows) {
  const { totalMs, longestMs, status, outcome } = await measure(sent);
  const cost = `${totalMs.toFixed(1).padStart(7)} ms, at a time ${longestMs.toFixed(1).padStart(5)} ms`;
  console.log(`${name.padEnd(36)} ${cost}  ${status} ${outcome.slice(0, 80)}`);
}
