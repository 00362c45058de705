/** Threads that ask for the same models share their sessions, over real ports between them. */

import { MessageChannel } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import type { Inference, Inferred } from "#backends/onnx/inference-queue.ts";
import type { SessionRequest, SessionSignature } from "#backends/onnx/messages.ts";
import type { WorkerPool } from "#backends/onnx/worker-pool.ts";
import { fault } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { AskedOfMain } from "#workers/messages.ts";
import { PortCalls } from "#workers/port-calls.ts";
import { RemoteInference } from "#workers/remote-inference.ts";
import { SharedSessions } from "#workers/shared-sessions.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const signature: SessionSignature = { inputs: [], outputs: [] };
const model = (key: string): SessionRequest => ({ key, file: "package.json", warmUpRuns: 1 });
const inference = (key: string): Inference => ({
  ...{ key, rowsMax: 4, group: "g" },
  inputs: [{ name: "x", datatype: "UINT8", shape: [2], bytes: new Uint8Array([1, 2]) }],
});
const forEver = new AbortController().signal;

/** Threads in front of one pool, which notes what it is asked. */
function setting() {
  const clock = createManualClock();
  const told: string[] = [];
  const state: { failsNext?: boolean; ran?: Inference; signal?: AbortSignal } = {};
  const running = Promise.withResolvers<void>();
  const pool: WorkerPool = {
    async load({ key }, instances) {
      told.push(`load ${key}${instances === undefined ? "" : ` ${instances}`}`);
      if (state.failsNext) {
        state.failsNext = false;
        throw fault("MODEL_LOAD_FAILED", "no such model");
      }
      return signature;
    },
    async unload(key) {
      told.push(`unload ${key}`);
    },
    async run(asked, signal): Promise<Inferred> {
      Object.assign(state, { ran: asked, signal });
      running.resolve();
      if (asked.key.startsWith("7 slow")) {
        await new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(faultFrom(signal.reason))),
        );
      }
      asked.onRun?.(3, 8);
      return { outputs: asked.inputs, queueMs: 1, computeMs: 8 };
    },
    stats: () => ({ queued: 0, running: 0, orphans: 0, workers: 1 }),
    async [Symbol.asyncDispose]() {},
  };
  const sessions = new SharedSessions(pool, clock);
  const thread = (slot: number, generation: number) => {
    const { port1, port2 } = new MessageChannel();
    onTestFinished(() => port1.close());
    const main = new PortCalls(
      port1 as never,
      {
        loadSession: (load: AskedOfMain["loadSession"][0]) => sessions.load(slot, load),
        unloadSession: (key: string) => sessions.unload(slot, key),
        infer: (asked: AskedOfMain["infer"][0]) => sessions.run(slot, asked),
        cancelInference: (run: number) => sessions.cancel(slot, run),
      } as never,
    );
    const calls = new PortCalls<AskedOfMain, never>(port2 as never, {} as never);
    port1.on("message", (message) => main.receive(message));
    port2.on("message", (message) => calls.receive(message));
    return new RemoteInference(calls as never, clock, generation);
  };
  return { clock, told, state, sessions, thread, running: running.promise };
}

test("a model that several threads ask for is loaded once, and unloaded with the last of them", async () => {
  const { told, thread } = setting();
  const [one, two] = [thread(1, 7), thread(2, 7)];
  expect(await one.load(model("m"))).toEqual(signature);
  expect(await two.load(model("m"))).toEqual(signature);
  await two.load(model("n"), 1);
  expect(told).toEqual(["load 7 m 1", "load 7 n 2 1"]);
  await one.unload("m");
  await one.unload("m");
  expect(told).toHaveLength(2);
  await two.unload("m");
  await two.unload("n");
  expect(told.slice(2)).toEqual(["unload 7 m 1", "unload 7 n 2"]);
});

test("a model that could not be loaded is tried anew", async () => {
  const { told, state, thread } = setting();
  const one = thread(1, 7);
  state.failsNext = true;
  await expect(one.load(model("m"))).rejects.toThrow("no such model");
  expect(await one.load(model("m"))).toEqual(signature);
  expect(told).toEqual(["load 7 m 1", "load 7 m 2"]);
});

test("a run has the time that its caller has left, and tells what ran with it", async () => {
  const { clock, state, thread } = setting();
  const one = thread(1, 7);
  await one.load(model("m"));
  await clock.advance(100);
  const ran: number[][] = [];
  const asked = {
    ...inference("m"),
    deadlineMs: 150,
    onRun: (rows: number, ms: number) => ran.push([rows, ms]),
  };
  const inferred = await one.run(asked, forEver);
  expect(inferred).toEqual({ outputs: inference("m").inputs, queueMs: 1, computeMs: 8 });
  expect(ran).toEqual([[3, 8]]);
  expect(state.ran).toMatchObject({ key: "7 m 1", group: "g", rowsMax: 4, deadlineMs: 150 });
  expect(asked.inputs[0]?.bytes, "the caller's own bytes stay with it").toHaveLength(2);
  await one.run(inference("m"), forEver);
  expect(state.ran).not.toHaveProperty("deadlineMs");
});

test("a run whose caller leaves is cancelled, and counts until then", async () => {
  const { state, thread, running } = setting();
  const one = thread(1, 7);
  await one.load(model("slow"));
  const caller = new AbortController();
  const run = one.run(inference("slow"), caller.signal);
  await running;
  expect(one.stats()).toEqual({ queued: 1, running: 0, orphans: 0, workers: 0 });
  caller.abort(fault("CANCELLED", "left"));
  await expect(run).rejects.toThrow("left");
  expect([state.signal?.aborted, one.stats().queued]).toEqual([true, 0]);
  await expect(one.run(inference("slow"), caller.signal)).rejects.toThrow("left");
});

test("a thread that has ended runs nothing and has no sessions, and others keep theirs", async () => {
  const { told, state, sessions, thread, running } = setting();
  const [one, eleventh] = [thread(1, 7), thread(11, 7)];
  await one.load(model("slow"));
  await eleventh.load(model("slow"));
  await eleventh.load({ ...model("m"), warmUpRuns: 2 });
  const run = one.run(inference("slow"), forEver).catch((thrown: unknown) => thrown);
  await running;
  await sessions.ended(1);
  expect(await run).toBeInstanceOf(Error);
  expect(state.signal?.aborted).toBe(true);
  expect(told.filter((line) => line.startsWith("unload"))).toEqual([]);
  await sessions.ended(11);
  expect(told.slice(2)).toEqual(["unload 7 slow 1", "unload 7 m 2"]);
});

test("a generation that ends unloads what it has loaded", async () => {
  const { told, thread } = setting();
  const one = thread(1, 7);
  await one.load(model("a"));
  await one.load({ ...model("b"), warmUpRuns: 2 });
  await one.unload("b");
  await one[Symbol.asyncDispose]();
  expect(told.slice(2)).toEqual(["unload 7 b 2", "unload 7 a 1"]);
});
