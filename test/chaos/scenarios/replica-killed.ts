/** 2: one of two gateways is killed. */

import { setTimeout as sleep } from "node:timers/promises";
import { startCore } from "../cores.ts";
import { startGateway } from "../gateway.ts";
import { Load } from "../load.ts";
import type { Scenario } from "../scenario.ts";

/** Below this, twice as long is noise. */
const floorMs = 10;
/** Calls that were with the one that is killed are made again by then, and are no measure of the other. */
const movedMs = 200;

/** See docs/design/chaos.md. */
export const replicaKilled: Scenario = {
  number: "2",
  name: "kill -9 of one of two replicas",
  passesWhen: "0 failed of repeatable calls; p99 of the other below twice what it was",
  isTimed: true,
  async run(context) {
    await using core = await startCore();
    const config = { cores: [{ url: core.url }] };
    await using one = await startGateway(context, { config });
    await using other = await startGateway(context, { config });
    await using load = new Load(context, { gateways: [one, other], repeats: true });
    context.tell(`${load.text()}, over two gateways; clients repeat what is UNAVAILABLE`);
    await sleep(500);
    load.next();
    const phaseMs = context.isShort ? 1_500 : 15_000;
    await sleep(phaseMs);
    const before = load.next();
    context.tell("one gateway is killed");
    one.signal("SIGKILL");
    await sleep(movedMs);
    const moved = load.next();
    await sleep(phaseMs);
    const after = await load.end();
    context.tell(`streams that were open then, which no one can repeat: ${before.streams.text()}`);
    for (const [name, tally] of [
      ["unary calls when it is killed", moved.unary],
      ["calls on new connections then", moved.connections],
      ["unary calls", after.unary],
      ["calls on new connections", after.connections],
      ["calls that were made before", before.unary],
    ] as const) {
      context.claim(name, tally.text(), tally.failed === 0 && tally.count > 0);
    }
    const [was, is] = [before.unary.quantileMs(0.99), after.unary.quantileMs(0.99)];
    context.timed(
      "p99 of the other",
      `${was.toFixed(1)} ms before, ${is.toFixed(1)} ms after`,
      is < Math.max(floorMs, 2 * was),
    );
    context.claim("the other gateway", other.end ?? "serves", other.end === undefined);
  },
};
