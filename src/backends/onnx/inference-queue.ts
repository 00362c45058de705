/** Inferences that wait for a worker or are being run: bounds, order, batches, cancellation. */

import type { Clock } from "#core/clock.ts";
import type { NamedTensor } from "#core/tensor.ts";
import { fault } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { Bell } from "./bell.ts";
import { type Rows, rowsOf } from "./rows.ts";

/** One inference to run. */
export interface Inference {
  /** Key of the session that runs it. */
  readonly key: string;
  /** Checked, in the model's order. */
  readonly inputs: readonly NamedTensor[];
  /** Most rows to run as one; 1 means always alone. */
  readonly rowsMax: number;
}

/** What an inference gave. */
export interface Inferred {
  readonly outputs: readonly NamedTensor[];
  /** Waiting for a worker, in milliseconds. */
  readonly queueMs: number;
  /** The model, in milliseconds; a batch's time counts for each of its inferences. */
  readonly computeMs: number;
}

/** An inference on its way. Once it is answered, further answers are ignored. */
export interface Job {
  readonly inference: Inference;
  /** Absent when it must run alone. */
  readonly rows: Rows | undefined;
  /** Whether somebody still waits for it. */
  readonly wanted: boolean;
  answer(outputs: readonly NamedTensor[], computeMs: number): void;
  fail(error: unknown): void;
}

/** How full it is. */
export interface QueueStats {
  readonly queued: number;
  /** Being run while somebody waits. */
  readonly running: number;
  /** Being run although the caller is gone: a run cannot be stopped. */
  readonly orphans: number;
}

/** A bounded queue of inferences. */
export interface InferenceQueue {
  /** Rejects with OVERLOADED when full, and with the signal's fault as soon as that aborts. */
  add(inference: Inference, signal: AbortSignal): Promise<Inferred>;
  /** The oldest inference whose key `can` be run, with younger like ones up to its batch; removes them. */
  take(can: (key: string) => boolean): readonly Job[];
  /** Says that taken jobs are no longer being run. */
  release(jobs: readonly Job[]): void;
  /** Fails every waiting inference whose key `cannot` be run. */
  reject(cannot: (key: string) => boolean, error: (key: string) => unknown): void;
  /** Whether an inference waits for this session. */
  has(key: string): boolean;
  stats(): QueueStats;
}

interface Entry extends Job {
  wanted: boolean;
  startedMs: number | undefined;
}

/** A queue that holds at most `queueMax` waiting inferences and rings when one comes or goes. */
export function createInferenceQueue(queueMax: number, clock: Clock, bell: Bell): InferenceQueue {
  const waiting = new Set<Entry>();
  const running = new Set<Job>();
  return {
    add(inference, signal) {
      if (signal.aborted) return Promise.reject(faultFrom(signal.reason));
      if (waiting.size >= queueMax) return Promise.reject(full(queueMax));
      const { promise, resolve, reject } = Promise.withResolvers<Inferred>();
      const addedMs = clock.nowMs();
      const settle = () => {
        entry.wanted = false;
        waiting.delete(entry);
        signal.removeEventListener("abort", onAbort);
        bell.ring();
      };
      // Stays among the running if it is there: its worker is still busy with it.
      const onAbort = () => {
        settle();
        reject(faultFrom(signal.reason));
      };
      const entry: Entry = {
        inference,
        rows: inference.rowsMax > 1 ? rowsOf(inference.inputs) : undefined,
        wanted: true,
        startedMs: undefined,
        answer(outputs, computeMs) {
          settle();
          running.delete(entry);
          resolve({ outputs, computeMs, queueMs: (entry.startedMs ?? addedMs) - addedMs });
        },
        fail(error) {
          settle();
          running.delete(entry);
          reject(error);
        },
      };
      signal.addEventListener("abort", onAbort, { once: true });
      waiting.add(entry);
      bell.ring();
      return promise;
    },
    take(can) {
      const batch = firstBatch(waiting, can);
      const nowMs = clock.nowMs();
      for (const entry of batch) {
        waiting.delete(entry);
        running.add(entry);
        entry.startedMs = nowMs;
      }
      return batch;
    },
    release(jobs) {
      for (const job of jobs) running.delete(job);
    },
    reject(cannot, error) {
      for (const entry of waiting) {
        if (cannot(entry.inference.key)) entry.fail(error(entry.inference.key));
      }
    },
    has: (key) => waiting.values().some(({ inference }) => inference.key === key),
    stats() {
      const wanted = running.values().reduce((count, job) => count + Number(job.wanted), 0);
      return { queued: waiting.size, running: wanted, orphans: running.size - wanted };
    },
  };
}

function full(queueMax: number) {
  return fault("OVERLOADED", `${queueMax} inferences wait for a worker, which is the limit`);
}

function firstBatch(waiting: Iterable<Entry>, can: (key: string) => boolean): Entry[] {
  const batch: Entry[] = [];
  let rows = 0;
  for (const entry of waiting) {
    const [head] = batch;
    const fits = head === undefined ? can(entry.inference.key) : isLike(head, entry);
    const rowsAfter = rows + (entry.rows?.count ?? 0);
    if (!fits || (head !== undefined && rowsAfter > head.inference.rowsMax)) continue;
    batch.push(entry);
    rows = rowsAfter;
    if (entry.rows === undefined || rows >= entry.inference.rowsMax) break;
  }
  return batch;
}

function isLike(head: Entry, next: Entry): boolean {
  return head.inference.key === next.inference.key && head.rows?.likeness === next.rows?.likeness;
}
