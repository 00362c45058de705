/** What a group remembers of its servers' models, for how long, and how much at most. */

import { beforeEach, expect, test } from "vitest";
import type { BackendCall, ModelServer, ModelStatus } from "#backends/backend.ts";
import { PredictGroup } from "#catalog/predict-group.ts";
import { seededRng } from "#core/rng.ts";
import { plainSpec } from "#inference/model-spec.ts";
import { Pool } from "#pool/pool.ts";
import { createBalancer } from "#routing/balancer.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { refusal, tensor } from "../../support/predict.ts";

const clock = createManualClock();
const rng = seededRng(1);
const call: BackendCall = { signal: new AbortController().signal, requestId: "" };
const x = tensor("x", "FP32", [1], [1]);

let described: string[];
let inferred: number;
let takes: readonly string[];

/** A server with every model, which takes inputs of these names. */
const server: ModelServer = {
  kind: "tensorflow",
  async check() {},
  async describe({ model }): Promise<ModelStatus> {
    described.push(model);
    const inputs = takes.map((name) => ({ name, datatype: "FP32", shape: [-1] }));
    return { name: model, state, version, inputs, outputs: [], spec: plainSpec };
  },
  async infer() {
    inferred += 1;
    return { outputs: [], version: "1", queueMs: 0, computeMs: 0 };
  },
  async [Symbol.asyncDispose]() {},
};

let version: string;
let state: ModelStatus["state"];
let group: PredictGroup;

beforeEach(() => {
  described = [];
  inferred = 0;
  takes = ["x"];
  version = "1";
  state = "available";
  const probes = { healthIntervalMs: 1_000, healthTimeoutMs: 100 };
  const members = [{ id: "tf", weight: 1, backend: server }];
  group = new PredictGroup({
    kind: "tensorflow",
    pool: new Pool<ModelServer>({ name: "tf", members, ...probes }, { clock, rng }),
    balancer: createBalancer("round_robin", rng),
    algorithm: "round_robin",
    models: ["listed"],
    aliases: { alias: "own" },
    preferred: ["first"],
    cached: ["kept"],
    ...{ clock, rng },
  });
});

const infer = (model: string, inputs = [x]) =>
  group.infer(server, { model, version: "", inputs }, call);
const ref = (model: string) => ({ model, version: "" });

test("a server is asked once what a model takes, and again after ten seconds", async () => {
  for (let count = 0; count < 3; count += 1) await infer("m");
  expect(described).toEqual(["m"]);
  await clock.advance(10_000);
  await infer("m");
  expect(described).toEqual(["m", "m"]);
  expect(inferred).toBe(4);
});

test("what was said of a model that serves is recent for ten seconds, by its alias, too", async () => {
  expect(group.recent(ref("own"))).toBeUndefined();
  await group.ask(ref("alias"), call);
  expect(group.recent(ref("own"))).toMatchObject({ name: "own", version: "1" });
  expect(group.recent(ref("alias"))).toMatchObject({ name: "alias", version: "1" });
  expect(group.recent({ ...ref("own"), version: "1" })).toBeUndefined();
  await clock.advance(10_000);
  expect(group.recent(ref("own"))).toBeUndefined();
  state = "loading";
  await group.ask(ref("own"), call);
  expect(group.recent(ref("own"))).toBeUndefined();
});

test("inputs that do not fit are refused only after it was asked again", async () => {
  await infer("m");
  takes = ["z"];
  const z = { ...x, name: "z" };
  await infer("m", [z]);
  expect(described).toEqual(["m", "m"]);
  expect(await refusal(infer("m", [x]))).toMatchObject({ reason: "TENSOR_INVALID" });
  expect(described).toEqual(["m", "m", "m"]);
  expect(inferred).toBe(2);
});

test("inputs need names where nobody knows what the model takes", async () => {
  takes = [];
  await infer("m");
  expect(await refusal(infer("m", [{ ...x, name: "" }]))).toMatchObject({
    reason: "TENSOR_INVALID",
    fields: ["inputs[0].name"],
  });
});

test("that an endpoint lacks a model is believed for two seconds", async () => {
  expect(group.mayHave(ref("m"))).toBe(true);
  group.missed("tf", ref("m"));
  expect(group.mayHave(ref("m"))).toBe(false);
  expect(group.mayHave({ ...ref("m"), version: "2" })).toBe(true);
  await clock.advance(2_000);
  expect(group.mayHave(ref("m"))).toBe(true);
});

test("it is asked anew after an operator has said so", async () => {
  await infer("own");
  group.missed("tf", ref("own"));
  group.forget("alias");
  expect(group.mayHave(ref("alias"))).toBe(true);
  await infer("own");
  expect(described).toEqual(["own", "own"]);
});

test("an alias stands for the servers' own name, which is not told beside it", async () => {
  await infer("own");
  expect(group.ownRef(ref("alias"))).toEqual(ref("own"));
  expect(group.known("alias")).toMatchObject({ name: "alias", version: "1" });
  expect(group.models().map(({ name }) => name)).toEqual(["alias", "listed"]);
  expect(group.models()).toContainEqual(
    expect.objectContaining({ name: "listed", state: "loading" }),
  );
});

test("a thousand models are remembered, whatever callers name", async () => {
  for (let index = 0; index < 1_100; index += 1) {
    await infer(`m${index}`);
    group.missed("tf", ref(`n${index}`));
  }
  expect(group.models().filter(({ name }) => name.startsWith("m"))).toHaveLength(1_000);
  expect(group.mayHave(ref("n0"))).toBe(true);
  expect(group.mayHave(ref("n1099"))).toBe(false);
});

test("a response may be kept of the models that are named for it, in the version that the servers have now", async () => {
  const keepable = async (model: string) =>
    await group.keepable({ ...(await group.ask(ref(model), call)), group: "tf" }, ref(model), call);
  expect(await keepable("kept")).toEqual({ pool: "tf", version: "1", load: "" });
  expect(await keepable("m")).toBeUndefined();
  version = "2";
  expect(await keepable("kept")).toEqual({ pool: "tf", version: "2", load: "" });
  version = "";
  expect(await keepable("kept")).toBeUndefined();
});

test("what another one told of a model is not believed of these servers: they are asked", async () => {
  const elsewhere: ModelStatus = {
    ...{ name: "kept", state: "available", version: "7" },
    ...{ inputs: [], outputs: [], spec: plainSpec },
  };
  expect(await group.keepable(elsewhere, ref("kept"), call)).toMatchObject({ version: "1" });
  expect(described).toEqual(["kept"]);
});
