import { getEventListeners, once } from "node:events";
import { createServer, type Http2Server as NodeServer, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer } from "node:net";
import { describe, expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { seededRng } from "#core/rng.ts";
import { Http2Client, type Http2ClientOptions, NotSentError } from "#http2/client.ts";
import { errorCode } from "#http2/error-code.ts";
import type { ServerStream } from "#http2/server-stream.ts";
import { StreamBrokenError } from "#http2/stream-error.ts";
import { http2Listener } from "../../support/http2-listener.ts";
import { clientTls } from "../../support/tls.ts";

function clientOf(port: number, options: Partial<Http2ClientOptions> = {}): Http2Client {
  return new Http2Client({ host: "127.0.0.1", port, ...options }, systemClock, seededRng(1));
}

const get = { method: "GET", path: "/", fields: [] } as const;
const nothing = new Uint8Array(0);
const bytesMax = 1 << 30;

const echo = async (stream: ServerStream) => {
  const body = await stream.body(bytesMax);
  stream.respond(200, [["content-type", "application/grpc"]], body, [["grpc-status", "0"]]);
};

for (const tls of [false, true]) {
  test(`a call is answered over ${tls ? "TLS" : "cleartext"}: status, fields, body, trailers`, async () => {
    await using listener = await http2Listener({ onStream: echo, tls });
    await using client = clientOf(
      listener.port,
      tls ? { host: "localhost", tls: { ca: clientTls.ca } } : {},
    );
    for (const size of [1, 1000, 1_000_000]) {
      const body = Buffer.alloc(size, "abc");
      const stream = await client.open({ method: "POST", path: "/", fields: [], body });
      expect((await stream.body(bytesMax)).equals(body)).toBe(true);
      expect(stream.status).toBe(200);
      expect(stream.header("content-type")).toBe("application/grpc");
      expect(stream.trailer("grpc-status")).toBe("0");
    }
    expect(client.connections).toBe(1);
  });
}

test("a server whose certificate nobody signed is not called", async () => {
  await using listener = await http2Listener({ onStream: echo, tls: true });
  await using client = clientOf(listener.port, { host: "localhost", tls: {} });
  await expect(client.open(get)).rejects.toBeInstanceOf(NotSentError);
});

describe("Node's own server", () => {
  async function nodeServer(): Promise<NodeServer> {
    const server = createServer();
    server.on("stream", (stream: ServerHttp2Stream) => {
      stream.respond({ ":status": 200, "x-engine": "node" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "x-sum": "1" }));
      stream.on("error", () => {});
      stream.pipe(stream);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return server;
  }

  test("answers our client, with bodies larger than any window", async () => {
    await using server = await nodeServer();
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await using client = clientOf(port);
    const bodies = [1, 65_535, 65_536, 2_000_000].map((size) => Buffer.alloc(size, "xyz"));
    const answers = await Promise.all(
      bodies.map(async (body) => {
        const stream = await client.open({ method: "POST", path: "/", fields: [], body });
        const answer = await stream.body(bytesMax);
        return { same: answer.equals(body), sum: stream.trailer("x-sum"), status: stream.status };
      }),
    );
    for (const answer of answers) expect(answer).toEqual({ same: true, sum: "1", status: 200 });
    client.drain();
  });
});

test.each([
  [0, 3],
  [5, 1],
  [5, 300_000],
])("the end of a body that lies elsewhere follows it: %i bytes and %i", async (count, more) => {
  await using listener = await http2Listener({ onStream: (stream) => echo(stream) });
  await using client = clientOf(listener.port);
  const parts = { body: Buffer.alloc(count, "a"), bodyEnd: Buffer.alloc(more, "b") };
  const stream = await client.open({ method: "POST", path: "/", fields: [], ...parts });
  const answer = await stream.body(bytesMax);
  expect(answer.equals(Buffer.concat([parts.body, parts.bodyEnd]))).toBe(true);
});

test("nothing stays on a caller's signal, whether its calls waited, ended or broke", async () => {
  await using listener = await http2Listener({
    limits: { concurrentStreamsMax: 1 },
    onStream: (stream) => (stream.path === "/broken" ? stream.reset() : echo(stream)),
  });
  await using client = clientOf(listener.port);
  const { signal } = new AbortController();
  await Promise.allSettled(
    ["/", "/", "/broken", "/"].map(async (path) => {
      const stream = await client.open({ ...get, path, signal, body: nothing });
      await stream.body(bytesMax);
    }),
  );
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

test("a stream goes both ways at once", async () => {
  await using listener = await http2Listener({
    onStream: async (stream) => {
      stream.start(200, []);
      for await (const piece of stream.chunks(bytesMax)) await stream.write(piece);
      stream.end([["x-end", "yes"]]);
    },
  });
  await using client = clientOf(listener.port);
  const stream = await client.open({ method: "POST", path: "/", fields: [] });
  await stream.responded();
  const pieces = stream.chunks(bytesMax);
  for (const word of ["one", "two", "three"]) {
    await stream.write(word);
    expect((await pieces.next()).value?.toString()).toBe(word);
  }
  stream.end();
  expect((await pieces.next()).done).toBe(true);
  expect(stream.trailer("x-end")).toBe("yes");
});

test("calls beyond the server's streams wait and are served in order", async () => {
  const order: string[] = [];
  const held: ServerStream[] = [];
  await using listener = await http2Listener({
    limits: { concurrentStreamsMax: 2 },
    onStream: (stream) => {
      order.push(stream.path);
      held.push(stream);
      if (held.length === 2) for (const each of held.splice(0)) each.respond(200, []);
    },
  });
  await using client = clientOf(listener.port, { connectionsMax: 1 });
  const paths = Array.from({ length: 8 }, (_, index) => `/${index}`);
  await Promise.all(
    paths.map(async (path) => {
      const stream = await client.open({ ...get, path, body: nothing });
      await stream.body(10);
    }),
  );
  expect(order).toEqual(paths);
});

test("another connection is made when the streams of the first are used up", async () => {
  const held: ServerStream[] = [];
  const all = Promise.withResolvers<void>();
  await using listener = await http2Listener({
    limits: { concurrentStreamsMax: 1 },
    onStream: (stream) => {
      if (held.push(stream) === 3) all.resolve();
    },
  });
  await using client = clientOf(listener.port, { connectionsMax: 3 });
  const calls = await Promise.all([0, 1, 2].map(() => client.open({ ...get, body: nothing })));
  await all.promise;
  expect(client.connections).toBe(3);
  for (const stream of held) stream.respond(204, []);
  await Promise.all(calls.map((call) => call.body(0)));
});

describe("a call that fails says whether it may be made again", () => {
  test("no server: not sent, and the next try is not made at once", async () => {
    const closed = createTcpServer();
    closed.listen(0, "127.0.0.1");
    await once(closed, "listening");
    const address = closed.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    closed.close();
    await once(closed, "close");
    await using client = clientOf(port);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(client.open(get)).rejects.toMatchObject({
        name: "NotSentError",
        unprocessed: true,
        cause: { code: "ECONNREFUSED" },
      });
    }
  });

  test("a server that never speaks: not sent, after the time-out", async () => {
    await using silent = createTcpServer((socket) => socket.resume());
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const address = silent.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await using client = clientOf(port, { connectTimeoutMs: 50 });
    await expect(client.open(get)).rejects.toBeInstanceOf(NotSentError);
  });

  const resets = [
    { name: "REFUSED_STREAM", code: errorCode.refusedStream, unprocessed: true },
    { name: "INTERNAL_ERROR", code: errorCode.internalError, unprocessed: false },
    { name: "NO_ERROR before the end", code: errorCode.noError, unprocessed: false },
  ] as const;

  for (const { name, code, unprocessed } of resets) {
    test(`${name}: ${unprocessed ? "safe" : "perhaps processed"}`, async () => {
      await using listener = await http2Listener({ onStream: (stream) => stream.reset(code) });
      await using client = clientOf(listener.port);
      const stream = await client.open({ ...get, body: nothing });
      await expect(stream.body(10)).rejects.toMatchObject({ code, unprocessed, brokenBy: "peer" });
      await expect(stream.responded()).rejects.toBeInstanceOf(StreamBrokenError);
    });
  }

  test("a connection that breaks under a call: perhaps processed", async () => {
    await using listener = await http2Listener({
      onStream: (stream, socket) => {
        stream.start(200, []);
        setImmediate(() => socket.destroy());
      },
    });
    await using client = clientOf(listener.port);
    const stream = await client.open({ ...get, body: nothing });
    await expect(stream.body(10)).rejects.toMatchObject({
      unprocessed: false,
      brokenBy: "connection",
    });
  });
});

test("a call whose signal aborts is reset on the server, and one that waits never leaves", async () => {
  const started = Promise.withResolvers<ServerStream>();
  await using listener = await http2Listener({
    limits: { concurrentStreamsMax: 1 },
    onStream: (stream) => started.resolve(stream),
  });
  await using client = clientOf(listener.port, { connectionsMax: 1 });
  const [first, second] = [new AbortController(), new AbortController()];
  const stream = await client.open({ ...get, signal: first.signal });
  const served = await started.promise;
  const waiting = client.open({ ...get, body: nothing, signal: second.signal });
  second.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  const aborted = once(served.signal, "abort");
  const unread = served.body(1);
  first.abort();
  await aborted;
  await expect(unread).rejects.toMatchObject({ code: errorCode.cancel, brokenBy: "peer" });
  await expect(stream.body(1)).rejects.toMatchObject({ code: errorCode.cancel, brokenBy: "us" });
});

test("a server that drains ends no call, and the next one takes a new connection", async () => {
  const held: ServerStream[] = [];
  const first = Promise.withResolvers<void>();
  await using listener = await http2Listener({
    onStream: (stream) => {
      if (held.push(stream) === 1) first.resolve();
      else stream.respond(200, [], "second");
    },
  });
  await using client = clientOf(listener.port);
  const slow = await client.open({ ...get, body: nothing });
  await first.promise;
  const drained = listener.server.drain(10_000);
  // The GOAWAY is on its way; whichever connection takes the call, it is answered.
  const next = await client.open({ ...get, body: nothing });
  expect((await next.body(10)).toString()).toBe("second");
  held[0]?.respond(200, [], "first");
  expect((await slow.body(10)).toString()).toBe("first");
  await drained.catch(() => {});
});

test("more calls than the queue takes are refused at once", async () => {
  await using listener = await http2Listener({
    limits: { concurrentStreamsMax: 1 },
    onStream: () => {},
  });
  await using client = clientOf(listener.port, { connectionsMax: 1, queueMax: 1 });
  await client.open({ ...get, body: nothing });
  const waits = client.open({ ...get, body: nothing });
  await expect(client.open({ ...get, body: nothing })).rejects.toThrow("too many calls");
  waits.catch(() => {});
});

test("a call that cannot be sent fails alone, also when it had to wait", async () => {
  await using listener = await http2Listener({ onStream: echo });
  await using client = clientOf(listener.port);
  const bad = client.open({ ...get, path: "/a b", body: nothing });
  const good = client.open({ ...get, body: nothing });
  await expect(bad).rejects.toBeInstanceOf(TypeError);
  expect((await (await good).body(10)).length).toBe(0);
});

describe("many small pieces at once are no abuse", () => {
  const count = 20_000;
  const total = async (pieces: AsyncIterable<Buffer>) => {
    let bytes = 0;
    for await (const piece of pieces) bytes += piece.length;
    return bytes;
  };

  test("in an answer", async () => {
    await using listener = await http2Listener({
      async onStream(stream) {
        stream.start(200, []);
        for (let sent = 0; sent < count; sent += 1) await stream.write("x");
        stream.end();
      },
    });
    await using client = clientOf(listener.port);
    const stream = await client.open({ ...get, body: nothing });
    expect(await total(stream.chunks(count))).toBe(count);
  });

  test("in a request, as long as somebody reads", async () => {
    await using listener = await http2Listener({
      async onStream(stream) {
        stream.respond(200, [], String(await total(stream.chunks(count))));
      },
    });
    await using client = clientOf(listener.port);
    const stream = await client.open(get);
    for (let sent = 0; sent < count; sent += 1) await stream.write("x");
    stream.end();
    expect((await stream.body(10)).toString()).toBe(String(count));
    expect(listener.failures).toEqual([]);
  });
});

test("a connection that is old is replaced: another one is made first, and calls go on", async () => {
  const release = Promise.withResolvers<void>();
  const sockets = new Set<unknown>();
  await using listener = await http2Listener({
    async onStream(stream, socket) {
      sockets.add(socket);
      if (stream.path === "/long") await release.promise;
      stream.respond(200, [], nothing, []);
    },
  });
  await using client = clientOf(listener.port, { connectionAgeMaxMs: 1 });
  const long = await client.open({ ...get, path: "/long" });
  while (sockets.size < 3) {
    // Never without a connection on which a stream can be opened at once.
    const stream = client.openNow(get);
    expect(stream).toBeDefined();
    await stream?.body(bytesMax);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  release.resolve();
  await long.body(bytesMax);
  expect(long.status).toBe(200);
});

test("a connection that is old stays while no other can be made", async () => {
  const listener = createTcpServer();
  await using real = await http2Listener({ onStream: echo });
  listener.on("connection", (socket) => {
    const through = connectTcp(real.port, "127.0.0.1");
    socket.pipe(through).pipe(socket);
    socket.on("error", () => {});
    through.on("error", () => {});
    listener.close();
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  await using client = clientOf(port, { connectionAgeMaxMs: 1 });
  await (await client.open({ ...get, body: nothing })).body(bytesMax);
  for (let count = 0; count < 30; count += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const stream = client.openNow({ ...get, body: nothing });
    expect(stream).toBeDefined();
    await stream?.body(bytesMax);
  }
});
