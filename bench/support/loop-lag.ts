/** Loaded in front of a server: writes how late its event loop was, each time it is asked by SIGWINCH. */

import { writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

const path = process.env.LOOP_LAG_FILE;
const resolutionMs = 1;

if (isMainThread && path !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  process.on("SIGWINCH", () => {
    // What is measured is the time between two looks.
    const lagMs = (percentile: number) => delay.percentile(percentile) / 1e6 - resolutionMs;
    writeFileSync(path, JSON.stringify({ p50Ms: lagMs(50), p99Ms: lagMs(99) }));
    delay.reset();
  });
}
