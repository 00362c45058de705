/** One worker thread as seen from outside: questions, answers, and its end. */

import { SHARE_ENV, Worker } from "node:worker_threads";
import { fault } from "#errors/fault.ts";
import type { WorkerReply, WorkerRequest } from "./messages.ts";

/**
 * A running worker. It takes one question at a time. Disposing lets it finish what it does and
 * waits for its exit: ending a worker from outside in the middle of a run aborts the process.
 */
export interface WorkerThread extends AsyncDisposable {
  /** False once it has ended, for whatever reason. */
  readonly alive: boolean;
  /** Buffers of inputs move to the worker. Rejects with BACKEND_LOST when the worker ends first. */
  ask(request: Exclude<WorkerRequest, { kind: "close" }>): Promise<WorkerReply>;
}

/** Starts the worker; `onExit` is called once when it has ended. */
export type StartWorkerThread = (onExit: () => void) => WorkerThread;

/** Starts the thread that runs `entry`, by default the one that runs ONNX models. */
export function startWorkerThread(
  onExit: () => void,
  entry = new URL(import.meta.resolve("#backends/onnx/worker.ts")),
): WorkerThread {
  const worker = new Worker(entry, { name: "onnx", env: SHARE_ENV });
  const exited = Promise.withResolvers<void>();
  let alive = true;
  let cause: unknown;
  let waiting: PromiseWithResolvers<WorkerReply> | undefined;
  worker.on("message", (reply: WorkerReply) => {
    waiting?.resolve(reply);
    waiting = undefined;
  });
  worker.on("error", (error) => {
    cause = error;
  });
  worker.on("exit", () => {
    alive = false;
    waiting?.reject(lost(cause));
    exited.resolve();
    onExit();
  });
  return {
    get alive() {
      return alive;
    },
    ask(request) {
      if (!alive) return Promise.reject(lost(cause));
      waiting = Promise.withResolvers();
      const buffers = request.kind === "run" ? request.inputs.map(({ bytes }) => bytes.buffer) : [];
      worker.postMessage(request, buffers);
      return waiting.promise;
    },
    [Symbol.asyncDispose]() {
      worker.postMessage({ kind: "close" } satisfies WorkerRequest);
      return exited.promise;
    },
  };
}

function lost(cause: unknown) {
  return fault("BACKEND_LOST", "the worker that ran the model ended", { cause });
}
