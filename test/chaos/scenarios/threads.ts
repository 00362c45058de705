/** 1: a thread that serves calls ends. */

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ownTime } from "../../support/process-figures.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { startCore } from "../cores.ts";
import { startGateway, takes } from "../gateway.ts";
import { Load } from "../load.ts";
import { type Scenario, Skipped } from "../scenario.ts";

const servesWithinMs = 2_000;
const patienceMs = 10_000;
const counter = "http_requests_total";

/** See docs/design/chaos.md. */
export const threadEnds: Scenario = {
  number: "1",
  name: "a thread that serves calls throws",
  passesWhen:
    "only calls of its connections fail (UNAVAILABLE, none hangs); a new one serves within 2 s; counters never fall",
  isTimed: true,
  async run(context) {
    if (!(await takes(context, { workers: 2 }))) {
      throw new Skipped("not built yet: threads that serve calls (workers)");
    }
    await using folder = await temporaryFolder();
    const order = join(folder.path, "throw");
    await using core = await startCore();
    await using gateway = await startGateway(context, {
      config: { cores: [{ url: core.url }], workers: 2 },
      nodeArgs: ["--import", new URL("../dying-thread.ts", import.meta.url).href],
      env: { CHAOS_ORDER: order },
    });
    await using load = new Load(context, { gateways: [gateway] });
    context.tell(`${load.text()}; two threads`);
    await sleep(1_000);
    const before = load.next();
    const counted = (await gateway.metric(counter)) ?? 0;
    writeFileSync(order, "");
    const orderedMs = performance.now();
    while (existsSync(order) && performance.now() - orderedMs < patienceMs) await sleep(5);
    context.tell("one of them throws");
    const passedMs = ownTime([gateway]);
    const started = async () => (await gateway.metric("gateway_worker_starts_total")) ?? 0;
    while ((await started()) === 0 && performance.now() - orderedMs < patienceMs) await sleep(20);
    const backMs = Math.round(passedMs());
    context.timed("another one serves after", `${backMs} ms`, backMs < servesWithinMs);
    await sleep(context.isShort ? 1_000 : 10_000);
    const after = (await gateway.metric(counter)) ?? 0;
    context.claim("the counter of requests", `${counted} before, ${after} after`, after >= counted);
    const { unary, streams, connections } = await load.end();
    context.claim("calls before", before.unary.text(), before.unary.count > 0);
    for (const [name, tally] of Object.entries({ unary, streams, connections })) {
      const text = tally.text();
      context.claim(`${name}, none of which hangs`, text, !/deadline|in time/i.test(text));
    }
    context.claim("the process", gateway.end ?? "lives", gateway.end === undefined);
  },
};
