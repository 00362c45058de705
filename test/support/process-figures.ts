/** What the system says of a process: memory, processor time, time without a processor. Linux alone. */

import { readFileSync } from "node:fs";

/** Clock ticks of /proc are hundredths of a second on every Linux in use. */
const tickSeconds = 0.01;

/** Figures of a process as it is now; 0 when it is gone. */
export interface ProcessFigures {
  /** Memory that it holds, all of it. */
  residentBytes(): number;
  /** Processor time of all its threads. */
  cpuSeconds(): number;
  /** Time for which its main thread was ready to run and had no processor. */
  queuedMs(): number;
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function cpuTicks(file: string): number {
  const stat = contentOf(file);
  // Fields are counted after the command's name, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}

/** Of the process with this number. */
export function processFigures(pid: number | undefined): ProcessFigures {
  return {
    residentBytes: () =>
      1024 * Number(/VmRSS:\s+(\d+)/.exec(contentOf(`/proc/${pid}/status`))?.[1] ?? 0),
    cpuSeconds: () => cpuTicks(`/proc/${pid}/stat`) * tickSeconds,
    queuedMs: () =>
      Number(contentOf(`/proc/${pid}/task/${pid}/schedstat`).split(" ")[1] ?? 0) / 1e6,
  };
}

/**
 * Starts a stopwatch that counts no time for which the system had no processor for this process, or
 * for one of those named: other programs take it. Gives what reads it, in milliseconds.
 */
export function ownTime(figures: readonly Pick<ProcessFigures, "queuedMs">[]): () => number {
  const watched = [processFigures(process.pid), ...figures];
  const startMs = performance.now();
  const queuedMs = watched.map((one) => one.queuedMs());
  return () => {
    const waits = watched.map((one, index) => one.queuedMs() - (queuedMs[index] ?? 0));
    return Math.max(0, performance.now() - startMs - Math.max(...waits));
  };
}
