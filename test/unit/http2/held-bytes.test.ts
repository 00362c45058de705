/** What a connection holds is counted, and given up when it is too much. */

import { describe, expect, test } from "vitest";
import { ByteBudget } from "#core/byte-budget.ts";
import { errorCode } from "#http2/error-code.ts";
import { frameType } from "#http2/frames.ts";
import { streamBytes } from "#http2/limits.ts";
import {
  dataOf,
  frameOf,
  greetedServer,
  headersOf,
  number32,
  type Recorder,
  requestFields,
  settingsOf,
} from "../../support/http2-peers.ts";

const noWindow = frameOf(frameType.settings, 0, 0, settingsOf([4, 0]));

/** Sends so much of a body that a reader wants as a whole. */
function send(server: Recorder, id: number, bytes: number): void {
  const stream = server.streams.get(id);
  for (let left = bytes; left > 0; left -= 16_000) {
    const count = Math.min(left, 16_000);
    server.receive(dataOf(id, Buffer.alloc(count), false), 0);
    if (stream !== undefined) server.connection.keep(stream, count);
  }
}

/** A server with unfinished bodies of these sizes. */
function receiving(
  sizes: readonly number[],
  memory: Parameters<typeof greetedServer>[1],
): Recorder {
  const server = greetedServer({}, memory);
  server.consumes = false;
  const ids = sizes.map((_, index) => 2 * index + 1);
  for (const id of ids) server.receive(headersOf(id, requestFields, false), 0);
  for (const [index, id] of ids.entries()) send(server, id, sizes[index] ?? 0);
  return server;
}

/** Adds responses of these sizes, for which the client gives no window. */
function respond(server: Recorder, firstId: number, sizes: readonly number[]): void {
  server.receive(noWindow, 0);
  server.react = (event, stream) => {
    if (event.on !== "end") return;
    server.connection.respond(stream, 200, [], false);
    server.connection.data(stream, Buffer.alloc(sizes[(event.id - firstId) / 2] ?? 0), true);
  };
  for (const index of sizes.keys()) {
    server.receive(headersOf(firstId + 2 * index, requestFields, true), 0);
  }
}

const refusedIds = ({ refused }: Recorder) => refused.map(({ id }) => id);

describe("a stream counts", () => {
  test("with its head, with room for itself, with its body, until it is over", () => {
    const server = receiving([10_000], {});
    const listBytes = requestFields.reduce(
      (sum, [name, value]) => sum + name.length + value.length + 32,
      0,
    );
    expect(server.connection.heldBytes).toBe(streamBytes + listBytes + 10_000);
    server.receive(headersOf(1, [["trailer", "x".repeat(100)]], true), 0);
    expect(server.connection.heldBytes).toBe(streamBytes + listBytes + 10_000 + 139);
    const stream = server.streams.get(1);
    if (stream !== undefined) server.connection.respond(stream, 200, [], true);
    expect(server.connection.heldBytes).toBe(0);
  });

  test("with what waits in its queue, until that is sent", () => {
    const server = greetedServer();
    respond(server, 1, [50_000]);
    expect(server.connection.heldBytes).toBeGreaterThan(50_000);
    server.receive(frameOf(frameType.windowUpdate, 0, 1, number32(50_000)), 0);
    server.output();
    expect(server.connection.heldBytes).toBe(0);
  });

  test("a whole body that its reader has counts on: it is in memory until the call is over", () => {
    const server = receiving([100_000], {});
    server.receive(dataOf(1, "", true), 0);
    expect(server.connection.heldBytes).toBeGreaterThan(100_000);
  });

  test("bytes of which a message was made count no more", () => {
    const server = receiving([100_000], {});
    const before = server.connection.heldBytes;
    const stream = server.streams.get(1);
    if (stream !== undefined) server.connection.understand(stream, 1, 90_000);
    expect(server.connection.heldBytes).toBe(before - 90_000);
  });
});

describe("a connection that holds more than its share", () => {
  const memory = () => ({ buffers: new ByteBudget(100e6), heldBytesMax: 1e6 });

  test("gives up the heaviest streams but one, so that something comes to an end", () => {
    const server = receiving([300_000, 500_000, 100_000, 200_000], memory());
    server.connection.relieve();
    expect(refusedIds(server)).toEqual([1]);
    expect(server.connection.heldBytes).toBeLessThan(1e6);
  });

  test("keeps one body that is larger than the share", () => {
    const server = receiving([2_000_000], memory());
    server.connection.relieve();
    expect(refusedIds(server)).toEqual([]);
  });

  test("gives up responses, too", () => {
    const server = greetedServer({}, memory());
    respond(server, 1, [400_000, 300_000, 350_000]);
    server.connection.relieve();
    expect(server.refused).toEqual([{ id: 5, reason: "buffers_full" }]);
  });

  test("takes no new streams past three quarters of it, and says that they may be sent again", () => {
    const server = receiving([760_000], memory());
    server.output();
    server.receive(headersOf(3, requestFields, true), 0);
    expect(server.streams.has(3)).toBe(false);
    const reset = server.frames().find(({ type }) => type === frameType.rstStream);
    expect(reset?.payload.readUInt32BE()).toBe(errorCode.refusedStream);
    expect(server.connection.failure).toBeUndefined();
  });

  test("has its writers wait sooner past half of it", () => {
    const server = receiving([600_000], memory());
    server.receive(noWindow, 0);
    server.receive(headersOf(3, requestFields, true), 0);
    const stream = server.streams.get(3);
    if (stream === undefined) throw new Error("no stream");
    server.connection.respond(stream, 200, [], false);
    expect(server.connection.data(stream, Buffer.alloc(16_000), false)).toBe(true);
    expect(server.connection.data(stream, Buffer.alloc(1000), false)).toBe(false);
  });
});

describe("when all connections hold too much", () => {
  test("those of the address that holds most give up, and an honest one does not", () => {
    const buffers = new ByteBudget(2e6);
    const honest = greetedServer({}, { buffers, owner: "honest" });
    respond(honest, 1, [600_000]);
    const attackers = Array.from({ length: 20 }, () => {
      const server = greetedServer({}, { buffers, owner: "attacker" });
      respond(server, 1, Array(10).fill(10_000));
      server.connection.relieve();
      return server;
    });
    expect(buffers.heldBytes).toBeLessThanOrEqual(2e6);
    expect(honest.refused).toEqual([]);
    expect(attackers.some(({ refused }) => refused.length > 0)).toBe(true);
  });

  test("a connection that is gone holds nothing, whatever its socket still had", () => {
    const buffers = new ByteBudget(2e6);
    const server = greetedServer({}, { buffers });
    respond(server, 1, [100_000]);
    server.connection.blocked(200_000);
    expect(buffers.heldBytes).toBeGreaterThan(300_000);
    server.connection.blocked(50_000);
    expect(buffers.heldBytes).toBeLessThan(200_000);
    server.connection.abort();
    expect([buffers.heldBytes, buffers.holders.size]).toEqual([0, 0]);
  });
});

describe("tiny DATA", () => {
  /** DATA of a byte for an open stream, so many frames to a read. */
  function sendTiny(server: Recorder, frames: number, each: () => void): number {
    const batch = Buffer.concat(Array(100).fill(dataOf(1, "x", false)));
    let sent = 0;
    while (sent < frames && server.connection.failure === undefined) {
      server.receive(batch, 0);
      sent += 100;
      each();
    }
    return sent;
  }

  test("that a reader stores ends the connection: what is kept for the whole earns nothing back", () => {
    const server = receiving([1], {});
    const stream = server.streams.get(1);
    const sent = sendTiny(server, 200_000, () => {
      if (stream !== undefined) server.connection.keep(stream, 100);
      server.output();
    });
    expect(server.connection.failure?.debug).toBe("too_many_tiny_data_frames");
    expect(sent).toBeLessThan(70_000);
  });

  test("of which messages are made goes on for ever", () => {
    const server = receiving([1], {});
    const stream = server.streams.get(1);
    sendTiny(server, 200_000, () => {
      if (stream !== undefined) {
        server.connection.keep(stream, 100);
        server.connection.understand(stream, 25, 100);
      }
      server.output();
    });
    expect(server.connection.failure).toBeUndefined();
  });

  test("of many small calls goes on for ever: a body that is whole has paid for some", () => {
    const server = greetedServer();
    server.react = (event, stream) => {
      if (event.on === "end") server.connection.respond(stream, 200, [], true);
    };
    for (let call = 0; call < 20_000; call += 1) {
      const id = 2 * call + 1;
      const tiny = Array.from({ length: 16 }, () => dataOf(id, "x", false));
      server.receive(
        Buffer.concat([headersOf(id, requestFields, false), ...tiny, dataOf(id, "", true)]),
        0,
      );
      server.output();
    }
    expect(server.connection.failure).toBeUndefined();
  });
});
