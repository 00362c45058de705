/** A thread that serves calls, as the main thread sees it: its start, its connections, its end. */

import type { Socket } from "node:net";
import { SHARE_ENV, Worker } from "node:worker_threads";
import { systemClock } from "#core/clock.ts";
import { settleWithin } from "#core/settle-within.ts";
import type { MetricSnapshot } from "#observability/family.ts";
import type { StatsSnapshot } from "#services/stats-snapshot.ts";
import type { LoadBoard } from "./load-board.ts";
import type { AskedOfMain, AskedOfThread, ThreadData, ThreadFacts, ToThread } from "./messages.ts";
import { type Answers, PortCalls, type PortMessage } from "./port-calls.ts";
import { emptyStats } from "./stats-merge.ts";
import { heapOf } from "./thread-heap.ts";

/** The thread itself, as far as the main thread uses it. */
export type CallWorker = Pick<Worker, "on" | "once" | "postMessage" | "terminate">;

/** Starts a thread that serves calls. */
export function startCallWorker(data: ThreadData): CallWorker {
  return new Worker(new URL(import.meta.resolve("#workers/thread.ts")), {
    name: `calls ${data.slot + 1}`,
    env: SHARE_ENV,
    workerData: data,
    resourceLimits: heapOf(data.settings.workers),
  });
}

/** What a thread needs of the main thread. */
export interface CallThreadDeps {
  startWorker(data: ThreadData): CallWorker;
  readonly board: LoadBoard;
  /** Answers what the thread asks. */
  answersFor(thread: CallThread): Answers<AskedOfMain>;
  /** Notified once, when the thread has ended; `cause` is what it ended of, absent where it was to end. */
  onExit(thread: CallThread, cause: unknown): void;
}

/** One thread. Ending it does not wait for its calls; `finish` does. */
export class CallThread {
  readonly slot: number;
  /** What it counted when it was asked last. */
  counted: readonly MetricSnapshot[] = [];
  /** The same, for statistics. */
  stats: StatsSnapshot = emptyStats;
  /** The generation that it serves by. */
  generation: number;
  readonly calls: PortCalls<AskedOfThread, AskedOfMain>;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  readonly #worker: CallWorker;
  readonly #board: LoadBoard;
  #isTold = false;
  /** Why it was ended, where something kept it from serving. */
  #toldCause: unknown;

  constructor(data: ThreadData, { startWorker, board, answersFor, onExit }: CallThreadDeps) {
    this.slot = data.slot;
    this.generation = data.generation;
    this.#board = board;
    const worker = startWorker(data);
    this.#worker = worker;
    this.calls = new PortCalls(worker, answersFor(this));
    let cause: unknown;
    worker.on("message", (message: PortMessage) => void this.calls.receive(message));
    worker.on("error", (error) => {
      cause = error;
    });
    const ended = Promise.withResolvers<void>();
    this.ended = ended.promise;
    worker.once("exit", (code) => {
      cause ??= new Error(`the thread ended with status ${code}`);
      this.calls.end(new Error("the thread has ended", { cause }));
      board.clear(this.slot);
      onExit(this, this.#isTold ? this.#toldCause : cause);
      ended.resolve();
    });
  }

  /** Resolves when it serves; rejects with what kept it from that. */
  start(): Promise<ThreadFacts> {
    return this.calls.ask("start", undefined);
  }

  /** Has it serve a connection. One whose client has gone already is let go. */
  take(listener: number, socket: Socket): void {
    try {
      const message: ToThread = { kind: "connection", listener, socket };
      this.#worker.postMessage(message, [socket]);
      this.#board.entered(this.slot);
    } catch {
      socket.destroy();
    }
  }

  /** Asks what it has counted so far; if it does not answer in time, what it said before stands. */
  async count(timeoutMs: number): Promise<void> {
    const asked = this.calls.ask("metrics", undefined).then((counted) => {
      this.counted = counted;
    });
    await settleWithin(asked, timeoutMs, systemClock);
  }

  /** The same, for statistics. */
  async countStats(timeoutMs: number): Promise<void> {
    const asked = this.calls.ask("stats", undefined).then((stats) => {
      this.stats = stats;
    });
    await settleWithin(asked, timeoutMs, systemClock);
  }

  /** Ends it, calls or not; `cause` is reported where it had to serve and cannot. Resolves when it has ended. */
  async end(cause?: unknown): Promise<void> {
    this.#isTold = true;
    this.#toldCause ??= cause;
    await this.#worker.terminate();
    await this.ended;
  }
}
