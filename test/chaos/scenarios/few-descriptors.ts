/** 15b: more connections than the system gives descriptors for. */

import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { missingProgram } from "../../support/needs.ts";
import { startCore } from "../cores.ts";
import { startGateway } from "../gateway.ts";
import { Load } from "../load.ts";
import { type Scenario, Skipped } from "../scenario.ts";

const descriptorsMax = 256;
const idleCount = 400;
const pollMs = 50;
const patienceMs = 10_000;
const idleAddress = "127.0.0.2";
const request = "GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n";

/** A connection that asks once, and then is kept by a client who does nothing. */
function openIdle(port: number): Socket {
  const socket = connect({ port, host: "127.0.0.1", localAddress: idleAddress });
  socket.on("error", () => {});
  socket.resume();
  socket.write(request);
  return socket;
}

/** See docs/design/chaos.md. */
export const fewDescriptors: Scenario = {
  number: "15b",
  name: "400 idle connections, and 256 descriptors",
  passesWhen:
    "calls of others go on, a core that restarts is reached again, health answers; all is well afterwards",
  isTimed: false,
  async run(context) {
    const missing = missingProgram("prlimit");
    if (missing !== undefined) throw new Skipped(missing);
    await using well = await startCore();
    let core = await startCore();
    await using _ = { [Symbol.asyncDispose]: () => core[Symbol.asyncDispose]() };
    await using gateway = await startGateway(context, {
      config: {
        cores: [{ url: well.url }, { url: core.url }],
        load_balancer: { health_check_interval: "500ms" },
      },
      within: ["prlimit", `--nofile=${descriptorsMax}:${descriptorsMax}`],
    });
    await using load = new Load(context, { gateways: [gateway], connectionsPerSecond: 20 });
    context.tell(load.text());
    await sleep(500);
    load.next();
    context.tell(`${idleCount} connections from another address are opened, and do nothing`);
    const idle = Array.from({ length: idleCount }, () => openIdle(gateway.port));
    await sleep(500);
    const full = load.next();
    const { port } = core;
    await core[Symbol.asyncDispose]();
    core = await startCore(port);
    context.tell("one of two cores has restarted: its connections have to be made again");
    const backMs = performance.now();
    while (core.requestIds.length === 0 && performance.now() - backMs < patienceMs) {
      await sleep(pollMs);
    }
    load.next();
    await sleep(context.isShort ? 1_000 : 20_000);
    const during = load.next();
    const reached = core.requestIds.length;
    context.claim("calls to the core that restarted", reached, reached > 0);
    const open = gateway.descriptors();
    context.claim("descriptors in use", open, open < descriptorsMax);
    const health = await fetch(`${gateway.url}/health`).then(
      async (response) =>
        `${response.status} ${((await response.json()) as { status: string }).status}`,
      (error: Error) => String(error.cause ?? error),
    );
    context.claim("health, over a new connection", health, health === "200 healthy");
    for (const [name, { unary, streams, connections }] of [
      ["while they were opened", full],
      ["with a core that was reached again", during],
    ] as const) {
      context.claim(`calls ${name}`, unary.text(), unary.failed === 0 && unary.count > 0);
      context.claim(`new connections ${name}`, connections.text(), connections.failed === 0);
      if (name.startsWith("with"))
        context.claim(`streams ${name}`, streams.text(), streams.failed === 0);
    }
    for (const socket of idle) socket.destroy();
    context.tell("the idle connections are gone");
    await sleep(500);
    load.next();
    await sleep(500);
    const { unary, connections } = await load.end();
    const failed = unary.failed + connections.failed;
    context.claim("calls afterwards", unary.text(), failed === 0 && unary.count > 0);
  },
};
