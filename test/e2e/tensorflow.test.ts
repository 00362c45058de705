/**
 * The gateway before TensorFlow itself, which runs saved models behind the protos of `tensorflow-serving-api`;
 * and those protos against the double that other tests have. Run by `npm run test:tensorflow`.
 */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Datatype } from "#core/tensor.ts";
import { PredictService } from "#gen/polygate/v1/predict_pb.js";
import { bytesFromTexts } from "#inference/tensor-text.ts";
import { bytesFromNumbers } from "#inference/tensor-view.ts";
import { digitImage, type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { describeWith, missingPythonPackage, python } from "../support/needs.ts";
import { startTensorflow } from "../support/tensorflow-double.ts";
import { grpcTo } from "../support/transports.ts";

/** TensorFlow takes a while to install and to load: `npm run test:tensorflow` asks for these tests. */
const isAsked = process.env.TENSORFLOW_TEST !== undefined;
if (!isAsked) console.log("skipped: `npm run test:tensorflow` asks for TensorFlow in Python");
const missing = () =>
  missingPythonPackage("tensorflow") ?? missingPythonPackage("tensorflow_serving.apis.predict_pb2");
const carriedOut = isAsked ? describeWith(missing()) : describe.skip;

const script = (name: string) => new URL(`../support/tensorflow/${name}`, import.meta.url).pathname;
const startMs = 120_000;

/** Each type of TensorFlow, in our words, with numbers that go to its bounds. */
const types: Readonly<Record<string, readonly [Exclude<Datatype, "BYTES">, readonly number[]]>> = {
  float32: ["FP32", [1.5, -0.1, 3e38, Number.NaN, Number.POSITIVE_INFINITY]],
  float64: ["FP64", [Math.PI, -1e300]],
  int32: ["INT32", [1, -1, -(2 ** 31), 2 ** 31 - 1]],
  uint8: ["UINT8", [0, 255]],
  int16: ["INT16", [-1, -32_768, 32_767]],
  int8: ["INT8", [-1, -128, 127]],
  int64: ["INT64", [-1, 2 ** 53 - 1]],
  bool: ["BOOL", [0, 1, 1]],
  bfloat16: ["BF16", [1.5, -2, 2 ** 100]],
  uint16: ["UINT16", [0, 65_535]],
  float16: ["FP16", [1.5, -2, 65_504]],
  uint32: ["UINT32", [0, 2 ** 32 - 1]],
  uint64: ["UINT64", [1, 2 ** 53 - 1]],
};

carriedOut("TensorFlow", () => {
  const child =
    isAsked && missing() === undefined ? spawn(python, ["-B", script("server.py")]) : undefined;
  const gateways: Record<string, RunningGateway> = {};
  let net: readonly number[] = [];

  beforeAll(async () => {
    if (child === undefined) return;
    let errors = "";
    child.stderr.on("data", (piece) => {
      errors = `${errors}${piece}`.slice(-2_000);
    });
    const ended = once(child, "exit").then(() => {
      throw new Error(`the server ended: ${errors}`);
    });
    ended.catch(() => {});
    const line = once(createInterface(child.stdout), "line");
    const [text] = (await Promise.race([line, ended])) as [string];
    const told = JSON.parse(text);
    net = told.net;
    for (const form of ["lists", "content"]) {
      gateways[form] = await startTestGateway({
        env: { TENSORFLOW_SERVING_URL: `127.0.0.1:${told[form]}` },
      });
    }
  }, startMs);

  afterAll(async () => {
    for (const gateway of Object.values(gateways)) await gateway[Symbol.asyncDispose]();
    child?.stdin.end();
  });

  const predict = async (form: string, model: string, inputs: readonly object[]) => {
    const client = createClient(PredictService, grpcTo(gateways[form]!.url));
    return await client.predict({ model, inputs: [...inputs] });
  };

  describe.each(["lists", "content"])("that answers in %s", (form) => {
    test.each(Object.entries(types))(
      "gives %s back bit for bit",
      async (name, [datatype, numbers]) => {
        for (const shape of [[numbers.length], [1, numbers.length, 1]]) {
          const raw = bytesFromNumbers(datatype, numbers);
          const { outputs } = await predict(form, `echo_${name}`, [
            { name: "x", datatype, shape, raw },
          ]);
          expect(outputs).toMatchObject([{ name: "y", datatype, shape }]);
          expect(Buffer.compare(outputs[0]!.raw, raw)).toBe(0);
        }
      },
    );

    test("gives scalars and empty tensors back", async () => {
      const one = { name: "x", datatype: "INT64", raw: bytesFromNumbers("INT64", [-7]) };
      expect((await predict(form, "echo_int64", [{ ...one, shape: [] }])).outputs).toMatchObject([
        { shape: [], raw: one.raw },
      ]);
      const none = { name: "x", datatype: "FP32", shape: [0, 3], raw: new Uint8Array() };
      expect((await predict(form, "echo_float32", [none])).outputs).toMatchObject([
        { shape: [0, 3], raw: new Uint8Array() },
      ]);
    });

    test("gives strings back, UTF-8 or not", async () => {
      const raw = bytesFromTexts(["a", "", "Größe"]);
      const texts = { name: "x", datatype: "BYTES", shape: [3], raw };
      expect((await predict(form, "echo_string", [texts])).outputs[0]?.raw).toEqual(raw);
      const bytes = Uint8Array.of(2, 0, 0, 0, 0xff, 0xd8);
      const jpeg = { name: "x", datatype: "BYTES", shape: [1], raw: bytes };
      expect((await predict(form, "echo_string", [jpeg])).outputs[0]?.raw).toEqual(bytes);
    });

    test("computes what it computes by itself", async () => {
      const image = Float32Array.from(
        { length: 32 * 32 * 3 },
        (_, index) => index / (32 * 32 * 3 - 1),
      );
      const raw = new Uint8Array(image.buffer);
      const inputs = [{ name: "image", datatype: "FP32", shape: [1, 32, 32, 3], raw }];
      const { outputs } = await predict(form, "net", inputs);
      const scores = [...new Float32Array(outputs[0]!.raw.slice().buffer)];
      expect(scores).toHaveLength(10);
      // The rows of numbers between 0 and 1 differ in their last bit: numpy adds, we divide.
      for (const [index, score] of scores.entries()) expect(score).toBeCloseTo(net[index]!, 6);
    });

    test("takes two scalars by name, in any order", async () => {
      const scalar = (name: string, value: number) => ({
        ...{ name, datatype: "FP32", shape: [] },
        raw: bytesFromNumbers("FP32", [value]),
      });
      const { outputs } = await predict(form, "sum", [scalar("b", 2), scalar("a", 40)]);
      expect(outputs[0]?.raw).toEqual(bytesFromNumbers("FP32", [42]));
    });
  });

  test("decodes an image that was posted to the gateway", async () => {
    const answer = await fetch(`${gateways.lists!.url}/predict/decoder`, {
      method: "POST",
      headers: { "content-type": "image/png" },
      body: readFileSync(digitImage(7)),
    });
    expect(await answer.json()).toMatchObject({ outputs: [{ shape: [1, 3], data: [28, 28, 1] }] });
  });

  test("is told of with what its models take", async () => {
    await predict("lists", "sum", []).catch(() => {});
    const model = await fetch(`${gateways.lists!.url}/api/v1/models/sum`);
    expect(await model.json()).toMatchObject({
      backend: "tensorflow",
      version: "1",
      inputs: [
        { name: "a", datatype: "FP32" },
        { name: "b", datatype: "FP32" },
      ],
      outputs: [{ name: "y", datatype: "FP32" }],
    });
  });

  test("refuses what it does, through the gateway, too", async () => {
    await expect(predict("lists", "nobody", [])).rejects.toThrow(/not_found|REQUEST|file/i);
  });

  test(
    "and the double that other tests have say the same to a client of TensorFlow Serving",
    async () => {
      await using double = await startTensorflow();
      const client = ["-B", script("client.py"), double.url];
      const { stdout } = await promisify(execFile)(python, client, { encoding: "utf8" });
      expect(JSON.parse(stdout)).toEqual({
        y: [2.5, 3, 4.5],
        version: 1,
        status: [[1, 30]],
        inputs: { x: [1, [-1]] },
        noModel: ["NOT_FOUND", "Servable not found for request: Latest(nobody)"],
        noStatus: ["NOT_FOUND", "Could not find any versions of model nobody"],
        noLabel: ["INVALID_ARGUMENT", "Unrecognized servable version label: beta"],
        noField: ["INVALID_ARGUMENT", "Metadata field is not supported"],
      });
    },
    startMs,
  );
});
