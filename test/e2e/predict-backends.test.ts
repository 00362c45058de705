/**
 * Models of three backends behind one catalog, asked for by every surface that predicts: TensorFlow
 * Serving, a server of the Open Inference Protocol, and this process, which also makes vectors of texts.
 */

import { createClient } from "@connectrpc/connect";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GRPCInferenceService } from "#gen/inference/grpc_service_pb.js";
import { bytesFromNumbers } from "#inference/tensor-view.ts";
import { type ModelGateway, startModelGateway } from "../support/model-gateway.ts";
import { type OipDouble, startOip } from "../support/oip-double.ts";
import { identity, wordTokenizer, wordVectors } from "../support/onnx-models.ts";
import {
  halfPlusTwo,
  startTensorflow,
  type TensorflowDouble,
} from "../support/tensorflow-double.ts";
import { grpcTo } from "../support/transports.ts";

let tensorflow: TensorflowDouble;
let triton: OipDouble;
let use: ModelGateway;

beforeAll(async () => {
  tensorflow = await startTensorflow({ alone: halfPlusTwo(), shared: halfPlusTwo() });
  triton = await startOip();
  use = await startModelGateway(
    {
      "here/1/model.onnx": identity("FP32", ["N"]),
      "here/model.yaml": "aliases: [team/here]",
      "shared/1/model.onnx": identity("FP32", ["N"]),
      "words/1/model.onnx": wordVectors(),
      "words/tokenizer.json": wordTokenizer,
      "words/model.yaml":
        "text: { max_tokens: 4 }\noutput: { kind: embedding, name: hidden, normalize: false }",
    },
    {
      more: `
load_balancer: { health_check_interval: 100ms }
model_servers:
  tensorflow: { endpoints: [{ url: "${tensorflow.url}" }], preferred: [shared] }
  triton: { protocol: oip, endpoints: [{ url: "${triton.grpcUrl}" }], aliases: { doubled: echo } }
`,
    },
  );
});

afterAll(async () => {
  await use[Symbol.asyncDispose]();
  await triton[Symbol.asyncDispose]();
  await tensorflow[Symbol.asyncDispose]();
});

async function ask(path: string, body?: unknown) {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const headers = { "content-type": "application/json" };
  const answer = await fetch(use.url + path, { ...init, headers });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: JSON.parse(text) };
}

const tensor = (datatype: string, data: readonly number[]) => ({
  inputs: [{ name: "x", datatype, shape: [data.length], data }],
});

/** Every way to ask for a prediction; each gives the elements of the only output. */
const ways = {
  async "gRPC of the Open Inference Protocol"(model: string, datatype: string, data: number[]) {
    const client = createClient(GRPCInferenceService, grpcTo(use.url));
    const raw =
      datatype === "INT64"
        ? new Uint8Array(BigInt64Array.from(data, BigInt).buffer)
        : bytesFromNumbers("FP32", data);
    const { outputs, rawOutputContents } = await client.modelInfer({
      modelName: model,
      inputs: [{ name: "x", datatype, shape: [BigInt(data.length)] }],
      rawInputContents: [raw],
    });
    expect(outputs.map(({ name }) => name)).toEqual(["y"]);
    const { buffer } = new Uint8Array(rawOutputContents[0] ?? []);
    return Array.from<number | bigint, number>(
      datatype === "INT64" ? new BigInt64Array(buffer) : new Float32Array(buffer),
      Number,
    );
  },
  async "REST of the Open Inference Protocol"(model: string, datatype: string, data: number[]) {
    const { body } = await ask(`/v2/models/${model}/infer`, tensor(datatype, data));
    return body.outputs?.[0]?.data ?? body;
  },
  async "REST of TensorFlow Serving"(model: string, _: string, data: number[]) {
    const { body } = await ask(`/v1/models/${model}:predict`, { instances: data });
    return body.predictions ?? body;
  },
  async "REST of Polygate"(model: string, datatype: string, data: number[]) {
    const { body } = await ask(`/predict/${model}`, tensor(datatype, data));
    return body.outputs?.[0]?.data ?? body;
  },
};

const models = [
  { model: "half_plus_two", of: "TensorFlow Serving", datatype: "FP32", gives: [2.5, 3, 4.5] },
  { model: "echo", of: "a server of the protocol", datatype: "INT64", gives: [1, 2, 5] },
  { model: "doubled", of: "that server by another name", datatype: "INT64", gives: [1, 2, 5] },
  { model: "here", of: "this process", datatype: "FP32", gives: [1, 2, 5] },
];

describe.each(Object.entries(ways))("by %s", (_, infer) => {
  test.each(models)("$model answers, of $of", async ({ model, datatype, gives }) => {
    expect(await infer(model, datatype, [1, 2, 5])).toEqual(gives);
  });
});

test("who answered is told where calls are routed", async () => {
  const said = async (path: string, body: object) => {
    const { status, headers } = await ask(path, body);
    return [status, headers.get("x-polygate-provider")];
  };
  const floats = tensor("FP32", [1]);
  expect(await said("/v2/models/half_plus_two/infer", floats)).toEqual([200, "tensorflow"]);
  expect(await said("/v2/models/echo/infer", tensor("INT64", [1]))).toEqual([200, "triton"]);
  expect(await said("/v1/models/here:predict", { instances: [1] })).toEqual([200, "onnx"]);
  expect(await said("/predict/here", floats)).toEqual([200, "onnx"]);
});

test("vectors of texts are made here, though servers are there", async () => {
  const client = new OpenAI({ baseURL: `${use.url}/v1`, apiKey: "none" });
  const { data } = await client.embeddings.create({
    model: "words",
    input: ["cat"],
    encoding_format: "float",
  });
  expect(data[0]?.embedding.map(Math.fround)).toEqual([4 / 3, 5 / 3].map(Math.fround));
});

test("models are told of in the words of each surface, whoever has them", async () => {
  const tell = async (model: string) => (await ask(`/v2/models/${model}`)).body;
  const float = { datatype: "FP32", shape: [-1] };
  const ends = { inputs: [{ name: "x", ...float }], outputs: [{ name: "y", ...float }] };
  expect(await tell("half_plus_two")).toMatchObject({ platform: "tensorflow_savedmodel", ...ends });
  expect(await tell("here")).toMatchObject({ platform: "onnxruntime_onnx", ...ends });
  expect(await tell("echo")).toMatchObject({ platform: "oip", versions: ["1"] });
  for (const model of ["half_plus_two", "echo", "here"]) {
    expect((await ask(`/v1/models/${model}/versions/1`)).body).toMatchObject({
      model_version_status: [{ version: "1", state: "AVAILABLE" }],
    });
  }
  for (const path of ["/v2/models/nobody", "/v1/models/nobody/metadata"]) {
    expect((await ask(path)).status).toBe(404);
  }
  expect(await ask("/v2/models/here/versions/7/infer", tensor("FP32", [1]))).toMatchObject({
    status: 404,
    body: { error: expect.stringContaining('"7"') },
  });
});

test.each([
  ["half_plus_two", "half_plus_two", "a server that cannot list it"],
  ["doubled", "doubled", "a server that calls it otherwise"],
  ["echo", "echo", "that server, by its own name"],
  ["team/here", "here", "this process, by an alias"],
])("%s alone is %s of %s", async (name, id) => {
  expect(await ask(`/v1/models/${name}`)).toMatchObject({
    status: 200,
    body: { id, object: "model", model_version_status: [{ version: "1", state: "AVAILABLE" }] },
  });
});

test("a model that nobody has is not found by its name alone", async () => {
  expect(await ask("/v1/models/nobody")).toMatchObject({
    status: 404,
    body: { error: { message: expect.stringContaining('"nobody"') } },
  });
});

describe("statistics", () => {
  const client = () => createClient(GRPCInferenceService, grpcTo(use.url));
  const statsOf = async (name: string, version = "") => {
    const { modelStats } = await client().modelStatistics({ name, version });
    return modelStats;
  };
  const runs = models.map(({ model, datatype }) => ({ model, datatype }));

  test.each(runs)("of $model count what was answered and what was not", async (one) => {
    const { model, datatype } = one;
    const before = (await statsOf(model, "1"))[0];
    const path = `/v2/models/${model}/infer`;
    expect((await ask(path, tensor(datatype, [1]))).status).toBe(200);
    expect((await ask(path, tensor(datatype, [1, 2]))).status).toBe(200);
    expect((await ask(path, tensor("INT32", [1]))).status).toBe(400);
    const [after, ...others] = await statsOf(model, "1");
    expect(others).toEqual([]);
    expect(after).toMatchObject({ name: model, version: "1" });
    const grown = (of: (stats: typeof after) => bigint | undefined) =>
      Number((of(after) ?? 0n) - (of(before) ?? 0n));
    expect(grown((stats) => stats?.inferenceCount)).toBe(2);
    expect(grown((stats) => stats?.executionCount)).toBe(2);
    expect(grown((stats) => stats?.inferenceStats?.success?.count)).toBe(2);
    expect(grown((stats) => stats?.inferenceStats?.computeInfer?.count)).toBe(2);
    expect(grown((stats) => stats?.inferenceStats?.fail?.count)).toBe(1);
    expect(grown((stats) => stats?.inferenceStats?.success?.ns)).toBeGreaterThan(0);
    expect(grown((stats) => stats?.inferenceStats?.fail?.ns)).toBeGreaterThan(0);
    expect(grown((stats) => stats?.lastInference)).toBeGreaterThan(0);
  });

  test.each(runs)("of $model are told by REST as well, and in those of all", async ({ model }) => {
    const { status, body } = await ask(`/v2/models/${model}/stats`);
    expect(status).toBe(200);
    expect(body.model_stats).toMatchObject([{ name: model, version: "1" }]);
    const { body: all } = await ask("/v2/models/stats");
    expect(all.model_stats).toContainEqual(body.model_stats[0]);
    const { body: own } = await ask("/stats");
    expect(own.inferences).toContainEqual(
      expect.objectContaining({ model, version: "1", success: expect.anything() }),
    );
  });

  test("of a name that nobody has are none", async () => {
    const count = async () => (await statsOf("")).length;
    const before = await count();
    expect((await ask("/v2/models/nobody/infer", tensor("FP32", [1]))).status).toBe(404);
    expect(await count()).toBe(before);
  });
});

test("health tells of each kind", async () => {
  expect((await ask("/health")).body.services.backends).toEqual({ tensorflow: true, onnx: true });
});

test("a prediction is counted once, wherever it ran", async () => {
  const counts = async () => {
    const text = await (await fetch(`${use.url}/metrics`)).text();
    return ["half_plus_two", "here"].map((model) => {
      const line = text
        .split("\n")
        .find((one) => one.startsWith(`nv_inference_request_success{model="${model}"`));
      return Number(line?.split(" ").at(-1) ?? 0);
    });
  };
  const before = await counts();
  for (const infer of Object.values(ways)) {
    for (const model of ["half_plus_two", "here"]) await infer(model, "FP32", [1]);
  }
  const each = Object.keys(ways).length;
  expect(await counts()).toEqual(before.map((count) => count + each));
});

test("a prediction that fails is counted once, wherever it was to run", async () => {
  const failures = async () => {
    const text = await (await fetch(`${use.url}/metrics`)).text();
    const lines = text.split("\n").filter((one) => one.startsWith("nv_inference_request_failure{"));
    return ["half_plus_two", "here"].map((model) =>
      lines
        .filter((line) => line.includes(`model="${model}"`))
        .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0),
    );
  };
  const before = await failures();
  for (const model of ["half_plus_two", "here"]) {
    const { status } = await ask(`/v2/models/${model}/infer`, tensor("INT32", [1]));
    expect(status).toBe(400);
  }
  expect(await failures()).toEqual(before.map((count) => count + 1));
});

test("a server that has said what a model takes is asked for predictions alone, and again before it is contradicted", async () => {
  const client = createClient(GRPCInferenceService, grpcTo(use.url));
  const request = (output: string) => ({
    modelName: "half_plus_two",
    inputs: [{ name: "x", datatype: "FP32", shape: [1n] }],
    outputs: [{ name: output }],
    rawInputContents: [bytesFromNumbers("FP32", [1])],
  });
  await client.modelInfer(request("y"));
  const { metadata, status } = tensorflow.asked;
  for (let count = 0; count < 3; count += 1) await client.modelInfer(request("y"));
  expect(tensorflow.asked.metadata).toBe(metadata);
  await expect(client.modelInfer(request("z"))).rejects.toThrow(/no output "z"; there is "y"/);
  expect(tensorflow.asked.metadata).toBe(metadata + 1);
  expect(tensorflow.asked.status).toBeGreaterThan(status);
});

test("a model of both is the servers' while they answer, and this process's when they are away", async () => {
  const asked = async () =>
    await Promise.all(Object.values(ways).map((infer) => infer("shared", "FP32", [10])));
  const each = Object.keys(ways).length;
  const counted = async () => (await ask("/v2/models/shared/stats")).body.model_stats;
  const stats = (times: number) => [
    { version: "1", inference_stats: { success: { count: times }, fail: { count: 0 } } },
  ];
  expect(await asked()).toEqual(Object.keys(ways).map(() => [7]));
  expect(await counted()).toMatchObject(stats(each));
  await tensorflow[Symbol.asyncDispose]();
  expect(await asked()).toEqual(Object.keys(ways).map(() => [10]));
  expect(await counted()).toMatchObject(stats(2 * each));
  const { body } = await ask("/health");
  expect(body.services.backends).toEqual({ tensorflow: false, onnx: true });
  // Another server of the same model stands in; what it alone had is not called unknown.
  const floats = tensor("FP32", [1]);
  const stood = await ask("/v2/models/half_plus_two/infer", floats);
  expect([stood.status, stood.headers.get("x-polygate-provider")]).toEqual([200, "triton"]);
  expect((await ask("/v2/models/alone/infer", floats)).status).toBe(503);
});
