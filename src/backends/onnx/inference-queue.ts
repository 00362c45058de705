/** Inferences that wait for a worker or are being run: bounds, turns, batches, deadlines, cancellation. */

import type { Clock } from "#core/clock.ts";
import type { NamedTensor } from "#core/tensor.ts";
import { fault } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { Bell } from "./bell.ts";
import { type Rows, rowsOf } from "./rows.ts";
import { type Turn, type Waiting, WaitingGroups } from "./waiting-groups.ts";

/** One inference to run. */
export interface Inference {
  /** Key of the session that runs it. */
  readonly key: string;
  /** Inferences of one group share a bound and take turns with those of others; the key when absent. */
  readonly group?: string;
  /** Checked, in the model's order. */
  readonly inputs: readonly NamedTensor[];
  /** Most rows to run as one; 1 means always alone. */
  readonly rowsMax: number;
  /** Not begun after this time of the clock; absent when it may wait for ever. */
  readonly deadlineMs?: number | undefined;
  /** Notified, for one of the inferences that ran as one, of how many rows ran and how long. */
  onRun?(rows: number, computeMs: number): void;
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
  /** Requests that wait. */
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
  /**
   * Of the groups with something that `can` be run, the one that has had the least of the workers:
   * its oldest inference, with younger like ones up to its batch; removes them. Those whose deadline
   * has passed fail instead.
   */
  take(can: (key: string) => boolean): readonly Job[];
  /** Says that taken jobs are no longer being run. */
  release(jobs: readonly Job[]): void;
  /** Fails every waiting inference whose key `cannot` be run. */
  reject(cannot: (key: string) => boolean, error: (key: string) => unknown): void;
  /** Whether an inference waits for this session. */
  has(key: string): boolean;
  stats(): QueueStats;
}

interface Entry extends Job, Waiting {
  wanted: boolean;
  startedMs: number | undefined;
  /** The turn that it was taken in, with those that run with it. */
  turn: Turn<Entry> | undefined;
}

/**
 * A queue that holds at most `rowsMax` waiting rows a group, or one inference that has more, and rings
 * when one comes or goes.
 */
export function createInferenceQueue(rowsMax: number, clock: Clock, bell: Bell): InferenceQueue {
  const waiting = new WaitingGroups<Entry>();
  const running = new Set<Job>();

  function entryOf(inference: Inference, done: Pick<Entry, "answer" | "fail">): Entry {
    const rows = inference.rowsMax > 1 ? rowsOf(inference.inputs) : undefined;
    const { group = inference.key } = inference;
    const weight = rows?.count ?? 1;
    return {
      ...{ inference, group, rows, weight, ...done },
      ...{ wanted: true, startedMs: undefined, turn: undefined },
    };
  }

  function take(can: (key: string) => boolean): readonly Entry[] {
    const isRunnable = ({ inference }: Entry) => can(inference.key);
    const nowMs = clock.nowMs();
    for (;;) {
      const turn = waiting.next(isRunnable);
      if (turn === undefined) return [];
      const batch = firstBatch(turn.waiting, isRunnable, (entry) => isTimely(entry, nowMs));
      for (const entry of batch) {
        entry.turn = turn;
        entry.startedMs = nowMs;
        waiting.remove(entry);
        running.add(entry);
      }
      if (batch.length > 0) return batch;
      turn.settle(0);
    }
  }

  return {
    take,
    add(inference, signal) {
      if (signal.aborted) return Promise.reject(faultFrom(signal.reason));
      const { promise, resolve, reject } = Promise.withResolvers<Inferred>();
      const addedMs = clock.nowMs();
      const settle = () => {
        entry.wanted = false;
        waiting.remove(entry);
        signal.removeEventListener("abort", onAbort);
        bell.ring();
      };
      // Stays among the running if it is there: its worker is still busy with it.
      const onAbort = () => {
        settle();
        reject(faultFrom(signal.reason));
      };
      const entry = entryOf(inference, {
        answer(outputs, computeMs) {
          settle();
          running.delete(entry);
          entry.turn?.settle(computeMs);
          resolve({ outputs, computeMs, queueMs: (entry.startedMs ?? addedMs) - addedMs });
        },
        fail(error) {
          settle();
          running.delete(entry);
          reject(error);
        },
      });
      const { group, weight } = entry;
      const queued = waiting.rowsOf(group);
      if (queued > 0 && queued + weight > rowsMax) {
        return Promise.reject(full({ queued, weight, rowsMax }));
      }
      signal.addEventListener("abort", onAbort, { once: true });
      waiting.add(entry);
      bell.ring();
      return promise;
    },
    release(jobs) {
      for (const job of jobs) running.delete(job);
    },
    reject(cannot, error) {
      for (const entry of waiting.all()) {
        if (cannot(entry.inference.key)) entry.fail(error(entry.inference.key));
      }
    },
    has: (key) => waiting.all().some(({ inference }) => inference.key === key),
    stats() {
      const wanted = running.values().reduce((count, job) => count + Number(job.wanted), 0);
      return { queued: waiting.size, running: wanted, orphans: running.size - wanted };
    },
  };
}

/** Fails what is too late to be begun. */
function isTimely(entry: Entry, nowMs: number): boolean {
  const { deadlineMs } = entry.inference;
  if (deadlineMs === undefined || deadlineMs > nowMs) return true;
  entry.fail(faultFrom(new DOMException("the deadline passed", "TimeoutError")));
  return false;
}

function full({
  queued,
  weight,
  rowsMax,
}: Readonly<Record<"queued" | "weight" | "rowsMax", number>>) {
  const waiting = `${queued} inferences wait for a worker`;
  return fault(
    "OVERLOADED",
    queued >= rowsMax
      ? `${waiting}, which is the limit`
      : `${waiting}, and ${weight} more are over the limit of ${rowsMax}`,
  );
}

function firstBatch(
  waiting: Iterable<Entry>,
  can: (entry: Entry) => boolean,
  timely: (entry: Entry) => boolean,
): Entry[] {
  const batch: Entry[] = [];
  let rows = 0;
  for (const entry of waiting) {
    const [head] = batch;
    const fits = head === undefined ? can(entry) : isLike(head, entry);
    const rowsAfter = rows + (entry.rows?.count ?? 0);
    if (!fits || (head !== undefined && rowsAfter > head.inference.rowsMax)) continue;
    if (!timely(entry)) continue;
    batch.push(entry);
    rows = rowsAfter;
    if (entry.rows === undefined || rows >= entry.inference.rowsMax) break;
  }
  return batch;
}

function isLike(head: Entry, next: Entry): boolean {
  return head.inference.key === next.inference.key && head.rows?.likeness === next.rows?.likeness;
}
