/** Servers of the Open Inference Protocol behind a gateway, by gRPC and over HTTP, with tensors as bytes and in lists. */

import { createClient } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { PredictService } from "#gen/polygate/v1/predict_pb.js";
import { bytesFromNumbers } from "#inference/tensor-view.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { startOip } from "../support/oip-double.ts";
import { halfPlusTwo, startTensorflow } from "../support/tensorflow-double.ts";
import { grpcTo } from "../support/transports.ts";

async function predict(
  { url }: RunningGateway,
  model: string,
  { datatype, raw, shape }: { datatype: string; raw: Uint8Array; shape: number[] },
) {
  const client = createClient(PredictService, grpcTo(url));
  return await client.predict({ model, inputs: [{ name: "x", datatype, shape, raw }] });
}

const floats = (...numbers: number[]) => ({
  ...{ datatype: "FP32", shape: [numbers.length] },
  raw: bytesFromNumbers("FP32", numbers),
});
const longs = (...numbers: bigint[]) => ({
  ...{ datatype: "INT64", shape: [numbers.length] },
  raw: new Uint8Array(BigInt64Array.from(numbers).buffer),
});

describe.each([
  ["gRPC, in bytes", "grpcUrl", {}],
  ["gRPC, in lists", "grpcUrl", { inLists: true }],
  ["HTTP, in bytes", "httpUrl", {}],
  ["HTTP, in JSON", "httpUrl", { inLists: true, isPlain: true }],
] as const)("by %s", (_, url, facts) => {
  test("a model answers, and what it gives is exact", async () => {
    await using double = await startOip(facts);
    await using gateway = await startTestGateway({ env: { ONNX_RUNTIME_URL: double[url] } });
    const half = await predict(gateway, "half_plus_two", floats(1, 2, 5));
    expect(half).toMatchObject({
      backend: "oip",
      version: "1",
      outputs: [{ name: "y", shape: [3] }],
    });
    expect(half.outputs[0]?.raw).toEqual(bytesFromNumbers("FP32", [2.5, 3, 4.5]));
    const whole = longs(1n, -(2n ** 63n), 2n ** 53n + 1n);
    expect((await predict(gateway, "echo", whole)).outputs[0]?.raw).toEqual(whole.raw);
  });

  test("a large tensor comes back as it was", async () => {
    await using double = await startOip(facts);
    await using gateway = await startTestGateway({ env: { ONNX_RUNTIME_URL: double[url] } });
    const many = longs(...Array.from({ length: 50_000 }, (__, at) => BigInt(at) << 20n));
    const [output] = (await predict(gateway, "echo", many)).outputs;
    expect(output?.shape).toEqual([50_000]);
    expect(Buffer.from(output?.raw ?? []).equals(many.raw)).toBe(true);
  });

  test("bad inputs are refused with both sides, before the server sees them", async () => {
    await using double = await startOip(facts);
    await using gateway = await startTestGateway({ env: { ONNX_RUNTIME_URL: double[url] } });
    await expect(predict(gateway, "half_plus_two", longs(1n))).rejects.toThrow(
      'inputs[0].datatype: "x" is FP32, not INT64',
    );
    expect(double.requests.length + double.bodies.length).toBe(0);
  });

  test("a name that it does not have is unknown", async () => {
    await using double = await startOip(facts);
    await using gateway = await startTestGateway({ env: { ONNX_RUNTIME_URL: double[url] } });
    await expect(predict(gateway, "nobody", floats(1))).rejects.toThrow(
      'there is no model named "nobody"',
    );
  });

  test("its models are listed where it lists them, else as far as they were asked for", async () => {
    await using double = await startOip(facts);
    await using gateway = await startTestGateway({ env: { ONNX_RUNTIME_URL: double[url] } });
    await predict(gateway, "echo", longs(1n));
    const { oip } = (await (await fetch(`${gateway.url}/models`)).json()) as { oip: object };
    const isPlain = "isPlain" in facts;
    expect(oip).toEqual({ models: isPlain ? ["echo"] : ["echo", "half_plus_two"] });
  });
});

test("bytes go as they are: no list is written where the server takes bytes", async () => {
  await using double = await startOip();
  await using gateway = await startTestGateway({ env: { ONNX_RUNTIME_URL: double.grpcUrl } });
  const input = floats(1, 2);
  await predict(gateway, "half_plus_two", input);
  const [request] = double.requests;
  expect(request?.rawInputContents).toEqual([input.raw]);
  expect(request?.inputs[0]?.contents).toBeUndefined();
});

test("what JSON cannot say is refused where the server reads JSON alone", async () => {
  await using double = await startOip({ inLists: true });
  await using gateway = await startTestGateway({ env: { ONNX_RUNTIME_URL: double.httpUrl } });
  await expect(predict(gateway, "half_plus_two", floats(Number.NaN))).rejects.toThrow(
    '"x" has NaN and infinity',
  );
  expect(double.bodies).toHaveLength(0);
});

test("of two groups the first that has a model answers, and the other while that is away", async () => {
  const first = await startTensorflow({ only: halfPlusTwo() });
  await using second = await startOip();
  await using gateway = await startTestGateway({
    env: { TENSORFLOW_SERVING_URL: first.url, ONNX_RUNTIME_URL: second.grpcUrl },
  });
  const backendOf = async (model: string) =>
    (await predict(gateway, model, model === "echo" ? longs(1n) : floats(1))).backend;
  expect(await backendOf("half_plus_two")).toBe("tensorflow");
  expect(await backendOf("echo")).toBe("oip");
  await first[Symbol.asyncDispose]();
  expect(await backendOf("half_plus_two")).toBe("oip");
  await expect(backendOf("only")).rejects.toThrow(/unavailable/);
});
