import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { createWorkerPool } from "#backends/onnx/worker-pool.ts";
import { startWorkerProcess } from "#backends/onnx/worker-process.ts";
import { systemClock } from "#core/clock.ts";
import { childPids } from "../../../support/child-pids.ts";
import { gemm, identity, slow } from "../../../support/onnx-models.ts";
import { eventLoopTurn, plain, refusal, tensor } from "../../../support/predict.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

const { signal } = new AbortController();
const point = () => tensor("x", "FP32", [1, 2], [1, 2]);

/** How long a process may take to come or go on a machine that is busy. */
const patience = { timeout: 20_000, interval: 50 };

const workerPids = () => childPids(process.pid, "onnx/worker");

describe("a worker process", () => {
  test("loads, runs, and ends when it is disposed", async () => {
    await using folder = await temporaryFolder();
    const file = await folder.write("model.onnx", gemm());
    let exits = 0;
    const worker = startWorkerProcess(() => {
      exits += 1;
    }, {});
    expect(await worker.ask({ kind: "load", key: "a", file, warmUpRuns: 1 })).toMatchObject({
      kind: "loaded",
    });
    const ran = await worker.ask({ kind: "run", key: "a", inputs: [point() as never] });
    expect(ran.kind === "ran" ? plain(ran.outputs) : ran).toEqual([
      { name: "scores", shape: [1, 3], numbers: [1, 2, 1] },
    ]);
    await worker[Symbol.asyncDispose]();
    expect([worker.alive, exits]).toEqual([false, 1]);
    expect(await refusal(worker.ask({ kind: "unload", key: "a" }))).toMatchObject({
      reason: "BACKEND_LOST",
    });
  });

  test("is given none of the gateway's variables but what it needs to start", async () => {
    process.env.SECRET_OF_THE_GATEWAY = "secret";
    process.env.LOCPATH = "/where/locales/are";
    const worker = startWorkerProcess(() => undefined, {});
    const [pid] = workerPids();
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
    delete process.env.SECRET_OF_THE_GATEWAY;
    delete process.env.LOCPATH;
    await worker[Symbol.asyncDispose]();
    expect(environment).toContain("ORT_DISABLE_TELEMETRY=1");
    expect(environment).toContain("LOCPATH=/where/locales/are");
    expect(environment).not.toContain("secret");
  });

  test("that is killed in the middle of a run loses that run, and is replaced", async () => {
    await using folder = await temporaryFolder();
    await using pool = createWorkerPool(
      { workers: 1, queueMax: 8 },
      { clock: systemClock, startThread: (onExit) => startWorkerProcess(onExit, {}) },
    );
    const load = async (key: string, model: Uint8Array) =>
      await pool.load({ key, file: await folder.write(`${key}.onnx`, model), warmUpRuns: 0 });
    await load("gemm", gemm());
    await load("slow", slow(5000));
    const running = refusal(
      pool.run({ key: "slow", inputs: [tensor("x", "FP32", [1, 1], [1])], rowsMax: 1 }, signal),
    );
    const waiting = pool.run({ key: "gemm", inputs: [point()], rowsMax: 1 }, signal);
    while (pool.stats().running === 0) await eventLoopTurn();
    const [pid = 0] = workerPids();
    process.kill(pid, "SIGKILL");
    expect(await running).toMatchObject({ reason: "BACKEND_LOST" });
    expect(plain((await waiting).outputs)[0]?.numbers).toEqual([1, 2, 1]);
  });

  test("takes half floats", async () => {
    await using folder = await temporaryFolder();
    const file = await folder.write("half.onnx", identity("FP16", ["N"]));
    await using worker = startWorkerProcess(() => undefined, {});
    await worker.ask({ kind: "load", key: "h", file, warmUpRuns: 1 });
    const inputs = [tensor("x", "FP16", [2], [0.5, -2]) as never];
    const ran = await worker.ask({ kind: "run", key: "h", inputs });
    expect(ran.kind === "ran" ? plain(ran.outputs)[0]?.numbers : ran).toEqual([0.5, -2]);
  });

  test("runs each model on one thread: a further model brings no thread with it", async () => {
    await using folder = await temporaryFolder();
    const file = await folder.write("model.onnx", slow(2));
    await using worker = startWorkerProcess(() => undefined, {});
    const [pid] = workerPids();
    const threads = () => readdirSync(`/proc/${pid}/task`).length;
    await worker.ask({ kind: "load", key: "first", file, warmUpRuns: 1 });
    const before = threads();
    for (const key of ["b", "c", "d"]) await worker.ask({ kind: "load", key, file, warmUpRuns: 1 });
    expect(threads()).toBe(before);
  });

  test("ends with the gateway that started it, even when that is killed", async () => {
    const owner = spawn(process.execPath, [
      ...["-C", "source"],
      fileURLToPath(new URL("../../../support/process-owner.ts", import.meta.url)),
    ]);
    const childrenOf = () => childPids(owner.pid ?? 0, "onnx/worker");
    await vi.waitFor(() => expect(childrenOf()).toHaveLength(1), patience);
    const [pid] = childrenOf();
    owner.kill("SIGKILL");
    await vi.waitFor(() => expect(existsSync(`/proc/${pid}`)).toBe(false), patience);
  });
});
