/** Models that servers have, through a whole gateway: who is asked, who stands in, and what is never made up. */

import { readFileSync } from "node:fs";
import { createClient } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { BackendsService } from "#gen/polygate/v1/backends_pb.js";
import { PredictService } from "#gen/polygate/v1/predict_pb.js";
import { DataType } from "#gen/tensorflow/core/framework/types_pb.js";
import { ModelVersionStatus_State as State } from "#gen/tensorflow_serving/apis/get_model_status_pb.js";
import { digitImage, type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { echo, halfPlusTwo, startTensorflow } from "../support/tensorflow-double.ts";
import { grpcTo } from "../support/transports.ts";

const admin = "an-admin-key-that-is-long-enough";
const head = "gateway: { host: 127.0.0.1, port: 0 }\n";

const half = (data: readonly number[], more: object = {}) => ({
  inputs: [{ name: "x", datatype: "FP32", shape: [data.length], data, ...more }],
});

async function predict({ url }: RunningGateway, model: string, body: object) {
  const answer = await fetch(`${url}/predict/${model}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const { status, headers } = answer;
  return { status, headers, body: (await answer.json()) as Record<string, unknown> };
}

const json = async (url: string, path: string) => (await fetch(`${url}${path}`)).json();

/** A gateway with the models that ship with it, before so many doubles in one group. */
async function started(doubles: readonly { readonly url: string }[], more = "") {
  const endpoints = doubles.map(({ url }) => `{ url: "${url}" }`).join(", ");
  return await startTestGateway({
    yaml: `${head}model_servers: { tensorflow: { endpoints: [${endpoints}]${more} } }\n`,
  });
}

describe("a model that TensorFlow Serving has", () => {
  test("answers, by REST and by gRPC, and is said to have", async () => {
    await using double = await startTensorflow();
    await using gateway = await started([double]);
    const { status, headers, body } = await predict(gateway, "half_plus_two", half([1, 2, 5]));
    expect({ status, body }).toMatchObject({
      status: 200,
      body: {
        model: "half_plus_two",
        version: "1",
        backend: "tensorflow",
        outputs: [{ name: "y", datatype: "FP32", shape: [3], data: [2.5, 3, 4.5] }],
      },
    });
    expect(headers.get("x-polygate-provider")).toBe("tensorflow");
    expect(headers.get("x-polygate-attempts")).toBe("1");
    const client = createClient(PredictService, grpcTo(gateway.url));
    const raw = new Uint8Array(Float32Array.of(8).buffer);
    const answer = await client.predict({
      model: "half_plus_two",
      inputs: [{ name: "", datatype: "FP32", shape: [1], raw }],
    });
    expect(answer.backend).toBe("tensorflow");
    expect(answer.outputs[0]?.raw).toEqual(new Uint8Array(Float32Array.of(6).buffer));
  });

  test("gives back 600 kB of floats bit for bit", async () => {
    await using double = await startTensorflow({ echo: echo(DataType.DT_FLOAT) });
    await using gateway = await started([double]);
    const client = createClient(PredictService, grpcTo(gateway.url));
    const floats = Float32Array.from({ length: 150_528 }, (_, index) => Math.sin(index));
    const raw = new Uint8Array(floats.buffer);
    const inputs = [{ name: "x", datatype: "FP32", shape: [1, 3, 224, 224], raw }];
    const { outputs } = await client.predict({ model: "echo", inputs });
    expect(outputs.map(({ shape }) => shape)).toEqual([[1, 3, 224, 224]]);
    expect(Buffer.compare(outputs[0]!.raw, raw)).toBe(0);
  });

  test("is called in the version, or by the label, that is named", async () => {
    await using double = await startTensorflow({
      both: {
        ...halfPlusTwo(),
        versions: new Map([
          [1, State.AVAILABLE],
          [2, State.AVAILABLE],
        ]),
        labels: new Map([["stable", 1]]),
      },
    });
    await using gateway = await started([double]);
    const said = async (version: string) => {
      const { status, body } = await predict(gateway, "both", { ...half([0]), version });
      const { code } = (body.error ?? {}) as { code?: string };
      return [status, code ?? body.version];
    };
    expect(await said("")).toEqual([200, "2"]);
    expect(await said("1")).toEqual([200, "1"]);
    expect(await said("stable")).toEqual([200, "1"]);
    expect(await said("3")).toEqual([404, "MODEL_UNKNOWN"]);
    expect(await said("beta")).toEqual([404, "MODEL_UNKNOWN"]);
  });

  test.each<[string, object, string, string]>([
    [
      "another type",
      half([1], { datatype: "INT32" }),
      "inputs[0].datatype",
      '"x" is FP32, not INT32',
    ],
    [
      "another shape",
      half([1], { shape: [1, 1] }),
      "inputs[0].shape",
      '"x" is FP32 [-1], not [1, 1]',
    ],
    ["another name", half([1], { name: "z" }), "inputs[0].name", 'no input "z"; there is "x"'],
    [
      "no input",
      { inputs: [{ ...half([1]).inputs[0], name: "z" }] },
      "inputs",
      'input "x", FP32 [-1], is missing',
    ],
  ])("refuses %s with both sides, before the server sees it", async (_, body, field, words) => {
    await using double = await startTensorflow();
    await using gateway = await started([double]);
    const { status, body: answer } = await predict(gateway, "half_plus_two", body);
    expect({ status, answer }).toMatchObject({
      status: 400,
      answer: { error: { code: "TENSOR_INVALID", message: expect.stringContaining(words) } },
    });
    expect(JSON.stringify(answer)).toContain(field);
    expect(double.calls).toHaveLength(0);
  });

  test("takes an image as it is where it decodes images itself", async () => {
    await using double = await startTensorflow({ decoder: echo(DataType.DT_STRING) });
    await using gateway = await started([double]);
    const image = readFileSync(digitImage(7));
    const answer = await fetch(`${gateway.url}/predict/decoder`, {
      method: "POST",
      headers: { "content-type": "image/png" },
      body: image,
    });
    expect(answer.status).toBe(200);
    const sent = double.calls[0]?.request.inputs.x;
    expect(sent?.tensorShape?.dim.map(({ size }) => size)).toEqual([1n]);
    expect(Buffer.compare(sent!.stringVal[0]!, image)).toBe(0);
  });

  test("may change what it takes: new inputs are taken at once", async () => {
    await using double = await startTensorflow();
    await using gateway = await started([double]);
    expect((await predict(gateway, "half_plus_two", half([1]))).status).toBe(200);
    double.models.set("half_plus_two", { ...halfPlusTwo(), shape: [-1, 2] });
    const rows = half([2, 4], { shape: [1, 2] });
    expect(await predict(gateway, "half_plus_two", rows)).toMatchObject({
      status: 200,
      body: { outputs: [{ shape: [1, 2], data: [3, 4] }] },
    });
  });

  test("that is being loaded is not there yet, and says so", async () => {
    const loading = { ...halfPlusTwo(), versions: new Map([[1, State.LOADING]]) };
    await using double = await startTensorflow({ loading });
    await using gateway = await started([double]);
    expect(await predict(gateway, "loading", half([1]))).toMatchObject({
      status: 400,
      body: { error: { code: "MODEL_NOT_LOADED", message: expect.stringContaining("is loading") } },
    });
    loading.versions.set(1, State.AVAILABLE);
    expect((await predict(gateway, "loading", half([1]))).status).toBe(200);
  });
});

describe("a name that nobody has", () => {
  test("is MODEL_UNKNOWN, and servers are not asked again at once", async () => {
    await using double = await startTensorflow();
    await using gateway = await started([double]);
    const before = double.asked.status;
    for (let count = 0; count < 5; count += 1) {
      expect(await predict(gateway, "nobody", half([1]))).toMatchObject({
        status: 404,
        body: { error: { code: "MODEL_UNKNOWN", message: expect.stringContaining('"nobody"') } },
      });
    }
    expect(double.asked.status - before).toBeLessThanOrEqual(2);
    expect(double.calls).toHaveLength(0);
  });

  test("is not known to be nobody's while servers are away", async () => {
    const double = await startTensorflow();
    await using gateway = await started([double]);
    await double[Symbol.asyncDispose]();
    const { status, body } = await predict(gateway, "half_plus_two", half([1]));
    expect(status).toBe(503);
    expect(body).not.toHaveProperty("outputs");
  });
});

describe("several servers", () => {
  test("share the calls, and one that dies costs no caller anything", async () => {
    const one = await startTensorflow();
    await using other = await startTensorflow();
    await using gateway = await started([one, other], ", algorithm: round_robin");
    const statuses = async (count: number) => {
      const calls = Array.from({ length: count }, () =>
        predict(gateway, "half_plus_two", half([1])),
      );
      return [...new Set((await Promise.all(calls)).map(({ status }) => status))];
    };
    expect(await statuses(20)).toEqual([200]);
    expect(Math.min(one.calls.length, other.calls.length)).toBeGreaterThan(5);
    const dying = statuses(20);
    await one[Symbol.asyncDispose]();
    expect(await dying).toEqual([200]);
    expect(await statuses(20)).toEqual([200]);
  });

  test("of which one lacks a model: another is asked", async () => {
    await using one = await startTensorflow();
    await using other = await startTensorflow({ late: halfPlusTwo() });
    await using gateway = await started([one, other], ", algorithm: round_robin");
    for (let count = 0; count < 4; count += 1) {
      expect((await predict(gateway, "late", half([1]))).status).toBe(200);
    }
    expect(one.calls).toHaveLength(0);
  });

  test("are in the list of backends, and one can be drained", async () => {
    await using one = await startTensorflow();
    await using other = await startTensorflow();
    const endpoints = [one, other].map(({ url }) => `{ url: "grpc://${url}" }`).join(", ");
    await using gateway = await startTestGateway({
      yaml: `${head}auth: { enabled: false, anonymous_scopes: [admin] }
model_servers: { tf: { protocol: tensorflow, endpoints: [${endpoints}] } }
`,
    });
    const client = createClient(BackendsService, grpcTo(gateway.url, admin));
    const { backends } = await client.listBackends({});
    expect(backends.find(({ name }) => name === "tf")).toMatchObject({
      kind: "tensorflow",
      endpoints: [{ id: "tf-1" }, { id: "tf-2" }],
    });
    await client.drainBackend({ backend: "tf", endpoint: "tf-1" });
    for (let count = 0; count < 4; count += 1) await predict(gateway, "half_plus_two", half([1]));
    expect(one.calls).toHaveLength(0);
    expect(other.calls).toHaveLength(4);
  });
});

/** A gateway whose own repository has one model that cannot be loaded. */
async function withBroken(url: string) {
  const folder = await temporaryFolder();
  await folder.write("models/half_plus_two/1/model.onnx", "no model");
  const gateway = await startTestGateway({
    yaml: `${head}models: { path: "${folder.path}/models" }\nmodel_servers: { tensorflow: { endpoints: [{ url: "${url}" }] } }\n`,
  });
  return { folder, gateway };
}

describe("a model that this process and servers have", () => {
  test("is this process's; where it cannot serve, the servers' stands in", async () => {
    await using double = await startTensorflow();
    const { folder, gateway } = await withBroken(double.url);
    await using _ = folder;
    await using __ = gateway;
    const { status, headers, body } = await predict(gateway, "half_plus_two", half([2]));
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { backend: "tensorflow", outputs: [{ data: [3] }] },
    });
    expect(headers.get("x-polygate-provider")).toBe("tensorflow");
    // What is known to be broken costs no try.
    expect(headers.get("x-polygate-attempts")).toBe("1");
  });

  test("fails as this process does where nobody can stand in", async () => {
    await using double = await startTensorflow();
    double.models.clear();
    const { folder, gateway } = await withBroken(double.url);
    await using _ = folder;
    await using __ = gateway;
    const { status, body } = await predict(gateway, "half_plus_two", half([2]));
    expect({ status, body }).toMatchObject({
      status: 400,
      body: { error: { code: "MODEL_LOAD_FAILED" } },
    });
  });

  test("is the servers' first where they are preferred, and this process's while they are away", async () => {
    const ten = { dim: [{ size: 1n }, { size: 10n }] };
    const scores = { dtype: DataType.DT_FLOAT, tensorShape: ten, floatVal: [0, 0, 0, 9, 0] };
    const double = await startTensorflow({
      digits: { ...echo(DataType.DT_FLOAT), inputs: ["image"], run: () => ({ y: scores }) },
    });
    await using gateway = await started([double], ", preferred: [digits]");
    const said = async () => {
      const answer = await fetch(`${gateway.url}/predict/digits`, {
        method: "POST",
        headers: { "content-type": "image/png" },
        body: readFileSync(digitImage(7)),
      });
      const { backend, classifications } = (await answer.json()) as {
        backend: string;
        classifications: { label: string }[];
      };
      return [backend, classifications[0]?.label];
    };
    // What model.yaml says of images and labels holds wherever the model runs.
    expect(await said()).toEqual(["tensorflow", "3"]);
    await double[Symbol.asyncDispose]();
    expect(await said()).toEqual(["onnx", "7"]);
    expect(await said()).toEqual(["onnx", "7"]);
  });
});

describe("what the gateway says", () => {
  test("of models: those of every kind, those of servers as far as they were told of", async () => {
    await using double = await startTensorflow({ named: echo(DataType.DT_INT64) });
    await using gateway = await started(
      [double],
      ", models: [named], aliases: { alias: half_plus_two }",
    );
    expect(await json(gateway.url, "/models")).toMatchObject({
      tensorflow: { models: ["alias", "named"] },
      onnx: { models: { digits: { id: "digits", backend: "onnx" } } },
    });
    await predict(gateway, "half_plus_two", half([1]));
    expect((await predict(gateway, "alias", half([1]))).status).toBe(200);
    const { models } = (await json(gateway.url, "/api/v1/models")) as { models: object[] };
    expect(models).toContainEqual(
      expect.objectContaining({
        id: "named",
        backend: "tensorflow",
        state: "available",
        version: "1",
        inputs: [{ name: "x", datatype: "INT64", shape: [] }],
      }),
    );
    expect(await json(gateway.url, "/api/v1/models/half_plus_two")).toMatchObject({
      id: "half_plus_two",
      backend: "tensorflow",
      inputs: [{ name: "x", datatype: "FP32", shape: [-1] }],
    });
  });

  test("of health: degraded while servers are away, for this process still predicts", async () => {
    const double = await startTensorflow();
    await using gateway = await started([double]);
    await gateway.line(({ msg, health }) => msg === "model server health" && health === "healthy");
    expect(await json(gateway.url, "/health")).toMatchObject({
      status: "healthy",
      services: { backends: { tensorflow: true, onnx: true } },
    });
    expect(await json(gateway.url, "/api/v1/health")).toMatchObject({
      services: { tensorflow: { status: "healthy" }, onnx: { status: "healthy" } },
    });
    await double[Symbol.asyncDispose]();
    await predict(gateway, "half_plus_two", half([1]));
    await gateway.line(
      ({ msg, health }) => msg === "model server health" && health === "unhealthy",
    );
    expect(await json(gateway.url, "/health")).toMatchObject({
      status: "degraded",
      services: { backends: { tensorflow: false, onnx: true } },
    });
    expect(await json(gateway.url, "/api/v1/health")).toMatchObject({
      services: { tensorflow: { status: "unhealthy" }, onnx: { status: "healthy" } },
    });
  });

  test("of statistics: each endpoint and each model", async () => {
    await using double = await startTensorflow();
    await using gateway = await started([double]);
    await predict(gateway, "half_plus_two", half([1]));
    expect(await json(gateway.url, "/stats")).toMatchObject({
      backends: { tensorflow: { requests: 1 } },
      models: { half_plus_two: { requests: 1 } },
    });
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toContain('ai_gateway_requests_total{backend="tensorflow",status="OK"} 1');
  });
});

test("TENSORFLOW_SERVING_URL is all that is needed, also with commas", async () => {
  await using one = await startTensorflow();
  await using other = await startTensorflow();
  await using gateway = await startTestGateway({
    env: { TENSORFLOW_SERVING_URL: `${one.url},grpc://${other.url}` },
  });
  for (let count = 0; count < 2; count += 1) {
    expect((await predict(gateway, "half_plus_two", half([1]))).status).toBe(200);
  }
  expect(gateway.gateway.facts().backends).toContain(
    `tensorflow (tensorflow), grpc://${one.url}, grpc://${other.url}`,
  );
});
