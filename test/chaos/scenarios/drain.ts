/** 4: SIGTERM while streams and uploads are in progress. */

import { once } from "node:events";
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { ownTime } from "../../support/process-figures.ts";
import { startCore } from "../cores.ts";
import { type ChaosGateway, startGateway } from "../gateway.ts";
import { grpcCalls } from "../grpc-calls.ts";
import { Load } from "../load.ts";
import type { Scenario } from "../scenario.ts";

const delayMs = 500;
/** Of calls in progress, after the delay. */
const graceMs = 1_500;
const streamCount = 20;
/** Half of a file. */
const half = "a line of text\n".repeat(700);

/** A POST of several pieces whose last one goes out when it is told; gives the status in the end. */
function upload(gateway: ChaosGateway) {
  const sent = request({
    port: gateway.port,
    host: "127.0.0.1",
    path: "/v1/upload",
    method: "POST",
    agent: false,
    headers: { "content-type": "text/plain", "content-length": 2 * half.length },
  });
  sent.write(half);
  sent.on("error", () => {});
  const outcome = once(sent, "response").then(
    ([response]) => {
      response.resume();
      return String(response.statusCode);
    },
    (error: Error) => error.message,
  );
  return { outcome, finish: () => sent.end(half) };
}

/** Milliseconds until /readyz is not 200, asked over a connection that is kept. */
async function notReadyAfter(gateway: ChaosGateway): Promise<number> {
  const { port } = gateway;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  using _ = { [Symbol.dispose]: () => agent.destroy() };
  const passedMs = ownTime([gateway]);
  for (;;) {
    const sent = request({ port, host: "127.0.0.1", path: "/readyz", agent }).end();
    const [response] = await once(sent, "response");
    response.resume();
    await once(response, "end");
    if (response.statusCode !== 200) return passedMs();
    await sleep(2);
  }
}

/** See docs/design/chaos.md. */
export const drain: Scenario = {
  number: "4",
  name: "SIGTERM during streams and uploads",
  passesWhen:
    "not ready within 100 ms; within the grace streams end whole, then UNAVAILABLE with trailers; exit 0 by grace + 1 s",
  isTimed: true,
  async run(context) {
    await using core = await startCore();
    await using gateway = await startGateway(context, {
      config: { cores: [{ url: core.url }] },
      listener: { drain_delay: `${delayMs}ms`, drain_timeout: `${graceMs}ms` },
    });
    await using load = new Load(context, {
      gateways: [gateway],
      connectionsPerSecond: 0,
      streams: 0,
    });
    using calls = grpcCalls({ ports: [gateway.port] });
    context.tell(`${load.text()}; streams of a second, streams without end, two uploads`);
    await sleep(500);
    const begun = Promise.withResolvers<void>();
    const started = new Set<number>();
    const stream = (words: string, index: number) =>
      calls.streamChat(words, () => {
        started.add(index);
        if (started.size === 2 * streamCount) begun.resolve();
      });
    const indices = Array.from({ length: streamCount }, (_, index) => index);
    const endless = indices.map((index) => stream("endless", index));
    const short = indices.map((index) => stream("hello", streamCount + index));
    const [early, late] = [upload(gateway), upload(gateway)];
    await begun.promise;
    load.next();
    const readiness = notReadyAfter(gateway);
    const passedMs = ownTime([gateway]);
    gateway.signal("SIGTERM");
    context.tell("SIGTERM");
    const notReadyMs = await readiness;
    context.timed("not ready", `after ${Math.round(notReadyMs)} ms`, notReadyMs < 100);
    const delayed = load.next();
    await sleep(200);
    early.finish();
    const ends = await Promise.all(short);
    const whole = ends.filter(({ code, messages }) => code === 0 && messages > 20).length;
    context.claim("streams that ended whole", `${whole} of ${ends.length}`, whole === ends.length);
    const cut = await Promise.all(endless);
    const told = cut.filter(({ code, details }) => code === 14 && /shutting down/i.test(details));
    const others = cut
      .filter((one) => !told.includes(one))
      .map(({ code, details }) => `${code} ${details}`);
    context.claim(
      "streams without end that were told why they ended",
      [`${told.length} of ${cut.length}`, ...new Set(others)].join("; "),
      told.length === cut.length,
    );
    context.claim(
      "an upload that ends within the grace",
      await early.outcome,
      (await early.outcome) === "200",
    );
    context.claim("one that does not", await late.outcome, (await late.outcome) === "503");
    const end = await gateway.ended();
    const endMs = passedMs();
    context.claim("exit code", end, end === "0");
    context.timed("ended", `after ${Math.round(endMs)} ms`, endMs < delayMs + graceMs + 1_000);
    // Until it is told to go, nobody needs to have failed; afterwards there is no port.
    context.timed(
      "calls while it was not ready yet",
      delayed.unary.text(),
      delayed.unary.failed === 0,
    );
  },
};
