/** What a caller cannot make a gateway read of an inference, in any of the protocols. */

import { gzipSync } from "node:zlib";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, describe, expect, test } from "vitest";
import { GRPCInferenceService } from "#gen/inference/grpc_service_pb.js";
import { startModelGateway } from "../support/model-gateway.ts";
import { identity } from "../support/onnx-models.ts";
import { grpcTo } from "../support/transports.ts";

const use = await startModelGateway(
  { "fp32/1/model.onnx": identity("FP32", ["N"]) },
  { gateway: "host: 127.0.0.1, port: 0, max_request_size: 64MB" },
);
afterAll(() => use[Symbol.asyncDispose]());

const client = createClient(GRPCInferenceService, grpcTo(use.url));

const wires = {
  "Open Inference Protocol": {
    path: "/v2/models/fp32/infer",
    body: (data: string) =>
      `{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":${data}}]}`,
  },
  "TensorFlow Serving": {
    path: "/v1/models/fp32:predict",
    body: (data: string) => `{"instances":${data}}`,
  },
} as const;

async function send(
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
) {
  const answer = await fetch(use.url + path, { method: "POST", body, headers });
  return { status: answer.status, body: await answer.json() };
}

/** The gateway still answers. */
async function isSound() {
  return await send("/v2/models/fp32/infer", wires["Open Inference Protocol"].body("[7]"));
}

describe.each(Object.entries(wires))("as %s", (_name, { path, body }) => {
  test.each([
    [
      "numbers of a body as long as it may be",
      () => `[${"1,".repeat(31_000_000)}1]`,
      413,
      /100000 elements/,
    ],
    [
      "floats of a body as long as it may be",
      () => `[${"0.123456789,".repeat(5_000_000)}1]`,
      413,
      /100000 elements/,
    ],
    [
      "tiny tensors by the million",
      () => `[${"[1],".repeat(1_000_000)}[1]]`,
      413,
      /100000 elements/,
    ],
    ["empty lists by the million", () => `[${"[],".repeat(2_000_000)}[]]`, 413, /100000 elements/],
    ["texts by the million", () => `[${'"",'.repeat(2_000_000)}""]`, 413, /100000 elements/],
    ["lists within each other by the million", () => "[".repeat(1_000_000), 400, /deeper than 100/],
    [
      "one number that does not end",
      () => `[${"1".repeat(1_000_000)}]`,
      400,
      /more than 1000 characters/,
    ],
    [
      "a body that is cut off",
      () => `[${"1,".repeat(500_000)}`,
      400,
      /not valid JSON|does not fit/,
    ],
  ])("%s", async (_what, data, status, text) => {
    expect(await send(path, body(data()))).toMatchObject({
      status,
      body: { error: expect.stringMatching(text) },
    });
    expect(await isSound()).toMatchObject({ status: 200 });
  });

  test("a body that is longer than it may be is not read", async () => {
    expect(await send(path, "x".repeat(65 * 1024 * 1024))).toMatchObject({
      status: 413,
      body: { error: expect.stringContaining("max_request_size") },
    });
  });

  test("a body that expands to more than it may be is not held", async () => {
    const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024, 0x20));
    expect(await send(path, bomb, { "content-encoding": "gzip" })).toMatchObject({
      status: 413,
      body: { error: expect.stringContaining("max_request_size") },
    });
    expect(await isSound()).toMatchObject({ status: 200 });
  });
});

test("tensors by the million are refused at the 65th", async () => {
  const inputs = `{"inputs":[${'{"name":"x"},'.repeat(1_000_000)}{}]}`;
  expect(await send("/v2/models/fp32/infer", inputs)).toMatchObject({
    status: 400,
    body: { error: "inputs: must contain no more than 64 item(s)" },
  });
  const rows = `{"instances":[{${Array.from({ length: 65 }, (_, at) => `"x${at}":1`).join(",")}}]}`;
  expect(await send("/v1/models/fp32:predict", rows)).toMatchObject({
    status: 400,
    body: { error: expect.stringContaining("more than 64 inputs") },
  });
});

const input = { name: "x", datatype: "FP32", shape: [1n] };
const flag = { parameterChoice: { case: "boolParam" as const, value: true } };
const flags = Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`p${at}`, flag]));

describe("over gRPC a request has no", () => {
  test.each([
    ["more inputs than 64", { inputs: Array(65).fill(input) }, "inputs"],
    [
      "more outputs than 64",
      { inputs: [input], outputs: Array(65).fill({ name: "y" }) },
      "outputs",
    ],
    [
      "more raw contents than 64",
      { rawInputContents: Array(65).fill(new Uint8Array()) },
      "raw_input_contents",
    ],
    [
      "more dimensions than 16",
      { inputs: [{ ...input, shape: Array(17).fill(1n) }] },
      "inputs[0].shape",
    ],
    ["more parameters than 64", { inputs: [input], parameters: flags }, "parameters"],
    ["longer name of a model than 256", { modelName: "x".repeat(257) }, "model_name"],
  ])("%s", async (_what, request, field) => {
    const thrown = await client
      .modelInfer({ modelName: "fp32", ...request })
      .catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(ConnectError);
    const { code, rawMessage } = thrown as ConnectError;
    expect([code, rawMessage]).toEqual([Code.InvalidArgument, expect.stringContaining(field)]);
  });

  test("texts by the hundred thousand", async () => {
    const bytesContents = Array(200_000).fill(new Uint8Array());
    const thrown = await client
      .modelInfer({ modelName: "fp32", inputs: [{ ...input, contents: { bytesContents } }] })
      .catch((error: unknown) => error);
    expect(thrown).toMatchObject({
      code: Code.ResourceExhausted,
      rawMessage: expect.stringContaining("elements"),
    });
  });
});
