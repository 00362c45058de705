/** TensorFlow Serving's REST of a running gateway: rows and columns, versions, what is told of a model, what is refused. */

import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { startModelGateway } from "../support/model-gateway.ts";
import { gemm, identity, scalarSum } from "../support/onnx-models.ts";

const use = await startModelGateway({
  "gemm/1/model.onnx": gemm(),
  "batched/1/model.onnx": gemm(),
  "batched/model.yaml": "batch_max: 2\naliases: [team/batched, batched:latest]\n",
  "sum/1/model.onnx": scalarSum(),
  "text/1/model.onnx": identity("BYTES", ["N"]),
  "int64/1/model.onnx": identity("INT64", ["N"]),
  "fp32/1/model.onnx": identity("FP32", ["N", "M"]),
  "broken/1/model.onnx": "not a model",
});
afterAll(() => use[Symbol.asyncDispose]());

async function ask(path: string, init: RequestInit = {}) {
  const answer = await fetch(use.url + path, init);
  return { status: answer.status, body: JSON.parse(await answer.text()), answer };
}

function predict(path: string, body: unknown) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return ask(`/v1/models/${path}:predict`, { method: "POST", body: text });
}

describe("a prediction", () => {
  test("of rows is answered row by row", async () => {
    expect(
      await predict("gemm", {
        instances: [
          [1, 2],
          [3, 4],
        ],
      }),
    ).toMatchObject({
      status: 200,
      body: {
        predictions: [
          [1, 2, 1],
          [3, 4, 1],
        ],
      },
    });
  });

  test("of rows by name is answered likewise", async () => {
    const instances = [{ x: [1, 2] }, { x: [3, 4] }];
    expect(await predict("gemm", { signature_name: "serving_default", instances })).toMatchObject({
      body: {
        predictions: [
          [1, 2, 1],
          [3, 4, 1],
        ],
      },
    });
  });

  test("of columns is answered by columns", async () => {
    const outputs = [
      [1, 2, 1],
      [3, 4, 1],
    ];
    const columns = [
      [1, 2],
      [3, 4],
    ];
    expect(await predict("gemm", { inputs: columns })).toMatchObject({ body: { outputs } });
    expect(await predict("gemm", { inputs: { x: columns } })).toMatchObject({ body: { outputs } });
  });

  test("of scalars by name", async () => {
    expect(await predict("sum", { inputs: { a: 2, b: 40 } })).toMatchObject({
      status: 200,
      body: { outputs: 42 },
    });
  });

  test("of texts takes base64 for bytes", async () => {
    const instances = ["plain", { b64: Buffer.from("ä€").toString("base64") }];
    expect(await predict("text", { instances })).toMatchObject({
      body: { predictions: ["plain", "ä€"] },
    });
    expect(await predict("text", { inputs: { x: [{ b64: "eA==" }] } })).toMatchObject({
      body: { outputs: ["x"] },
    });
  });

  test("keeps integers of 64 bits exact", async () => {
    const answer = await fetch(`${use.url}/v1/models/int64:predict`, {
      method: "POST",
      body: '{"instances":[9007199254740993,-9223372036854775808]}',
    });
    expect(await answer.text()).toBe('{"predictions":[9007199254740993,-9223372036854775808]}');
  });

  test("names a version by its number; an alias may have slashes and colons", async () => {
    for (const path of [
      "gemm/versions/1",
      "team/batched",
      "team%2Fbatched/versions/1",
      "batched:latest",
    ]) {
      expect([path, await predict(path, { instances: [[1, 2]] })]).toMatchObject([
        path,
        { status: 200, body: { predictions: [[1, 2, 1]] } },
      ]);
    }
  });

  test("may be compressed", async () => {
    const body = gzipSync(JSON.stringify({ instances: [[1, 2]] }));
    const headers = { "content-encoding": "gzip" };
    expect(await ask("/v1/models/gemm:predict", { method: "POST", body, headers })).toMatchObject({
      body: { predictions: [[1, 2, 1]] },
    });
  });
});

describe("a bad request is refused by name:", () => {
  test.each([
    ["nobody", { instances: [[1, 2]] }, 404, /no model named "nobody"/],
    ["gemm/versions/9", { instances: [[1, 2]] }, 404, /no version "9": there is "1"/],
    ["gemm/versions/new", { instances: [[1, 2]] }, 404, /"new" of model "gemm" is not an integer/],
    ["gemm/labels/stable", { instances: [[1, 2]] }, 404, /stable/],
    ["gemm/labels/1", { instances: [[1, 2]] }, 404, /has no label "1"/],
    [
      "gemm",
      { signature_name: "other", instances: [[1, 2]] },
      400,
      /signature key "other" not found/,
    ],
    ["gemm", {}, 400, /either instances or inputs/],
    ["gemm", { instances: [[1, 2]], inputs: [[1, 2]] }, 400, /either instances or inputs/],
    ["gemm", { instances: [] }, 400, /instances: there is no row/],
    ["gemm", { instances: [{ z: [1, 2] }] }, 400, /no input "z"; there is "x"/],
    ["gemm", { instances: [{ x: [1, 2] }, { y: [1, 2] }] }, 400, /instances\[1\].*no input "y"/],
    ["gemm", { instances: [{ x: [1, 2] }, {}] }, 400, /instances\[1\].*input "x" is missing/],
    [
      "gemm",
      { instances: [[1, 2], [3]] },
      400,
      /instances\[1\].*this list has 1 items, those before it have 2/,
    ],
    ["gemm", { instances: [[1, 2], 3] }, 400, /instances\[1\].*nested deeper than others/],
    ["gemm", { instances: [[1, 2, 3]] }, 400, /"x" is FP32 \[-1, 2\], not \[1, 3\]/],
    ["gemm", { instances: [["a", "b"]] }, 400, /instances: FP32 takes numbers, not texts/],
    ["gemm", '{"instances":[[1,NaN]]}', 400, /instances\[0\]\[1\]: expected a finite number/],
    ["sum", { instances: [1] }, 400, /model "sum" takes "a", "b": name them/],
    ["sum", { inputs: { a: 1 } }, 400, /input "b", INT64 \[\], is missing/],
    ["sum", { inputs: { a: 1, b: 1.5 } }, 400, /inputs\.b\[0\]: 1\.5 does not fit INT64/],
    ["text", { instances: [{ b64: "?" }] }, 400, /expected base64/],
    [
      "batched",
      {
        instances: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      },
      400,
      /a batch of 3 rows.*takes 2 at most/,
    ],
    ["gemm", "{", 400, /not valid JSON/],
    ["gemm", { rows: [] }, 400, /^rows: unknown field/],
  ])("%s %j", async (path, body, status, text) => {
    expect(await predict(path, body)).toMatchObject({
      status,
      body: { error: expect.stringMatching(text) },
    });
  });

  test.each(["classify", "regress"])("%s is not served, and says so", async (verb) => {
    expect(await ask(`/v1/models/gemm:${verb}`, { method: "POST", body: "{}" })).toMatchObject({
      status: 501,
      body: { error: `${verb} is not served: ask for predict` },
    });
  });

  test("a method that a path does not take", async () => {
    const { status, answer } = await ask("/v1/models/gemm:predict");
    expect([status, answer.headers.get("allow")]).toEqual([405, "POST"]);
  });
});

const available = { version: "1", state: "AVAILABLE", status: { error_code: "OK" } };

describe("a model", () => {
  test("says how its versions are, also to clients of OpenAI, who share the path", async () => {
    expect(await ask("/v1/models/gemm/versions/1")).toMatchObject({
      status: 200,
      body: { model_version_status: [available] },
    });
    expect(await ask("/v1/models/gemm")).toMatchObject({
      status: 200,
      body: { id: "gemm", object: "model", model_version_status: [available] },
    });
    expect(await ask("/v1/models/nobody/versions/1")).toMatchObject({ status: 404 });
    expect(await ask("/v1/models/gemm/versions/2")).toMatchObject({
      status: 404,
      body: { error: expect.stringContaining('no version "2"') },
    });
  });

  test("says what it takes and gives", async () => {
    expect(await ask("/v1/models/gemm/metadata")).toMatchObject({
      body: {
        model_spec: { name: "gemm", version: "1" },
        metadata: {
          signature_def: {
            signature_def: {
              serving_default: {
                inputs: {
                  x: { dtype: "DT_FLOAT", tensor_shape: { dim: [{ size: "-1" }, { size: "2" }] } },
                },
                outputs: { scores: { dtype: "DT_FLOAT" } },
                method_name: "tensorflow/serving/predict",
              },
            },
          },
        },
      },
    });
  });
});

test("a route of a model's name is what clients of OpenAI are told of", async () => {
  await using other = await startModelGateway(
    { "gemm/1/model.onnx": gemm() },
    {
      more: `
providers: { double: { dialect: openai, base_url: "http://127.0.0.1:9", api_key: key } }
routes: { gemm: double/double }`,
    },
  );
  const told = async (path: string) => (await fetch(other.url + path)).json();
  expect(await told("/v1/models/gemm")).not.toHaveProperty("model_version_status");
  expect(await told("/v1/models/gemm")).toMatchObject({ id: "gemm", object: "model" });
  expect(await told("/v1/models/gemm/versions/1")).toMatchObject({
    model_version_status: [available],
  });
});

test("where OpenAI is not served, a model's name alone is TensorFlow Serving's", async () => {
  await using other = await startModelGateway(
    { "gemm/1/model.onnx": gemm() },
    { gateway: "host: 127.0.0.1", more: "listeners: [{ name: tf, port: 0, serves: [tfserving] }]" },
  );
  const answer = await fetch(`${other.url}/v1/models/gemm`);
  expect(await answer.json()).toEqual({
    model_version_status: [
      { version: "1", state: "AVAILABLE", status: { error_code: "OK", error_message: "" } },
    ],
  });
  expect((await fetch(`${other.url}/v2`)).status).toBe(404);
});
