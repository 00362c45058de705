/** What is run again of a batch that failed, and for whom. */

import { expect, test } from "vitest";
import { runBatch } from "#backends/onnx/batch.ts";
import { createBell } from "#backends/onnx/bell.ts";
import { createInferenceQueue } from "#backends/onnx/inference-queue.ts";
import type { WorkerReply } from "#backends/onnx/messages.ts";
import type { WorkerThread } from "#backends/onnx/worker-thread.ts";
import { createManualClock } from "../../../support/manual-clock.ts";
import { plain, refusal, tensor } from "../../../support/predict.ts";

/** A worker whose model fails on batches; `meanwhile` happens while the first of them runs. */
function failingTogether(meanwhile: () => void) {
  const runs: (readonly number[])[] = [];
  const thread: WorkerThread = {
    alive: true,
    async ask(request): Promise<WorkerReply> {
      if (request.kind !== "run") throw new Error(request.kind);
      const [input] = plain(request.inputs);
      runs.push(input?.numbers ?? []);
      if (runs.length === 1) meanwhile();
      if (runs.length === 1) return { kind: "failed", message: "not these together" };
      return { kind: "ran", outputs: request.inputs, computeMs: 1 };
    },
    async [Symbol.asyncDispose]() {},
  };
  return { thread, runs };
}

test("an inference of a batch that failed is run again only while its caller waits", async () => {
  const queue = createInferenceQueue(16, createManualClock(), createBell());
  const callers = [1, 2, 3].map((number) => {
    const controller = new AbortController();
    const inputs = [tensor("x", "FP32", [1], [number])];
    const answer = queue.add({ key: "m", inputs, rowsMax: 8 }, controller.signal);
    return { controller, answer: refusal(answer) };
  });
  const jobs = queue.take(() => true);
  const { thread, runs } = failingTogether(() => callers[1]?.controller.abort());
  await runBatch(thread, jobs);
  expect(runs).toEqual([[1, 2, 3], [1], [3]]);
  expect(await Promise.all(callers.map(({ answer }) => answer))).toMatchObject([
    { computeMs: 1 },
    { reason: "CANCELLED" },
    { computeMs: 1 },
  ]);
});
