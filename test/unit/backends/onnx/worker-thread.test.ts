import { once } from "node:events";
import { SHARE_ENV, Worker } from "node:worker_threads";
import { ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { startWorkerThread } from "#backends/onnx/worker-thread.ts";
import { reasonOf } from "#errors/fault.ts";
import { bytesFromNumbers } from "#inference/tensor-view.ts";
import { gemm, identity } from "../../../support/onnx-models.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

const dyingWorker = new URL("../../../support/dying-worker.ts", import.meta.url);
const telemetryProbe = new URL("../../../support/telemetry-probe.ts", import.meta.url);

const ignoreExit = () => {};

function point() {
  return {
    name: "x",
    datatype: "FP32",
    shape: [1, 2],
    bytes: bytesFromNumbers("FP32", [1, 2]),
  } as const;
}

async function reasonOfRejection(work: Promise<unknown>) {
  const error = await work.then(
    () => "nothing was thrown",
    (thrown: unknown) => thrown,
  );
  return error instanceof ConnectError ? reasonOf(error) : error;
}

test("telemetry is off and half floats are prepared before the library is loaded", async () => {
  delete process.env.ORT_DISABLE_TELEMETRY;
  const worker = new Worker(telemetryProbe, { env: SHARE_ENV });
  const [prepared] = await once(worker, "message");
  expect(prepared).toEqual({ telemetry: "1", halfFloats: "undefined" });
  // Not a copy of the worker's: the environment that native code reads.
  expect(process.env.ORT_DISABLE_TELEMETRY).toBe("1");
  worker.postMessage({ kind: "close" });
  await once(worker, "exit");
});

describe("a worker", () => {
  test("loads, runs, unloads and ends", async () => {
    await using folder = await temporaryFolder();
    const file = await folder.write("model.onnx", gemm());
    let exits = 0;
    const thread = startWorkerThread(() => {
      exits += 1;
    });
    expect(await thread.ask({ kind: "load", key: "a", file, warmUpRuns: 1 })).toEqual({
      kind: "loaded",
      signature: {
        inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }],
        outputs: [{ name: "scores", datatype: "FP32", shape: [-1, 3] }],
      },
    });
    expect(await thread.ask({ kind: "run", key: "a", inputs: [point()] })).toEqual({
      kind: "ran",
      computeMs: expect.any(Number),
      outputs: [
        {
          name: "scores",
          datatype: "FP32",
          shape: [1, 3],
          bytes: bytesFromNumbers("FP32", [1, 2, 1]),
        },
      ],
    });
    expect(await thread.ask({ kind: "unload", key: "a" })).toEqual({ kind: "unloaded" });
    expect(await thread.ask({ kind: "run", key: "a", inputs: [point()] })).toMatchObject({
      kind: "failed",
    });
    expect([thread.alive, exits]).toEqual([true, 0]);
    await thread[Symbol.asyncDispose]();
    expect([thread.alive, exits]).toEqual([false, 1]);
  });

  test("moves inputs there and outputs back instead of copying them", async () => {
    await using folder = await temporaryFolder();
    const file = await folder.write("model.onnx", identity("UINT8", ["N"]));
    await using thread = startWorkerThread(ignoreExit);
    await thread.ask({ kind: "load", key: "a", file, warmUpRuns: 0 });
    const bytes = new Uint8Array(1000).fill(7);
    const answer = thread.ask({
      kind: "run",
      key: "a",
      inputs: [{ name: "x", datatype: "UINT8", shape: [1000], bytes }],
    });
    expect(bytes.byteLength).toBe(0);
    const reply = await answer;
    expect(reply.kind === "ran" && reply.outputs[0]?.bytes).toEqual(new Uint8Array(1000).fill(7));
  });

  test("that dies while it is asked is lost, and later questions are too", async () => {
    await using folder = await temporaryFolder();
    const file = await folder.write("model.onnx", gemm());
    await using thread = startWorkerThread(ignoreExit, dyingWorker);
    await thread.ask({ kind: "load", key: "fatal", file, warmUpRuns: 0 });
    const asked = thread.ask({ kind: "run", key: "fatal", inputs: [point()] });
    expect(await reasonOfRejection(asked)).toBe("BACKEND_LOST");
    expect(thread.alive).toBe(false);
    expect(await reasonOfRejection(thread.ask({ kind: "unload", key: "fatal" }))).toBe(
      "BACKEND_LOST",
    );
  });

  test("whose code cannot be loaded is lost", async () => {
    await using thread = startWorkerThread(ignoreExit, new URL("absent.ts", import.meta.url));
    expect(await reasonOfRejection(thread.ask({ kind: "unload", key: "a" }))).toBe("BACKEND_LOST");
  });

  test("ends only after the run it is in", async () => {
    await using folder = await temporaryFolder();
    const file = await folder.write("model.onnx", gemm());
    const thread = startWorkerThread(ignoreExit);
    await thread.ask({ kind: "load", key: "a", file, warmUpRuns: 0 });
    const running = thread.ask({ kind: "run", key: "a", inputs: [point()] });
    const ended = thread[Symbol.asyncDispose]();
    expect(await running).toMatchObject({ kind: "ran" });
    await ended;
  });
});
