/** One place in the pool: keeps a thread alive, its sessions as planned, and gives it work. */

import type { Clock } from "#core/clock.ts";
import { fault, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { runBatch } from "./batch.ts";
import type { Bell } from "./bell.ts";
import type { InferenceQueue, Job } from "./inference-queue.ts";
import type { SessionRequest, SessionSignature } from "./messages.ts";
import { publicText } from "./ort-message.ts";
import type { StartWorkerThread, WorkerThread } from "./worker-thread.ts";

/** A session that workers shall hold. */
export interface PlannedSession {
  readonly request: SessionRequest;
  /** Slots that shall hold it. */
  readonly slots: ReadonlySet<WorkerSlot>;
  /** Slots that have not loaded it yet. */
  readonly missing: Set<WorkerSlot>;
  /** Settles when the first has refused it or the last has loaded it. */
  readonly outcome: PromiseWithResolvers<SessionSignature>;
}

/** What the slots of a pool share. */
export interface SharedWork {
  readonly clock: Clock;
  readonly startThread: StartWorkerThread;
  /** Rings when there may be something to do. */
  readonly bell: Bell;
  readonly queue: InferenceQueue;
  /** What workers shall hold, by key. */
  readonly sessions: Map<string, PlannedSession>;
  readonly closing: AbortSignal;
  /** Called when a slot can serve less than before. */
  readonly onLoss: () => void;
}

/** How long the slot stays empty after so many deaths without a run between them, in milliseconds. */
function restartDelayMs(deaths: number): number {
  return deaths <= 1 ? 0 : Math.min(5_000, 100 * 2 ** (deaths - 2));
}

/** A place for one worker thread. */
export class WorkerSlot {
  readonly #work: SharedWork;
  readonly #held = new Set<string>();
  readonly #refused = new Set<string>();
  #deaths = 0;
  #thread: WorkerThread | undefined;
  #isPausing = false;

  constructor(work: SharedWork) {
    this.#work = work;
  }

  /** Whether a thread is up. */
  get isUp(): boolean {
    return this.#thread?.alive === true;
  }

  /** Whether its thread holds the session. */
  holds(key: string): boolean {
    return this.#held.has(key);
  }

  /** Whether it runs the session, or will once its thread is up. */
  mayServe(key: string): boolean {
    const isMine = this.#work.sessions.get(key)?.slots.has(this) ?? true;
    return isMine && !this.#isPausing && !this.#refused.has(key);
  }

  /** Keeps a thread at work until the pool closes; never rejects. */
  async tend(): Promise<void> {
    const { closing, clock, bell, onLoss } = this.#work;
    while (!closing.aborted) {
      try {
        await this.#live();
      } catch {
        // The thread is gone, and whoever waited for it has been notified.
        this.#deaths += 1;
      }
      this.#thread = undefined;
      this.#held.clear();
      this.#refused.clear();
      const delayMs = restartDelayMs(this.#deaths);
      this.#isPausing = delayMs > 0;
      onLoss();
      bell.ring();
      if (this.#isPausing) await clock.sleep(delayMs, closing).catch(() => undefined);
      this.#isPausing = false;
    }
  }

  async #live(): Promise<void> {
    const { bell, closing, startThread } = this.#work;
    await using thread = startThread(bell.ring);
    this.#thread = thread;
    while (!closing.aborted) {
      if (!thread.alive) throw fault("BACKEND_LOST", "the worker ended");
      const task = this.#nextTask();
      if (task === undefined) await bell.rung();
      else await task(thread);
    }
  }

  /** Sessions come first: a worker that lacks one would leave its inferences to the others. */
  #nextTask(): ((thread: WorkerThread) => Promise<void>) | undefined {
    const { sessions, queue } = this.#work;
    for (const [key, planned] of sessions) {
      if (planned.slots.has(this) && !this.#held.has(key) && !this.#refused.has(key)) {
        return (thread) => this.#load(thread, key, planned);
      }
    }
    for (const key of this.#held) {
      if (!sessions.has(key)) return (thread) => this.#unload(thread, key);
    }
    const jobs = queue.take((key) => this.#held.has(key));
    return jobs.length === 0 ? undefined : (thread) => this.#run(thread, jobs);
  }

  async #load(thread: WorkerThread, key: string, planned: PlannedSession): Promise<void> {
    try {
      const reply = await thread.ask({ kind: "load", ...planned.request });
      if (reply.kind === "loaded") {
        this.#held.add(key);
        planned.missing.delete(this);
        if (planned.missing.size === 0) planned.outcome.resolve(reply.signature);
        return;
      }
      this.#refused.add(key);
      this.#abandon(planned, reply.kind === "failed" ? publicText(reply.message) : reply.kind);
    } catch (error) {
      const died = "the worker died while it loaded the model";
      const isLost = reasonOf(faultFrom(error)) === "BACKEND_LOST";
      this.#abandon(planned, isLost ? died : faultFrom(error).rawMessage);
      throw error;
    } finally {
      this.#work.bell.ring();
    }
  }

  /** Drops a session that one worker cannot load, unless it has been in service already. */
  #abandon({ missing, request, outcome }: PlannedSession, problem: string): void {
    if (missing.size > 0) this.#work.sessions.delete(request.key);
    outcome.reject(fault("MODEL_LOAD_FAILED", problem));
    this.#work.onLoss();
  }

  async #unload(thread: WorkerThread, key: string): Promise<void> {
    await thread.ask({ kind: "unload", key });
    this.#held.delete(key);
    this.#work.bell.ring();
  }

  async #run(thread: WorkerThread, jobs: readonly Job[]): Promise<void> {
    try {
      await runBatch(thread, jobs);
      this.#deaths = 0;
    } finally {
      this.#work.queue.release(jobs);
    }
  }
}
