/** Runs inferences as one on a worker, and one by one where together they fail. */

import { fault } from "#errors/fault.ts";
import type { Job } from "./inference-queue.ts";
import { publicText, saysNoMemory } from "./ort-message.ts";
import { joinRows, splitRows } from "./rows.ts";
import type { WorkerThread } from "./worker-thread.ts";

/**
 * Answers or fails every job. What one caller sent never fails another's inference: a batch that
 * fails is run again one by one. Rejects, with all jobs failed, when the worker ends.
 */
export async function runBatch(thread: WorkerThread, jobs: readonly Job[]): Promise<void> {
  try {
    if (jobs.length > 1 && (await ranTogether(thread, jobs))) return;
    for (const job of jobs) if (job.wanted) await runAlone(thread, job);
  } catch (error) {
    for (const job of jobs) job.fail(error);
    throw error;
  }
}

async function ranTogether(thread: WorkerThread, jobs: readonly Job[]): Promise<boolean> {
  const reply = await ask(thread, jobs);
  if (reply.kind !== "ran") return false;
  const parts = splitRows(
    reply.outputs,
    jobs.map(({ rows }) => rows?.count ?? 0),
  );
  if (parts === undefined) return false;
  const rows = jobs.reduce((sum, job) => sum + (job.rows?.count ?? 1), 0);
  jobs[0]?.inference.onRun?.(rows, reply.computeMs);
  for (const [at, job] of jobs.entries()) job.answer(parts[at] ?? [], reply.computeMs);
  return true;
}

async function runAlone(thread: WorkerThread, job: Job): Promise<void> {
  const reply = await ask(thread, [job]);
  if (reply.kind === "ran") {
    job.inference.onRun?.(job.rows?.count ?? 1, reply.computeMs);
    job.answer(reply.outputs, reply.computeMs);
  } else job.fail(runFault(reply.kind === "failed" ? reply.message : reply.kind));
}

function ask(thread: WorkerThread, jobs: readonly Job[]) {
  const inputs = joinRows(jobs.map(({ inference }) => inference.inputs));
  return thread.ask({ kind: "run", key: jobs[0]?.inference.key ?? "", inputs });
}

/** A model is a function: where it fails, it is the inputs, unless memory ran out. */
function runFault(message: string) {
  if (saysNoMemory(message)) {
    return fault("BACKEND_FAILED", "the model ran out of memory", { cause: message });
  }
  const description = `the model cannot run on these inputs: ${publicText(message)}`;
  return fault("TENSOR_INVALID", description, { fields: [{ field: "inputs", description }] });
}
