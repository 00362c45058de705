/** 10: the addresses behind a name change. */

import { setTimeout as sleep } from "node:timers/promises";
import { type CoreServer, startCoreServer } from "../../support/core-server.ts";
import { startDns } from "../../support/dns-double.ts";
import { pacedAgent } from "../cores.ts";
import { startGateway } from "../gateway.ts";
import { Load } from "../load.ts";
import type { Scenario } from "../scenario.ts";

const ttlSeconds = 1;
const usedWithinMs = 1_000 * (ttlSeconds + 1);
const pollMs = 20;
const patienceMs = 10_000;

/** See docs/design/chaos.md. */
export const addressesChange: Scenario = {
  number: "10",
  name: "the addresses that DNS gives for cores change",
  passesWhen: "new ones used within TTL + 1 s; old ones drain; 0 failed",
  isTimed: true,
  async run(context) {
    await using dns = await startDns();
    await using cores = new AsyncDisposableStack();
    const started: CoreServer[] = [];
    for (let count = 0; count < 2; count += 1) {
      started.push(cores.use(await startCoreServer(pacedAgent())));
    }
    const name = "_grpc._tcp.cores.test";
    const publish = (...now: readonly CoreServer[]) => {
      const records = now.map(({ port }) => ({ port, target: "node.test" }));
      dns.zone.set(name, { SRV: records, ttl: ttlSeconds });
    };
    dns.zone.set("node.test", { A: ["127.0.0.1"], ttl: ttlSeconds });
    let [old, next] = started as [CoreServer, CoreServer];
    publish(old);
    const config = { cores: [{ discovery: { dns: name, servers: [dns.address] } }] };
    await using gateway = await startGateway(context, { config });
    await using load = new Load(context, { gateways: [gateway] });
    context.tell(`${load.text()}; the TTL is ${ttlSeconds} s`);
    await sleep(500);
    for (let round = 0; round < (context.isShort ? 1 : 10); round += 1) {
      const seen = next.requestIds.length;
      publish(next);
      context.tell("another address takes the place of the one before");
      const changedMs = performance.now();
      while (next.requestIds.length === seen && performance.now() - changedMs < patienceMs) {
        await sleep(pollMs);
      }
      const usedMs = Math.round(performance.now() - changedMs);
      context.timed("the new one is used after", `${usedMs} ms`, usedMs < usedWithinMs);
      while (old.sessions() > 0 && performance.now() - changedMs < patienceMs) await sleep(pollMs);
      context.claim("connections to the old one", old.sessions(), old.sessions() === 0);
      [old, next] = [next, old];
    }
    const phase = await load.end();
    for (const [what, tally] of Object.entries(phase)) {
      context.claim(what, tally.text(), tally.failed === 0 && tally.count > 0);
    }
  },
};
