/** What one connection of a server does as time goes by, over a real socket. */

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { ByteBudget } from "#core/byte-budget.ts";
import { WebSocketConnection } from "#websocket/connection.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { frame, framesOf } from "../../support/websocket-peer.ts";

const heartbeatMs = 30_000;
const ping = { first: 0x89, payload: Buffer.alloc(0) };

/** A connection and its peer, past their handshake. */
async function connected() {
  await using starting = new AsyncDisposableStack();
  const server = createServer().listen(0, "127.0.0.1");
  starting.defer(() => void server.close());
  await once(server, "listening");
  const arriving = once(server, "connection");
  const peer = connect((server.address() as AddressInfo).port, "127.0.0.1");
  starting.defer(() => void peer.destroy());
  const [socket] = (await arriving) as [Socket];
  starting.defer(() => void socket.destroy());
  const clock = createManualClock();
  const held = new ByteBudget(1_000);
  const connection = new WebSocketConnection(socket, Buffer.alloc(0), {
    ...{ messageBytesMax: 100, held, clock, heartbeatMs },
  });
  /** Resolves when the connection has read what the peer sends now. */
  const send = async (bytes: Buffer) => {
    const read = once(socket, "data");
    peer.write(bytes);
    await read;
  };
  const owned = starting.move();
  return {
    ...{ connection, clock, send, frames: framesOf(peer) },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

test("who is heard is asked once each heartbeat, and who was not is gone with the next", async () => {
  await using one = await connected();
  const { connection, clock, send, frames } = one;
  await clock.advance(heartbeatMs);
  await send(frame(0x8a, Buffer.alloc(0)));
  await clock.advance(heartbeatMs);
  await clock.advance(heartbeatMs - 1);
  expect(connection.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(await frames).toEqual([ping, ping]);
});

test("a message that is not whole after a minute is told so, and ends the connection", async () => {
  await using one = await connected();
  const { connection, clock, send, frames } = one;
  await clock.advance(10_000);
  await send(frame(0x01, Buffer.from("half")));
  await clock.advance(30_000);
  await send(frame(0x8a, Buffer.alloc(0)));
  await clock.advance(29_999);
  expect(connection.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(connection.signal.aborted).toBe(true);
  const code = Buffer.from([0x03, 0xf0]);
  const words = Buffer.from("a message took longer than 60 s");
  expect((await frames).at(-1)).toEqual({ first: 0x88, payload: Buffer.concat([code, words]) });
});
