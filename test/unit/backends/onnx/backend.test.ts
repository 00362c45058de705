import { rename } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { createOnnxBackend, type OnnxBackend } from "#backends/onnx/backend.ts";
import { type StartWorkerThread, startWorkerThread } from "#backends/onnx/worker-thread.ts";
import { type Clock, systemClock } from "#core/clock.ts";
import { bytesFromTexts } from "#inference/tensor-text.ts";
import { childPids } from "../../../support/child-pids.ts";
import { createManualClock } from "../../../support/manual-clock.ts";
import {
  gemm,
  identity,
  quotient,
  scalarSum,
  slow,
  wordScores,
  wordTokenizer,
  wordVectors,
} from "../../../support/onnx-models.ts";
import { eventLoopTurn, plain, refusal, tensor } from "../../../support/predict.ts";
import { type TemporaryFolder, temporaryFolder } from "../../../support/temporary-folder.ts";

const labelsTypo = "model.yaml:1:1: labls: is not a known key (hint: did you mean labels?)";
const call = { signal: new AbortController().signal, requestId: "test" };
const classifierYaml = `
description: Three of them
aliases: [three]
output: { kind: classification, name: scores, scores: probabilities }
labels: [a, b, c]
batch_max: 4
`;

interface House extends AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly backend: OnnxBackend;
  /** Each change of a model that was told, in words. */
  readonly changes: readonly string[];
}

/** A backend over a repository of these files. */
async function house(
  files: Readonly<Record<string, string | Uint8Array>>,
  options: {
    startThread?: StartWorkerThread;
    workers?: number;
    chance?: number;
    clock?: Clock;
    watchMs?: number;
  } = {},
): Promise<House> {
  const folder = await temporaryFolder();
  for (const [file, content] of Object.entries(files)) await folder.write(file, content);
  const { workers = 1, startThread = startWorkerThread, clock = systemClock } = options;
  const { chance = 0, watchMs = 0 } = options;
  const changes: string[] = [];
  const backend = await createOnnxBackend(
    { repositoryPath: folder.path, workers, queueMax: 16, watchMs },
    {
      clock,
      rng: { next: () => chance },
      startThread,
      onChange: ({ name, state, version, error }) =>
        changes.push([name, state, version, error].filter(Boolean).join(" ")),
    },
  );
  return {
    folder,
    backend,
    changes,
    async [Symbol.asyncDispose]() {
      await backend[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function points(...numbers: number[]) {
  return [tensor("x", "FP32", [numbers.length / 2, 2], numbers)];
}

async function scores({ backend }: House, version = "") {
  const answer = await backend.infer({ model: "m", version, inputs: points(1, 2) }, call);
  return { version: answer.version, scores: plain(answer.outputs)[0]?.numbers };
}

const summary = ({ backend }: House) =>
  backend.models().map(({ name, state }) => `${name} ${state}`);

describe("the repository is served", () => {
  test("a model is listed with what it takes, gives and means", async () => {
    await using use = await house({
      "m/1/model.onnx": gemm({ softmax: true }),
      "m/model.yaml": classifierYaml,
    });
    await use.backend.ready();
    expect(use.backend.kind).toBe("onnx");
    expect(use.backend.models()).toEqual([
      {
        name: "m",
        state: "available",
        version: "1",
        versions: [{ version: "1", state: "available" }],
        inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }],
        outputs: [{ name: "scores", datatype: "FP32", shape: [-1, 3] }],
        spec: {
          description: "Three of them",
          aliases: ["three"],
          labels: ["a", "b", "c"],
          meaning: { kind: "classification", output: "scores", scores: "probabilities" },
          batchMax: 4,
          warmUpRuns: 1,
        },
      },
    ]);
    expect(use.backend.find("three")).toEqual(use.backend.find("m"));
    expect(use.backend.find("four")).toBeUndefined();
  });

  test("models are listed by name while they load, and calls wait for them", async () => {
    await using use = await house({ "m/1/model.onnx": gemm(), "a/1/model.onnx": scalarSum() });
    expect(summary(use)).toEqual(["a loading", "m loading"]);
    expect(await scores(use)).toEqual({ version: "1", scores: [1, 2, 1] });
    await use.backend.ready();
    expect(summary(use)).toEqual(["a available", "m available"]);
  });

  test("an alias is known before its model is loaded", async () => {
    await using use = await house({
      "m/1/model.onnx": gemm({ softmax: true }),
      "m/model.yaml": classifierYaml,
    });
    expect(use.backend.find("three")?.state).toBe("loading");
  });

  test("waiting for a model ends with the call", async () => {
    await using use = await house({ "m/1/model.onnx": gemm() });
    const late = AbortSignal.abort(new DOMException("late", "TimeoutError"));
    const waiting = use.backend.infer(
      { model: "m", version: "", inputs: points(1, 2) },
      { ...call, signal: late },
    );
    expect(await refusal(waiting)).toMatchObject({ reason: "DEADLINE_EXCEEDED" });
  });

  test("the newest version serves, by number and not by letter", async () => {
    await using use = await house({
      "m/9/model.onnx": gemm({ bias: 9 }),
      "m/10/model.onnx": gemm({ bias: 10 }),
    });
    expect(await scores(use)).toEqual({ version: "10", scores: [11, 12, 11] });
  });

  test("every element type goes in and comes out", async () => {
    const datatypes = [
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
    await using use = await house(
      Object.fromEntries([
        ...datatypes.map((datatype) => [`${datatype}/1/model.onnx`, identity(datatype, ["N"])]),
        ["BYTES/1/model.onnx", identity("BYTES", ["N"])],
        ["sum/1/model.onnx", scalarSum()],
      ]),
    );
    for (const datatype of datatypes) {
      const inputs = [tensor("x", datatype, [2], [1, 0])];
      const { outputs } = await use.backend.infer({ model: datatype, version: "", inputs }, call);
      expect(outputs).toEqual([{ ...inputs[0], name: "y" }]);
    }
    const texts = {
      name: "x",
      datatype: "BYTES",
      shape: [2],
      bytes: bytesFromTexts(["", "日本"]),
    } as const;
    const echoed = await use.backend.infer({ model: "BYTES", version: "", inputs: [texts] }, call);
    expect(echoed.outputs).toEqual([{ ...texts, name: "y" }]);
    const inputs = [tensor("b", "INT64", [], [2]), tensor("a", "INT64", [], [40])];
    const summed = await use.backend.infer({ model: "sum", version: "", inputs }, call);
    expect(plain(summed.outputs)).toEqual([{ name: "sum", shape: [], numbers: [42] }]);
  });
});

describe("a broken model stops no other", () => {
  test("each is listed as failed with its reason", async () => {
    await using use = await house({
      "m/1/model.onnx": gemm(),
      "bytes/1/model.onnx": "not a model",
      "empty/model.yaml": "",
      "key/1/model.onnx": gemm(),
      "key/model.yaml": "labls: []",
      "labels/1/model.onnx": gemm(),
      "labels/model.yaml": "output: { kind: classification, name: scores }\nlabels: [a]",
    });
    await use.backend.ready();
    const errors = use.backend.models().map(({ name, state, error }) => [name, state, error]);
    expect(errors).toEqual([
      ["bytes", "failed", "Protobuf parsing failed."],
      ["empty", "failed", "no version: a folder named by a number with a model.onnx"],
      ["key", "failed", labelsTypo],
      [
        "labels",
        "failed",
        'model.yaml:2:9: labels: 1 labels need an output [1, 1], "scores" is FP32 [-1, 3]',
      ],
      ["m", "available", undefined],
    ]);
    expect(await scores(use)).toEqual({ version: "1", scores: [1, 2, 1] });
    const refused = await refusal(
      use.backend.infer({ model: "key", version: "", inputs: points(1, 2) }, call),
    );
    expect(refused).toMatchObject({
      reason: "MODEL_LOAD_FAILED",
      message: `model "key" failed to load: ${labelsTypo}`,
    });
  });

  test("but not one that refuses zeros where they need not be a request", async () => {
    const image = "image: { width: 2, height: 2, color: gray, datatype: UINT8 }";
    await using use = await house({
      "m/1/model.onnx": quotient(),
      "image/1/model.onnx": quotient(),
      "image/model.yaml": image,
    });
    await use.backend.ready();
    expect(summary(use)).toEqual(["image failed", "m available"]);
    expect(use.backend.find("image")?.error).toMatch(/Integer division by zero/);
    const infer = (...numbers: number[]) =>
      use.backend.infer(
        { model: "m", version: "", inputs: [tensor("x", "UINT8", [1, 1, 2, 2], numbers)] },
        call,
      );
    expect(plain((await infer(1, 2, 3, 4)).outputs)[0]?.numbers).toEqual([1, 1, 1, 1]);
    expect(await refusal(infer(1, 2, 0, 4))).toMatchObject({
      reason: "TENSOR_INVALID",
      message: expect.stringContaining("Integer division by zero"),
    });
  });

  test("of two models with one alias the first by name has it", async () => {
    await using use = await house({
      "a/1/model.onnx": gemm(),
      "a/model.yaml": "aliases: [best]",
      "b/1/model.onnx": gemm(),
      "b/model.yaml": "aliases: [best]",
      "c/1/model.onnx": gemm(),
      "c/model.yaml": "aliases: [a]",
    });
    await use.backend.ready();
    expect(summary(use)).toEqual(["a available", "b failed", "c failed"]);
    expect(use.backend.find("best")?.name).toBe("a");
    expect(use.backend.find("b")?.error).toBe('model.yaml: aliases: "best" is taken by model "a"');
  });
});

describe("changes of models are told", () => {
  test("once each: what was loaded, what failed and why, what was dropped and replaced", async () => {
    await using use = await house({
      "m/1/model.onnx": gemm(),
      "broken/1/model.onnx": "not a model",
      "key/1/model.onnx": gemm(),
      "key/model.yaml": "labls: []",
    });
    await use.backend.ready();
    expect(use.changes.toSorted()).toEqual([
      "broken failed Protobuf parsing failed.",
      `key failed ${labelsTypo}`,
      "m available 1",
    ]);
    await use.folder.write("m/2/model.onnx", gemm());
    await use.backend.reload("m");
    await use.backend.load("m", "2");
    await use.backend.unload("m");
    await refusal(use.backend.load("m", "7"));
    await use.backend.load("m", "1");
    expect(use.changes.slice(3)).toEqual([
      "m available 2",
      "m unloaded",
      "m loading",
      "m available 1",
    ]);
  });

  test("but not that loading ends because everything does", async () => {
    const use = await house({ "m/1/model.onnx": gemm() });
    await use[Symbol.asyncDispose]();
    expect(use.changes).toEqual([]);
  });
});

describe("calls that cannot be served", () => {
  test("are refused by what is wrong, and the next one works", async () => {
    await using use = await house({ "m/1/model.onnx": gemm() });
    const infer = (model: string, version: string, inputs = points(1, 2)) =>
      refusal(use.backend.infer({ model, version, inputs }, call));
    expect(await infer("n", "")).toMatchObject({
      reason: "MODEL_UNKNOWN",
      message: 'no model named "n"',
    });
    expect(await infer("../m", "")).toMatchObject({ reason: "MODEL_UNKNOWN" });
    expect(await infer("m", "2")).toMatchObject({
      reason: "MODEL_UNKNOWN",
      message: 'there is no version "2" of model "m"; "1" is served',
    });
    expect(await infer("m", "", [tensor("x", "FP32", [1, 3], [1, 2, 3])])).toEqual({
      reason: "TENSOR_INVALID",
      message: 'inputs[0].shape: "x" is FP32 [-1, 2], not [1, 3]',
      fields: ["inputs[0].shape"],
    });
    expect(await scores(use, "1")).toEqual({ version: "1", scores: [1, 2, 1] });
  });
});

describe("batches", () => {
  test("are taken where model.yaml and the model allow them", async () => {
    const shapes: string[] = [];
    const startThread: StartWorkerThread = (onExit) => {
      const thread = startWorkerThread(onExit);
      return {
        get alive() {
          return thread.alive;
        },
        ask(request) {
          if (request.kind === "run")
            shapes.push(`${request.key.split("/")[0]} ${request.inputs[0]?.shape}`);
          return thread.ask(request);
        },
        [Symbol.asyncDispose]: () => thread[Symbol.asyncDispose](),
      };
    };
    await using use = await house(
      {
        "together/1/model.onnx": gemm(),
        "together/model.yaml": "batch_max: 4",
        "alone/1/model.onnx": gemm(),
        "fixed/1/model.onnx": identity("FP32", [1, 2]),
        "fixed/model.yaml": "batch_max: 4",
        "slow/1/model.onnx": slow(60),
      },
      { startThread },
    );
    await use.backend.ready();
    const wait = use.backend.infer(
      { model: "slow", version: "", inputs: [tensor("x", "FP32", [1, 1], [1])] },
      call,
    );
    await eventLoopTurn();
    const two = ["together", "alone", "fixed"].flatMap((model) =>
      [1, 2].map((x) => use.backend.infer({ model, version: "", inputs: points(x, x) }, call)),
    );
    await Promise.all([wait, ...two]);
    // Which model is next goes by the time that each has had.
    expect(shapes.toSorted((a, b) => a.localeCompare(b))).toEqual([
      "alone 1,2",
      "alone 1,2",
      "fixed 1,2",
      "fixed 1,2",
      "slow 1,1",
      "together 2,2",
    ]);
  });
});

test("a model is held by as many workers as its instances say, and by all without them", async () => {
  const loads: string[] = [];
  const startThread: StartWorkerThread = (onExit) => {
    const thread = startWorkerThread(onExit);
    return {
      get alive() {
        return thread.alive;
      },
      ask(request) {
        if (request.kind === "load") loads.push(request.key.split("/")[0] ?? "");
        return thread.ask(request);
      },
      [Symbol.asyncDispose]: () => thread[Symbol.asyncDispose](),
    };
  };
  const files = {
    "m/1/model.onnx": gemm(),
    "m/model.yaml": "instances: 1",
    "all/1/model.onnx": gemm(),
  };
  await using use = await house(files, { startThread, workers: 2 });
  await use.backend.ready();
  expect(loads.toSorted((a, b) => a.localeCompare(b))).toEqual(["all", "all", "m"]);
  const answers = await Promise.all(Array.from({ length: 8 }, () => scores(use)));
  expect(answers.map((answer) => answer.version)).toEqual(Array(8).fill("1"));
});

describe("loading and unloading", () => {
  test("an unloaded model refuses calls until it is loaded again", async () => {
    await using use = await house({ "m/1/model.onnx": gemm() });
    await use.backend.ready();
    expect(await use.backend.unload("m")).toMatchObject({ state: "unloaded", version: "" });
    expect(await refusal(scores(use))).toMatchObject({
      reason: "MODEL_NOT_LOADED",
      message: 'model "m" is not loaded',
    });
    expect(await use.backend.unload("m")).toMatchObject({ state: "unloaded" });
    expect(await use.backend.load("m", "")).toMatchObject({ state: "available", version: "1" });
    expect(await scores(use)).toEqual({ version: "1", scores: [1, 2, 1] });
  });

  test("calls under way end before a model is unloaded", async () => {
    await using use = await house({ "m/1/model.onnx": gemm(), "slow/1/model.onnx": slow(60) });
    await use.backend.ready();
    const order: string[] = [];
    const inputs = [tensor("x", "FP32", [1, 1], [1])];
    const blocked = use.backend.infer({ model: "slow", version: "", inputs }, call);
    await eventLoopTurn();
    const waiting = scores(use).then(() => order.push("answered"));
    await eventLoopTurn();
    const unloading = use.backend.unload("m").then(() => order.push("unloaded"));
    await Promise.all([blocked, waiting, unloading]);
    expect(order).toEqual(["answered", "unloaded"]);
  });

  test("a version that is asked for serves from then on", async () => {
    await using use = await house({
      "m/1/model.onnx": gemm({ bias: 1 }),
      "m/2/model.onnx": gemm({ bias: 2 }),
    });
    await use.backend.ready();
    expect(await scores(use)).toEqual({ version: "2", scores: [3, 4, 3] });
    expect(await use.backend.load("m", "1")).toMatchObject({ state: "available", version: "1" });
    expect(await scores(use)).toEqual({ version: "1", scores: [2, 3, 2] });
  });

  test("loading what serves changes nothing", async () => {
    const loads: string[] = [];
    const startThread: StartWorkerThread = (onExit) => {
      const thread = startWorkerThread(onExit);
      return {
        get alive() {
          return thread.alive;
        },
        ask(request) {
          loads.push(request.kind);
          return thread.ask(request);
        },
        [Symbol.asyncDispose]: () => thread[Symbol.asyncDispose](),
      };
    };
    await using use = await house({ "m/1/model.onnx": gemm() }, { startThread });
    await use.backend.ready();
    await use.backend.load("m", "");
    await use.backend.load("m", "1");
    expect(loads).toEqual(["load"]);
  });

  test("a version that there is not is refused, and what serves goes on", async () => {
    await using use = await house({ "m/1/model.onnx": gemm() });
    await use.backend.ready();
    expect(await refusal(use.backend.load("m", "7"))).toMatchObject({
      reason: "MODEL_UNKNOWN",
      message: 'model "m" has no version "7"',
    });
    expect(await refusal(use.backend.load("m", "../1"))).toMatchObject({ reason: "MODEL_UNKNOWN" });
    expect(summary(use)).toEqual(["m available"]);
    await use.backend.unload("m");
    expect(await refusal(use.backend.load("m", "7"))).toMatchObject({ reason: "MODEL_UNKNOWN" });
    expect(summary(use)).toEqual(["m unloaded"]);
  });

  test("a model that was added later can be loaded, by its name only", async () => {
    await using use = await house({ "m/1/model.onnx": gemm(), "m/model.yaml": "aliases: [late]" });
    await use.backend.ready();
    expect(await refusal(use.backend.load("n", ""))).toMatchObject({ reason: "MODEL_UNKNOWN" });
    await use.folder.write("n/1/model.onnx", gemm());
    expect(await use.backend.load("n", "")).toMatchObject({ state: "available" });
    expect(summary(use)).toEqual(["m available", "n available"]);
    await use.folder.write("late/1/model.onnx", gemm());
    expect(await refusal(use.backend.load("late", ""))).toMatchObject({
      reason: "MODEL_LOAD_FAILED",
      message: 'the name "late" is an alias of model "m"',
    });
    for (const name of ["../m", "m/1", "."]) {
      expect(await refusal(use.backend.load(name, ""))).toMatchObject({ reason: "MODEL_UNKNOWN" });
      expect(await refusal(use.backend.unload(name))).toMatchObject({ reason: "MODEL_UNKNOWN" });
      expect(await refusal(use.backend.reload(name))).toMatchObject({ reason: "MODEL_UNKNOWN" });
    }
  });
});

describe("reloading", () => {
  test("reads weights and model.yaml anew, and takes a newer version", async () => {
    await using use = await house({ "m/1/model.onnx": gemm({ bias: 1 }) });
    await use.backend.ready();
    await use.folder.write("m/1/model.onnx", gemm({ bias: 5 }));
    await use.folder.write("m/model.yaml", "description: mended\naliases: [five]");
    expect(await use.backend.reload("m")).toMatchObject({
      version: "1",
      spec: { description: "mended" },
    });
    expect(await scores(use)).toEqual({ version: "1", scores: [6, 7, 6] });
    expect(use.backend.find("five")?.name).toBe("m");
    await use.folder.write("m/2/model.onnx", gemm({ bias: 7 }));
    expect(await use.backend.reload("m")).toMatchObject({ version: "2" });
    expect(await scores(use)).toEqual({ version: "2", scores: [8, 9, 8] });
  });

  test("the old one serves while the new one is loaded, and no call fails", async () => {
    await using use = await house({ "m/1/model.onnx": gemm({ bias: 1 }) }, { workers: 2 });
    await use.backend.ready();
    await use.folder.write("m/1/model.onnx", gemm({ bias: 5 }));
    let reloaded = false;
    const reloading = use.backend.reload("m").then(() => {
      reloaded = true;
    });
    const seen = new Set<number | undefined>();
    while (!reloaded) seen.add((await scores(use)).scores?.[0]);
    await reloading;
    seen.add((await scores(use)).scores?.[0]);
    expect([...seen]).toEqual([2, 6]);
  });

  for (const [name, broken] of [
    ["weights", { file: "m/1/model.onnx", content: "not a model" }],
    ["a model.yaml", { file: "m/model.yaml", content: "aliases: [new]\nnonsense: 1" }],
    [
      "a description that does not fit",
      {
        file: "m/model.yaml",
        content: "aliases: [new]\nlabels: [a]\noutput: { kind: classification, name: z }",
      },
    ],
  ] as const) {
    test(`with ${name} that is broken fails, and the old one goes on under its old names`, async () => {
      await using use = await house({ "m/1/model.onnx": gemm(), "m/model.yaml": "aliases: [old]" });
      await use.backend.ready();
      await use.folder.write(broken.file, broken.content);
      expect(await refusal(use.backend.reload("m"))).toMatchObject({ reason: "MODEL_LOAD_FAILED" });
      expect(summary(use)).toEqual(["m available"]);
      expect(await scores(use)).toEqual({ version: "1", scores: [1, 2, 1] });
      expect(use.backend.find("old")?.name).toBe("m");
      expect(use.backend.find("new")).toBeUndefined();
    });
  }

  test("a mended model comes back", async () => {
    await using use = await house({ "m/1/model.onnx": "not a model" });
    await use.backend.ready();
    await use.folder.write("m/1/model.onnx", gemm());
    expect(await use.backend.reload("m")).toMatchObject({ state: "available" });
    expect(await scores(use)).toEqual({ version: "1", scores: [1, 2, 1] });
  });

  test("a folder that is gone takes its model with it, and its aliases", async () => {
    await using use = await house({ "m/1/model.onnx": gemm(), "m/model.yaml": "aliases: [old]" });
    await use.backend.ready();
    await use.folder.remove("m");
    expect(await refusal(use.backend.reload("m"))).toMatchObject({
      reason: "MODEL_UNKNOWN",
      message: 'model "m" is no longer in the repository, and was unloaded',
    });
    expect(await refusal(scores(use))).toMatchObject({ reason: "MODEL_UNKNOWN" });
    expect(use.backend.models()).toEqual([]);
    expect(use.backend.find("old")).toBeUndefined();
    expect(use.changes.at(-1)).toBe("m unloaded");
    await use.folder.write("n/1/model.onnx", gemm());
    await use.folder.write("n/model.yaml", "aliases: [old]");
    expect(await use.backend.load("n", "")).toMatchObject({ state: "available" });
  });

  test("a repository that cannot be read takes nothing with it: the old one goes on", async () => {
    await using use = await house({ "m/1/model.onnx": gemm() });
    await use.backend.ready();
    await rename(use.folder.path, `${use.folder.path}-moved`);
    expect(await refusal(use.backend.reload("m"))).toMatchObject({ reason: "MODEL_LOAD_FAILED" });
    expect(await scores(use)).toEqual({ version: "1", scores: [1, 2, 1] });
    await rename(`${use.folder.path}-moved`, use.folder.path);
  });
});

describe("the end", () => {
  test("comes also while models are still loading, and refuses what waits", async () => {
    const use = await house({ "m/1/model.onnx": gemm() });
    const waiting = refusal(scores(use));
    await eventLoopTurn();
    await use[Symbol.asyncDispose]();
    expect(await waiting).toMatchObject({ reason: "SHUTTING_DOWN" });
    expect(use.backend.stats()).toEqual({ queued: 0, running: 0, orphans: 0, workers: 0 });
  });

  test("an empty repository is served as such", async () => {
    await using use = await house({});
    await use.backend.ready();
    expect(use.backend.models()).toEqual([]);
    expect(use.backend.stats().workers).toBe(0);
  });
});

/** Versions 1, 2 and 3 of a model, each with its number as bias. */
const three = Object.fromEntries(
  [1, 2, 3].map((version) => [`m/${version}/model.onnx`, gemm({ bias: version })]),
);

describe("several versions", () => {
  const served = ({ backend }: House) =>
    backend.find("m")?.versions?.map(({ version, state }) => `${version} ${state}`);

  test("serve at once, and each answers for itself", async () => {
    await using use = await house({ ...three, "m/model.yaml": "versions: { latest: 2 }" });
    await use.backend.ready();
    expect(served(use)).toEqual(["1 unloaded", "2 available", "3 available"]);
    expect(await scores(use)).toEqual({ version: "3", scores: [4, 5, 4] });
    expect(await scores(use, "2")).toEqual({ version: "2", scores: [3, 4, 3] });
    expect(await refusal(scores(use, "1"))).toMatchObject({
      reason: "MODEL_NOT_LOADED",
      message: 'version "1" of model "m" is not loaded, "2", "3" is',
    });
  });

  test("have labels, which say where requests without a version go", async () => {
    const yaml = "version_labels: { stable: 1, canary: 3 }";
    await using use = await house({ ...three, "m/model.yaml": yaml });
    await use.backend.ready();
    expect(use.backend.find("m")).toMatchObject({
      version: "1",
      labels: { stable: "1", canary: "3" },
    });
    const infer = async (version: string, label?: string) => {
      const request = { model: "m", version, inputs: points(1, 2) };
      return (await use.backend.infer(label === undefined ? request : { ...request, label }, call))
        .version;
    };
    expect([await infer(""), await infer("canary"), await infer("", "canary")]).toEqual([
      "1",
      "3",
      "3",
    ]);
    expect(await refusal(infer("beta"))).toMatchObject({
      reason: "MODEL_UNKNOWN",
      message: 'model "m" has no label "beta": there is "stable", "canary"',
    });
  });

  const chances = [
    { chance: 0.5, version: "1" },
    { chance: 0.95, version: "3" },
  ];
  test.each(chances)("share requests by weight: $chance falls to $version", async (row) => {
    const yaml = "version_labels: { stable: 1, canary: 3 }\nsplit: { stable: 9, canary: 1 }";
    await using use = await house({ ...three, "m/model.yaml": yaml }, { chance: row.chance });
    expect((await scores(use)).version).toBe(row.version);
    expect((await scores(use, "stable")).version).toBe("1");
  });

  test("that a request has come to already stay its own, unless they are gone: then its words count", async () => {
    const yaml = "versions: all\nversion_labels: { stable: 1 }";
    await using use = await house({ ...three, "m/model.yaml": yaml });
    await use.backend.ready();
    const infer = async (settled: string) =>
      await use.backend.infer(
        { model: "m", version: "", label: "stable", settled, inputs: points(1, 2) },
        call,
      );
    expect((await infer("3")).version).toBe("3");
    expect((await infer("4")).version).toBe("1");
  });

  test("whose responses may be kept are told by number and loading, where model.yaml says so", async () => {
    const yaml = "versions: { latest: 2 }\nversion_labels: { canary: 3 }";
    await using use = await house({ ...three, "m/model.yaml": yaml });
    await use.backend.ready();
    const keepable = async (version: string, label = "") => {
      const status = use.backend.find("m");
      if (status === undefined) throw new TypeError("there is no model m");
      return await use.backend.keepable?.(status, { model: "m", version, label }, call);
    };
    expect(await keepable("")).toBeUndefined();
    await use.folder.write("m/model.yaml", `${yaml}\ncache: true`);
    await use.backend.reload("m");
    const newest = await keepable("");
    expect(newest).toMatchObject({ version: "3" });
    expect(await keepable("", "canary")).toEqual(newest);
    expect(await keepable("3")).toEqual(newest);
    expect(await keepable("2")).toMatchObject({ version: "2" });
    // Such requests are refused: there is no response to keep.
    expect([await keepable("1"), await keepable("", "beta")]).toEqual([undefined, undefined]);
    await use.backend.reload("m");
    expect((await keepable(""))?.version).toBe("3");
    expect((await keepable(""))?.load).not.toBe(newest?.load);
    await use.backend.unload("m");
    expect(await keepable("")).toBeUndefined();
  });

  test("that cannot be loaded are told, the others serve, and take their share", async () => {
    const yaml = "version_labels: { stable: 1, canary: 3 }\nsplit: { stable: 9, canary: 1 }";
    const files = { ...three, "m/3/model.onnx": "not a model", "m/model.yaml": yaml };
    await using use = await house(files, { chance: 0.95 });
    await use.backend.ready();
    expect(served(use)).toEqual(["1 available", "2 unloaded", "3 failed"]);
    expect(use.backend.find("m")).toMatchObject({
      state: "available",
      error: "Protobuf parsing failed.",
    });
    expect((await scores(use)).version).toBe("1");
    expect(await refusal(scores(use, "canary"))).toMatchObject({ reason: "MODEL_LOAD_FAILED" });
  });

  test("are replaced only once the new one is there: one that is broken leaves the old", async () => {
    await using use = await house({ "m/1/model.onnx": gemm({ bias: 1 }) });
    await use.backend.ready();
    await use.folder.write("m/2/model.onnx", "not a model");
    expect(await refusal(use.backend.reload("m"))).toMatchObject({ reason: "MODEL_LOAD_FAILED" });
    expect(served(use)).toEqual(["1 available", "2 failed"]);
    expect(use.backend.find("m")).toMatchObject({ error: "Protobuf parsing failed." });
    expect(await scores(use)).toEqual({ version: "1", scores: [2, 3, 2] });
    await use.folder.write("m/2/model.onnx", gemm({ bias: 2 }));
    await use.backend.reload("m");
    expect(served(use)).toEqual(["1 unloaded", "2 available"]);
    expect(use.backend.find("m")).not.toHaveProperty("error");
  });
});

describe("a shadow", () => {
  const yaml = (share: string) =>
    `version_labels: { stable: 1, canary: 3 }\nshadow: { to: canary, share: ${share} }`;
  const shadow = ({ backend }: House) =>
    backend.statistics?.().find(({ version }) => version === "3")?.shadow;
  const settled = async (use: House) => {
    while (shadow(use) === undefined) await eventLoopTurn();
    return shadow(use);
  };

  test("is given copies, whose outputs are compared and thrown away", async () => {
    await using use = await house({ ...three, "m/model.yaml": yaml("100%") });
    expect((await scores(use)).version).toBe("1");
    expect(await settled(use)).toEqual({ compared: 1, agreed: 0, failed: 0, skipped: 0 });
  });

  test("that gives the same agrees", async () => {
    const same = { ...three, "m/3/model.onnx": gemm({ bias: 1 }), "m/model.yaml": yaml("100%") };
    await using use = await house(same);
    await scores(use);
    expect(await settled(use)).toMatchObject({ compared: 1, agreed: 1 });
  });

  test("has no copies of its own requests, nor of more than its share", async () => {
    await using use = await house({ ...three, "m/model.yaml": yaml("10%") }, { chance: 0.5 });
    await scores(use);
    await scores(use, "canary");
    await eventLoopTurn();
    expect(shadow(use)).toBeUndefined();
  });

  test("never stands in the way: while requests wait there are no copies", async () => {
    await using use = await house({ ...three, "m/model.yaml": yaml("100%") });
    await use.backend.ready();
    await Promise.all(Array.from({ length: 8 }, () => scores(use)));
    await settled(use);
    const { compared = 0, skipped = 0 } = shadow(use) ?? {};
    expect(skipped).toBeGreaterThan(0);
    expect(compared + skipped).toBeLessThanOrEqual(8);
  });
});

describe("statistics", () => {
  test("count requests, rows and runs of each version, and why requests fail", async () => {
    await using use = await house({ "m/1/model.onnx": gemm(), "m/model.yaml": "batch_max: 8" });
    const infer = (inputs: ReturnType<typeof points>) =>
      use.backend.infer({ model: "m", version: "", inputs }, call);
    await infer(points(1, 2, 3, 4, 5, 6));
    await infer(points(1, 2));
    await refusal(infer([tensor("x", "FP32", [1, 3], [1, 2, 3])]));
    use.backend.observe?.({ model: "m", version: "1", preprocessMs: 3, postprocessMs: 1 });
    expect(use.backend.statistics?.()).toMatchObject([
      {
        model: "m",
        version: "1",
        inferences: 4,
        executions: 2,
        success: { count: 2 },
        fail: { count: 1 },
        failures: { OTHER: 1 },
        queue: { count: 2 },
        compute: { count: 2 },
        preprocess: { count: 1, totalMs: 3 },
        postprocess: { count: 1, totalMs: 1 },
        batches: [
          { rows: 1, compute: { count: 1 } },
          { rows: 3, compute: { count: 1 } },
        ],
      },
    ]);
  });
});

test("more rows than may run as one are refused with both numbers, before anything runs", async () => {
  await using use = await house({ "m/1/model.onnx": gemm(), "m/model.yaml": "batch_max: 2" });
  const infer = use.backend.infer(
    { model: "m", version: "", inputs: points(1, 2, 3, 4, 5, 6) },
    call,
  );
  expect(await refusal(infer)).toEqual({
    reason: "TENSOR_INVALID",
    message: 'inputs[0].shape: "x" has 3 rows; the limit of a batch is 2 (batch_max of the model)',
    fields: ["inputs[0].shape"],
  });
});

test("what a file says of itself is told, and its names are labels where model.yaml has none", async () => {
  const metadata = { names: "{0: 'a', 1: 'b', 2: 'c'}", stride: "32" };
  await using use = await house({
    "m/1/model.onnx": gemm({ softmax: true, metadata }),
    "m/model.yaml": "output: { kind: classification, name: scores, scores: probabilities }",
  });
  await use.backend.ready();
  expect(use.backend.find("m")).toMatchObject({
    state: "available",
    metadata,
    spec: { labels: ["a", "b", "c"] },
  });
});

describe("the repository is watched", () => {
  /** A watched repository on a clock of its own. */
  async function watched(files: Readonly<Record<string, string | Uint8Array>>) {
    const clock = createManualClock();
    const use = await house(files, { clock, watchMs: 1_000 });
    await use.backend.ready();
    return {
      ...use,
      /** Looks `times` more times. */
      async look(times: number) {
        for (let at = 0; at < times; at++) {
          await clock.untilSleeping(1);
          await clock.advance(1_000);
          await clock.untilSleeping(1);
        }
      },
    };
  }

  test("a new version is loaded when its file has come to rest, and the old serves until then", async () => {
    await using use = await watched({ "m/1/model.onnx": gemm({ bias: 1 }) });
    await use.look(2);
    await use.folder.write("m/2/model.onnx", "half of a model");
    await use.look(1);
    expect((await scores(use)).version).toBe("1");
    await use.folder.write("m/2/model.onnx", gemm({ bias: 2 }));
    await use.look(1);
    expect(use.changes).toEqual(["m available 1"]);
    await use.look(1);
    expect(await scores(use)).toEqual({ version: "2", scores: [3, 4, 3] });
    expect(use.changes).toEqual(["m available 1", "m available 2"]);
  });

  test("new models are loaded, and those that are gone are dropped", async () => {
    await using use = await watched({ "m/1/model.onnx": gemm() });
    await use.folder.write("n/1/model.onnx", gemm());
    await use.folder.write("broken/1/model.onnx", "not a model");
    await use.folder.remove("m");
    await use.look(3);
    expect(summary(use)).toEqual(["broken failed", "n available"]);
  });

  test("a model.yaml with a mistake leaves what serves, and tells why until it is mended", async () => {
    await using use = await watched({ "m/1/model.onnx": gemm() });
    await use.folder.write("m/model.yaml", "labls: []");
    await use.look(3);
    expect(use.backend.find("m")).toMatchObject({ state: "available", error: labelsTypo });
    await use.folder.write("m/model.yaml", "description: mended");
    await use.look(3);
    expect(use.backend.find("m")).toMatchObject({ spec: { description: "mended" } });
    expect(use.backend.find("m")).not.toHaveProperty("error");
  });

  test("what was unloaded stays so, and what has not changed is not loaded again", async () => {
    await using use = await watched({ "m/1/model.onnx": gemm(), "n/1/model.onnx": gemm() });
    await use.backend.unload("n");
    const before = use.changes.length;
    await use.folder.write("n/2/model.onnx", gemm());
    await use.look(3);
    expect(use.changes.slice(before)).toEqual([]);
    expect(summary(use)).toEqual(["m available", "n unloaded"]);
  });
});

describe("a text model", () => {
  const files = {
    "m/1/model.onnx": wordVectors(),
    "m/tokenizer.json": wordTokenizer,
    "m/model.yaml":
      "text: { max_tokens: 4 }\noutput: { kind: embedding, name: hidden, normalize: false }\nbatch_max: 2",
  };
  const vectors = async (use: House, texts: readonly string[]) => {
    const done = await use.backend.embed?.({ model: "m", version: "", texts }, call);
    return { ...done, vectors: done?.vectors.map((vector) => [...vector]) };
  };

  test("gives a vector a text, in order, whatever is filled up and however they are run", async () => {
    await using use = await house(files);
    // [CLS] and [SEP] are 1, 0 and 0, 1.
    expect(await vectors(use, ["cats dog", "dog", "", "Cat"])).toMatchObject({
      vectors: [
        [1, 1.75],
        [7 / 3, 3].map(Math.fround),
        [0.5, 0.5],
        [4 / 3, 5 / 3].map(Math.fround),
      ],
      tokens: 4 + 3 + 2 + 3,
      cutTexts: 1,
      cutTokens: 1,
      version: "1",
    });
    expect(use.backend.statistics?.()).toMatchObject([
      {
        ...{ inferences: 4, executions: 2, success: { count: 1 } },
        ...{ preprocess: { count: 1 }, postprocess: { count: 1 } },
      },
    ]);
  });

  test("is seen from outside as texts and vectors, and takes those as tensors too", async () => {
    await using use = await house(files);
    await use.backend.ready();
    expect(use.backend.find("m")).toMatchObject({
      inputs: [{ name: "text", datatype: "BYTES", shape: [-1] }],
      outputs: [{ name: "hidden", datatype: "FP32", shape: [-1, 2] }],
    });
    const inputs = [
      { name: "", datatype: "BYTES", shape: [2], bytes: bytesFromTexts(["cat", "dog"]) } as const,
    ];
    const { outputs } = await use.backend.infer({ model: "m", version: "", inputs }, call);
    expect(plain(outputs)).toEqual([
      {
        name: "hidden",
        shape: [2, 2],
        numbers: [4 / 3, 5 / 3, 7 / 3, 3].map(Math.fround),
      },
    ]);
  });

  test("without a tokenizer is refused with what to do", async () => {
    await using use = await house({
      "m/1/model.onnx": wordVectors(),
      "m/model.yaml": files["m/model.yaml"],
    });
    await use.backend.ready();
    expect(use.backend.find("m")?.error).toBe(
      "model.yaml:1:7: text: needs a tokenizer.json, and there is none (hint: put the tokenizer.json of the model next to model.yaml)",
    );
  });

  test("classifies texts", async () => {
    await using use = await house({
      "m/1/model.onnx": wordScores(),
      "m/tokenizer.json": wordTokenizer,
      "m/model.yaml":
        "text: {}\noutput: { kind: classification, name: scores }\nlabels: [left, right]",
    });
    const inputs = [
      { name: "text", datatype: "BYTES", shape: [1], bytes: bytesFromTexts(["cat dog"]) } as const,
    ];
    const { outputs } = await use.backend.infer({ model: "m", version: "", inputs }, call);
    expect(plain(outputs)).toEqual([{ name: "scores", shape: [1, 2], numbers: [10, 13] }]);
    expect(await refusal(vectors(use, ["cat"]))).toMatchObject({
      reason: "OPERATION_UNSUPPORTED",
      message: 'model "m" makes no embeddings',
    });
  });

  test("whose texts are no texts is told by field", async () => {
    await using use = await house(files);
    const infer = (bytes: Uint8Array, shape: readonly number[]) => {
      const inputs = [{ name: "text", datatype: "BYTES", shape, bytes } as const];
      return refusal(use.backend.infer({ model: "m", version: "", inputs }, call));
    };
    expect(await infer(new Uint8Array([1, 2]), [1])).toMatchObject({ fields: ["inputs[0]"] });
    expect(await infer(bytesFromTexts(["a"]), [1, 1])).toMatchObject({
      message: 'inputs[0]: "text": is BYTES [texts], not [1, 1]',
    });
    expect(await infer(bytesFromTexts([]), [0])).toMatchObject({ reason: "TENSOR_INVALID" });
  });
});

describe("a model in a process of its own", () => {
  const files = {
    "m/1/model.onnx": gemm(),
    "m/model.yaml": "isolation: process\nbatch_max: 4",
    "slow/1/model.onnx": slow(2000),
    "slow/model.yaml": "isolation: process\nrun_timeout: 300ms\nwarm_up_runs: 0",
    "thread/1/model.onnx": gemm(),
  };
  const slowly = (use: House) =>
    use.backend.infer(
      { model: "slow", version: "", inputs: [tensor("x", "FP32", [1, 1], [1])] },
      call,
    );

  test("gives what it gives in a thread", async () => {
    await using use = await house(files);
    expect(await scores(use)).toEqual({ version: "1", scores: [1, 2, 1] });
  });

  test("is ended when a run takes too long, comes back, and no other model notices", async () => {
    await using use = await house(files);
    await use.backend.ready();
    const late = refusal(slowly(use));
    let ended = false;
    void late.then(() => {
      ended = true;
    });
    while (!ended) {
      expect(await scores(use)).toEqual({ version: "1", scores: [1, 2, 1] });
      await eventLoopTurn();
    }
    expect(await late).toMatchObject({
      reason: "DEADLINE_EXCEEDED",
      message: "the model ran for more than 300 ms (run_timeout), and was ended",
    });
    expect(await refusal(slowly(use))).toMatchObject({ reason: "DEADLINE_EXCEEDED" });
  });

  test("that needs more memory than it may is told so, and does not serve", async () => {
    await using use = await house({
      "m/1/model.onnx": gemm(),
      "m/model.yaml": "isolation: process\nmemory_max: 1MB",
    });
    await use.backend.ready();
    expect(use.backend.find("m")).toMatchObject({
      state: "failed",
      error: "the model took more than 1048576 bytes of memory (memory_max), and was ended",
    });
  });

  test("killed, another timed out and a third reloaded, all under load: no other request fails", async () => {
    await using use = await house(
      {
        ...files,
        "killed/1/model.onnx": slow(2000),
        "killed/model.yaml": "isolation: process\nwarm_up_runs: 0",
        "reloaded/1/model.onnx": gemm(),
      },
      { workers: 2 },
    );
    await use.backend.ready();
    const infer = (model: string, inputs = points(1, 2)) =>
      use.backend.infer({ model, version: "", inputs }, call);
    const one = () => [tensor("x", "FP32", [1, 1], [1])];
    let storm = true;
    const load = async (model: string) => {
      let answered = 0;
      for (; storm; answered++) await infer(model);
      return answered;
    };
    const loads = Promise.all(["thread", "thread", "reloaded"].map(load));
    const killed = refusal(infer("killed", one()));
    const late = refusal(infer("slow", one()));
    for (let at = 0; at < 3; at++) await use.backend.reload("reloaded");
    await late;
    for (const pid of childPids(process.pid, "onnx/worker")) process.kill(pid, "SIGKILL");
    expect(await killed).toMatchObject({ reason: "BACKEND_LOST" });
    expect(await late).toMatchObject({ reason: "DEADLINE_EXCEEDED" });
    storm = false;
    const answered = await loads.catch((error: unknown) => error);
    expect(answered).toEqual([expect.any(Number), expect.any(Number), expect.any(Number)]);
  });
});
