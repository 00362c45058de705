import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { Agent, request as requestHttp } from "node:http";
import { request as requestHttps, Agent as TlsAgent } from "node:https";
import { connect, type Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { setImmediate as turn } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { ByteBudget } from "#core/byte-budget.ts";
import { BodyTooLargeError } from "#http/body-too-large.ts";
import { ConnectionBrokenError } from "#http1/connection-broken.ts";
import { defaultLimits } from "#http1/limits.ts";
import type { ServerExchange } from "#http1/server-exchange.ts";
import { http1Listener } from "../../support/http1-listener.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { clientTls } from "../../support/tls.ts";

const run = promisify(execFile);
const sizes = [0, 1, 100, 8192, 8193, 70_000, 3_000_000];
const sha1 = (bytes: Uint8Array) => createHash("sha1").update(bytes).digest("hex");

const echo = async (exchange: ServerExchange) => {
  exchange.respond(200, [["content-type", "text/plain"]], await exchange.body(1 << 30));
};

async function opened(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

for (const tls of [false, true]) {
  describe(`with Node's client over ${tls ? "TLS" : "cleartext"}`, () => {
    test("bodies of any size, told by length or in chunks, come back on one connection", async () => {
      let connections = 0;
      const ports = new Set<number | undefined>();
      await using listener = await http1Listener({
        tls,
        onExchange(exchange, socket) {
          ports.add(socket.remotePort);
          connections = listener.server.connections;
          return echo(exchange);
        },
      });
      const options = { keepAlive: true, maxSockets: 1 };
      const agent = tls ? new TlsAgent({ ...options, ca: clientTls.ca }) : new Agent(options);
      const request = tls ? requestHttps : requestHttp;
      for (const size of sizes) {
        for (const chunked of [false, true]) {
          const body = Buffer.alloc(size, "0123456789abcdef!");
          const sent = request({
            agent,
            host: "localhost",
            port: listener.port,
            method: "POST",
            headers: chunked ? {} : { "content-length": size },
          });
          for (let at = 0; chunked && at < size; at += 50_000)
            sent.write(body.subarray(at, at + 50_000));
          sent.end(chunked ? undefined : body);
          const [answer] = await once(sent, "response");
          expect(sha1(await buffer(answer))).toBe(sha1(body));
        }
      }
      agent.destroy();
      expect([connections, ports.size]).toEqual([1, 1]);
    });
  });
}

test("fetch sends and gets streams", async () => {
  await using listener = await http1Listener({
    async onExchange(exchange) {
      exchange.start(200, []);
      for await (const piece of exchange.chunks(1 << 30)) await exchange.write(piece);
      exchange.end([["x-end", "1"]]);
    },
  });
  async function* pieces() {
    for (let index = 0; index < 100; index += 1) yield new Uint8Array(10_000).fill(index);
  }
  const answer = await fetch(`http://127.0.0.1:${listener.port}/`, {
    method: "POST",
    body: ReadableStream.from(pieces()),
    duplex: "half",
  });
  expect((await answer.arrayBuffer()).byteLength).toBe(1_000_000);
});

test("curl is served: HTTP/1.0, HEAD, 100-continue and a kept connection", async () => {
  await using listener = await http1Listener({ onExchange: echo });
  const url = `http://127.0.0.1:${listener.port}/`;
  const curl = async (...args: string[]) => (await run("curl", ["-s", ...args])).stdout;
  expect(await curl("--http1.0", "-d", "old", url)).toBe("old");
  expect(await curl("-I", url)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(await curl("-H", "expect: 100-continue", "-d", "new", url)).toBe("new");
  expect(await curl("-d", "a", url, url, "-w", "%{num_connects}")).toBe("a1a0");
});

describe("a body", () => {
  test("over its reader's limit is refused by its declared length, without an invitation", async () => {
    const thrown = Promise.withResolvers<unknown>();
    await using listener = await http1Listener({
      onExchange: async (exchange) => {
        await exchange.body(10).catch(thrown.resolve);
        exchange.respond(413, []);
      },
    });
    const socket = await opened(listener.port);
    socket.write(
      "POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 11\r\n\r\n",
    );
    expect((await buffer(socket)).toString()).toMatch(/^HTTP\/1\.1 413 /);
    expect(await thrown.promise).toBeInstanceOf(BodyTooLargeError);
  });

  test("whose sender leaves fails its reader", async () => {
    const [thrown, begun] = [Promise.withResolvers<unknown>(), Promise.withResolvers<void>()];
    await using listener = await http1Listener({
      onExchange: async (exchange) => {
        begun.resolve();
        await exchange.body(10).catch(thrown.resolve);
      },
    });
    const socket = await opened(listener.port);
    socket.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nab");
    await begun.promise;
    socket.end();
    const error = await thrown.promise;
    expect(error).toBeInstanceOf(ConnectionBrokenError);
    // In the log it stands behind the failure that the call had for it.
    expect(`${error}`).toBe("ConnectionBrokenError: the HTTP/1.1 connection was broken off");
  });
});

describe("a client that closes its connection while it waits", () => {
  test.each([
    { version: "1.1", streams: false, tls: false },
    { version: "1.1", streams: true, tls: false },
    { version: "1.0", streams: false, tls: false },
    { version: "1.1", streams: false, tls: true },
    { version: "1.1", streams: true, tls: true },
  ])(
    "is found out by two probes, of which the second comes 5 ms after its end: HTTP/$version, in a stream: $streams, TLS: $tls",
    async ({ version, streams, tls }) => {
      const clock = createManualClock();
      const begun = Promise.withResolvers<void>();
      const aborted = Promise.withResolvers<boolean>();
      await using listener = await http1Listener({
        clock,
        tls,
        onExchange(exchange) {
          exchange.onEnd((end) => aborted.resolve(end.aborted));
          if (streams) {
            exchange.start(200, []);
            void exchange.write("one");
          }
          begun.resolve();
        },
      });
      const { port } = listener;
      const options = { host: "127.0.0.1", port, ca: clientTls.ca, servername: "localhost" };
      const socket = tls ? connectTls(options) : connect(options);
      socket.on("error", () => {});
      await once(socket, tls ? "secureConnect" : "connect");
      socket.write(`GET / HTTP/${version}\r\nhost: a\r\n\r\n`);
      await begun.promise;
      if (streams) while (!String((await once(socket, "data"))[0]).includes("one"));
      const sleeping = clock.sleeping();
      socket.destroy();
      // Its end has come, and the first probe has left with this turn.
      await clock.untilSleeping(sleeping + 1);
      for (let turns = 0; turns < 3; turns += 1) await turn();
      // Time stands still from here on: no later probe could help.
      await clock.advance(5);
      expect(await aborted.promise).toBe(true);
    },
  );
});

describe("an answer", () => {
  test("whose client leaves tells its writer and its end", async () => {
    const [failed, ended] = [Promise.withResolvers<unknown>(), Promise.withResolvers<boolean>()];
    await using listener = await http1Listener({
      async onExchange(exchange) {
        exchange.onEnd(({ aborted }) => ended.resolve(aborted));
        exchange.start(200, []);
        const piece = Buffer.alloc(1 << 20);
        try {
          for (;;) await exchange.write(piece);
        } catch (error) {
          failed.resolve(error);
        }
      },
    });
    const socket = await opened(listener.port);
    socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await once(socket, "data");
    socket.destroy();
    expect(await failed.promise).toBeInstanceOf(ConnectionBrokenError);
    expect(await ended.promise).toBe(true);
  });

  test("that is broken off is not whole", async () => {
    await using listener = await http1Listener({
      onExchange(exchange) {
        exchange.start(200, []);
        exchange.write("part");
        throw new Error("bug");
      },
    });
    const answer = await fetch(`http://127.0.0.1:${listener.port}/`);
    await expect(answer.text()).rejects.toThrow();
  });

  test("that promised more than it held is broken off, too", async () => {
    await using listener = await http1Listener({
      onExchange(exchange) {
        exchange.start(200, [["content-length", "10"]]);
        exchange.write("part");
        exchange.end();
      },
    });
    const answer = await fetch(`http://127.0.0.1:${listener.port}/`);
    await expect(answer.text()).rejects.toThrow();
  });

  test("that nobody takes is given up after its time", async () => {
    const clock = createManualClock();
    const begun = Promise.withResolvers<void>();
    let stalls = 0;
    await using listener = await http1Listener({
      clock,
      onGivenUp: () => {
        stalls += 1;
      },
      onExchange(exchange) {
        exchange.respond(200, [], Buffer.alloc(64 << 20));
        begun.resolve();
      },
    });
    const socket = (await opened(listener.port)).pause();
    socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    // The kernel takes some of it first, in turns that time has no part in.
    await begun.promise;
    while (stalls === 0) {
      await turn();
      await clock.advance(defaultLimits.stallTimeoutMs);
    }
    expect(stalls).toBe(1);
    socket.destroy();
  });
});

test.each(["1.1", "1.0"])(
  "a slow reader of HTTP/%s gets the whole of the last answer",
  async (version) => {
    const clock = createManualClock();
    const answered = Promise.withResolvers<number>();
    await using listener = await http1Listener({
      clock,
      async onExchange(exchange, socket) {
        exchange.start(200, [["connection", "close"]]);
        let bodyBytes = 0;
        // Until a little waits in the socket: less than would make it ask to be waited for.
        for (let bytes = 20_000; socket.writableLength === 0; bodyBytes += bytes) {
          await exchange.write(Buffer.alloc(bytes));
          await turn();
        }
        exchange.end();
        answered.resolve(bodyBytes);
      },
    });
    const socket = (await opened(listener.port)).pause();
    socket.write(`GET / HTTP/${version}\r\nhost: a\r\n\r\n`);
    const bodyBytes = await answered.promise;
    for (let second = 0; second < 10; second += 1) {
      await turn();
      await clock.advance(1_000);
    }
    const { length } = await buffer(socket);
    expect(length).toBeGreaterThan(bodyBytes);
  },
);

test("another protocol's first bytes are its own, also behind an answer that came late", async () => {
  const admitted = Promise.withResolvers<void>();
  await using listener = await http1Listener({
    async onExchange(exchange) {
      await turn();
      exchange.respond(200, [], exchange.path);
    },
    upgrades: {
      takes: () => true,
      onUpgrade({ socket, rest }) {
        void admitted.promise.then(() => {
          let text = rest.toString();
          socket.on("data", (bytes) => {
            text += bytes.toString();
            if (text === "one two") socket.end(text);
          });
        });
        socket.write("upgraded");
      },
    },
  });
  const socket = await opened(listener.port);
  const offer = "GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
  socket.write(`GET /first HTTP/1.1\r\nhost: a\r\n\r\n${offer}`);
  let text = "";
  for await (const piece of socket) {
    text += piece.toString();
    if (!text.endsWith("upgraded")) continue;
    socket.write("one ");
    for (let pause = 0; pause < 5; pause += 1) await turn();
    admitted.resolve();
    socket.write("two");
  }
  expect(text).toMatch(/\/first.*upgradedone two$/s);
});

test("what is late is looked for while a server has connections", async () => {
  const clock = createManualClock();
  await using listener = await http1Listener({ clock, onExchange: echo });
  const socket = await opened(listener.port);
  socket.write("GET / HT");
  await clock.untilSleeping(1);
  await clock.advance(defaultLimits.headTimeoutMs + 1_000);
  expect((await buffer(socket)).toString()).toMatch(/^HTTP\/1\.1 408 /);
});

test("another protocol gets the connection with what came behind the head", async () => {
  await using listener = await http1Listener({
    onExchange: (exchange) => exchange.respond(200, [], exchange.path),
    upgrades: {
      takes: (protocol) => protocol === "websocket",
      onUpgrade({ exchange, socket, rest }) {
        socket.write(`${exchange.path} ${rest.toString()} `);
        socket.on("data", (bytes) => socket.end(bytes));
      },
    },
  });
  const socket = await opened(listener.port);
  const offer = "GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
  socket.write(`GET /first HTTP/1.1\r\nhost: a\r\n\r\n${offer}rest`);
  let text = "";
  for await (const piece of socket) {
    text += piece.toString();
    if (text.endsWith("rest ")) socket.write("later");
  }
  expect(text).toMatch(/\r\n\r\n\/first\/ws rest later$/);
});

test("a server that is gone takes its connections with it", async () => {
  const listener = await http1Listener({ onExchange: (exchange) => exchange.start(200, []) });
  const socket = await opened(listener.port);
  socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  await once(socket, "data");
  const closed = once(socket, "close");
  await listener[Symbol.asyncDispose]();
  await closed;
  expect(listener.server.connections).toBe(0);
});

describe("what all connections hold is bounded together:", () => {
  const mib = 1024 * 1024;

  test("bodies that are not whole: those that hold most get 503, and those that come later are read", async () => {
    const buffers = new ByteBudget(4 * mib);
    const exchanges: ServerExchange[] = [];
    const failures: unknown[] = [];
    await using listener = await http1Listener({
      buffers,
      async onExchange(exchange) {
        exchanges.push(exchange);
        try {
          const { length } = await exchange.body(2 * mib);
          exchange.respond(200, [], String(length));
        } catch (thrown) {
          failures.push(thrown);
        }
      },
    });
    const sockets: Socket[] = [];
    const texts: Promise<Buffer>[] = [];
    for (let count = 1; count <= 12; count += 1) {
      const socket = await opened(listener.port);
      socket.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${mib}\r\n\r\n`);
      socket.write(Buffer.alloc(mib - 1));
      sockets.push(socket);
      texts.push(buffer(socket).catch(() => Buffer.alloc(0)));
      while ((exchanges[count - 1]?.receivedBytes ?? 0) < mib - 1) await turn();
      await turn();
      expect(buffers.heldBytes).toBeLessThanOrEqual(4 * mib);
    }
    const last = sockets.pop();
    last?.end("x");
    expect((await texts.pop())?.toString()).toMatch(/^HTTP\/1\.1 200 .*1048576$/s);
    for (const socket of sockets) socket.end();
    const answers = (await Promise.all(texts)).map((text) => text.toString("latin1", 0, 12));
    expect(answers.filter((text) => text === "HTTP/1.1 503").length).toBeGreaterThanOrEqual(8);
    while (buffers.heldBytes > 0) await turn();
    expect(failures.length).toBeGreaterThanOrEqual(8);
    for (const thrown of failures) expect(thrown).toBeInstanceOf(ConnectionBrokenError);
  });

  test("requests that wait for another: they are forgotten where most is held", async () => {
    const buffers = new ByteBudget(256 * 1024);
    const waiting: ServerExchange[] = [];
    await using listener = await http1Listener({
      buffers,
      onExchange: (exchange) => void waiting.push(exchange),
    });
    const texts: Promise<Buffer>[] = [];
    for (let count = 1; count <= 10; count += 1) {
      const socket = await opened(listener.port);
      socket.end("GET / HTTP/1.1\r\nhost: a\r\n\r\n".repeat(2000));
      texts.push(buffer(socket));
      while (waiting.length < count) await turn();
    }
    for (let pause = 0; pause < 50; pause += 1) await turn();
    expect(buffers.heldBytes).toBeLessThanOrEqual(256 * 1024);
    for (let index = 0; index < waiting.length; index += 1) {
      waiting[index]?.respond(200, [], "ok");
      await turn();
    }
    const counts: number[] = [];
    while (counts.length < texts.length) {
      for (const exchange of waiting.splice(0)) exchange.respond(200, [], "ok");
      const text = await Promise.race([texts[counts.length], turn(undefined)]);
      if (text !== undefined) counts.push(text.toString().split("HTTP/1.1 200").length - 1);
    }
    // Some got one response, the others all that they asked for.
    expect(new Set(counts)).toEqual(new Set([1, 2000]));
    while (buffers.heldBytes > 0) await turn();
  });

  test("responses that nobody takes: those that hold most lose their connection", async () => {
    const buffers = new ByteBudget(32 * mib);
    const given: string[] = [];
    let served = 0;
    await using listener = await http1Listener({
      buffers,
      onGivenUp: (reason) => given.push(reason),
      onExchange(exchange) {
        served += 1;
        exchange.respond(200, [], Buffer.alloc(16 * mib));
      },
    });
    const sockets: Socket[] = [];
    for (let count = 1; count <= 6; count += 1) {
      const socket = (await opened(listener.port)).pause();
      sockets.push(socket);
      socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
      while (served < count) await turn();
      for (let pause = 0; pause < 20; pause += 1) await turn();
      expect(buffers.heldBytes).toBeLessThanOrEqual(32 * mib);
    }
    expect(given.length).toBeGreaterThanOrEqual(3);
    expect(new Set(given)).toEqual(new Set(["buffers_full"]));
    const last = sockets.at(-1);
    expect(last && (await buffer(firstBytes(last, 16 * mib))).length).toBeGreaterThan(16 * mib);
    for (const socket of sockets) socket.destroy();
    while (buffers.heldBytes > 0) await turn();
  });
});

/** What a socket receives, ended once it is more than `bytesMin`. */
async function* firstBytes(socket: Socket, bytesMin: number) {
  let seen = 0;
  for await (const piece of socket) {
    seen += piece.length;
    yield piece;
    if (seen > bytesMin) return;
  }
}

test("crumbs buy a slow reader no time", async () => {
  const clock = createManualClock();
  const given = Promise.withResolvers<string>();
  const begun = Promise.withResolvers<void>();
  await using listener = await http1Listener({
    clock,
    onGivenUp: given.resolve,
    onExchange(exchange) {
      exchange.respond(200, [], Buffer.alloc(64 << 20));
      begun.resolve();
    },
  });
  const socket = (await opened(listener.port)).pause();
  socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  await begun.promise;
  let isGivenUp = false;
  void given.promise.then(() => {
    isGivenUp = true;
  });
  // A kilobyte a second is less than the system asks for, in any of its windows.
  for (let second = 0; second < 300 && !isGivenUp; second += 1) {
    socket.read(1_100);
    await turn();
    await clock.advance(1_000);
  }
  expect(isGivenUp).toBe(true);
  socket.destroy();
});
