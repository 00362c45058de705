/** 12: an upstream sends connections away, and refuses streams unseen. */

import { setTimeout as sleep } from "node:timers/promises";
import { startMoodyCore } from "../cores.ts";
import { startGateway } from "../gateway.ts";
import { Load } from "../load.ts";
import type { Scenario } from "../scenario.ts";

/** See docs/design/chaos.md. */
export const goaway: Scenario = {
  number: "12",
  name: "upstream GOAWAY after every 50 calls, and each 20th stream refused unseen",
  passesWhen: "0 failed; REFUSED_STREAM is repeated outside the retry budget",
  isTimed: false,
  async run(context) {
    await using core = await startMoodyCore({ callsPerConnection: 50, refuseEvery: 20 });
    // Without retries: what is repeated here is repeated by right.
    const config = { cores: [{ url: core.url }], load_balancer: { retry_attempts: 0 } };
    await using gateway = await startGateway(context, { config });
    await using load = new Load(context, { gateways: [gateway] });
    context.tell(`${load.text()}; no retries are configured`);
    await sleep(context.isShort ? 2_500 : 60_000);
    const { unary, streams, connections } = await load.end();
    const { connections: away, streams: refused } = core.refused;
    context.tell(`${away} connections were sent away, ${refused} streams refused`);
    context.claim(
      "connections and streams were refused",
      `${away}, ${refused}`,
      away > 3 && refused > 3,
    );
    context.claim("unary calls", unary.text(), unary.failed === 0 && unary.count > 0);
    context.claim("streams", streams.text(), streams.failed === 0 && streams.count > 0);
    context.claim("calls on new connections", connections.text(), connections.failed === 0);
    const retries = await gateway.metric("load_balancer_extra_attempts_total");
    context.claim("attempts of the retry budget", retries ?? 0, (retries ?? 0) === 0);
  },
};
