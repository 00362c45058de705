/** Peers that read or send too slowly, and those that are just slow. */

import { describe, expect, test } from "vitest";
import { errorCode } from "#http2/error-code.ts";
import { frameType } from "#http2/frames.ts";
import {
  dataOf,
  frameOf,
  greetedServer,
  headersOf,
  number32,
  Recorder,
  requestFields,
  settingsOf,
  settle,
} from "../../support/http2-peers.ts";

/** A server whose responses of so many bytes wait for windows. */
function waiting(responses: number, bytes: number, peerWindowBytes = 0): Recorder {
  const server = greetedServer();
  server.receive(frameOf(frameType.settings, 0, 0, settingsOf([4, peerWindowBytes])), 0);
  server.react = (event, stream) => {
    if (event.on !== "end") return;
    server.connection.respond(stream, 200, [], false);
    server.connection.data(stream, Buffer.alloc(bytes), true);
  };
  for (let index = 0; index < responses; index += 1) {
    server.receive(headersOf(2 * index + 1, requestFields, true), 0);
  }
  server.output();
  return server;
}

/** Lives through so many seconds; `second` may send something at each. */
function live(server: Recorder, seconds: number, each: (second: number) => void): void {
  for (let second = 1; second <= seconds; second += 1) {
    each(second);
    server.output();
    server.connection.tick(second * 1000);
  }
}

const window = (id: number, bytes: number) =>
  frameOf(frameType.windowUpdate, 0, id, number32(bytes));
const cancelled = ({ events }: Recorder) =>
  events.filter((event) => event.on === "close" && event.code === errorCode.cancel).length;

describe("a response that waits", () => {
  test("is cancelled when its stream's window opens by crumbs", () => {
    const server = waiting(3, 100_000);
    live(server, 35, (second) => {
      if (second % 25 !== 0) return;
      for (const id of [1, 3, 5]) server.receive(window(id, 1100), second * 1000);
    });
    expect(cancelled(server)).toBe(3);
    expect(server.connection.heldBytes).toBe(0);
  });

  test("is cancelled when the connection's window opens by crumbs", () => {
    const server = waiting(3, 100_000, 1_000_000);
    live(server, 35, (second) => {
      if (second % 25 === 0) server.receive(window(0, 1100), second * 1000);
    });
    expect(cancelled(server)).toBe(3);
  });

  test("is cancelled when stream and connection take turns in standing still", () => {
    const server = waiting(1, 500_000);
    live(server, 60, (second) => {
      // First the stream has no window, then the connection.
      if (second === 20) server.receive(window(1, 70_000), second * 1000);
      if (second === 40) server.receive(window(0, 10), second * 1000);
    });
    expect(cancelled(server)).toBe(1);
  });

  test("reaches a client that is slow, but reads", () => {
    const server = waiting(1, 200_000);
    live(server, 120, (second) => {
      server.receive(Buffer.concat([window(1, 2000), window(0, 2000)]), second * 1000);
    });
    expect(server.events.at(-1)).toMatchObject({ on: "close", code: errorCode.noError });
  });

  test("of many over one slow line reaches its client: they share the line, and the pace", () => {
    const server = waiting(50, 4000, 1_000_000);
    live(server, 120, (second) => server.receive(window(0, 2000), second * 1000));
    expect(cancelled(server)).toBe(0);
    expect(server.connection.openStreams).toBe(0);
  });

  test("and is large has to be read faster: in about an hour all of it", () => {
    const server = waiting(1, 60_000_000);
    live(server, 200, (second) => {
      server.receive(Buffer.concat([window(1, 4000), window(0, 4000)]), second * 1000);
    });
    expect(cancelled(server)).toBe(1);
  });
});

describe("a socket that takes no more", () => {
  test("is given the time that what it keeps takes at the least pace", () => {
    const { connection } = greetedServer();
    expect(connection.blockedMsMax).toBe(30_000);
    connection.blocked(256 * 1024);
    expect(connection.blockedMsMax).toBe(30_000 + 256_000);
  });

  test("does not count against the streams behind it, but against those whose window is closed", () => {
    const server = waiting(2, 1_000_000, 20_000);
    server.receive(window(1, 1_000_000), 0);
    server.output();
    server.connection.blocked(256 * 1024);
    live(server, 100, () => {});
    expect(server.events.filter(({ on }) => on === "close")).toMatchObject([
      { id: 3, code: errorCode.cancel },
    ]);
    server.connection.blocked(0);
    for (let second = 101; second <= 140; second += 1) server.connection.tick(second * 1000);
    expect(cancelled(server)).toBe(2);
  });
});

describe("a body that is waited for", () => {
  /** A server that waits for the body of a request, and takes what comes. */
  function reading(): Recorder {
    const server = greetedServer();
    server.receive(headersOf(1, requestFields, false), 0);
    const stream = server.streams.get(1);
    if (stream !== undefined) stream.isAwaited = true;
    return server;
  }

  test("is refused as late at a byte a second", () => {
    const server = reading();
    live(server, 40, (second) => server.receive(dataOf(1, "x", false), second * 1000));
    expect(server.refused).toEqual([{ id: 1, reason: "late" }]);
  });

  test("is refused as late after five minutes, however fast it comes", () => {
    const server = reading();
    live(server, 299, (second) =>
      server.receive(dataOf(1, Buffer.alloc(5000), false), second * 1000),
    );
    expect(server.refused).toEqual([]);
    server.connection.tick(302_000);
    expect(server.refused).toEqual([{ id: 1, reason: "late" }]);
  });

  test("is not late while the server gives no window for it", () => {
    const server = greetedServer({ streamWindowBytes: 70_000, windowBytesMax: 70_000 });
    server.consumes = false;
    server.receive(headersOf(1, requestFields, false), 0);
    const stream = server.streams.get(1);
    if (stream !== undefined) stream.isAwaited = true;
    for (let sent = 0; sent < 70_000; sent += 10_000) {
      server.receive(dataOf(1, Buffer.alloc(10_000), false), 0);
    }
    live(server, 100, () => {});
    expect(server.refused).toEqual([]);
  });

  test("is in no hurry while nobody waits for it: a stream's messages may be minutes apart", () => {
    const server = reading();
    const stream = server.streams.get(1);
    if (stream !== undefined) stream.isAwaited = false;
    live(server, 1000, (second) => {
      if (second % 200 === 0) server.receive(dataOf(1, "message", false), second * 1000);
    });
    expect(server.refused).toEqual([]);
  });

  test("of a client has no pace: how long a server may think is its caller's to say", () => {
    const client = new Recorder("client");
    const server = new Recorder("server");
    settle(client, server);
    const head = { method: "POST", scheme: "http", authority: "a", path: "/" };
    client.connection.openStream(head, [], true).isAwaited = true;
    settle(client, server);
    for (let second = 1; second < 1000; second += 1) {
      client.connection.tick(second * 1000);
      settle(client, server, second * 1000 + 1);
    }
    expect([client.refused, client.connection.openStreams]).toEqual([[], 1]);
  });
});
