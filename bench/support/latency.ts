/** Latency at a fixed rate: calls are sent by the clock, whether or not earlier ones were answered. */

import { setTimeout as sleep } from "node:timers/promises";
import { type Call, type Caller, callerOf } from "./load.ts";

/** How calls are sent. */
export interface Pace {
  readonly perSecond: number;
  readonly seconds: number;
  readonly connections: number;
}

/** Milliseconds from sending to answer, one a call. Rejects when a call fails. */
export async function latenciesOf(port: number, call: Call, pace: Pace): Promise<number[]> {
  await using open = new AsyncDisposableStack();
  const callers = Array.from({ length: pace.connections }, () => open.use(callerOf(port, call)));
  await Promise.all(callers.map((caller) => caller.call()));
  const timed = async (caller: Caller) => {
    const sentMs = performance.now();
    await caller.call();
    return performance.now() - sentMs;
  };
  const total = pace.perSecond * pace.seconds;
  const activeCalls: Promise<number>[] = [];
  const startMs = performance.now();
  for (let sent = 0; sent < total; sent += 1) {
    const dueMs = startMs + (sent * 1_000) / pace.perSecond;
    while (performance.now() < dueMs) await sleep(1);
    const caller = callers[sent % callers.length];
    if (caller === undefined) continue;
    const latency = timed(caller);
    // A failure is for whoever awaits all of them, which is later.
    latency.catch(() => {});
    activeCalls.push(latency);
  }
  return await Promise.all(activeCalls);
}
