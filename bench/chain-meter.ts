/**
 * CPU time of the chain's steps, without a wire: `node -C source bench/chain-meter.ts <rounds>
 * <seconds>`. Sends samples to the process that forked it; its own output is the access log.
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import { callsATurn, type StepSamples } from "./support/chain-costs.ts";
import { chainSteps, type Way } from "./support/chain-ways.ts";

const [, , rounds, seconds] = process.argv;
const turnsABatch = 32;
const warmUpBatches = 10;

/** Begins calls and waits until all are answered, and their log lines written. */
async function turn(way: Way): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = callsATurn;
  const answered = () => {
    left -= 1;
    if (left === 0) resolve();
  };
  for (let call = 0; call < callsATurn; call += 1) way(answered);
  await promise;
  await nextTurn();
}

/** CPU microseconds of a call, all threads of the process, collecting garbage included. */
async function batchUs(way: Way): Promise<number> {
  const before = process.cpuUsage();
  for (let count = 0; count < turnsABatch; count += 1) await turn(way);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (turnsABatch * callsATurn);
}

const steps = chainSteps().map((step) => ({
  ...step,
  wholeUs: [] as number[],
  withoutUs: [] as number[],
}));

for (let batch = 0; batch < warmUpBatches; batch += 1) {
  for (const { whole, without } of steps) {
    await batchUs(whole);
    await batchUs(without);
  }
}
for (let round = 0; round < Number(rounds); round += 1) {
  for (const { whole, without, wholeUs, withoutUs } of steps) {
    const untilMs = performance.now() + Number(seconds) * 1_000;
    for (let isWholeFirst = true; performance.now() < untilMs; isWholeFirst = !isWholeFirst) {
      // Taking turns at being first, so that neither gains from what the other leaves behind.
      if (isWholeFirst) wholeUs.push(await batchUs(whole));
      withoutUs.push(await batchUs(without));
      if (!isWholeFirst) wholeUs.push(await batchUs(whole));
    }
  }
}
process.send?.(steps.map(({ whole: _all, without: _one, ...samples }): StepSamples => samples));
