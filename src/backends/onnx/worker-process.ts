/** A worker in a process of its own, which can be ended in the middle of a run. */

import { type ChildProcess, fork } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { systemClock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import type { WorkerReply, WorkerRequest } from "./messages.ts";
import type { WorkerThread } from "./worker-thread.ts";

/** What makes an end of the process. */
export interface ProcessLimits {
  /** Longest run, in milliseconds. */
  readonly runTimeoutMs?: number;
  /** Most resident memory, in bytes. */
  readonly memoryBytesMax?: number;
}

/** How often the memory of a busy process is looked at. */
const memoryCheckMs = 100;

/** Variables that the process is given; it has no need of the gateway's secrets. */
const environmentNames = ["PATH", "LD_LIBRARY_PATH", "LOCPATH", "TMPDIR", "NODE_OPTIONS"];

/**
 * Starts the process. What it is asked while it exceeds a limit is rejected with DEADLINE_EXCEEDED
 * or OVERLOADED, which name it, and the process is killed.
 */
export function startWorkerProcess(
  onExit: () => void,
  limits: ProcessLimits,
  entry = new URL(import.meta.resolve("#backends/onnx/worker.ts")),
): WorkerThread {
  const child = fork(fileURLToPath(entry), [], {
    serialization: "advanced",
    env: { ...environment(), ORT_DISABLE_TELEMETRY: "1" },
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const exited = Promise.withResolvers<void>();
  let alive = true;
  let cause: unknown;
  let waiting: PromiseWithResolvers<WorkerReply> | undefined;
  child.on("message", (reply) => {
    waiting?.resolve(reply as WorkerReply);
    waiting = undefined;
  });
  child.on("error", (error) => {
    cause = error;
    end();
  });
  child.on("exit", (code, signal) => {
    cause ??= `exit ${code ?? signal}`;
    end();
  });

  function end(): void {
    if (!alive) return;
    alive = false;
    waiting?.reject(lost(cause));
    exited.resolve();
    onExit();
  }

  /** Ends the process for a reason, with which all that wait for it fail. */
  function kill(reason: unknown): void {
    waiting?.reject(reason);
    waiting = undefined;
    child.kill("SIGKILL");
  }

  return {
    get alive() {
      return alive;
    },
    async ask(request) {
      if (!alive) throw lost(cause);
      waiting = Promise.withResolvers();
      const { promise } = waiting;
      using _watch = watched(child, request, { limits, kill });
      send(child, request);
      return await promise;
    },
    [Symbol.asyncDispose]() {
      if (alive) send(child, { kind: "close" });
      return exited.promise;
    },
  };
}

interface Watching {
  readonly limits: ProcessLimits;
  kill(reason: unknown): void;
}

/** Holds the process to its limits until it is disposed. */
function watched(
  child: ChildProcess,
  request: WorkerRequest,
  { limits, kill }: Watching,
): Disposable {
  const { runTimeoutMs, memoryBytesMax } = limits;
  const controller = new AbortController();
  const { signal } = controller;
  if (runTimeoutMs !== undefined && request.kind === "run") {
    const text = `the model ran for more than ${runTimeoutMs} ms (run_timeout), and was ended`;
    systemClock.sleep(runTimeoutMs, signal).then(
      () => kill(fault("DEADLINE_EXCEEDED", text)),
      () => undefined,
    );
  }
  if (memoryBytesMax !== undefined && child.pid !== undefined) {
    const text = `the model took more than ${memoryBytesMax} bytes of memory (memory_max), and was ended`;
    void untilAbove(memoryBytesMax, child.pid, signal).then((isAbove) => {
      if (isAbove) kill(fault("OVERLOADED", text));
    });
  }
  return { [Symbol.dispose]: () => controller.abort() };
}

/** Resolves to true once the process has more memory, to false when the signal aborts. */
async function untilAbove(bytesMax: number, pid: number, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if ((await residentBytes(pid)) > bytesMax) return !signal.aborted;
    await systemClock.sleep(memoryCheckMs, signal).catch(() => undefined);
  }
  return false;
}

/** Pages are 4 KiB on every system that has this file and runs the library. */
const pageBytes = 4096;

/** Resident memory of a process; 0 where the system does not tell. */
async function residentBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/statm`, "utf8").catch(() => "");
  return Number(text.split(" ")[1] ?? 0) * pageBytes;
}

/** What is written to a process that has just ended is for no one. */
function send(child: ChildProcess, request: WorkerRequest): void {
  child.send(request, () => undefined);
}

function environment(): Record<string, string> {
  const { env } = process;
  return Object.fromEntries(
    environmentNames.flatMap((name) => {
      const value = env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function lost(cause: unknown) {
  return fault("BACKEND_LOST", "the process that ran the model ended", { cause });
}
