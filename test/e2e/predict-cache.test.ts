/** Equal predictions share one response where the model's owner says so: of the version that is meant, and to the same caller. */

import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GRPCInferenceService } from "#gen/inference/grpc_service_pb.js";
import { PredictService } from "#gen/polygate/v1/predict_pb.js";
import { bytesFromNumbers } from "#inference/tensor-view.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { gather, gemm, identity, slow } from "../support/onnx-models.ts";
import { eventLoopTurn } from "../support/predict.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";
import {
  halfPlusTwo,
  startTensorflow,
  type TensorflowDouble,
} from "../support/tensorflow-double.ts";
import { grpcTo } from "../support/transports.ts";

const alice = "alices-key-that-is-long-enough";
const bob = "bobs-key-that-is-long-enough";
const admin = "admins-key-that-is-long-enough";

let folder: TemporaryFolder;
let tensorflow: TensorflowDouble;
let gateway: RunningGateway;

const files: Readonly<Record<string, string | Uint8Array>> = {
  "sums/1/model.onnx": gemm(),
  "sums/model.yaml": "cache: true\naliases: [adder]",
  "plain/1/model.onnx": gemm(),
  "rows/1/model.onnx": gather(),
  "rows/model.yaml": "cache: true",
  "wide/1/model.onnx": identity("FP32", ["N"]),
  "wide/model.yaml": "cache: true",
  "shared/1/model.onnx": identity("FP32", ["N"]),
  "shared/model.yaml": "cache: true",
  "slow/1/model.onnx": slow(20),
  "slow/model.yaml": "cache: true",
};

async function start(cache = "{}"): Promise<void> {
  gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: alice, key: ${alice} }, { name: bob, key: ${bob} }, { name: admin, key: ${admin}, scopes: [admin] }] }
models: { path: ${folder.path}, workers: 1, watch: 0s }
model_servers:
  tensorflow: { endpoints: [{ url: "${tensorflow.url}" }], preferred: [shared], cached: [half_plus_two, shared] }
cache: ${cache}
`,
  });
}

/** The gateway again, by other settings of the cache. */
async function restart(cache: string): Promise<void> {
  await gateway[Symbol.asyncDispose]();
  await start(cache);
}

beforeEach(async () => {
  folder = await temporaryFolder();
  for (const [file, content] of Object.entries(files)) await folder.write(file, content);
  tensorflow = await startTensorflow({ other: halfPlusTwo(), shared: halfPlusTwo() });
  await start();
}, 30_000);

afterEach(async () => {
  await gateway[Symbol.asyncDispose]();
  await tensorflow[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

interface Ask {
  readonly key?: string;
  readonly cache?: string;
  readonly signal?: AbortSignal;
}

function headersOf({ key = alice, cache }: Ask) {
  return {
    authorization: `Bearer ${key}`,
    ...(cache === undefined ? {} : { "x-polygate-cache": cache }),
  };
}

async function post(path: string, body: unknown, ask: Ask = {}) {
  const response = await fetch(gateway.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headersOf(ask) },
    body: JSON.stringify(body),
    ...(ask.signal === undefined ? {} : { signal: ask.signal }),
  });
  return {
    status: response.status,
    result: response.headers.get("x-polygate-cache"),
    headers: response.headers,
    body: JSON.parse(await response.text()),
  };
}

const floats = (data: readonly number[], shape: readonly number[] = [1, 2]) => ({
  inputs: [{ name: "x", datatype: "FP32", shape, data }],
});

/** A prediction by the protocol's REST, and the elements of its only output. */
async function infer(model: string, data: readonly number[], ask: Ask = {}) {
  const { body, ...seen } = await post(`/v2/models/${model}/infer`, floats(data), ask);
  return { ...seen, body, data: body.outputs?.[0]?.data, version: body.model_version };
}

/** Every way to ask `sums` for [1, 2]: what the cache said, and the elements. */
const ways = {
  async "gRPC of Polygate"(model: string) {
    let result: string | null = null;
    const client = createClient(PredictService, grpcTo(gateway.url));
    const { outputs } = await client.predict(
      { model, inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] }] },
      { headers: headersOf({}), onHeader: (header) => (result = header.get("x-polygate-cache")) },
    );
    return { result, data: outputs[0]?.data };
  },
  async "REST of Polygate"(model: string) {
    const { result, body } = await post("/polygate.v1.PredictService/Predict", {
      model,
      ...floats([1, 2]),
    });
    return { result, data: body.outputs?.[0]?.data };
  },
  async "/predict/{model}"(model: string) {
    const { result, body } = await post(`/predict/${model}`, floats([1, 2]));
    return { result, data: body.outputs?.[0]?.data };
  },
  async "gRPC of the Open Inference Protocol"(model: string) {
    let result: string | null = null;
    const client = createClient(GRPCInferenceService, grpcTo(gateway.url));
    const { rawOutputContents } = await client.modelInfer(
      {
        modelName: model,
        inputs: [{ name: "x", datatype: "FP32", shape: [1n, 2n] }],
        rawInputContents: [bytesFromNumbers("FP32", [1, 2])],
      },
      { headers: headersOf({}), onHeader: (header) => (result = header.get("x-polygate-cache")) },
    );
    return {
      result,
      data: [...new Float32Array(new Uint8Array(rawOutputContents[0] ?? []).buffer)],
    };
  },
  async "REST of the Open Inference Protocol"(model: string) {
    const { result, data } = await infer(model, [1, 2]);
    return { result, data };
  },
  async "REST of TensorFlow Serving"(model: string) {
    const { result, body } = await post(`/v1/models/${model}:predict`, { instances: [[1, 2]] });
    return { result, data: body.predictions?.[0] };
  },
};

/** A metric by its name and labels, as the gateway tells it. */
async function metric(name: string): Promise<number | undefined> {
  const response = await fetch(`${gateway.url}/metrics`, { headers: headersOf({ key: admin }) });
  const line = (await response.text()).split("\n").find((one) => one.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length));
}

/** What the model's version has done, in Triton's words. */
async function statistics(name: string, version = "") {
  const client = createClient(GRPCInferenceService, grpcTo(gateway.url));
  const { modelStats } = await client.modelStatistics(
    { name, version },
    { headers: headersOf({}) },
  );
  const [one] = modelStats;
  const { success, cacheHit, cacheMiss } = one?.inferenceStats ?? {};
  return {
    executions: Number(one?.executionCount ?? 0),
    success: Number(success?.count ?? 0),
    hits: Number(cacheHit?.count ?? 0),
    misses: Number(cacheMiss?.count ?? 0),
  };
}

describe("who is answered from the cache", () => {
  test.each(Object.entries(ways))(
    "by %s: a miss, then a hit with the same elements",
    async (_, ask) => {
      expect(await ask("sums")).toEqual({ result: "miss", data: [1, 2, 1] });
      expect(await ask("sums")).toEqual({ result: "hit", data: [1, 2, 1] });
      expect(await statistics("sums")).toEqual({ executions: 1, success: 2, hits: 1, misses: 1 });
    },
  );

  test("what one surface was answered all have, by an alias, too: the model runs once", async () => {
    const results: (string | null)[] = [];
    for (const ask of Object.values(ways)) results.push((await ask("sums")).result);
    expect(results).toEqual(["miss", "hit", "hit", "hit", "hit", "hit"]);
    expect((await infer("adder", [1, 2])).result).toBe("hit");
    expect((await statistics("sums")).executions).toBe(1);
  });

  test("hits and misses are told by /stats, and for Prometheus in Triton's words", async () => {
    for (const _ of [1, 2, 3]) await infer("sums", [1, 2]);
    const response = await fetch(`${gateway.url}/stats`, { headers: headersOf({ key: admin }) });
    const { inferences } = JSON.parse(await response.text());
    expect(inferences).toMatchObject([
      { model: "sums", executions: 1, cache_hit: { count: 2 }, cache_miss: { count: 1 } },
    ]);
    const labels = '{model="sums",version="1"}';
    expect(await metric(`nv_cache_num_hits_per_model${labels}`)).toBe(2);
    expect(await metric(`nv_cache_num_misses_per_model${labels}`)).toBe(1);
    expect(await metric(`nv_inference_request_success${labels}`)).toBe(3);
    expect(await metric('gateway_cache_requests_total{result="hit"}')).toBe(2);
  });

  test("what a request says of the outputs is applied to what is kept: one run, and each its own answer", async () => {
    await infer("sums", [1, 2]);
    const asked = (classification: number) =>
      post("/v2/models/sums/infer", {
        ...floats([1, 2]),
        outputs: [{ name: "scores", parameters: { classification } }],
      });
    const [one, two] = [await asked(1), await asked(2)];
    expect([one.result, two.result]).toEqual(["hit", "hit"]);
    expect([one.body.outputs[0].data, two.body.outputs[0].data]).toEqual([["2:1"], ["2:1", "1:0"]]);
    expect((await infer("sums", [1, 2])).data).toEqual([1, 2, 1]);
    expect((await statistics("sums")).executions).toBe(1);
  });

  test("a model whose model.yaml does not say so is run each time, and nothing is said of a cache", async () => {
    expect((await infer("plain", [1, 2])).result).toBeNull();
    expect((await infer("plain", [1, 2])).result).toBeNull();
    expect((await infer("plain", [1, 2], { cache: "use" })).result).toBe("bypass");
    expect((await statistics("plain")).executions).toBe(3);
  });

  test("`refresh` runs the model again; `no-store` runs it and leaves nothing; other wishes are refused", async () => {
    expect((await infer("sums", [1, 2], { cache: "no-store" })).result).toBe("bypass");
    expect((await infer("sums", [1, 2])).result).toBe("miss");
    expect((await infer("sums", [1, 2], { cache: "refresh" })).result).toBe("miss");
    expect((await infer("sums", [1, 2], { cache: "use" })).result).toBe("hit");
    expect((await statistics("sums")).executions).toBe(3);
    const { status, body } = await infer("sums", [1, 2], { cache: "always" });
    expect(status).toBe(400);
    expect(body.error).toContain("x-polygate-cache: expected use, refresh, no-store");
  });

  test("none is where the cache is off", async () => {
    await restart("{ enabled: false }");
    expect((await infer("sums", [1, 2])).result).toBeNull();
    expect((await infer("sums", [1, 2], { cache: "use" })).result).toBe("bypass");
    expect((await statistics("sums")).executions).toBe(2);
  });

  test("equal predictions that are made at one time run as one", async () => {
    const asked = Array.from({ length: 8 }, () =>
      post("/v2/models/slow/infer", floats([3], [1, 1])),
    );
    const results = (await Promise.all(asked)).map(({ result }) => result).toSorted();
    expect(results).toEqual([...Array.from({ length: 7 }, () => "hit"), "miss"]);
    expect((await statistics("slow")).executions).toBe(1);
  });
});

describe("what is not given to others", () => {
  test("a caller's response is its own, unless they share", async () => {
    expect((await infer("sums", [1, 2])).result).toBe("miss");
    expect((await infer("sums", [1, 2], { key: bob })).result).toBe("miss");
    expect((await infer("sums", [1, 2], { key: bob })).result).toBe("hit");
    await restart("{ shared: true }");
    expect((await infer("sums", [1, 2])).result).toBe("miss");
    expect((await infer("sums", [1, 2], { key: bob })).result).toBe("hit");
  });

  test("a new version is not answered for by the one before, nor is one that was loaded anew", async () => {
    expect(await infer("sums", [1, 2])).toMatchObject({ result: "miss", version: "1" });
    await folder.write("sums/2/model.onnx", gemm({ bias: 10 }));
    await post("/api/v1/models/sums:reload", {}, { key: admin });
    const second = { version: "2", data: [11, 12, 11] };
    expect(await infer("sums", [1, 2])).toMatchObject({ ...second, result: "miss" });
    expect(await infer("sums", [1, 2])).toMatchObject({ ...second, result: "hit" });
    await folder.write("sums/2/model.onnx", gemm({ bias: 20 }));
    await post("/api/v1/models/sums:reload", {}, { key: admin });
    expect(await infer("sums", [1, 2])).toMatchObject({ result: "miss", data: [21, 22, 21] });
  });

  test("a label means the version that it has now, and shares with those who name that", async () => {
    await folder.write("sums/2/model.onnx", gemm({ bias: 10 }));
    const labels = (stable: number) =>
      folder.write(
        "sums/model.yaml",
        `cache: true\nversions: all\nversion_labels: { stable: ${stable} }`,
      );
    const reload = () => post("/api/v1/models/sums:reload", {}, { key: admin });
    await labels(1);
    await reload();
    expect(await infer("sums/versions/stable", [1, 2])).toMatchObject({
      result: "miss",
      version: "1",
    });
    expect((await infer("sums/versions/1", [1, 2])).result).toBe("hit");
    expect((await infer("sums", [1, 2])).result).toBe("hit");
    await labels(2);
    await reload();
    expect(await infer("sums/versions/stable", [1, 2])).toMatchObject({
      result: "miss",
      data: [11, 12, 11],
    });
  });

  test("a split keeps to its shares: each version answers for itself", async () => {
    await folder.write("sums/2/model.onnx", gemm({ bias: 10 }));
    await folder.write("sums/model.yaml", "cache: true\nversions: all\nsplit: { 1: 1, 2: 1 }");
    await post("/api/v1/models/sums:reload", {}, { key: admin });
    const seen = new Map<string, Set<string>>();
    for (let count = 0; count < 20 || seen.size < 2; count += 1) {
      const { version, data } = await infer("sums", [1, 2]);
      seen.set(version, new Set([...(seen.get(version) ?? []), String(data)]));
    }
    expect(seen.get("1")).toEqual(new Set(["1,2,1"]));
    expect(seen.get("2")).toEqual(new Set(["11,12,11"]));
    expect([await statistics("sums", "1"), await statistics("sums", "2")]).toMatchObject([
      { executions: 1 },
      { executions: 1 },
    ]);
  });

  test("a failure is not kept: each call fails by itself, and the next that may succeed does", async () => {
    const row = (index: number) =>
      post("/v2/models/rows/infer", {
        inputs: [{ name: "index", datatype: "INT64", shape: [1], data: [index] }],
      });
    for (const _ of [1, 2]) expect(await row(7)).toMatchObject({ status: 400, result: "miss" });
    expect((await row(1)).result).toBe("miss");
    expect((await row(1)).result).toBe("hit");
    const { hits, misses } = await statistics("rows");
    expect([hits, misses]).toEqual([1, 3]);
  });
});

describe("bounds", () => {
  test("what does not fit any more goes, the least recently used first, and bytes stay below the bound", async () => {
    await restart("{ max_size: 4KB }");
    const ask = (first: number) =>
      post(
        "/v2/models/wide/infer",
        floats([first, ...Array.from({ length: 199 }, () => 0)], [200]),
      );
    for (let first = 1; first <= 20; first += 1) expect((await ask(first)).result).toBe("miss");
    expect((await ask(20)).result).toBe("hit");
    expect((await ask(1)).result).toBe("miss");
    const bytes = await metric("gateway_cache_bytes");
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(4_096);
    expect(await metric("gateway_cache_evictions_total")).toBeGreaterThanOrEqual(16);
  });

  test("a response beyond `max_entry_size` is passed on and not kept", async () => {
    await restart("{ max_entry_size: 1KB }");
    const data = Array.from({ length: 500 }, (_, at) => at);
    for (const _ of [1, 2]) {
      const { result, body } = await post("/v2/models/wide/infer", floats(data, [500]));
      expect([result, body.outputs[0].data]).toEqual(["miss", data]);
    }
  });

  test("purge lets go of a model's responses, by its name or an alias, and of no other's", async () => {
    await infer("sums", [1, 2]);
    await post("/v2/models/wide/infer", floats([1], [1]));
    const purge = (model: string) => post("/api/v1/cache:purge", { model }, { key: admin });
    for (const name of ["sums", "adder"]) {
      expect((await purge(name)).body.entries).toBe(1);
      expect((await infer("sums", [1, 2])).result).toBe("miss");
    }
    expect((await purge("nobody")).body.entries).toBe(0);
    expect((await post("/v2/models/wide/infer", floats([1], [1]))).result).toBe("hit");
  });
});

describe("models of servers", () => {
  const ask = (model: string, signal?: AbortSignal) =>
    post(`/v2/models/${model}/infer`, floats([1, 2], [2]), signal === undefined ? {} : { signal });

  test("those of `cached` are answered from the cache, without a call of the server's Predict", async () => {
    const first = await ask("half_plus_two");
    const second = await ask("half_plus_two");
    expect([first.result, second.result]).toEqual(["miss", "hit"]);
    expect(second.body.outputs).toEqual(first.body.outputs);
    expect(tensorflow.calls.length).toBe(1);
    expect(second.headers.get("x-polygate-provider")).toBe("tensorflow");
    expect(second.headers.get("x-polygate-attempts")).toBe("0");
    expect((await ask("other")).result).toBeNull();
  });

  test("a version that the server has now is not answered for by the one before", async () => {
    const { versions } = tensorflow.models.get("half_plus_two") ?? { versions: new Map() };
    const first = await ask("half_plus_two");
    const [[, state] = []] = versions;
    versions.set(2, state);
    const second = await ask("half_plus_two");
    expect([first.body.model_version, second.body.model_version]).toEqual(["1", "2"]);
    expect(second.result).toBe("miss");
    expect(second.body.outputs[0].data).toEqual([3.5, 4]);
    expect((await ask("half_plus_two")).result).toBe("hit");
  });

  test("who leaves does so alone: others go on to wait for the one run", async () => {
    const gate = Promise.withResolvers<void>();
    tensorflow.gate = gate.promise;
    const leaving = new AbortController();
    const first = ask("half_plus_two", leaving.signal);
    first.catch(() => {});
    while (tensorflow.calls.length === 0) await eventLoopTurn();
    const second = ask("half_plus_two");
    while ((await metric('gateway_cache_requests_total{result="hit"}')) !== 1);
    leaving.abort();
    await expect(first).rejects.toThrow();
    await gateway.line(({ msg, status }) => msg === "call" && status === 499);
    gate.resolve();
    expect(await second).toMatchObject({ status: 200, result: "hit" });
    expect(tensorflow.calls.length).toBe(1);
    expect((await ask("half_plus_two")).result).toBe("hit");
  });

  test("what a stand-in has answered is not kept for the model that is meant", async () => {
    const fault = () => new ConnectError("the disk is full", Code.Internal);
    tensorflow.faults.push(fault());
    const standIn = await ask("shared");
    expect(standIn).toMatchObject({ status: 200, result: "miss" });
    expect(standIn.body.outputs[0].data).toEqual([1, 2]);
    const meant = await ask("shared");
    expect(meant.result).toBe("miss");
    expect(meant.body.outputs[0].data).toEqual([2.5, 3]);
    expect((await ask("shared")).result).toBe("hit");
  });
});
