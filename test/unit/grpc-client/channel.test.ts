/** Calls over real sockets, to a server of ours that answers whatever a case needs. */

import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { seededRng } from "#core/rng.ts";
import { GrpcChannel, type GrpcChannelOptions } from "#grpc-client/channel.ts";
import { GrpcError } from "#grpc-client/grpc-error.ts";
import { errorCode } from "#http2/error-code.ts";
import { frameType } from "#http2/frames.ts";
import type { ServerStream } from "#http2/server-stream.ts";
import { codingOf } from "#protocol/compression.ts";
import { compressedFlag, envelope } from "#protocol/envelope.ts";
import { type Http2Listener, http2Listener } from "../../support/http2-listener.ts";
import { frameOf } from "../../support/http2-peers.ts";
import { clientTls } from "../../support/tls.ts";

const path = "/test.Service/Method";
const grpc = [["content-type", "application/grpc"]] as const;
const ok = [["grpc-status", "0"]] as const;
const hello = Buffer.from("hello");
const frame = envelope(0, hello);

interface Setting extends AsyncDisposable {
  readonly channel: GrpcChannel;
  readonly listener: Http2Listener;
}

async function open(
  onStream: (stream: ServerStream, socket: Socket) => unknown,
  options: Partial<GrpcChannelOptions> = {},
): Promise<Setting> {
  await using opening = new AsyncDisposableStack();
  const listener = opening.use(
    await http2Listener({
      onStream: (stream, socket) => void onStream(stream, socket),
      tls: options.tls !== undefined,
    }),
  );
  const channel = opening.use(
    new GrpcChannel(
      { host: "127.0.0.1", port: listener.port, messageBytesMax: 1000, ...options },
      systemClock,
      seededRng(1),
    ),
  );
  const owned = opening.move();
  return { channel, listener, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function errorOf(work: Promise<unknown>): Promise<GrpcError> {
  return await work.then(
    () => expect.unreachable("it should have failed"),
    (error: unknown) => {
      expect(error).toBeInstanceOf(GrpcError);
      return error as GrpcError;
    },
  );
}

describe("a unary call", () => {
  test("carries bytes both ways, metadata with them", async () => {
    await using setting = await open(async (stream) => {
      expect(stream.path).toBe(path);
      expect(stream.header("te")).toBe("trailers");
      expect(stream.header("x-asked")).toBe("yes");
      const body = await stream.body(100);
      stream.respond(200, [...grpc, ["x-head", "h"]], body, [...ok, ["x-tail", "t"]]);
    });
    const options = { metadata: [["x-asked", "yes"]] as const };
    const answer = await setting.channel.unary(path, frame, options);
    expect(Buffer.from(answer.message).toString()).toBe("hello");
    expect(answer.header.get("x-head")).toBe("h");
    expect(answer.trailer.get("x-tail")).toBe("t");
  });

  test("runs over TLS with an authority of one's own", async () => {
    await using setting = await open(
      (stream) => stream.respond(200, grpc, envelope(0, hello), ok),
      {
        tls: { ca: clientTls.ca, serverName: "localhost" },
      },
    );
    const { message } = await setting.channel.unary(path, frame, {});
    expect(Buffer.from(message)).toEqual(hello);
  });

  const gzip = codingOf("gzip");
  const long = Buffer.alloc(900, "long ");
  const answers: readonly {
    name: string;
    body: () => Promise<Uint8Array> | Uint8Array;
    encoding?: string;
    expected: Buffer | Code;
  }[] = [
    {
      name: "a compressed message is read",
      body: async () => envelope(compressedFlag, (await gzip?.compress(long)) ?? hello),
      encoding: "gzip",
      expected: long,
    },
    {
      name: "one that expands past the limit is too large",
      body: async () =>
        envelope(compressedFlag, (await gzip?.compress(Buffer.alloc(1001))) ?? hello),
      encoding: "gzip",
      expected: Code.ResourceExhausted,
    },
    {
      name: "bytes that are not of their coding are INTERNAL",
      body: () => envelope(compressedFlag, hello),
      encoding: "gzip",
      expected: Code.Internal,
    },
    {
      name: "a coding that nobody knows is INTERNAL",
      body: () => envelope(compressedFlag, hello),
      encoding: "rot13",
      expected: Code.Internal,
    },
    {
      name: "a compressed message without a coding is INTERNAL",
      body: () => envelope(compressedFlag, hello),
      expected: Code.Internal,
    },
    {
      name: "a message over the limit is too large",
      body: () => envelope(0, Buffer.alloc(1001)),
      expected: Code.ResourceExhausted,
    },
    {
      name: "no message is UNIMPLEMENTED",
      body: () => Buffer.alloc(0),
      expected: Code.Unimplemented,
    },
    {
      name: "two messages are UNIMPLEMENTED",
      body: () => Buffer.concat([envelope(0, hello), envelope(0, hello)]),
      expected: Code.Unimplemented,
    },
    {
      name: "half a message is INTERNAL",
      body: () => envelope(0, hello).subarray(0, 7),
      expected: Code.Internal,
    },
  ];
  test.each(answers)("$name", async ({ body, encoding, expected }) => {
    await using setting = await open(async (stream) => {
      const head = encoding === undefined ? grpc : [...grpc, ["grpc-encoding", encoding] as const];
      stream.respond(200, head, await body(), ok);
    });
    const answer = setting.channel.unary(path, frame, {});
    if (typeof expected === "number") expect((await errorOf(answer)).code).toBe(expected);
    else expect(Buffer.from((await answer).message)).toEqual(expected);
  });

  test("sends a message of some size compressed, a small one as it is", async () => {
    const flags: (number | undefined)[] = [];
    await using setting = await open(async (stream) => {
      flags.push((await stream.body(10_000))[0]);
      expect(stream.header("grpc-encoding")).toBe("gzip");
      stream.respond(200, grpc, envelope(0, hello), ok);
    });
    await setting.channel.unary(path, envelope(0, Buffer.alloc(5000)), { encoding: "gzip" });
    await setting.channel.unary(path, frame, { encoding: "gzip" });
    expect(flags).toEqual([compressedFlag, 0]);
  });

  test("a page of something else than gRPC is told by its HTTP status, however long", async () => {
    await using setting = await open((stream) => {
      stream.respond(503, [["content-type", "text/html"]], Buffer.alloc(100_000));
    });
    const error = await errorOf(setting.channel.unary(path, frame, {}));
    expect([error.code, error.unprocessed]).toEqual([Code.Unavailable, false]);
  });

  test("an answer ahead of the request's end is taken, and the rest is not sent", async () => {
    await using setting = await open((stream) => {
      stream.respond(200, [...grpc, ["grpc-status", "8"], ["grpc-message", "enough"]], "");
    });
    const error = await errorOf(
      setting.channel.unary(path, envelope(0, Buffer.alloc(10_000_000)), {}),
    );
    expect([error.code, error.message]).toEqual([Code.ResourceExhausted, "enough"]);
    const again = await errorOf(setting.channel.unary(path, frame, {}));
    expect(again.message).toBe("enough");
  });
});

describe("time and leaving", () => {
  test("the server is told the time, which ends the call here, too, and there by a reset", async () => {
    const reset = Promise.withResolvers<unknown>();
    const told = Promise.withResolvers<string | undefined>();
    await using setting = await open((stream) => {
      told.resolve(stream.header("grpc-timeout"));
      stream.body(100).catch(reset.resolve);
      stream.start(200, grpc);
      stream.signal.addEventListener("abort", () => reset.resolve("reset"));
    });
    const error = await errorOf(setting.channel.unary(path, frame, { timeoutMs: 40 }));
    expect(error.code).toBe(Code.DeadlineExceeded);
    expect(await told.promise).toBe("40m");
    await reset.promise;
  });

  test("more time than a timer can wait is not none", async () => {
    await using setting = await open((stream) => stream.respond(200, grpc, envelope(0, hello), ok));
    const { message } = await setting.channel.unary(path, frame, { timeoutMs: 1e12 });
    expect(Buffer.from(message)).toEqual(hello);
  });

  test("time also runs while a call waits for a connection", async () => {
    await using silent = createServer((socket) => socket.resume()).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    await using channel = new GrpcChannel(
      { host: "127.0.0.1", port, messageBytesMax: 10 },
      systemClock,
      seededRng(1),
    );
    const error = await errorOf(channel.unary(path, frame, { timeoutMs: 20 }));
    expect(error.code).toBe(Code.DeadlineExceeded);
  });

  test("an abort reaches the server at once", async () => {
    const begun = Promise.withResolvers<ServerStream>();
    await using setting = await open((stream) => begun.resolve(stream));
    const abort = new AbortController();
    const call = errorOf(setting.channel.unary(path, frame, { signal: abort.signal }));
    const stream = await begun.promise;
    const reset = once(stream.signal, "abort");
    abort.abort();
    await reset;
    expect(stream.errorCode).toBe(errorCode.cancel);
    expect((await call).code).toBe(Code.Canceled);
  });
});

describe("a response's message", () => {
  const answering = (bytes: number) => (stream: ServerStream) =>
    stream.respond(200, grpc, envelope(0, Buffer.alloc(bytes)), ok);

  test("exactly at the limit is read", async () => {
    await using setting = await open(answering(1000));
    expect((await setting.channel.unary(path, frame, {})).message).toHaveLength(1000);
    const stream = await setting.channel.serverStream(path, frame, {});
    expect(await Array.fromAsync(stream)).toMatchObject([{ length: 1000 }]);
  });

  test("of one byte more is refused", async () => {
    await using setting = await open(answering(1001));
    const unary = await errorOf(setting.channel.unary(path, frame, {}));
    expect(unary.code).toBe(Code.ResourceExhausted);
    const stream = await setting.channel.serverStream(path, frame, {});
    expect((await errorOf(Array.fromAsync(stream))).code).toBe(Code.ResourceExhausted);
  });
});

describe("a call that the server refuses unseen", () => {
  test("is sent once more, and no more than once", async () => {
    let seen = 0;
    await using setting = await open((stream) => {
      seen += 1;
      if (seen === 1) stream.reset(errorCode.refusedStream);
      else stream.respond(200, grpc, envelope(0, hello), ok);
    });
    await setting.channel.unary(path, frame, {});
    expect(seen).toBe(2);

    let refused = 0;
    await using full = await open((stream) => {
      refused += 1;
      stream.reset(errorCode.refusedStream);
    });
    const error = await errorOf(full.channel.unary(path, frame, {}));
    expect([error.code, error.unprocessed, refused]).toEqual([Code.Unavailable, true, 2]);
  });

  test("is sent once more when it streams, too", async () => {
    let seen = 0;
    await using setting = await open((stream) => {
      seen += 1;
      if (seen === 1) stream.reset(errorCode.refusedStream);
      else stream.respond(200, grpc, envelope(0, hello), ok);
    });
    const stream = await setting.channel.serverStream(path, frame, {});
    expect(await Array.fromAsync(stream)).toHaveLength(1);
  });

  test.each(["unary", "serverStream"] as const)(
    "is sent again as often as its connection goes away, up to ten times: %s",
    async (kind) => {
      let connections = 0;
      // Each connection takes SETTINGS, and goes away when a call has come, unseen.
      const leaving = createServer((socket) => {
        connections += 1;
        socket.write(frameOf(frameType.settings, 0, 0, Buffer.alloc(0)));
        socket.on("data", (bytes: Buffer) => {
          if (bytes.includes(hello)) socket.write(frameOf(frameType.goaway, 0, 0, Buffer.alloc(8)));
        });
        socket.on("error", () => {});
      }).listen(0, "127.0.0.1");
      await once(leaving, "listening");
      const { port } = leaving.address() as AddressInfo;
      await using channel = new GrpcChannel(
        { host: "127.0.0.1", port, messageBytesMax: 10 },
        systemClock,
        seededRng(1),
      );
      const error = await errorOf(channel[kind](path, frame, {}));
      expect([error.code, error.unprocessed, connections]).toEqual([Code.Unavailable, true, 11]);
      leaving.close();
    },
  );

  test("is not sent again once the server has seen it", async () => {
    let seen = 0;
    await using setting = await open((stream) => {
      seen += 1;
      stream.reset(errorCode.internalError);
    });
    const error = await errorOf(setting.channel.unary(path, frame, {}));
    expect([error.code, error.unprocessed, seen]).toEqual([Code.Internal, false, 1]);
  });

  test("was never sent when nobody listens", async () => {
    const setting = await open(() => {});
    const { port } = setting.listener;
    await setting[Symbol.asyncDispose]();
    await using channel = new GrpcChannel(
      { host: "127.0.0.1", port, messageBytesMax: 10 },
      systemClock,
      seededRng(1),
    );
    const error = await errorOf(channel.unary(path, frame, {}));
    expect([error.code, error.unprocessed]).toEqual([Code.Unavailable, true]);
    expect(error.message).not.toContain(String(port));
  });
});

test("a server that drains loses no call", async () => {
  let seen = 0;
  await using setting = await open((stream) => {
    seen += 1;
    stream.respond(200, grpc, envelope(0, hello), ok);
  });
  const { channel, listener } = setting;
  for (let round = 0; round < 5; round += 1) {
    const calls = Array.from({ length: 20 }, () => channel.unary(path, frame, {}));
    if (round === 2) void listener.server.drain(10_000).catch(() => {});
    await Promise.all(calls);
  }
  expect(seen).toBeGreaterThanOrEqual(100);
});

describe("a stream", () => {
  test("carries messages both ways at once, metadata around them", async () => {
    await using setting = await open(async (stream) => {
      stream.start(200, [...grpc, ["x-head", "h"]]);
      for await (const piece of stream.chunks(1000)) await stream.write(piece);
      stream.end([...ok, ["x-tail", "t"]]);
    });
    const stream = await setting.channel.stream(path, {});
    expect((await stream.header()).get("x-head")).toBe("h");
    for (const text of ["one", "two"]) {
      expect(await stream.send(envelope(0, Buffer.from(text)))).toBe(true);
      const { value } = await stream.next();
      expect(Buffer.from(value ?? []).toString()).toBe(text);
    }
    stream.closeSend();
    expect((await stream.next()).done).toBe(true);
    expect(stream.trailer.get("x-tail")).toBe("t");
    expect(await stream.send(frame)).toBe(false);
  });

  test("gives the messages before its error", async () => {
    await using setting = await open((stream) => {
      const body = Buffer.concat([envelope(0, hello), envelope(0, hello)]);
      stream.respond(200, grpc, body, [
        ["grpc-status", "10"],
        ["grpc-message", "later"],
      ]);
    });
    const stream = await setting.channel.serverStream(path, frame, {});
    await stream.next();
    await stream.next();
    const error = await errorOf(stream.next());
    expect([error.code, error.message]).toEqual([Code.Aborted, "later"]);
    expect(await stream.next()).toEqual({ value: undefined, done: true });
  });

  const ends = [
    { name: "leaving its iteration", leave: (abort: AbortController) => void abort },
    { name: "an abort", leave: (abort: AbortController) => abort.abort() },
  ] as const;
  test.each(ends)("$name reaches the server at once", async ({ leave }) => {
    const begun = Promise.withResolvers<ServerStream>();
    await using setting = await open(async (stream) => {
      begun.resolve(stream);
      stream.start(200, grpc);
      await stream.write(envelope(0, hello));
    });
    const abort = new AbortController();
    const { signal } = abort;
    for await (const message of await setting.channel.serverStream(path, frame, { signal })) {
      expect(Buffer.from(message)).toEqual(hello);
      const stream = await begun.promise;
      const reset = once(stream.signal, "abort");
      leave(abort);
      if (signal.aborted) await reset;
      break;
    }
    const stream = await begun.promise;
    if (!stream.signal.aborted) await once(stream.signal, "abort");
    expect(stream.errorCode).toBe(errorCode.cancel);
  });

  test("that ends ahead of its requests tells the sender", async () => {
    await using setting = await open((stream) => {
      stream.respond(200, [...grpc, ["grpc-status", "16"]], "");
    });
    const stream = await setting.channel.stream(path, {});
    expect((await errorOf(stream.next())).code).toBe(Code.Unauthenticated);
    expect(await stream.send(frame)).toBe(false);
  });

  test("whose body is cut within a message is INTERNAL", async () => {
    await using setting = await open((stream) => {
      stream.respond(200, grpc, envelope(0, hello).subarray(0, 8), ok);
    });
    const stream = await setting.channel.serverStream(path, frame, {});
    expect((await errorOf(stream.next())).code).toBe(Code.Internal);
  });
});
