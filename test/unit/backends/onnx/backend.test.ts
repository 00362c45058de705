import { rename } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { createOnnxBackend, type OnnxBackend } from "#backends/onnx/backend.ts";
import { type StartWorkerThread, startWorkerThread } from "#backends/onnx/worker-thread.ts";
import { systemClock } from "#core/clock.ts";
import { bytesFromTexts } from "#inference/tensor-text.ts";
import { gemm, identity, scalarSum, slow } from "../../../support/onnx-models.ts";
import { eventLoopTurn, plain, refusal, tensor } from "../../../support/predict.ts";
import { type TemporaryFolder, temporaryFolder } from "../../../support/temporary-folder.ts";

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
  options: { startThread?: StartWorkerThread; workers?: number } = {},
): Promise<House> {
  const folder = await temporaryFolder();
  for (const [file, content] of Object.entries(files)) await folder.write(file, content);
  const { workers = 1, startThread = startWorkerThread } = options;
  const changes: string[] = [];
  const backend = await createOnnxBackend(
    { repositoryPath: folder.path, workers, queueMax: 16 },
    {
      clock: systemClock,
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
      ["key", "failed", "model.yaml: labls: unknown key"],
      [
        "labels",
        "failed",
        'model.yaml: labels: 1 labels need an output [1, 1], "scores" is FP32 [-1, 3]',
      ],
      ["m", "available", undefined],
    ]);
    expect(await scores(use)).toEqual({ version: "1", scores: [1, 2, 1] });
    const refused = await refusal(
      use.backend.infer({ model: "key", version: "", inputs: points(1, 2) }, call),
    );
    expect(refused).toMatchObject({
      reason: "MODEL_LOAD_FAILED",
      message: 'model "key" failed to load: model.yaml: labls: unknown key',
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
      "key failed model.yaml: labls: unknown key",
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
      reason: "MODEL_NOT_LOADED",
      message: 'version "2" of model "m" is not loaded, version "1" is',
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
    expect(shapes).toEqual([
      "slow 1,1",
      "together 2,2",
      "alone 1,2",
      "alone 1,2",
      "fixed 1,2",
      "fixed 1,2",
    ]);
  });
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
