/** 3a: the threads that serve calls are replaced one after the other. */

import { setTimeout as sleep } from "node:timers/promises";
import { startCore } from "../cores.ts";
import { type ChaosGateway, startGateway, takes } from "../gateway.ts";
import { Load } from "../load.ts";
import { type Scenario, Skipped } from "../scenario.ts";

const threads = 2;
const patienceMs = 60_000;
const pollMs = 50;

/** Threads that took the place of others so far, because they were told to. */
async function replaced(gateway: ChaosGateway): Promise<number> {
  return (await gateway.metric("gateway_worker_starts_total", 'cause="restart"')) ?? 0;
}

/** See docs/design/chaos.md. */
export const rollingRestart: Scenario = {
  number: "3a",
  name: "rolling restart of threads, six times",
  passesWhen: "0 failed, 0 resets",
  isTimed: false,
  async run(context) {
    if (!(await takes(context, { workers: threads }))) {
      throw new Skipped("this Node cannot hand connections to threads");
    }
    await using core = await startCore();
    await using gateway = await startGateway(context, {
      config: { cores: [{ url: core.url }], workers: threads },
      listener: { drain_timeout: "5s" },
    });
    await using load = new Load(context, { gateways: [gateway] });
    context.tell(`${load.text()}; ${threads} threads, replaced by SIGUSR2`);
    await sleep(500);
    const rounds = context.isShort ? 1 : 6;
    const told = () => gateway.output().split("all threads are new").length - 1;
    for (let round = 1; round <= rounds; round += 1) {
      const startMs = performance.now();
      gateway.signal("SIGUSR2");
      while (told() < round && performance.now() - startMs < patienceMs) await sleep(pollMs);
      context.tell(`all are new after ${Math.round(performance.now() - startMs)} ms`);
    }
    await sleep(500);
    const phase = await load.end();
    const count = await replaced(gateway);
    context.claim("threads that were replaced", count, count === rounds * threads);
    const crashed = (await gateway.metric("gateway_worker_starts_total", 'cause="crash"')) ?? 0;
    context.claim("threads that crashed", crashed, crashed === 0);
    for (const [name, tally] of Object.entries(phase)) {
      context.claim(name, tally.text(), tally.failed === 0 && tally.count > 0);
    }
  },
};
