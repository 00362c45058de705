/** What the catalog counts of inferences that servers ended, and what it leaves to this process. */

import { beforeEach, expect, test } from "vitest";
import type { InferResponse, ModelServer, PredictBackend } from "#backends/backend.ts";
import { Statistics } from "#backends/inference-statistics.ts";
import { PredictCatalog } from "#catalog/predict-catalog.ts";
import { PredictGroup } from "#catalog/predict-group.ts";
import { seededRng } from "#core/rng.ts";
import { fault } from "#errors/fault.ts";
import { plainSpec } from "#inference/model-spec.ts";
import { Pool } from "#pool/pool.ts";
import { createBalancer } from "#routing/balancer.ts";
import { createDispatch } from "#routing/dispatch.ts";
import { unlimitedBudgets } from "../../support/budgets.ts";
import { createManualClock, type ManualClock } from "../../support/manual-clock.ts";
import { refusal, tensor } from "../../support/predict.ts";

const call = { signal: new AbortController().signal, requestId: "" };
const inputs = [tensor("x", "FP32", [3], [1, 2, 3])];

let clock: ManualClock;
let statistics: Statistics;
let catalog: PredictCatalog;
/** What the server does with the next inference. */
let answer: () => Promise<Partial<InferResponse>>;

/** A server whose version 7 of every model takes any input; it knows no model named nobody. */
const server: ModelServer = {
  kind: "tensorflow",
  async check() {},
  async describe({ model }) {
    if (model === "nobody") throw fault("BACKEND_MODEL_MISSING", "there is no nobody");
    const about = { inputs: [], outputs: [], spec: plainSpec };
    return { name: model, state: "available", version: "7", ...about };
  },
  async infer() {
    return { outputs: [], version: "7", queueMs: 0, computeMs: 5, ...(await answer()) };
  },
  async [Symbol.asyncDispose]() {},
};

/** This process, which has a model named here. */
const local: PredictBackend = {
  kind: "onnx",
  models: () => [],
  find: (name) =>
    name === "here"
      ? { name, state: "available", version: "1", inputs: [], outputs: [], spec: plainSpec }
      : undefined,
  async infer({ version }) {
    if (version === "9") throw fault("MODEL_UNKNOWN", "there is no version 9");
    return { outputs: [], version: "1", queueMs: 0, computeMs: 1 };
  },
  load: () => Promise.reject(new Error("not asked")),
  unload: () => Promise.reject(new Error("not asked")),
  reload: () => Promise.reject(new Error("not asked")),
  async [Symbol.asyncDispose]() {},
};

beforeEach(() => {
  clock = createManualClock();
  const rng = seededRng(1);
  const deps = { clock, rng };
  statistics = new Statistics(clock);
  const probes = { healthIntervalMs: 1_000, healthTimeoutMs: 100 };
  const members = [{ id: "tf", weight: 1, backend: server }];
  const group = new PredictGroup({
    kind: "tensorflow",
    pool: new Pool<ModelServer>({ name: "tf", members, ...probes }, deps),
    balancer: createBalancer("round_robin", rng),
    algorithm: "round_robin",
    models: [],
    aliases: {},
    preferred: ["here"],
    cached: [],
    ...deps,
  });
  const dispatch = createDispatch({ clock, rng, budgets: unlimitedBudgets() });
  catalog = new PredictCatalog(
    { local, groups: [group], dispatch, terms: { retryAttempts: 1 }, statistics },
    deps,
  );
  answer = async () => {
    await clock.sleep(20);
    return {};
  };
});

/** Asks, and lets time pass until there is an end. */
async function infer(model: string, version = ""): Promise<InferResponse> {
  let hasEnded = false;
  const work = catalog.infer({ model, version, inputs }, call);
  const end = () => {
    hasEnded = true;
  };
  work.then(end, end);
  while (!hasEnded) await clock.advance(1);
  return await work;
}

test("an answer counts for the server's version as one run, with its time in all and at the server", async () => {
  await infer("m");
  await infer("m");
  expect(catalog.statistics()).toMatchObject([
    {
      model: "m",
      version: "7",
      inferences: 2,
      executions: 2,
      success: { count: 2, totalMs: 40 },
      fail: { count: 0 },
      queue: { count: 2, totalMs: 0 },
      compute: { count: 2, totalMs: 10 },
      batches: [{ rows: 1, compute: { count: 2, totalMs: 10 } }],
    },
  ]);
});

test("a failure counts for the version that the server told, or that was asked for", async () => {
  answer = async () => {
    await clock.sleep(30);
    throw fault("BACKEND_FAILED", "broken");
  };
  expect(await refusal(infer("m"))).toMatchObject({ reason: "BACKEND_FAILED" });
  expect(await refusal(infer("m", "3"))).toMatchObject({ reason: "BACKEND_FAILED" });
  const failed = { executions: 0, success: { count: 0 }, failures: { BACKEND: 1, OTHER: 0 } };
  const [third, seventh, ...others] = catalog.statistics();
  expect(third).toMatchObject({ model: "m", version: "3", ...failed });
  expect(seventh).toMatchObject({ model: "m", version: "7", ...failed });
  expect(seventh?.fail.totalMs).toBeGreaterThanOrEqual(30);
  expect(others).toEqual([]);
});

test("a model that nobody has is counted for nobody", async () => {
  expect(await refusal(infer("nobody"))).toMatchObject({ reason: "MODEL_UNKNOWN" });
  expect(catalog.statistics()).toEqual([]);
});

test("what this process answers it counts itself, also in a server's place", async () => {
  answer = async () => {
    throw fault("BACKEND_LOST", "gone");
  };
  expect(await infer("here")).toMatchObject({ version: "1", backend: "onnx" });
  expect(catalog.statistics()).toEqual([]);
});

test("of a server's word for a version 64 characters are kept", async () => {
  const version = "v".repeat(1_000);
  answer = async () => ({ version });
  expect(await infer("m")).toMatchObject({ version });
  catalog.observe({ model: "m", version, postprocessMs: 2 });
  expect(catalog.statistics()).toMatchObject([
    { version: "v".repeat(64), success: { count: 1 }, postprocess: { count: 1 } },
  ]);
});

/** What a server does with an inference: it fails so, or it lacks the model and perhaps says why. */
const failing = (error: Error) => async (): Promise<InferResponse> => {
  throw error;
};
const missing = (cause?: Error) =>
  failing(fault("BACKEND_MODEL_MISSING", "there is none", { cause }));

/** What is told when these servers, each a group of its own, are asked for a model one after the other. */
async function toldBy(...servers: Partial<ModelServer>[]) {
  const rng = seededRng(1);
  const deps = { clock, rng };
  await using scope = new AsyncDisposableStack();
  const groups = servers.map((more, index) => {
    const members = [{ id: "only", weight: 1, backend: { ...server, ...more } }];
    const probes = { healthIntervalMs: 1_000, healthTimeoutMs: 100 };
    const pool = new Pool<ModelServer>({ name: `g${index}`, members, ...probes }, deps);
    scope.use(pool);
    return new PredictGroup({
      ...{ kind: "tensorflow", pool, balancer: createBalancer("round_robin", rng) },
      ...{ algorithm: "round_robin", models: [], aliases: {}, preferred: [], cached: [], ...deps },
    });
  });
  // Whose first probe fails is away.
  await clock.advance(1);
  const dispatch = createDispatch({ clock, rng, budgets: unlimitedBudgets() });
  catalog = new PredictCatalog(
    { local, groups, dispatch, terms: { retryAttempts: 1 }, statistics },
    deps,
  );
  return await refusal(infer("m"));
}

test("whoever might have had the model says why it failed, not who has none", async () => {
  const broken = failing(fault("BACKEND_LOST", "the first is broken"));
  expect(await toldBy({ infer: broken }, { infer: missing() })).toMatchObject({
    reason: "BACKEND_LOST",
    message: expect.stringContaining("the first is broken"),
  });
});

test("of a model that nobody has, one that was unloaded is told of", async () => {
  const unloaded = fault("MODEL_NOT_LOADED", "it was unloaded");
  expect(await toldBy({ infer: missing() }, { infer: missing(unloaded) })).toMatchObject({
    reason: "MODEL_NOT_LOADED",
  });
  expect(await toldBy({ infer: missing() }, { infer: missing() })).toMatchObject({
    reason: "MODEL_UNKNOWN",
  });
});

test("nobody knows whether a model is there while a server that may have it is away", async () => {
  const check = () => Promise.reject(new Error("connection refused"));
  expect(await toldBy({ infer: missing() }, { check })).toMatchObject({
    reason: "POOL_EMPTY",
    message: expect.stringMatching(
      /no server that answers has model "m", and no endpoint of "g1" is healthy/,
    ),
  });
});

test("a version that neither this process nor a server has is unknown in the words of this process", async () => {
  answer = missing();
  expect(await refusal(infer("here", "9"))).toMatchObject({
    ...{ reason: "MODEL_UNKNOWN", message: "there is no version 9" },
  });
});
