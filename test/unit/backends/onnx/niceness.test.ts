/** Threads and processes that compute wait for the thread that serves. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { expect } from "vitest";
import { startWorkerProcess } from "#backends/onnx/worker-process.ts";
import { startWorkerThread } from "#backends/onnx/worker-thread.ts";
import { childPids } from "../../../support/child-pids.ts";
import { testWith } from "../../../support/needs.ts";

/** Name and niceness of each thread of this process. */
function threads() {
  return readdirSync("/proc/self/task").map((id) => {
    const stat = readFileSync(`/proc/self/task/${id}/stat`, "utf8");
    const [, name = ""] = /\((.*)\)/.exec(stat) ?? [];
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { name, niceness: Number(fields[16]) };
  });
}

const missing = existsSync("/proc/self/task")
  ? undefined
  : "threads can be looked at on Linux alone";

testWith(missing)("a thread that runs models gives way to all others, on Linux", async () => {
  const own = getPriority();
  await using worker = startWorkerThread(() => {});
  // It is ready once it has answered.
  await worker.ask({ kind: "unload", key: "none" });
  const nicenesses = threads().flatMap(({ name, niceness }) => (name === "onnx" ? [niceness] : []));
  expect(nicenesses).toEqual([Math.min(19, own + 5)]);
  expect(getPriority()).toBe(own);
});

testWith(missing)("so does a process that runs models", async () => {
  await using worker = startWorkerProcess(() => {}, {});
  await worker.ask({ kind: "unload", key: "none" });
  const nicenesses = childPids(process.pid, "onnx/worker").map((pid) => getPriority(pid));
  expect(nicenesses).toEqual([Math.min(19, getPriority() + 5)]);
});
