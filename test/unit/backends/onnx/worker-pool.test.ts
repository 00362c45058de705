import { describe, expect, test } from "vitest";
import type { Inference } from "#backends/onnx/inference-queue.ts";
import { createWorkerPool, type WorkerPool } from "#backends/onnx/worker-pool.ts";
import { type StartWorkerThread, startWorkerThread } from "#backends/onnx/worker-thread.ts";
import { systemClock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import { createManualClock } from "../../../support/manual-clock.ts";
import {
  brainFloats,
  doubler,
  gather,
  gemm,
  identity,
  slow,
} from "../../../support/onnx-models.ts";
import { eventLoopTurn, plain, refusal, tensor } from "../../../support/predict.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

const dyingWorker = new URL("../../../support/dying-worker.ts", import.meta.url);
const { signal } = new AbortController();

interface Bench extends AsyncDisposable {
  readonly pool: WorkerPool;
  /** Shapes of the first input of every run, as the workers saw them: `key [shape]`. */
  readonly runs: string[];
  load(key: string, model: Uint8Array): Promise<unknown>;
}

/** A pool of real workers with a note of what they were asked to run. */
async function bench(
  options: { workers?: number; queueMax?: number; entry?: URL } = {},
): Promise<Bench> {
  const folder = await temporaryFolder();
  const runs: string[] = [];
  const startThread: StartWorkerThread = (onExit) => {
    const thread = startWorkerThread(onExit, options.entry);
    return {
      get alive() {
        return thread.alive;
      },
      ask(request) {
        if (request.kind === "run") runs.push(`${request.key} [${request.inputs[0]?.shape}]`);
        return thread.ask(request);
      },
      [Symbol.asyncDispose]: () => thread[Symbol.asyncDispose](),
    };
  };
  const { workers = 1, queueMax = 256 } = options;
  const pool = createWorkerPool({ workers, queueMax }, { clock: systemClock, startThread });
  return {
    pool,
    runs,
    async load(key, model) {
      const file = await folder.write(`${key}.onnx`, model);
      return await pool.load({ key, file, warmUpRuns: 0 });
    },
    async [Symbol.asyncDispose]() {
      await pool[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function infer(key: string, input: Inference["inputs"][number], rowsMax = 1): Inference {
  return { key, inputs: [input], rowsMax };
}

function point(x: number, y: number, rowsMax = 8): Inference {
  return infer("gemm", tensor("x", "FP32", [1, 2], [x, y]), rowsMax);
}

function index(at: number): Inference {
  return infer("gather", tensor("index", "INT64", [1], [at]), 8);
}

/** Keeps a worker busy for some fifty milliseconds. */
const slowRounds = 60;
const wait = infer("slow", tensor("x", "FP32", [1, 1], [7]));

describe("running", () => {
  test("an inference gives its outputs and where its time went", async () => {
    await using use = await bench();
    await use.load("gemm", gemm());
    const { outputs, queueMs, computeMs } = await use.pool.run(point(3, 4), signal);
    expect(plain(outputs)).toEqual([{ name: "scores", shape: [1, 3], numbers: [3, 4, 1] }]);
    expect(queueMs).toBeGreaterThanOrEqual(0);
    expect(computeMs).toBeGreaterThan(0);
  });

  test("what fails in the model is the inputs' fault, in words without paths", async () => {
    await using use = await bench();
    await use.load("gather", gather());
    const refused = await refusal(use.pool.run(index(9), signal));
    expect(refused).toMatchObject({ reason: "TENSOR_INVALID", fields: ["inputs"] });
    expect(refused).toMatchObject({ message: expect.stringContaining("idx=9") });
    expect(refused).toMatchObject({ message: expect.not.stringContaining("/") });
    expect(plain((await use.pool.run(index(2), signal)).outputs)[0]?.numbers).toEqual([20, 21]);
  });

  test("every worker holds every session", async () => {
    await using use = await bench({ workers: 2 });
    await Promise.all([use.load("gemm", gemm()), use.load("slow", slow(slowRounds))]);
    const order: string[] = [];
    const blocked = use.pool.run(wait, signal).then(() => order.push("slow"));
    await use.pool.run(point(1, 1), signal).then(() => order.push("quick"));
    await blocked;
    expect(order).toEqual(["quick", "slow"]);
    expect(use.pool.stats()).toEqual({ queued: 0, running: 0, orphans: 0, workers: 2 });
  });
});

describe("batching", () => {
  test("what waits when the worker frees up is run as one, and each gets its own rows", async () => {
    await using use = await bench();
    await Promise.all([use.load("gemm", gemm()), use.load("slow", slow(slowRounds))]);
    const first = use.pool.run(wait, signal);
    const rest = [1, 2, 3, 4, 5].map((x) => use.pool.run(point(x, 10 * x), signal));
    await first;
    const answers = await Promise.all(rest);
    expect(answers.map(({ outputs }) => plain(outputs)[0]?.numbers)).toEqual(
      [1, 2, 3, 4, 5].map((x) => [x, 10 * x, 9 * x]),
    );
    expect(use.runs).toEqual(["slow [1,1]", "gemm [5,2]"]);
  });

  test("a batch has no more rows than allowed, counted in rows and not in calls", async () => {
    await using use = await bench();
    await Promise.all([use.load("gemm", gemm()), use.load("slow", slow(slowRounds))]);
    const two = infer("gemm", tensor("x", "FP32", [2, 2], [1, 2, 3, 4]), 3);
    const one = point(5, 6, 3);
    await Promise.all([wait, two, two, one, one].map((each) => use.pool.run(each, signal)));
    expect(use.runs).toEqual(["slow [1,1]", "gemm [3,2]", "gemm [3,2]"]);
  });

  test("a call with more rows than allowed runs alone", async () => {
    await using use = await bench();
    await Promise.all([use.load("gemm", gemm()), use.load("slow", slow(slowRounds))]);
    const four = infer("gemm", tensor("x", "FP32", [4, 2], [1, 2, 3, 4, 5, 6, 7, 8]), 3);
    await Promise.all([wait, four, point(1, 1, 3)].map((each) => use.pool.run(each, signal)));
    expect(use.runs).toEqual(["slow [1,1]", "gemm [4,2]", "gemm [1,2]"]);
  });

  test("other sessions, other shapes and calls without rows are not mixed in", async () => {
    await using use = await bench();
    await Promise.all([
      use.load("free", identity("FP32", ["N", "M"])),
      use.load("slow", slow(slowRounds)),
    ]);
    const wide = infer("free", tensor("x", "FP32", [1, 3], [1, 2, 3]), 8);
    const narrow = infer("free", tensor("x", "FP32", [1, 2], [1, 2]), 8);
    const empty = infer("free", tensor("x", "FP32", [0, 3], []), 8);
    const calls = [wait, wide, narrow, empty, wide, narrow];
    const answers = await Promise.all(calls.map((each) => use.pool.run(each, signal)));
    expect(answers.map(({ outputs }) => outputs[0]?.shape)).toEqual([
      [1, 1],
      [1, 3],
      [1, 2],
      [0, 3],
      [1, 3],
      [1, 2],
    ]);
    expect(use.runs).toEqual(["slow [1,1]", "free [2,3]", "free [2,2]", "free [0,3]"]);
  });

  test("a call that breaks its batch fails alone", async () => {
    await using use = await bench();
    await Promise.all([use.load("gather", gather()), use.load("slow", slow(slowRounds))]);
    const blocked = use.pool.run(wait, signal);
    const answers = [0, 9, 2].map((at) => refusal(use.pool.run(index(at), signal)));
    await blocked;
    const [good, bad, alsoGood] = await Promise.all(answers);
    expect(bad).toMatchObject({ reason: "TENSOR_INVALID" });
    expect(good).toMatchObject({ outputs: [{ shape: [1, 2] }] });
    expect(alsoGood).toMatchObject({ outputs: [{ shape: [1, 2] }] });
  });

  test("a model that gives other rows than it got is run one by one", async () => {
    await using use = await bench();
    await Promise.all([use.load("doubler", doubler()), use.load("slow", slow(slowRounds))]);
    const calls = [1, 2].map((x) => infer("doubler", tensor("x", "FP32", [1, 2], [x, x]), 8));
    const answers = await Promise.all([wait, ...calls].map((each) => use.pool.run(each, signal)));
    expect(answers.slice(1).map(({ outputs }) => plain(outputs)[0]?.numbers)).toEqual([
      [1, 1, 1, 1],
      [2, 2, 2, 2],
    ]);
  });
});

describe("bounds and cancellation", () => {
  test("a full queue refuses with its limit, and takes again when there is room", async () => {
    await using use = await bench({ queueMax: 2 });
    await Promise.all([use.load("gemm", gemm()), use.load("slow", slow(slowRounds))]);
    const blocked = use.pool.run(wait, signal);
    await eventLoopTurn();
    const waiting = [use.pool.run(point(1, 1), signal), use.pool.run(point(2, 2), signal)];
    expect(use.pool.stats()).toMatchObject({ queued: 2, running: 1 });
    expect(await refusal(use.pool.run(point(3, 3), signal))).toMatchObject({
      reason: "OVERLOADED",
      message: "2 inferences wait for a worker, which is the limit",
    });
    await Promise.all([blocked, ...waiting]);
    await expect(use.pool.run(point(3, 3), signal)).resolves.toBeDefined();
  });

  test("a call that is cancelled while it waits never runs", async () => {
    await using use = await bench();
    await Promise.all([use.load("gemm", gemm()), use.load("slow", slow(slowRounds))]);
    const blocked = use.pool.run(wait, signal);
    await eventLoopTurn();
    const controller = new AbortController();
    const cancelled = refusal(use.pool.run(point(1, 1), controller.signal));
    const late = new AbortController();
    const timedOut = refusal(use.pool.run(point(2, 2), late.signal));
    controller.abort();
    late.abort(new DOMException("late", "TimeoutError"));
    expect(await cancelled).toMatchObject({ reason: "CANCELLED" });
    expect(await timedOut).toMatchObject({ reason: "DEADLINE_EXCEEDED" });
    expect(use.pool.stats()).toMatchObject({ queued: 0, running: 1 });
    await blocked;
    await use.pool.run(point(3, 3), signal);
    expect(use.runs).toEqual(["slow [1,1]", "gemm [1,2]"]);
  });

  test("a call that is cancelled while it runs is answered at once and counted until it ends", async () => {
    await using use = await bench();
    await Promise.all([use.load("gemm", gemm()), use.load("slow", slow(slowRounds))]);
    const controller = new AbortController();
    const cancelled = refusal(use.pool.run(wait, controller.signal));
    await eventLoopTurn();
    expect(use.pool.stats()).toMatchObject({ running: 1, orphans: 0 });
    controller.abort();
    expect(await cancelled).toMatchObject({ reason: "CANCELLED" });
    expect(use.pool.stats()).toMatchObject({ running: 0, orphans: 1 });
    await use.pool.run(point(1, 1), signal);
    expect(use.pool.stats()).toMatchObject({ running: 0, orphans: 0 });
  });

  test("a call whose signal has aborted already is not taken", async () => {
    await using use = await bench();
    await use.load("gemm", gemm());
    const refused = await refusal(use.pool.run(point(1, 1), AbortSignal.abort()));
    expect(refused).toMatchObject({ reason: "CANCELLED" });
    expect(use.runs).toEqual([]);
  });
});

describe("sessions", () => {
  test("a file that is no model fails without its path, and the others go on", async () => {
    await using use = await bench({ workers: 2 });
    await use.load("gemm", gemm());
    expect(await refusal(use.load("broken", new Uint8Array([1, 2, 3])))).toEqual({
      reason: "MODEL_LOAD_FAILED",
      message: "Protobuf parsing failed.",
      fields: [],
    });
    await expect(use.pool.run(point(1, 1), signal)).resolves.toBeDefined();
  });

  test("elements of a type that no request can carry fail with that type", async () => {
    await using use = await bench();
    expect(await refusal(use.load("brain", brainFloats()))).toMatchObject({
      reason: "MODEL_LOAD_FAILED",
      message: "Unsupported data type: 16",
    });
  });

  test("unloading waits for the calls that wait for the session", async () => {
    await using use = await bench();
    await Promise.all([use.load("gemm", gemm()), use.load("slow", slow(slowRounds))]);
    const order: string[] = [];
    const note = (word: string) => () => order.push(word);
    await Promise.all([
      use.pool.run(wait, signal).then(note("slow")),
      use.pool.run(point(1, 1), signal).then(note("waiting call")),
      use.pool.unload("gemm").then(note("unloaded")),
    ]);
    expect(order).toEqual(["slow", "waiting call", "unloaded"]);
  });

  test("unloading does not wait for a call that gave up", async () => {
    await using use = await bench();
    await Promise.all([use.load("gemm", gemm()), use.load("slow", slow(slowRounds))]);
    const blocked = use.pool.run(wait, signal);
    await eventLoopTurn();
    const controller = new AbortController();
    const cancelled = refusal(use.pool.run(point(1, 1), controller.signal));
    const unloaded = use.pool.unload("gemm");
    controller.abort();
    await Promise.all([blocked, cancelled, unloaded]);
    expect(use.runs).toEqual(["slow [1,1]"]);
  });
});

describe("workers that die", () => {
  test("the call that was running is lost, the next one works", async () => {
    await using use = await bench({ entry: dyingWorker });
    await Promise.all([use.load("gemm", gemm()), use.load("fatal", gemm())]);
    const fatal = { ...point(1, 1), key: "fatal" };
    const [lost, next] = await Promise.all([
      refusal(use.pool.run(fatal, signal)),
      use.pool.run(point(3, 4), signal),
    ]);
    expect(lost).toEqual({
      reason: "BACKEND_LOST",
      message: "the worker that ran the model ended",
      fields: [],
    });
    expect(plain(next.outputs)[0]?.numbers).toEqual([3, 4, 1]);
    expect(use.pool.stats()).toEqual({ queued: 0, running: 0, orphans: 0, workers: 1 });
  });

  test("one that has run something since the last death is replaced at once, however often", async () => {
    await using use = await bench({ entry: dyingWorker });
    await Promise.all([use.load("gemm", gemm()), use.load("fatal", gemm())]);
    const fatal = { ...point(1, 1), key: "fatal" };
    for (let death = 1; death <= 3; death += 1) {
      expect(await refusal(use.pool.run(fatal, signal))).toMatchObject({ reason: "BACKEND_LOST" });
      const { outputs } = await use.pool.run(point(3, 4), signal);
      expect(plain(outputs)[0]?.numbers).toEqual([3, 4, 1]);
    }
  });

  test("one that dies idle is replaced before anyone notices", async () => {
    const exits: (() => Promise<void>)[] = [];
    const startThread: StartWorkerThread = (onExit) => {
      const thread = startWorkerThread(onExit);
      exits.push(async () => await thread[Symbol.asyncDispose]());
      return thread;
    };
    await using folder = await temporaryFolder();
    await using pool = createWorkerPool(
      { workers: 1, queueMax: 8 },
      { clock: systemClock, startThread },
    );
    const file = await folder.write("gemm.onnx", gemm());
    await pool.load({ key: "gemm", file, warmUpRuns: 0 });
    await exits[0]?.();
    const { outputs } = await pool.run(point(3, 4), signal);
    expect(plain(outputs)[0]?.numbers).toEqual([3, 4, 1]);
    expect(exits).toHaveLength(2);
  });

  test("a model that kills its worker while it is loaded fails, and is not tried again", async () => {
    let starts = 0;
    const startThread: StartWorkerThread = (onExit) => {
      starts += 1;
      const thread = startWorkerThread(onExit);
      return {
        get alive() {
          return thread.alive;
        },
        async ask(request) {
          if (request.kind !== "load" || request.key !== "poison") return await thread.ask(request);
          await thread[Symbol.asyncDispose]();
          throw fault("BACKEND_LOST", "the worker ended");
        },
        [Symbol.asyncDispose]: () => thread[Symbol.asyncDispose](),
      };
    };
    await using folder = await temporaryFolder();
    await using pool = createWorkerPool(
      { workers: 1, queueMax: 8 },
      { clock: systemClock, startThread },
    );
    const file = await folder.write("gemm.onnx", gemm());
    await pool.load({ key: "gemm", file, warmUpRuns: 0 });
    expect(await refusal(pool.load({ key: "poison", file, warmUpRuns: 0 }))).toMatchObject({
      reason: "MODEL_LOAD_FAILED",
      message: "the worker died while it loaded the model",
    });
    await expect(pool.run(point(1, 1), signal)).resolves.toBeDefined();
    expect(starts).toBe(2);
  });

  test("workers that never come up are tried at growing intervals, and calls are refused meanwhile", async () => {
    const clock = createManualClock();
    const startedAtMs: number[] = [];
    const startThread: StartWorkerThread = () => {
      startedAtMs.push(clock.nowMs());
      throw new Error("no thread");
    };
    await using pool = createWorkerPool({ workers: 1, queueMax: 8 }, { clock, startThread });
    const loading = refusal(pool.load({ key: "gemm", file: "unused", warmUpRuns: 0 }));
    await clock.untilSleeping(1);
    expect(await refusal(pool.run(point(1, 1), signal))).toMatchObject({
      reason: "BACKEND_LOST",
      message: "no worker can run the model now",
    });
    for (const delayMs of [100, 200, 400, 800, 1600, 3200, 5000, 5000]) {
      await clock.advance(delayMs);
      await clock.untilSleeping(1);
    }
    expect(startedAtMs).toEqual([0, 0, 100, 300, 700, 1500, 3100, 6300, 11_300, 16_300]);
    await pool[Symbol.asyncDispose]();
    expect(await loading).toMatchObject({ reason: "SHUTTING_DOWN" });
  });
});

describe("the end", () => {
  test("what runs is finished, what waits is refused, and nothing new is taken", async () => {
    await using use = await bench();
    await Promise.all([use.load("gemm", gemm()), use.load("slow", slow(slowRounds))]);
    const running = use.pool.run(wait, signal);
    await eventLoopTurn();
    const waiting = refusal(use.pool.run(point(1, 1), signal));
    const ended = use.pool[Symbol.asyncDispose]();
    expect(await waiting).toMatchObject({ reason: "SHUTTING_DOWN" });
    expect(await refusal(use.pool.run(point(1, 1), signal))).toMatchObject({
      reason: "SHUTTING_DOWN",
    });
    expect(await refusal(use.load("late", gemm()))).toMatchObject({ reason: "SHUTTING_DOWN" });
    expect(plain((await running).outputs)[0]?.numbers).toEqual([7]);
    await ended;
    expect(use.pool.stats()).toEqual({ queued: 0, running: 0, orphans: 0, workers: 0 });
  });

  test("a pool that never had a session ends too", async () => {
    const use = await bench({ workers: 2 });
    expect(use.pool.stats().workers).toBe(0);
    await use[Symbol.asyncDispose]();
  });
});
