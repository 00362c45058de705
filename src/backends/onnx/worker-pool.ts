/** Workers that hold sessions and share one queue; the dead are replaced. */

import type { Clock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import { createBell } from "./bell.ts";
import {
  createInferenceQueue,
  type Inference,
  type Inferred,
  type QueueStats,
} from "./inference-queue.ts";
import type { SessionRequest, SessionSignature } from "./messages.ts";
import { type PlannedSession, WorkerSlot } from "./worker-slot.ts";
import type { StartWorkerThread } from "./worker-thread.ts";

/** Size of the pool. */
export interface WorkerPoolOptions {
  /** Threads, at least 1; each holds every session, unless that asks for fewer. */
  readonly workers: number;
  /** Rows of one model that may wait for a worker, at least 1. */
  readonly queueMax: number;
}

/** What the pool takes from outside. */
export interface WorkerPoolDeps {
  readonly clock: Clock;
  readonly startThread: StartWorkerThread;
}

/** How busy the pool is. */
export interface PoolStats extends QueueStats {
  /** Threads that are up. */
  readonly workers: number;
}

/** Runs inferences on worker threads. Disposing lets runs end, then ends the threads. */
export interface WorkerPool extends AsyncDisposable {
  /**
   * Resolves when every worker, or as many as `instances` says, hold the session. Rejects with
   * MODEL_LOAD_FAILED, and no worker keeps it, when one cannot. Keys are used once.
   */
  load(request: SessionRequest, instances?: number): Promise<SessionSignature>;
  /** Drops a session after the inferences that wait for it; resolves when no worker holds it. */
  unload(key: string): Promise<void>;
  /**
   * Runs one inference, together with like ones that wait when a worker frees up. Rejects with
   * OVERLOADED, BACKEND_LOST (its worker died, or none can run it), BACKEND_FAILED (the model
   * refused these inputs), SHUTTING_DOWN, or the signal's fault as soon as that aborts.
   */
  run(inference: Inference, signal: AbortSignal): Promise<Inferred>;
  stats(): PoolStats;
}

/** A pool without sessions; its threads start with the first one. */
export function createWorkerPool(options: WorkerPoolOptions, deps: WorkerPoolDeps): WorkerPool {
  const closing = new AbortController();
  const bell = createBell();
  const queue = createInferenceQueue(options.queueMax, deps.clock, bell);
  const sessions = new Map<string, PlannedSession>();
  const work = { ...deps, bell, queue, sessions, closing: closing.signal, onLoss: failHopeless };
  const slots = Array.from({ length: options.workers }, () => new WorkerSlot(work));
  let tending: readonly Promise<void>[] = [];

  function isHopeless(key: string): boolean {
    return !slots.some((slot) => slot.mayServe(key));
  }

  /** The slots that fewest sessions are planned for. */
  function idlest(count: number): readonly WorkerSlot[] {
    const planned = (slot: WorkerSlot) =>
      sessions.values().reduce((sum, session) => sum + Number(session.slots.has(slot)), 0);
    return slots.toSorted((a, b) => planned(a) - planned(b)).slice(0, count);
  }

  function failHopeless(): void {
    queue.reject(isHopeless, noWorker);
  }

  return {
    async load(request, instances = slots.length) {
      if (closing.signal.aborted) throw shuttingDown();
      if (tending.length === 0) tending = slots.map((slot) => slot.tend());
      const outcome = Promise.withResolvers<SessionSignature>();
      const chosen = idlest(instances);
      sessions.set(request.key, {
        request,
        outcome,
        slots: new Set(chosen),
        missing: new Set(chosen),
      });
      bell.ring();
      return await outcome.promise;
    },
    async unload(key) {
      while (queue.has(key)) await bell.rung();
      sessions.delete(key);
      bell.ring();
      while (slots.some((slot) => slot.holds(key))) await bell.rung();
    },
    async run(inference, signal) {
      if (closing.signal.aborted) throw shuttingDown();
      if (isHopeless(inference.key)) throw noWorker();
      return await queue.add(inference, signal);
    },
    stats() {
      return { ...queue.stats(), workers: slots.filter(({ isUp }) => isUp).length };
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      queue.reject(() => true, shuttingDown);
      bell.ring();
      await Promise.all(tending);
      for (const { outcome } of sessions.values()) outcome.reject(shuttingDown());
    },
  };
}

function noWorker() {
  return fault("BACKEND_LOST", "no worker can run the model now");
}

function shuttingDown() {
  return fault("SHUTTING_DOWN", "the gateway is stopping");
}
