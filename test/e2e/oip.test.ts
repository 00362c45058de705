/** The Open Inference Protocol of a running gateway, over gRPC and REST: tensors in every form, what is told of models, what is refused. */

import { deflateSync, gzipSync } from "node:zlib";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, describe, expect, test } from "vitest";
import { GRPCInferenceService } from "#gen/inference/grpc_service_pb.js";
import { bytesFromTexts } from "#inference/tensor-text.ts";
import { bytesFromNumbers } from "#inference/tensor-view.ts";
import { startModelGateway } from "../support/model-gateway.ts";
import { constant, gemm, identity, scalarSum } from "../support/onnx-models.ts";
import { grpcTo } from "../support/transports.ts";

const types = [
  "BOOL",
  "UINT8",
  "UINT16",
  "UINT32",
  "UINT64",
  "INT8",
  "INT16",
  "INT32",
  "INT64",
  "FP16",
  "FP32",
  "FP64",
] as const;

const use = await startModelGateway({
  "gemm/1/model.onnx": gemm(),
  "batched/1/model.onnx": gemm(),
  "batched/model.yaml": "batch_max: 4\naliases: [team/batched, batched:latest]\n",
  "labelled/1/model.onnx": gemm({ softmax: true }),
  "labelled/model.yaml":
    "output: { kind: classification, name: scores, scores: probabilities }\nlabels: [ant, bee, cat]\n",
  "sum/1/model.onnx": scalarSum(),
  "constant/1/model.onnx": constant(),
  "text/1/model.onnx": identity("BYTES", ["N"]),
  "grid/1/model.onnx": identity("FP32", [2, 2]),
  ...Object.fromEntries(
    types.map((type) => [`${type.toLowerCase()}/1/model.onnx`, identity(type, ["N"])]),
  ),
});
afterAll(() => use[Symbol.asyncDispose]());

const client = createClient(GRPCInferenceService, grpcTo(use.url));

const floats = (...numbers: number[]) => bytesFromNumbers("FP32", numbers);
const numbersIn = (bytes: Uint8Array | undefined) =>
  Array.from(new Float32Array(new Uint8Array(bytes ?? []).buffer));

async function rest(path: string, init: RequestInit = {}) {
  const answer = await fetch(use.url + path, init);
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? undefined : JSON.parse(text), answer };
}

function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return rest(path, { method: "POST", body: text, headers });
}

/** A request whose JSON comes first and whose bytes follow. */
function binaryBody(json: unknown, ...parts: readonly Uint8Array[]) {
  const head = Buffer.from(JSON.stringify(json));
  return {
    body: Buffer.concat([head, ...parts]),
    headers: { "inference-header-content-length": String(head.length) },
  };
}

describe("over gRPC", () => {
  test("the server lives, is ready, and says what it is", async () => {
    expect(await client.serverLive({})).toMatchObject({ live: true });
    expect(await client.serverReady({})).toMatchObject({ ready: true });
    expect(await client.serverMetadata({})).toMatchObject({
      name: "polygate",
      extensions: expect.arrayContaining(["classification", "binary_tensor_data"]),
    });
  });

  test("a model is ready in its version, and in no other; one that is not known is not", async () => {
    const ready = async (name: string, version = "") =>
      (await client.modelReady({ name, version })).ready;
    expect(await ready("gemm")).toBe(true);
    expect(await ready("gemm", "1")).toBe(true);
    expect(await ready("gemm", "2")).toBe(false);
    expect(await ready("gemm", "canary")).toBe(false);
    expect(await ready("nobody")).toBe(false);
  });

  test("metadata has names, types and shapes, by alias too", async () => {
    expect(await client.modelMetadata({ name: "team/batched" })).toMatchObject({
      name: "batched",
      versions: ["1"],
      platform: "onnxruntime_onnx",
      inputs: [{ name: "x", datatype: "FP32", shape: [-1n, 2n] }],
      outputs: [{ name: "scores", datatype: "FP32", shape: [-1n, 3n] }],
    });
  });

  test("raw bytes in give raw bytes out, and the id comes back", async () => {
    const response = await client.modelInfer({
      modelName: "gemm",
      id: "42",
      inputs: [{ name: "x", datatype: "FP32", shape: [2n, 2n] }],
      rawInputContents: [floats(1, 2, 3, 4)],
    });
    expect(response).toMatchObject({
      modelName: "gemm",
      modelVersion: "1",
      id: "42",
      outputs: [{ name: "scores", datatype: "FP32", shape: [2n, 3n] }],
    });
    expect(numbersIn(response.rawOutputContents[0])).toEqual([1, 2, 1, 3, 4, 1]);
  });

  test("elements in the field of their type give elements in such a field", async () => {
    const response = await client.modelInfer({
      modelName: "gemm",
      inputs: [
        { name: "x", datatype: "FP32", shape: [1n, 2n], contents: { fp32Contents: [1, 2] } },
      ],
    });
    expect(response.rawOutputContents).toEqual([]);
    expect(response.outputs[0]?.contents?.fp32Contents).toEqual([1, 2, 1]);
  });

  test.each([
    ["BOOL", "boolContents", [true, false]],
    ["UINT8", "uintContents", [0, 255]],
    ["UINT16", "uintContents", [0, 65535]],
    ["UINT32", "uintContents", [0, 4294967295]],
    ["UINT64", "uint64Contents", [0n, 18446744073709551615n]],
    ["INT8", "intContents", [-128, 127]],
    ["INT16", "intContents", [-32768, 32767]],
    ["INT32", "intContents", [-2147483648, 2147483647]],
    ["INT64", "int64Contents", [-9223372036854775808n, 9223372036854775807n]],
    ["FP32", "fp32Contents", [0.5, -1.5]],
    ["FP64", "fp64Contents", [0.1, -1e300]],
  ] as const)("%s travels in %s, to the last bit", async (datatype, field, elements) => {
    const contents = { [field]: [...elements] };
    const { outputs } = await client.modelInfer({
      modelName: datatype.toLowerCase(),
      inputs: [{ name: "x", datatype, shape: [2n], contents }],
    });
    expect(outputs).toMatchObject([{ name: "y", datatype, shape: [2n], contents }]);
  });

  test("texts travel as bytes, each after its length or in a field", async () => {
    const texts = ["", "ä€", "x".repeat(300)];
    const raw = bytesFromTexts(texts);
    const input = { name: "x", datatype: "BYTES", shape: [3n] };
    const sent = await client.modelInfer({
      modelName: "text",
      inputs: [input],
      rawInputContents: [raw],
    });
    expect(Buffer.compare(sent.rawOutputContents[0] ?? Buffer.of(), raw)).toBe(0);
    const bytesContents = texts.map((text) => Buffer.from(text));
    const { outputs } = await client.modelInfer({
      modelName: "text",
      inputs: [{ ...input, contents: { bytesContents } }],
    });
    const back = outputs[0]?.contents?.bytesContents.map((one) => Buffer.from(one).toString());
    expect(back).toEqual(texts);
  });

  test("floats of 16 bits travel as raw bytes", async () => {
    const response = await client.modelInfer({
      modelName: "fp16",
      inputs: [{ name: "x", datatype: "FP16", shape: [2n] }],
      rawInputContents: [Uint8Array.of(0, 0x3c, 0, 0xc0)],
    });
    expect([...(response.rawOutputContents[0] ?? [])]).toEqual([0, 0x3c, 0, 0xc0]);
  });

  test("scalars have an empty shape", async () => {
    const { outputs } = await client.modelInfer({
      modelName: "sum",
      inputs: [
        { name: "a", datatype: "INT64", shape: [], contents: { int64Contents: [2n ** 60n] } },
        { name: "b", datatype: "INT64", shape: [], contents: { int64Contents: [1n] } },
      ],
    });
    expect(outputs).toMatchObject([
      { name: "sum", shape: [], contents: { int64Contents: [2n ** 60n + 1n] } },
    ]);
  });

  test("classification gives the greatest elements of each row with their labels", async () => {
    const classification = { parameterChoice: { case: "int64Param" as const, value: 2n } };
    const { outputs, rawOutputContents } = await client.modelInfer({
      modelName: "labelled",
      inputs: [{ name: "x", datatype: "FP32", shape: [2n, 2n] }],
      rawInputContents: [floats(1, 2, 5, 0)],
      outputs: [{ name: "scores", parameters: { classification } }],
    });
    expect(outputs).toMatchObject([{ name: "scores", datatype: "BYTES", shape: [2n, 2n] }]);
    const text = Buffer.from(rawOutputContents[0] ?? []).toString("latin1");
    expect(
      text.match(/\d\.\d+(e-\d+)?:\d:[a-z]+/g)?.map((one) => one.replace(/^.*?:/, "")),
    ).toEqual(["1:bee", "0:ant", "0:ant", "1:bee"]);
  });

  test("a stream answers in order, tells of what fails in place, and goes on", async () => {
    const final = { parameterChoice: { case: "boolParam" as const, value: true } };
    async function* requests() {
      for (const shape of [
        [1n, 2n],
        [1n, 3n],
        [1n, 2n],
      ]) {
        yield {
          modelName: "gemm",
          id: String(shape[1]),
          parameters: { triton_enable_empty_final_response: final },
          inputs: [{ name: "x", datatype: "FP32", shape }],
          rawInputContents: [floats(1, 2)],
        };
      }
    }
    const responses = await Array.fromAsync(client.modelStreamInfer(requests()));
    expect(responses).toMatchObject([
      {
        errorMessage: "",
        inferResponse: { id: "2", parameters: { triton_final_response: final } },
      },
      { errorMessage: expect.stringContaining("inputs[0]"), inferResponse: { id: "3" } },
      { errorMessage: "", inferResponse: { outputs: [{ name: "scores" }] } },
    ]);
  });

  test("a configuration says how many rows run as one, and only of a model that takes batches", async () => {
    expect((await client.modelConfig({ name: "batched" })).config).toMatchObject({
      name: "batched",
      platform: "onnxruntime_onnx",
      backend: "onnxruntime",
      maxBatchSize: 4,
      input: [{ name: "x", dims: [2n] }],
      schedulingChoice: { case: "dynamicBatching" },
      versionPolicy: { policyChoice: { case: "specific", value: { versions: [1n] } } },
    });
    expect((await client.modelConfig({ name: "gemm" })).config).toMatchObject({
      maxBatchSize: 0,
      input: [{ name: "x", dims: [-1n, 2n] }],
      schedulingChoice: { case: undefined },
    });
  });

  test("the index lists every version; a model is unloaded, and loaded again", async () => {
    const stateOf = async (ready = false) => {
      const { models } = await client.repositoryIndex({ ready });
      return models.find(({ name }) => name === "grid");
    };
    expect(await stateOf()).toMatchObject({ name: "grid", version: "1", state: "READY" });
    await client.repositoryModelUnload({ modelName: "grid" });
    expect(await stateOf()).toMatchObject({ state: "UNAVAILABLE", reason: "unloaded" });
    expect(await stateOf(true)).toBeUndefined();
    expect(await client.modelReady({ name: "grid" })).toMatchObject({ ready: false });
    await client.repositoryModelLoad({ modelName: "grid" });
    expect(await stateOf(true)).toMatchObject({ state: "READY" });
    // Of one that serves it is a reload.
    await client.repositoryModelLoad({ modelName: "grid" });
    expect(await stateOf(true)).toMatchObject({ state: "READY" });
  });
});

/** A request that is as it should be, but for one thing. */
const sound = {
  modelName: "gemm",
  inputs: [{ name: "x", datatype: "FP32", shape: [1n, 2n] }],
  rawInputContents: [floats(1, 2)],
};
const shared = {
  shared_memory_region: { parameterChoice: { case: "stringParam" as const, value: "r" } },
};

describe("over gRPC a bad request is refused by name", () => {
  const input = { name: "x", datatype: "FP32", shape: [1n, 2n] };
  test.each([
    [
      "an unknown model",
      { ...sound, modelName: "nobody" },
      Code.NotFound,
      'no model named "nobody"',
    ],
    [
      "an unknown version",
      { ...sound, modelVersion: "9" },
      Code.NotFound,
      'no version "9": there is "1"',
    ],
    ["an unknown label", { ...sound, modelVersion: "canary" }, Code.NotFound, "canary"],
    [
      "an unknown input",
      { ...sound, inputs: [{ ...input, name: "z" }] },
      Code.InvalidArgument,
      'inputs[0].name: no input "z"; there is "x"',
    ],
    [
      "an input twice",
      { ...sound, inputs: [input, input], rawInputContents: [floats(1, 2), floats(1, 2)] },
      Code.InvalidArgument,
      'input "x" comes more than once',
    ],
    [
      "no input",
      { modelName: "gemm" },
      Code.InvalidArgument,
      'input "x", FP32 [-1, 2], is missing',
    ],
    [
      "an unknown type",
      { ...sound, inputs: [{ ...input, datatype: "FP31" }] },
      Code.InvalidArgument,
      'inputs[0].datatype: "FP31" is not a datatype',
    ],
    [
      "another type",
      { ...sound, inputs: [{ ...input, datatype: "INT32" }] },
      Code.InvalidArgument,
      '"x" is FP32, not INT32',
    ],
    [
      "another shape",
      { ...sound, inputs: [{ ...input, shape: [2n, 1n] }] },
      Code.InvalidArgument,
      '"x" is FP32 [-1, 2], not [2, 1]',
    ],
    [
      "a negative size",
      { ...sound, inputs: [{ ...input, shape: [-1n, 2n] }] },
      Code.InvalidArgument,
      "inputs[0].shape[0]: -1 is not the size of a dimension",
    ],
    [
      "a size beyond all tensors",
      { ...sound, inputs: [{ ...input, shape: [2n ** 62n, 2n] }] },
      Code.InvalidArgument,
      "inputs[0].shape[0]: 4611686018427387904 is not",
    ],
    [
      "too few bytes",
      { ...sound, rawInputContents: [floats(1)] },
      Code.InvalidArgument,
      'inputs[0]: "x" of FP32 [1, 2] holds 2 elements, 8 bytes; 4 bytes were sent',
    ],
    [
      "raw bytes for some inputs",
      { ...sound, rawInputContents: [floats(1, 2), floats(1)] },
      Code.InvalidArgument,
      "raw_input_contents: there are 2 for 1 inputs",
    ],
    [
      "elements twice",
      { ...sound, inputs: [{ ...input, contents: { fp32Contents: [1, 2] } }] },
      Code.InvalidArgument,
      "inputs[0].contents: the elements are in raw_input_contents already",
    ],
    [
      "too many elements",
      { modelName: "gemm", inputs: [{ ...input, contents: { fp32Contents: [1, 2, 3] } }] },
      Code.InvalidArgument,
      "inputs[0]: shape [1, 2] holds 2 elements, 3 were sent",
    ],
    [
      "elements in another field",
      { modelName: "gemm", inputs: [{ ...input, contents: { fp64Contents: [1, 2] } }] },
      Code.InvalidArgument,
      "FP32 travels in fp32_contents, not in fp64_contents",
    ],
    [
      "floats of 16 bits in a field",
      {
        modelName: "fp16",
        inputs: [{ name: "x", datatype: "FP16", shape: [1n], contents: { fp32Contents: [1] } }],
      },
      Code.InvalidArgument,
      "FP16 travels in raw_input_contents",
    ],
    [
      "an integer that is too great for its type",
      {
        modelName: "int8",
        inputs: [{ name: "x", datatype: "INT8", shape: [2n], contents: { intContents: [1, 128] } }],
      },
      Code.InvalidArgument,
      "inputs[0].contents.int_contents[1]: 128 does not fit INT8",
    ],
    [
      "a text that runs past its bytes",
      {
        modelName: "text",
        inputs: [{ name: "x", datatype: "BYTES", shape: [1n] }],
        rawInputContents: [Uint8Array.of(9, 0, 0, 0, 1)],
      },
      Code.InvalidArgument,
      'the last element of "x" runs past the 5 bytes',
    ],
    [
      "more rows than run as one",
      {
        modelName: "batched",
        inputs: [{ name: "x", datatype: "FP32", shape: [5n, 2n] }],
        rawInputContents: [new Uint8Array(40)],
      },
      Code.InvalidArgument,
      'inputs[0].shape: a batch of 5 rows, model "batched" takes 4 at most',
    ],
    [
      "an unknown output",
      { ...sound, outputs: [{ name: "z" }] },
      Code.InvalidArgument,
      'outputs[0].name: no output "z"; there is "scores"',
    ],
    [
      "memory that is not shared",
      { ...sound, inputs: [{ ...input, parameters: shared }] },
      Code.InvalidArgument,
      "inputs[0].parameters.shared_memory_region: memory is not shared",
    ],
  ])("%s", async (_name, request, code, text) => {
    const thrown = await client.modelInfer(request).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(ConnectError);
    const { code: got, rawMessage } = thrown as ConnectError;
    expect([got, rawMessage]).toEqual([code, expect.stringContaining(text)]);
  });

  test.each(["config", "file:1/model.onnx"])("a model that brings its own %s", async (name) => {
    const parameters = {
      [name]: { parameterChoice: { case: "stringParam" as const, value: "{}" } },
    };
    const thrown = await client
      .repositoryModelLoad({ modelName: "gemm", parameters })
      .catch((error: unknown) => error);
    expect((thrown as ConnectError).rawMessage).toContain(`parameters.${name}: models are loaded`);
  });
});

describe("over REST", () => {
  test.each([
    ["/v2", 200, { name: "polygate" }],
    ["/v2/", 200, { name: "polygate" }],
    ["/v2/health/live", 200, { live: true }],
    ["/v2/health/ready", 200, { ready: true }],
    ["/v2/models/gemm/ready", 200, { name: "gemm", ready: true }],
    ["/v2/models/gemm/versions/1/ready", 200, { ready: true }],
    ["/v2/models/gemm/versions/2/ready", 503, { ready: false }],
    ["/v2/models/nobody/ready", 503, { ready: false }],
    [
      "/v2/models/gemm",
      200,
      {
        name: "gemm",
        versions: ["1"],
        platform: "onnxruntime_onnx",
        inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }],
      },
    ],
    ["/v2/models/team%2Fbatched", 200, { name: "batched" }],
    ["/v2/models/team/batched", 200, { name: "batched" }],
    ["/v2/models/batched:latest/versions/1", 200, { name: "batched" }],
    ["/v2/models/batched/config", 200, { max_batch_size: 4, input: [{ data_type: "TYPE_FP32" }] }],
    ["/v2/models/nobody", 404, { error: 'there is no model named "nobody"' }],
    ["/v2/models/gemm/versions/7", 404, { error: 'model "gemm" has no version "7": there is "1"' }],
    ["/v2/models/nobody/config", 404, { error: expect.stringContaining("nobody") }],
  ])("%s is answered with %i", async (path, status, body) => {
    expect(await rest(path)).toMatchObject({ status, body });
  });

  test("a method that a path does not take is refused with those that it takes", async () => {
    const { status, body, answer } = await post("/v2/models/gemm", {});
    expect([status, body, answer.headers.get("allow")]).toEqual([
      405,
      { error: "this path takes GET, HEAD" },
      "GET, HEAD",
    ]);
  });

  test.each(["/v2/nothing", "/v2/systemsharedmemory/status", "/v2/models/gemm/trace/setting/x/"])(
    "%s is no path, in the words of its clients",
    async (path) => {
      const { status, body } = await rest(path);
      expect([status, Object.keys(body)]).toEqual([404, ["error"]]);
      expect(body.error).toEqual(expect.any(String));
    },
  );

  const x = { name: "x", shape: [2, 2], datatype: "FP32" };
  const scores = { name: "scores", datatype: "FP32", shape: [2, 3], data: [1, 2, 1, 3, 4, 1] };

  test.each([
    ["flat", [1, 2, 3, 4]],
    [
      "nested",
      [
        [1, 2],
        [3, 4],
      ],
    ],
  ])("numbers come %s", async (_form, data) => {
    expect(
      await post("/v2/models/gemm/infer", { id: "7", inputs: [{ ...x, data }] }),
    ).toMatchObject({
      status: 200,
      body: { model_name: "gemm", model_version: "1", id: "7", outputs: [scores] },
    });
  });

  test("a model of no inputs gives its outputs all the same", async () => {
    expect(await post("/v2/models/constant/infer", {})).toMatchObject({
      status: 200,
      body: { outputs: [{ name: "answer", data: [4, 2] }] },
    });
  });

  test("a version in the path is the one that runs", async () => {
    const body = { inputs: [{ ...x, data: [1, 2, 3, 4] }] };
    expect(await post("/v2/models/gemm/versions/1/infer", body)).toMatchObject({ status: 200 });
    expect(await post("/v2/models/gemm/versions/2/infer", body)).toMatchObject({
      status: 404,
      body: { error: expect.stringContaining('no version "2": there is "1"') },
    });
  });

  test.each([
    ["BOOL", [true, false]],
    ["UINT8", [0, 255]],
    ["INT16", [-32768, 32767]],
    ["UINT32", [0, 4294967295]],
    ["FP16", [0.1, -65504]],
    ["FP32", [0.1, 3.4e38]],
    ["FP64", [0.1, 1e300]],
  ])("%s reads back as it was written", async (datatype, data) => {
    const body = { inputs: [{ name: "x", shape: [2], datatype, data }] };
    expect(await post(`/v2/models/${datatype.toLowerCase()}/infer`, body)).toMatchObject({
      status: 200,
      body: { outputs: [{ datatype, data }] },
    });
  });

  test("integers of 64 bits are exact, in and out", async () => {
    const send = async (type: string, data: string) => {
      const text = `{"inputs":[{"name":"x","shape":[3],"datatype":"${type}","data":[${data}]}]}`;
      const answer = await fetch(`${use.url}/v2/models/${type.toLowerCase()}/infer`, {
        method: "POST",
        body: text,
      });
      return await answer.text();
    };
    const signed = "-9223372036854775808,9007199254740993,9223372036854775807";
    expect(await send("INT64", signed)).toContain(`"data":[${signed}]`);
    expect(await send("UINT64", "0,9007199254740993,18446744073709551615")).toContain(
      '"data":[0,9007199254740993,18446744073709551615]',
    );
  });

  test("texts are texts", async () => {
    const body = { inputs: [{ name: "x", shape: [2], datatype: "BYTES", data: ["ä€", ""] }] };
    expect(await post("/v2/models/text/infer", body)).toMatchObject({
      body: { outputs: [{ datatype: "BYTES", shape: [2], data: ["ä€", ""] }] },
    });
  });

  test("classification gives texts", async () => {
    const body = {
      inputs: [{ ...x, shape: [1, 2], data: [1, 2] }],
      outputs: [{ name: "scores", parameters: { classification: 1 } }],
    };
    expect(await post("/v2/models/labelled/infer", body)).toMatchObject({
      body: {
        outputs: [{ datatype: "BYTES", shape: [1, 1], data: [expect.stringMatching(/:1:bee$/)] }],
      },
    });
  });

  test("tensors come and go as bytes behind the JSON", async () => {
    const json = {
      inputs: [{ ...x, parameters: { binary_data_size: 16 } }],
      parameters: { binary_data_output: true },
    };
    const sent = binaryBody(json, floats(1, 2, 3, 4));
    const answer = await fetch(`${use.url}/v2/models/gemm/infer`, { method: "POST", ...sent });
    const body = Buffer.from(await answer.arrayBuffer());
    const length = Number(answer.headers.get("inference-header-content-length"));
    expect(answer.headers.get("content-type")).toBe("application/octet-stream");
    expect(JSON.parse(body.toString("utf8", 0, length))).toMatchObject({
      outputs: [{ name: "scores", shape: [2, 3], parameters: { binary_data_size: 24 } }],
    });
    expect(numbersIn(body.subarray(length))).toEqual([1, 2, 1, 3, 4, 1]);
  });

  test("a body of bytes alone is the only input, of whatever shape it fills", async () => {
    const send = (model: string, body: Uint8Array<ArrayBuffer>) =>
      fetch(`${use.url}/v2/models/${model}/infer`, {
        method: "POST",
        body,
        headers: { "inference-header-content-length": "0" },
      });
    const answer = await send("gemm", floats(1, 2, 3, 4));
    const body = Buffer.from(await answer.arrayBuffer());
    const length = Number(answer.headers.get("inference-header-content-length"));
    expect(numbersIn(body.subarray(length))).toEqual([1, 2, 1, 3, 4, 1]);
    expect((await send("text", Buffer.from("ä"))).status).toBe(200);
    const refusals = [
      ["gemm", floats(1, 2, 3), '3 elements do not fill "x" of [-1, 2]'],
      ["sum", new Uint8Array(8), 'bytes alone are for models of one input, "sum" takes 2'],
      ["nobody", new Uint8Array(8), 'there is no model named "nobody"'],
    ] as const;
    for (const [model, bytes, error] of refusals) {
      const refused = await send(model, bytes);
      expect(await refused.json()).toEqual({ error: expect.stringContaining(error) });
    }
  });

  test("each output says for itself whether it goes as bytes", async () => {
    const json = {
      inputs: [{ ...x, parameters: { binary_data_size: 16 } }],
      outputs: [{ name: "scores", parameters: { binary_data: false } }],
      parameters: { binary_data_output: true },
    };
    const sent = binaryBody(json, floats(1, 2, 3, 4));
    expect(await rest("/v2/models/gemm/infer", { method: "POST", ...sent })).toMatchObject({
      body: { outputs: [scores] },
    });
  });

  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
  ])("a body may be compressed with %s", async (coding, compress) => {
    const body = compress(JSON.stringify({ inputs: [{ ...x, data: [1, 2, 3, 4] }] }));
    const headers = { "content-encoding": coding };
    expect(await rest("/v2/models/gemm/infer", { method: "POST", body, headers })).toMatchObject({
      status: 200,
      body: { outputs: [scores] },
    });
  });

  test("a model is unloaded and loaded again, and the index tells", async () => {
    const index = async (body: object = {}) => {
      const { body: models } = await post("/v2/repository/index", body);
      return models.find(({ name }: { name: string }) => name === "uint8");
    };
    expect(await index()).toEqual({ name: "uint8", version: "1", state: "READY", reason: "" });
    expect(await rest("/v2/repository/models/uint8/unload", { method: "POST" })).toMatchObject({
      status: 200,
    });
    expect(await index()).toMatchObject({ state: "UNAVAILABLE", reason: "unloaded" });
    expect(await index({ ready: true })).toBeUndefined();
    expect(await post("/v2/repository/models/uint8/load", {})).toMatchObject({ status: 200 });
    expect(await index({ ready: true })).toMatchObject({ state: "READY" });
    expect(await post("/v2/repository/models/nobody/load", {})).toMatchObject({ status: 404 });
  });

  test.each([
    ["text that is no JSON", "{", /not valid JSON/],
    ["a list", "[]", /expected a JSON object/],
    [
      "another model than the path's",
      { model_name: "other", inputs: [{ ...x, data: [1, 2, 3, 4] }] },
      /model_name: "other" is not the model of the path, "gemm"/,
    ],
    ["a field that no one knows", { input: [] }, /^input: unknown field/],
    ["no inputs", {}, /input "x", FP32 \[-1, 2\], is missing/],
    [
      "an input without a name",
      { inputs: [{ shape: [1], datatype: "FP32" }] },
      /inputs\[0\]\.name: is missing/,
    ],
    [
      "an input without a shape",
      { inputs: [{ name: "x", datatype: "FP32" }] },
      /inputs\[0\]\.shape: is missing/,
    ],
    [
      "too few numbers",
      { inputs: [{ ...x, data: [1] }] },
      /inputs\[0\]\.data: shape \[2, 2\] holds 4 elements, 1 were sent/,
    ],
    [
      "lists of another shape",
      { inputs: [{ ...x, data: [[1, 2, 3, 4]] }] },
      /lists of \[1, 4\] are not of the shape \[2, 2\]/,
    ],
    [
      "lists of several lengths",
      { inputs: [{ ...x, data: [[1], [2, 3, 4]] }] },
      /inputs\[0\]\.data\[1\].*this list has 3 items, those before it have 1/,
    ],
    [
      "a text among numbers",
      { inputs: [{ ...x, data: [1, 2, 3, "4"] }] },
      /inputs\[0\]\.data\[3\]: expected a number, as the elements before, not a text/,
    ],
    [
      "texts for numbers",
      { inputs: [{ ...x, data: ["1", "2", "3", "4"] }] },
      /inputs\[0\]\.data: FP32 takes numbers, not texts/,
    ],
    [
      "a number beyond the type",
      { inputs: [{ ...x, data: [1, 2, 3, 1e39] }] },
      /inputs\[0\]\.data\[3\]: 1e\+39 does not fit FP32/,
    ],
    [
      "NaN",
      '{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,NaN]}]}',
      /inputs\[0\]\.data\[1\]: expected a finite number: JSON has no NaN/,
    ],
    [
      "-Infinity",
      '{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,-Infinity]}]}',
      /inputs\[0\]\.data\[1\]: expected a finite number/,
    ],
    [
      "null",
      { inputs: [{ ...x, data: [1, 2, 3, null] }] },
      /inputs\[0\]\.data\[3\]: expected a number/,
    ],
    [
      "a parameter that is a list",
      { inputs: [], parameters: { a: [] } },
      /parameters\.a: expected a truth value/,
    ],
  ])("%s is refused by name", async (_name, body, text) => {
    expect(await post("/v2/models/gemm/infer", body)).toMatchObject({
      status: 400,
      body: { error: expect.stringMatching(text) },
    });
  });

  test.each([
    ["INT8", "[128]", /inputs\[0\]\.data\[0\]: 128 does not fit INT8/],
    ["INT32", "[1.5]", /1\.5 does not fit INT32/],
    ["INT64", "[9223372036854775808]", /9223372036854775808 does not fit INT64/],
    ["UINT64", "[-1]", /-1 does not fit UINT64/],
    ["UINT64", "[18446744073709551616]", /18446744073709551616 does not fit UINT64/],
    ["BOOL", "[2]", /2 does not fit BOOL/],
    ["FP64", "[1e999]", /expected a number/],
  ])("%s does not take %s", async (datatype, data, text) => {
    const input = `{"name":"x","shape":[1],"datatype":"${datatype}","data":${data}}`;
    expect(
      await post(`/v2/models/${datatype.toLowerCase()}/infer`, `{"inputs":[${input}]}`),
    ).toMatchObject({ status: 400, body: { error: expect.stringMatching(text) } });
  });

  test("an output that JSON cannot say is refused with what to ask for", async () => {
    const nan = Buffer.from(new Float32Array([Number.NaN]).buffer);
    const json = {
      inputs: [{ name: "x", shape: [1], datatype: "FP32", parameters: { binary_data_size: 4 } }],
    };
    const sent = binaryBody(json, nan);
    expect(await rest("/v2/models/fp32/infer", { method: "POST", ...sent })).toMatchObject({
      status: 500,
      body: { error: expect.stringMatching(/output "y": it holds NaN.*binary_data/) },
    });
  });
});

describe("lengths that lie are refused before the model sees a byte:", () => {
  const x = { name: "x", shape: [1, 2], datatype: "FP32" };
  const sized = (size: unknown) => ({ ...x, parameters: { binary_data_size: size } });
  const send = (json: unknown, parts: readonly Uint8Array[], header?: string) => {
    const { body, headers } = binaryBody(json, ...parts);
    const length = header ?? headers["inference-header-content-length"];
    return rest("/v2/models/gemm/infer", {
      method: "POST",
      body,
      headers: { "inference-header-content-length": length },
    });
  };

  test.each([
    [
      "a head that is longer than the body",
      sized(8),
      [floats(1, 2)],
      { header: "99999", text: /99999 bytes are more than/ },
    ],
    [
      "a head that is shorter than its JSON",
      sized(8),
      [floats(1, 2)],
      { header: "10", text: /not valid JSON/ },
    ],
    [
      "a head of no length",
      sized(8),
      [floats(1, 2)],
      { header: "-1", text: /expected a number of bytes/ },
    ],
    [
      "more bytes than there are",
      sized(12),
      [floats(1, 2)],
      { header: undefined, text: /binary_data_size: 12 bytes are more than the 8 that are left/ },
    ],
    [
      "a negative size",
      sized(-8),
      [floats(1, 2)],
      { header: undefined, text: /binary_data_size: expected a number of bytes/ },
    ],
    [
      "a size that is a text",
      sized("8"),
      [floats(1, 2)],
      { header: undefined, text: /binary_data_size: expected a number of bytes/ },
    ],
    [
      "bytes that are no one's",
      sized(8),
      [floats(1, 2, 3)],
      { header: undefined, text: /the last 4 bytes of the body belong to no input/ },
    ],
    [
      "another size than the shape's",
      sized(4),
      [floats(1)],
      { header: undefined, text: /holds 2 elements, 8 bytes; 4 bytes were sent/ },
    ],
    [
      "elements twice",
      { ...sized(8), data: [1, 2] },
      [floats(1, 2)],
      {
        header: undefined,
        text: /inputs\[0\]\.data: its elements are in the binary_data_size bytes already/,
      },
    ],
  ])("%s", async (_name, input, parts, lie) => {
    expect(await send({ inputs: [input] }, parts, lie.header)).toMatchObject({
      status: 400,
      body: { error: expect.stringMatching(lie.text) },
    });
  });

  test("inputs whose sizes overlap", async () => {
    const inputs = [
      { ...sized(8), name: "a" },
      { ...sized(8), name: "b" },
    ];
    expect(await send({ inputs }, [floats(1, 2, 3)])).toMatchObject({
      status: 400,
      body: {
        error: expect.stringMatching(/^inputs\[1\].*8 bytes are more than the 4 that are left/),
      },
    });
  });

  test("what is not of the coding that it says", async () => {
    expect(
      await rest("/v2/models/gemm/infer", {
        method: "POST",
        body: "no gzip",
        headers: { "content-encoding": "gzip" },
      }),
    ).toMatchObject({ status: 400, body: { error: "the message is not gzip" } });
    expect(
      await rest("/v2/models/gemm/infer", {
        method: "POST",
        body: "x",
        headers: { "content-encoding": "lzma" },
      }),
    ).toMatchObject({ status: 415, body: { error: expect.stringContaining("lzma") } });
  });
});
