import { createHash } from "node:crypto";
import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { connect as connectTcp, createServer } from "node:net";
import { buffer } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { BufferPool, isLent } from "#core/buffer-pool.ts";
import { ByteBudget } from "#core/byte-budget.ts";
import { seededRng } from "#core/rng.ts";
import { BodyTooLargeError } from "#http/body-too-large.ts";
import { Http2Server } from "#http2/server.ts";
import type { ServerStream, StreamEnd } from "#http2/server-stream.ts";
import { StreamBrokenError } from "#http2/stream-error.ts";
import { http2Listener } from "../../support/http2-listener.ts";
import {
  dataOf,
  frameOf,
  headersOf,
  number32,
  opening,
  requestFields,
  settingsOf,
} from "../../support/http2-peers.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { clientTls } from "../../support/tls.ts";

/** A raw connection to a server whose clock is the test's. */
async function rawPeer(server: Http2Server) {
  const listener = createServer((socket) => server.take(socket));
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  const client = connectTcp(typeof address === "object" ? (address?.port ?? 0) : 0, "127.0.0.1");
  client.on("error", () => {}).resume();
  await once(client, "connect");
  return {
    client,
    async [Symbol.asyncDispose]() {
      client.destroy();
      listener.close();
      await once(listener, "close");
    },
  };
}

/** Node's own client on a server of ours. */
async function connected(
  onStream: (stream: ServerStream) => void | Promise<void>,
  options: { readonly tls?: boolean; readonly buffers?: ByteBudget } = {},
) {
  const listener = await http2Listener({ onStream, ...options });
  const session =
    options.tls === true
      ? connect(`https://localhost:${listener.port}`, { ca: clientTls.ca })
      : connect(`http://127.0.0.1:${listener.port}`);
  session.on("error", () => {});
  return {
    ...listener,
    session,
    async [Symbol.asyncDispose]() {
      session.destroy();
      await listener[Symbol.asyncDispose]();
    },
  };
}

async function answerOf(request: ClientHttp2Stream) {
  const [headers] = await once(request, "response");
  return { status: headers[constants.HTTP2_HEADER_STATUS], headers, body: await buffer(request) };
}

function post(session: ClientHttp2Session, body: Buffer): ClientHttp2Stream {
  const request = session.request({ ":method": "POST", ":path": "/echo" });
  request.end(body);
  return request;
}

const echo = async (stream: ServerStream) => {
  stream.respond(200, [["content-type", "text/plain"]], await stream.body(1 << 30));
};

for (const tls of [false, true]) {
  describe(`with Node's client over ${tls ? "TLS" : "cleartext"}`, () => {
    test("bodies of any size arrive as they were sent", async () => {
      await using peer = await connected(echo, { tls });
      for (const size of [0, 1, 100, 16_384, 16_385, 70_000, 3_000_000]) {
        const body = Buffer.alloc(size, "0123456789abcdef!");
        const answer = await answerOf(post(peer.session, body));
        expect(answer.status).toBe(200);
        expect(createHash("sha1").update(answer.body).digest("hex")).toBe(
          createHash("sha1").update(body).digest("hex"),
        );
      }
      expect(peer.failures).toEqual([]);
    });

    test("payloads in lent memory arrive as they were, and all of it is given back", async () => {
      const payloadBytes = [2049, 9000, 16_384, 16_385, 40_000];
      const memory = new BufferPool(64 * 1024);
      const given: Buffer[] = [];
      const inPieces = async (stream: ServerStream) => {
        stream.start(200, []);
        for (const [index, bytes] of payloadBytes.entries()) {
          const { at } = memory.withRoom(bytes);
          const payload = memory.lend(at, at + bytes).fill(stream.id + index);
          given.push(payload);
          await stream.write(payload);
        }
        stream.end();
      };
      await using peer = await connected(inPieces, { tls });
      for (let round = 0; round < 5; round += 1) {
        const requests = Array.from({ length: 20 }, () => peer.session.request({}));
        const bodies = await Promise.all(requests.map((request) => buffer(request)));
        for (const [index, body] of bodies.entries()) {
          const id = requests[index]?.id ?? 0;
          const parts = payloadBytes.map((bytes, part) => Buffer.alloc(bytes, id + part));
          expect(body.equals(Buffer.concat(parts))).toBe(true);
        }
      }
      expect(given.length).toBe(5 * 20 * payloadBytes.length);
      await expect.poll(() => given.filter(isLent)).toEqual([]);
      expect(new Set(given.map((view) => view.buffer)).size).toBeLessThan(100);
    });

    test("two hundred calls at once are all answered", async () => {
      await using peer = await connected(echo, { tls });
      const bodies = Array.from({ length: 200 }, (_, index) => Buffer.alloc(index * 50, "x"));
      const answers = await Promise.all(bodies.map((body) => answerOf(post(peer.session, body))));
      expect(answers.map(({ body }) => body.length)).toEqual(bodies.map(({ length }) => length));
    });
  });
}

test("what a connection that breaks still had to send is not given back", async () => {
  const memory = new BufferPool(64 * 1024);
  const broken = Promise.withResolvers<void>();
  const given: Buffer[] = [];
  let isStuck = false;
  await using peer = await connected(async (stream) => {
    stream.start(200, []);
    try {
      // The client reads none of it: what the kernel does not hold, the socket does.
      for (;;) {
        const { at } = memory.withRoom(16_000);
        const payload = memory.lend(at, at + 16_000);
        given.push(payload);
        const timer = setTimeout(() => {
          isStuck = true;
        }, 200);
        await stream.write(payload);
        clearTimeout(timer);
      }
    } catch {
      broken.resolve();
    }
  });
  const client = connectTcp(peer.port, "127.0.0.1");
  const windows = [frameOf(4, 0, 0, settingsOf([4, 1 << 30])), frameOf(8, 0, 0, number32(1 << 30))];
  client.write(Buffer.concat([opening, ...windows, headersOf(1, requestFields, true)]));
  await expect.poll(() => isStuck).toBe(true);
  const lentBefore = given.filter(isLent).length;
  expect(lentBefore).toBeGreaterThan(0);
  client.resetAndDestroy();
  await broken.promise;
  expect(given.filter(isLent).length).toBe(lentBefore);
});

test("a handler of a small call finds the whole body there", async () => {
  let found: string | undefined;
  await using peer = await connected((stream) => {
    found = stream.takeBody()?.toString();
    stream.respond(200, []);
  });
  await answerOf(post(peer.session, Buffer.from("small")));
  expect(found).toBe("small");
});

test("the request is told in full", async () => {
  const seen: unknown[] = [];
  await using peer = await connected((stream) => {
    const { method, path, authority } = stream;
    seen.push(
      method,
      path,
      authority,
      stream.header("cookie"),
      stream.header("x-a"),
      stream.header("x-b"),
    );
    seen.push([...stream.headers()].map(([name]) => name));
    stream.respond(204, []);
  });
  const request = peer.session.request({ ":path": "/a?b=%20", cookie: "a=1", "x-a": ["1", "2"] });
  expect((await answerOf(request)).status).toBe(204);
  const authority = `127.0.0.1:${peer.port}`;
  expect(seen).toEqual([
    "GET",
    "/a?b=%20",
    authority,
    "a=1",
    "1, 2",
    undefined,
    ["cookie", "x-a", "x-a"],
  ]);
});

test("an answer in pieces ends with trailers", async () => {
  await using peer = await connected(async (stream) => {
    stream.start(200, [["content-type", "application/grpc"]]);
    for (const piece of ["a", "b", "c"]) await stream.write(piece);
    stream.end([["grpc-status", "0"]]);
  });
  const request = peer.session.request({});
  const trailers = once(request, "trailers");
  expect((await answerOf(request)).body.toString()).toBe("abc");
  expect((await trailers)[0]["grpc-status"]).toBe("0");
});

test("an answer of trailers alone is one HEADERS frame", async () => {
  await using peer = await connected((stream) => stream.respond(200, [["grpc-status", "5"]]));
  const request = peer.session.request({});
  const [headers, flags] = await once(request, "response");
  expect(headers["grpc-status"]).toBe("5");
  expect(flags & constants.NGHTTP2_FLAG_END_STREAM).toBe(1);
  request.resume();
});

test("HEAD gets the head alone", async () => {
  await using peer = await connected((stream) =>
    stream.respond(200, [["content-length", "5"]], "hello"),
  );
  const answer = await answerOf(peer.session.request({ ":method": "HEAD" }));
  expect(answer.headers["content-length"]).toBe("5");
  expect(answer.body.length).toBe(0);
});

test("a client that leaves aborts the signal and is told to listeners once", async () => {
  const started = Promise.withResolvers<ServerStream>();
  const ends: StreamEnd[] = [];
  await using peer = await connected((stream) => {
    stream.onEnd((end) => ends.push(end));
    started.resolve(stream);
  });
  const request = peer.session.request({ ":method": "POST" });
  request.on("error", () => {});
  const stream = await started.promise;
  const aborted = once(stream.signal, "abort");
  request.close(constants.NGHTTP2_CANCEL);
  await aborted;
  expect(stream.signal.reason).toMatchObject({ code: constants.NGHTTP2_CANCEL, brokenBy: "peer" });
  expect(ends).toEqual([{ status: 499, bodyBytes: 0, aborted: true }]);
  await expect(stream.write("late")).rejects.toBeInstanceOf(StreamBrokenError);
  stream.respond(200, [], "too late, without effect");
});

test("a connection that is lost ends every stream on it", async () => {
  const started = Promise.withResolvers<ServerStream>();
  await using peer = await connected((stream) => started.resolve(stream));
  peer.session.request({ ":method": "POST" }).on("error", () => {});
  const stream = await started.promise;
  const aborted = once(stream.signal, "abort");
  peer.session.destroy();
  await aborted;
  expect(stream.signal.reason).toMatchObject({ brokenBy: "connection" });
});

test("a body past its limit is refused with an error that names the limit", async () => {
  const caught = Promise.withResolvers<unknown>();
  await using peer = await connected(async (stream) => {
    await stream.body(1000).catch(caught.resolve);
    stream.respond(413, []);
  });
  const answer = await answerOf(post(peer.session, Buffer.alloc(5000)));
  expect(answer.status).toBe(413);
  expect(await caught.promise).toBeInstanceOf(BodyTooLargeError);
  expect(await caught.promise).toMatchObject({ bytesMax: 1000 });
});

test("an answer before the body is whole reaches the client, and the next call works", async () => {
  await using peer = await connected((stream) => stream.respond(403, [], "no"));
  const request = peer.session.request({ ":method": "POST" });
  request.on("error", () => {});
  request.write(Buffer.alloc(1000));
  expect((await answerOf(request)).body.toString()).toBe("no");
  expect((await answerOf(peer.session.request({}))).status).toBe(403);
});

describe("a client that expects 100-continue", () => {
  /** What comes back before the body is sent. */
  async function expecting(onStream: (stream: ServerStream) => Promise<void>, length: number) {
    await using peer = await connected(onStream);
    const request = peer.session.request({
      ":method": "POST",
      expect: "100-continue",
      "content-length": String(length),
    });
    request.on("error", () => {});
    const first = await Promise.race([
      once(request, "continue").then(() => "continue"),
      once(request, "response").then(([headers]) => Number(headers[":status"])),
    ]);
    if (first !== "continue") return [first];
    request.end(Buffer.alloc(length));
    return [first, Number((await once(request, "response"))[0][":status"])];
  }

  test("gets it when the body is read, whole or in pieces", async () => {
    const whole = async (stream: ServerStream) => {
      await stream.body(100);
      stream.respond(200, []);
    };
    const pieces = async (stream: ServerStream) => {
      for await (const piece of stream.chunks(100)) expect(piece.length).toBeGreaterThan(0);
      stream.respond(200, []);
    };
    expect(await expecting(whole, 50)).toEqual(["continue", 200]);
    expect(await expecting(pieces, 50)).toEqual(["continue", 200]);
  });

  test("gets the final status at once when the body is not wanted", async () => {
    expect(await expecting(async (stream) => stream.respond(401, []), 50)).toEqual([401]);
  });

  test.each([
    ["whole", (stream: ServerStream) => stream.body(100)],
    ["in pieces", (stream: ServerStream) => stream.chunks(100).next()],
  ])(
    "gets a refusal at once when its declared length is over the limit, read %s",
    async (_, read) => {
      const caught: unknown[] = [];
      const refuse = async (stream: ServerStream) => {
        await read(stream).catch((error) => caught.push(error));
        stream.respond(413, []);
      };
      expect(await expecting(refuse, 101)).toEqual([413]);
      expect(caught).toEqual([expect.any(BodyTooLargeError)]);
    },
  );
});

describe("a client that takes its response slowly off its socket", () => {
  /** A response that no socket takes at once, and how its stream ended. */
  async function slowly() {
    const clock = createManualClock();
    const bytes = 40_000_000;
    const begun = Promise.withResolvers<ServerStream>();
    const failures: string[] = [];
    const server = new Http2Server(
      {
        onStream: (stream) => {
          stream.respond(200, [], Buffer.alloc(bytes));
          begun.resolve(stream);
        },
        onFailure: (debug) => failures.push(debug),
      },
      clock,
      seededRng(1),
    );
    const peer = await rawPeer(server);
    const wide = Buffer.concat([
      opening,
      frameOf(4, 0, 0, settingsOf([4, 0x7fff_ffff])),
      frameOf(8, 0, 0, number32(0x7000_0000)),
      headersOf(1, requestFields, true),
    ]);
    peer.client.pause();
    peer.client.write(wide);
    const stream = await begun.promise;
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return { clock, bytes, stream, failures, peer, server };
  }

  test("gets all of it, minutes later", async () => {
    const { clock, bytes, stream, failures, peer, server } = await slowly();
    for (let second = 0; second < 250; second += 1) await clock.advance(1000);
    expect([stream.closed, failures]).toEqual([false, []]);
    let received = 0;
    peer.client.on("data", (piece: Buffer) => {
      received += piece.length;
    });
    peer.client.resume();
    await expect.poll(() => received).toBeGreaterThan(bytes);
    await peer[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  test("and never, loses its connection", async () => {
    const { clock, stream, failures, peer, server } = await slowly();
    for (let second = 0; second < 330; second += 1) await clock.advance(1000);
    await expect.poll(() => failures).toEqual(["not_reading"]);
    expect(stream.closed).toBe(true);
    await peer[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
});

describe("a body that cannot be gone on with", () => {
  test("fails its reader, who still answers, when it comes a byte at a time", async () => {
    const clock = createManualClock();
    const seen: string[] = [];
    await using server = new Http2Server(
      {
        onStream: async (stream) => {
          const error = await stream.body(1000).catch((thrown) => thrown);
          seen.push(error.reason);
          stream.respond(408, []);
        },
      },
      clock,
      seededRng(1),
    );
    await using peer = await rawPeer(server);
    peer.client.write(Buffer.concat([opening, headersOf(1, requestFields, false)]));
    for (let second = 0; second < 40 && seen.length === 0; second += 1) {
      peer.client.write(dataOf(1, "x", false));
      await clock.advance(1000);
    }
    expect(seen).toEqual(["late"]);
  });

  test("fails its reader when the buffers are full; the others on the connection end well", async () => {
    const outcomes: string[] = [];
    const buffers = new ByteBudget(4_000_000);
    await using peer = await connected(
      async (stream) => {
        const outcome = await stream.body(1_000_000).then(
          () => "whole",
          (error) => error.reason,
        );
        outcomes.push(outcome);
        stream.respond(outcome === "whole" ? 200 : 503, []);
      },
      { buffers },
    );
    const requests = Array.from({ length: 8 }, () => post(peer.session, Buffer.alloc(900_000)));
    const statuses = await Promise.all(
      requests.map(async (request) => (await answerOf(request)).status),
    );
    expect(new Set(outcomes)).toEqual(new Set(["whole", "buffers_full"]));
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(0);
    expect(statuses.length).toBe(8);
    await expect.poll(() => buffers.heldBytes).toBe(0);
  });
});

const failing = [
  {
    name: "throws",
    handler: () => {
      throw new Error("bug");
    },
  },
  {
    name: "rejects",
    handler: async () => {
      throw new Error("bug");
    },
  },
] as const;

for (const { name, handler } of failing) {
  test(`a handler that ${name} resets its stream with INTERNAL_ERROR, and the next call works`, async () => {
    let calls = 0;
    await using peer = await connected((stream) => {
      calls += 1;
      if (calls > 1) stream.respond(200, []);
      return calls > 1 ? undefined : handler();
    });
    const request = peer.session.request({});
    const [error] = await once(request, "error");
    expect(error.message).toContain("NGHTTP2_INTERNAL_ERROR");
    expect((await answerOf(peer.session.request({}))).status).toBe(200);
  });
}

test("a slow reader holds its writer up, and nothing piles up meanwhile", async () => {
  const written: number[] = [];
  const done = Promise.withResolvers<void>();
  const piece = Buffer.alloc(64 * 1024);
  const started = Promise.withResolvers<ServerStream>();
  await using peer = await connected(async (stream) => {
    started.resolve(stream);
    stream.start(200, []);
    for (let index = 0; index < 100; index += 1) {
      await stream.write(piece);
      written.push(index);
    }
    stream.end();
    done.resolve();
  });
  const request = peer.session.request({});
  await once(request, "response");
  const stream = await started.promise;
  // The client reads nothing: one window and one queue are all that can be written.
  expect(stream.queuedBytes).toBeLessThanOrEqual(256 * 1024 + piece.length);
  expect(written.length).toBeLessThan(20);
  expect((await buffer(request)).length).toBe(100 * piece.length);
  await done.promise;
});

test("a body that nobody reads holds up its sender alone, and arrives once it is read", async () => {
  const started = Promise.withResolvers<ServerStream>();
  await using peer = await connected((stream) => {
    if (stream.path === "/unread") started.resolve(stream);
    else stream.respond(200, [], "other");
  });
  const request = peer.session.request({ ":method": "POST", ":path": "/unread" });
  request.end(Buffer.alloc(1_000_000));
  const stream = await started.promise;
  const other = await answerOf(peer.session.request({ ":path": "/other" }));
  expect(other.body.toString()).toBe("other");
  expect(stream.remoteEnded).toBe(false);
  let seen = 0;
  for await (const piece of stream.chunks(1e9)) seen += piece.length;
  expect(seen).toBe(1_000_000);
  stream.respond(200, []);
  expect((await answerOf(request)).status).toBe(200);
});

describe("draining", () => {
  test("lets calls under way end, takes no new connection's call, then closes", async () => {
    const started = Promise.withResolvers<ServerStream>();
    await using peer = await connected((stream) => started.resolve(stream));
    const request = peer.session.request({});
    const answer = answerOf(request);
    const stream = await started.promise;
    const drained = peer.server.drain(10_000);
    const goaway = once(peer.session, "goaway");
    await goaway;
    stream.respond(200, [], "done");
    expect((await answer).body.toString()).toBe("done");
    await drained;
    expect(peer.server.connections).toBe(0);
  });

  test("breaks off what is still under way after the grace", async () => {
    const started = Promise.withResolvers<ServerStream>();
    await using peer = await connected((stream) => started.resolve(stream));
    peer.session.request({}).on("error", () => {});
    const stream = await started.promise;
    const aborted = once(stream.signal, "abort");
    await peer.server.drain(1);
    await aborted;
    expect(stream.closed).toBe(true);
  });
});

test("a client that breaks the protocol gets a GOAWAY that says why, and others go on", async () => {
  await using peer = await connected(echo);
  const socket = connectTcp(peer.port, "127.0.0.1");
  socket.write(Buffer.concat([opening, Buffer.from("00000000000000000000", "hex")]));
  const received = await buffer(socket);
  expect(received.toString("latin1")).toContain("bad_frame");
  await expect.poll(() => peer.failures).toEqual(["bad_frame"]);
  expect((await answerOf(post(peer.session, Buffer.from("x")))).body.toString()).toBe("x");
});
