/** 8: clients that read nothing of their streams. */

import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";
import { envelope } from "#protocol/envelope.ts";
import { pieceBytes, startFlood } from "../cores.ts";
import { startGateway } from "../gateway.ts";
import { Load } from "../load.ts";
import type { Scenario } from "../scenario.ts";

const sessionCount = 10;
const streamsPerSession = 20;
const kib = 1_024;
/** A stream may hold: what came from the core and was not asked for, and what waits for the client. */
const heldBytes = 256 * kib + 256 * kib;
/** The client's window is not held; the core's pieces are compressed on their way, to three quarters. */
const takenBytesMax = 64 * kib + 256 * kib + (256 * kib) / 0.75 + pieceBytes;
/** V8's young generation while it fills, and the memory of a system that is not given back. */
const slackBytes = 160e6;
/** The core makes no more for so long: all is full. */
const quietMs = 500;
const fillMsMax = 60_000;
/** When a stream that is not read is cut: http2.md. */
const stallMs = 60_000;
const path = "/polygate.v1.ChatService/StreamChat";

function open(session: ClientHttp2Session): Promise<void> {
  const headers = { ":method": "POST", ":path": path, te: "trailers" };
  const stream = session.request({ ...headers, "content-type": "application/grpc" });
  const request = create(ChatRequestSchema, { message: "flood" });
  stream.on("error", () => {});
  stream.end(envelope(0, toBinary(ChatRequestSchema, request)));
  return new Promise((resolve) => stream.once("close", resolve));
}

/** See docs/design/chaos.md. */
export const unreadStreams: Scenario = {
  number: "8",
  name: "200 streams whose clients read nothing",
  passesWhen:
    "memory bounded by window and 256 KiB each, both sides; cut after the stall time; p99 of others unharmed",
  isTimed: true,
  async run(context) {
    await using core = await startFlood();
    await using gateway = await startGateway(context, { config: { cores: [{ url: core.url }] } });
    await using load = new Load(context, {
      gateways: [gateway],
      unaryPerSecond: 100,
      connectionsPerSecond: 25,
    });
    context.tell(load.text());
    await sleep(500);
    load.next();
    await sleep(1_500);
    const before = load.next();
    const residentBytes = gateway.residentBytes();
    await using sessions = new AsyncDisposableStack();
    const closed: Promise<void>[] = [];
    for (let count = 0; count < sessionCount; count += 1) {
      // The window of the connection is as small as that of a stream: the socket is not read either.
      const session = connect(gateway.url, { settings: { initialWindowSize: 65_535 } });
      session.on("error", () => {});
      sessions.defer(() => session.destroy());
      await once(session, "remoteSettings");
      for (let index = 0; index < streamsPerSession; index += 1) closed.push(open(session));
    }
    context.tell(`${closed.length} streams are open, and not read`);
    const openedMs = performance.now();
    let made = 0;
    while (made !== core.made || made === 0) {
      made = core.made;

      await sleep(quietMs);
      if (performance.now() - openedMs > fillMsMax) break;
    }
    const each = (made * pieceBytes) / closed.length / kib;
    context.claim(
      "taken from the core for each, then no more",
      `${Math.round(each)} KiB, at most ${Math.round(takenBytesMax / kib)}`,
      made === core.made && made > closed.length && each * kib <= takenBytesMax,
    );
    load.next();
    await sleep(context.isShort ? 1_500 : 15_000);
    const during = load.next();
    const grown = gateway.residentBytes() - residentBytes;
    const most = closed.length * heldBytes + slackBytes;
    context.timed("memory grown", `${mb(grown)}, bound ${mb(most)}`, grown < most);
    const [was, is] = [before.unary.quantileMs(0.99), during.unary.quantileMs(0.99)];
    context.timed(
      "p99 of others",
      `${was.toFixed(1)} ms before, ${is.toFixed(1)} ms meanwhile`,
      is < Math.max(10, 2 * was),
    );
    for (const [name, tally] of Object.entries(during) as [string, typeof during.unary][]) {
      context.claim(`others: ${name}`, tally.text(), tally.failed === 0);
    }
    if (context.isShort) {
      context.tell(
        "that they are cut after the stall time takes a minute: the long form awaits it",
      );
    } else {
      const left = stallMs + 30_000 - (performance.now() - openedMs);
      const isCut = await Promise.race([Promise.all(closed).then(() => true), sleep(left, false)]);
      const seconds = Math.round((performance.now() - openedMs) / 1_000);
      context.claim("all are cut", `${isCut} after ${seconds} s`, isCut);
      context.claim("the core works for none of them", core.open(), core.open() === 0);
    }
    await load.end();
  },
};

function mb(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
