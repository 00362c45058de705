/** TensorFlow Serving as a server of models: what is asked, what is understood, what its failures mean. */

import { readFileSync } from "node:fs";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { BackendCall, ModelServer } from "#backends/backend.ts";
import { createTensorflowBackend } from "#backends/tensorflow/backend.ts";
import { systemClock } from "#core/clock.ts";
import { reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { DataType } from "#gen/tensorflow/core/framework/types_pb.js";
import { ModelVersionStatus_State as State } from "#gen/tensorflow_serving/apis/get_model_status_pb.js";
import { numbersOf } from "#inference/tensor-view.ts";
import { tensor } from "../../../support/predict.ts";
import {
  echo,
  halfPlusTwo,
  startTensorflow,
  type TensorflowDouble,
} from "../../../support/tensorflow-double.ts";
import { fixture, serverTls } from "../../../support/tls.ts";

let double: TensorflowDouble;
let backend: ModelServer;

const reach = { messageBytesMax: 1 << 20, keepaliveMs: 30_000 };
const open = (models: readonly string[] = []) =>
  createTensorflowBackend({ ...reach, url: `grpc://${double.url}`, models }, systemClock);

beforeEach(async () => {
  double = await startTensorflow({ echo: echo(DataType.DT_STRING) });
  backend = open();
});

afterEach(async () => {
  await backend[Symbol.asyncDispose]();
  await double[Symbol.asyncDispose]();
});

const call = (more: Partial<BackendCall> = {}): BackendCall => ({
  signal: new AbortController().signal,
  requestId: "r-1",
  ...more,
});
const ref = (model: string, version = "", label = "") => ({ model, version, label });
const x = tensor("x", "FP32", [3], [0, 2, 4]);
const half = (more = {}) => ({ ...ref("half_plus_two"), inputs: [x], ...more });

describe("a tensor that is sent from where it lies", () => {
  const floats = (count: number) =>
    tensor(
      "x",
      "FP32",
      [count],
      Array.from({ length: count }, (_, at) => at),
    );

  test.each([8_191, 8_192, 150_528])("arrives as it was: %i floats", async (count) => {
    const input = floats(count);
    const { outputs } = await backend.infer({ ...half(), inputs: [input] }, call());
    const { inputs, modelSpec } = double.calls[0]?.request ?? {};
    expect(modelSpec?.name).toBe("half_plus_two");
    expect(inputs?.x).toMatchObject({
      dtype: DataType.DT_FLOAT,
      tensorShape: { dim: [{ size: BigInt(count) }] },
    });
    expect(Buffer.from(inputs?.x?.tensorContent ?? []).equals(input.bytes)).toBe(true);
    expect(outputs).toMatchObject([{ name: "y", shape: [count] }]);
  });

  test("has others before it", async () => {
    const [one, other] = [floats(20_000), { ...floats(30_000), name: "z" }];
    const { models, calls } = double;
    models.set("two", {
      ...halfPlusTwo(),
      inputs: ["x", "z"],
      run: ({ z }) => (z ? { y: z } : {}),
    });
    const { outputs } = await backend.infer({ ...ref("two"), inputs: [one, other] }, call());
    const sent = calls[0]?.request.inputs;
    expect([sent?.x, sent?.z].map((each) => each?.tensorContent.length)).toEqual([80_000, 120_000]);
    expect(Buffer.from(outputs[0]?.bytes ?? []).equals(other.bytes)).toBe(true);
  });

  test("counts for the limit of a message", async () => {
    const refused = backend.infer({ ...half(), inputs: [floats(270_000)] }, call());
    expect((await failureOf(refused))[0]).toBe("BODY_TOO_LARGE");
    expect(double.calls).toHaveLength(0);
  });
});

/** Reason, code and words of a failure. */
async function failureOf(promise: Promise<unknown>) {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  const error = faultFrom(thrown);
  return [reasonOf(error), error.rawMessage];
}

describe("a model", () => {
  test("is told with what it takes and gives, and the version that answers", async () => {
    expect(await backend.describe(ref("half_plus_two"), call())).toMatchObject({
      name: "half_plus_two",
      backend: "tensorflow",
      state: "available",
      version: "1",
      versions: [{ version: "1", state: "available" }],
      inputs: [{ name: "x", datatype: "FP32", shape: [-1] }],
      outputs: [{ name: "y", datatype: "FP32", shape: [-1] }],
    });
  });

  test("of unknown rank takes any, one without sizes takes a scalar", async () => {
    const [any] = (await backend.describe(ref("echo"), call())).inputs;
    expect(any).toEqual({ name: "x", datatype: "BYTES", shape: [] });
    double.models.set("scalar", { ...halfPlusTwo(), shape: [] });
    const [scalar] = (await backend.describe(ref("scalar"), call())).inputs;
    expect(scalar).toEqual({ name: "x", datatype: "FP32", shape: [], isScalar: true });
  });

  test("has versions, the oldest first, each where it stands", async () => {
    double.models.set("many", {
      ...halfPlusTwo(),
      versions: new Map([
        [10, State.LOADING],
        [9, State.AVAILABLE],
        [2, State.END],
      ]),
    });
    expect(await backend.describe(ref("many"), call())).toMatchObject({
      version: "9",
      versions: [
        { version: "2", state: "unloaded" },
        { version: "9", state: "available" },
        { version: "10", state: "loading" },
      ],
    });
    expect(await backend.describe(ref("many", "10"), call())).toMatchObject({ state: "loading" });
  });

  test.each([
    ["a name", ref("nobody"), 'there is no model "nobody"'],
    ["a version", ref("half_plus_two", "7"), 'there is no version "7" of model "half_plus_two"'],
    [
      "a label",
      ref("half_plus_two", "", "beta"),
      'there is no label "beta" of model "half_plus_two"',
    ],
  ])("that is missing by %s is missing here, and may be elsewhere", async (_, missing, words) => {
    expect(await failureOf(backend.describe(missing, call()))).toEqual([
      "BACKEND_MODEL_MISSING",
      words,
    ]);
    const inferred = backend.infer({ ...missing, inputs: [x] }, call());
    expect(await failureOf(inferred)).toEqual(["BACKEND_MODEL_MISSING", words]);
  });

  test("of a version that is no number is nowhere, and no one is asked", async () => {
    const failure = await failureOf(backend.infer(half({ version: "v2" }), call()));
    expect(failure).toEqual(["MODEL_UNKNOWN", expect.stringContaining('"v2" is no version')]);
    expect(double.calls).toHaveLength(0);
  });
});

describe("an inference", () => {
  test("sends bytes, and reads the list that comes back", async () => {
    const { outputs, version } = await backend.infer(half(), call());
    expect(version).toBe("1");
    expect(outputs.map(({ name }) => name)).toEqual(["y"]);
    expect(outputs.map(numbersOf)).toEqual([[2, 3, 4]]);
    const sent = double.calls[0]?.request.inputs.x;
    expect(sent?.floatVal).toEqual([]);
    expect(sent?.tensorContent).toHaveLength(12);
  });

  test("goes to the version, or the label, that is named", async () => {
    double.models.set("half_plus_two", {
      ...halfPlusTwo(),
      versions: new Map([
        [1, State.AVAILABLE],
        [2, State.AVAILABLE],
      ]),
      labels: new Map([["stable", 1]]),
    });
    const first = async (more: object) => {
      const { outputs, version } = await backend.infer(half(more), call());
      return [version, outputs.map(numbersOf)[0]?.[0]];
    };
    expect(await first({})).toEqual(["2", 3]);
    expect(await first({ version: "1" })).toEqual(["1", 2]);
    expect(await first({ label: "stable" })).toEqual(["1", 2]);
  });

  test("takes the deadline along, and ends at the server as soon as its caller leaves", async () => {
    double.gate = new Promise(() => {});
    const controller = new AbortController();
    const left = failureOf(
      backend.infer(half(), call({ signal: controller.signal, timeoutMs: 60_000 })),
    );
    await expect.poll(() => double.calls.length).toBe(1);
    const [received] = double.calls;
    expect(received?.timeoutMs).toBeGreaterThan(50_000);
    controller.abort();
    expect(await left).toEqual(["CANCELLED", expect.any(String)]);
    await expect.poll(() => received?.signal.aborted).toBe(true);
  });

  test("that is larger than messages may be is refused before it is sent", async () => {
    const large = tensor("x", "FP32", [1 << 18], new Array(1 << 18).fill(1));
    const [reason, words] = await failureOf(backend.infer(half({ inputs: [large] }), call()));
    expect(reason).toBe("BODY_TOO_LARGE");
    expect(words).toContain("the limit is 1048576");
    expect(double.calls).toHaveLength(0);
  });

  test("whose response is larger than messages may be fails", async () => {
    const many = new Array(1 << 18).fill(0.5);
    double.models.set("half_plus_two", {
      ...halfPlusTwo(),
      run: () => ({ y: { dtype: DataType.DT_FLOAT, floatVal: many } }),
    });
    const [reason] = await failureOf(backend.infer(half(), call()));
    expect(reason).toBe("BACKEND_FAILED");
  });

  test.each<[string, Code, string, string]>([
    [
      "a full queue",
      Code.Unavailable,
      "The batch scheduling queue to which this task was submitted is full; currently queue_size = 1",
      "BACKEND_OVERLOADED",
    ],
    ["a server that goes", Code.Unavailable, "Socket closed", "BACKEND_LOST"],
    ["a graph that breaks", Code.Internal, "/home/tf/x.cc: oh", "BACKEND_FAILED"],
    [
      "a missing signature",
      Code.FailedPrecondition,
      'Serving signature key "x" not found.',
      "BACKEND_REFUSED",
    ],
    [
      "bad inputs",
      Code.InvalidArgument,
      "input size does not match signature: 1!=2",
      "TENSOR_INVALID",
    ],
    ["no memory", Code.ResourceExhausted, "OOM when allocating tensor", "OVERLOADED"],
    ["a method that is not there", Code.Unimplemented, "unknown service", "OPERATION_UNSUPPORTED"],
    ["a guarded server", Code.Unauthenticated, "no", "BACKEND_UNAUTHENTICATED"],
    ["a dropped call", Code.Canceled, "", "BACKEND_LOST"],
    ["a server's own time", Code.DeadlineExceeded, "", "BACKEND_TIMEOUT"],
  ])("that fails by %s says so by its reason", async (_, code, words, reason) => {
    double.faults.push(new ConnectError(words, code));
    const [found, said] = await failureOf(backend.infer(half(), call()));
    expect(found).toBe(reason);
    // Words of what broke may name files and hosts.
    if (reason === "BACKEND_FAILED") expect(said).not.toContain("tf");
    if (reason === "TENSOR_INVALID" || reason === "BACKEND_REFUSED") expect(said).toContain(words);
  });
});

describe("a server", () => {
  const { signal } = new AbortController();

  test("is well when it answers, whatever models it has", async () => {
    await backend.check(signal);
  });

  test("with models to look for is well while one of them serves", async () => {
    await using watching = open(["half_plus_two", "nobody"]);
    await watching.check(signal);
    double.models.get("half_plus_two")?.versions.set(1, State.LOADING);
    expect(await failureOf(watching.check(signal))).toEqual([
      "BACKEND_LOST",
      "none of its models is available",
    ]);
  });

  test("that is not there is not well", async () => {
    await double[Symbol.asyncDispose]();
    expect(await failureOf(backend.check(signal))).toEqual(["BACKEND_LOST", expect.any(String)]);
    double = await startTensorflow();
  });

  test("with TLS is called when it is trusted, with the gateway's certificate where it asks for one", async () => {
    const certificates = {
      cert: readFileSync(serverTls.certFile),
      key: readFileSync(serverTls.keyFile),
      ca: readFileSync(serverTls.caFile),
    };
    const demands = { ...certificates, requestCert: true, rejectUnauthorized: true };
    await using guarded = await startTensorflow({}, demands);
    const trust = { caFile: serverTls.caFile, serverName: "localhost" };
    const own = { certFile: fixture("client.crt"), keyFile: fixture("client.key") };
    const by = (tls: object) => {
      const options = { ...reach, url: `grpcs://${guarded.url}`, models: [], tls };
      return createTensorflowBackend(options, systemClock);
    };
    await using known = by({ ...trust, ...own });
    expect((await known.infer(half(), call())).outputs.map(numbersOf)).toEqual([[2, 3, 4]]);
    await using stranger = by(trust);
    expect(await failureOf(stranger.check(signal))).toEqual(["BACKEND_LOST", expect.any(String)]);
    await using distrustful = by(own);
    expect(await failureOf(distrustful.check(signal))).toEqual([
      "BACKEND_LOST",
      expect.any(String),
    ]);
  });
});
