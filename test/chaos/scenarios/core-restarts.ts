/** 11: one of two cores ends and comes back, again and again. */

import { setTimeout as sleep } from "node:timers/promises";
import { ownTime } from "../../support/process-figures.ts";
import { startCore } from "../cores.ts";
import { startGateway } from "../gateway.ts";
import { Load } from "../load.ts";
import type { Scenario } from "../scenario.ts";

const everyMs = 2_000;
const awayMs = 500;
const pollMs = 20;

/** See docs/design/chaos.md. */
export const coreRestarts: Scenario = {
  number: "11",
  name: "a core restarts every 2 s, its connections reset",
  passesWhen: "0 failed of repeatable calls; attempts at most 1.2 times; half-open below 2 s",
  isTimed: true,
  async run(context) {
    await using well = await startCore();
    let core = await startCore();
    await using _ = { [Symbol.asyncDispose]: () => core[Symbol.asyncDispose]() };
    const config = {
      cores: [{ url: well.url }, { url: core.url }],
      load_balancer: { health_check_interval: "1s" },
    };
    await using gateway = await startGateway(context, { config });
    await using load = new Load(context, { gateways: [gateway] });
    context.tell(`${load.text()}; core 2 is away for ${awayMs} ms of each ${everyMs} ms`);
    await sleep(500);
    const attempts = async () => (await gateway.metric("load_balancer_requests_total")) ?? 0;
    const calls = async () => (await gateway.metric("ai_gateway_requests_total")) ?? 0;
    const [attemptsBefore, callsBefore] = [await attempts(), await calls()];
    load.next();
    let longestBackMs = 0;
    const rounds = context.isShort ? 2 : 30;
    for (let round = 0; round < rounds; round += 1) {
      const roundMs = performance.now();
      const { port } = core;
      await core[Symbol.asyncDispose]();
      await sleep(awayMs);
      core = await startCore(port);
      const backMs = performance.now();
      const sinceBack = ownTime([gateway]);
      while (core.requestIds.length === 0 && performance.now() - backMs < 2 * everyMs) {
        await sleep(pollMs);
      }
      longestBackMs = Math.max(longestBackMs, sinceBack());
      await sleep(Math.max(0, roundMs + everyMs - performance.now()));
    }
    const made = await attempts();
    const asked = await calls();
    const { unary, streams, connections } = await load.end();
    context.tell(`streams, which no one can repeat once they have begun: ${streams.text()}`);
    context.claim("unary calls", unary.text(), unary.failed === 0 && unary.count > 0);
    context.claim("calls on new connections", connections.text(), connections.failed === 0);
    const share = (made - attemptsBefore) / (asked - callsBefore);
    context.claim("attempts per call", share.toFixed(3), share <= 1.2);
    context.timed(
      "longest time until a core that was back had a call",
      `${Math.round(longestBackMs)} ms`,
      longestBackMs < 2_000,
    );
  },
};
