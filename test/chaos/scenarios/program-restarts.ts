/** 3b: the whole program is replaced, again and again, on a socket that a supervisor has bound. */

import { BoundSocket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { startCore } from "../cores.ts";
import { type ChaosGateway, type GatewayFacts, StartError, startGateway } from "../gateway.ts";
import { Load } from "../load.ts";
import { type Mode, type Scenario, Skipped } from "../scenario.ts";

/** A version that takes no bound socket finds the port in use. */
async function start(mode: Mode, facts: GatewayFacts): Promise<ChaosGateway> {
  try {
    return await startGateway(mode, facts);
  } catch (thrown) {
    if (!(thrown instanceof StartError && /EADDRINUSE/.test(thrown.message))) throw thrown;
    throw new Skipped(
      "not built yet: listeners on a socket that a supervisor has bound (LISTEN_FDS)",
    );
  }
}

/** See docs/design/chaos.md. */
export const programRestarts: Scenario = {
  number: "3b",
  name: "the whole program restarts five times, its socket bound by a supervisor",
  passesWhen: "0 failed, 0 resets",
  isTimed: false,
  async run(context) {
    await using core = await startCore();
    const socket = new BoundSocket({ host: "127.0.0.1", port: 0 });
    const { port } = socket.address();
    const config = { cores: [{ url: core.url }] };
    const facts = { config, socket, port, listener: { drain_timeout: "5s" } };
    await using started = new AsyncDisposableStack();
    let current = started.use(await start(context, facts));
    await using load = new Load(context, { gateways: [current] });
    context.tell(`${load.text()}; each program takes over from the one before`);
    await sleep(500);
    for (let round = 0; round < (context.isShort ? 2 : 5); round += 1) {
      const next = started.use(await start(context, facts));
      current.signal("SIGTERM");
      const end = await current.ended();
      context.claim(`program ${round + 1} ends`, end, end === "0");
      current = next;
    }
    const phase = await load.end();
    for (const [name, tally] of Object.entries(phase)) {
      context.claim(name, tally.text(), tally.failed === 0 && tally.count > 0);
    }
  },
};
