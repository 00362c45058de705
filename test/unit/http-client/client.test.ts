/** Calls to one origin: what is held of a response, and what becomes of calls that are given up. */

import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { HttpClient, type OutgoingRequest } from "#http-client/client.ts";
import { HttpClientError } from "#http-client/failure.ts";

type Answer = (response: ServerResponse, path: string) => void;

let server: Server;
let answer: Answer;
let url: string;
/** Paths of the requests that came, and of those whose connection broke before they were answered. */
const came: string[] = [];
const broke: string[] = [];

beforeEach(async () => {
  came.length = 0;
  broke.length = 0;
  server = createServer((request, response) => {
    const path = request.url ?? "";
    came.push(path);
    response.on("close", () => {
      if (!response.writableFinished) broke.push(path);
    });
    answer(response, path);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const never = new AbortController().signal;

const get = (path: string, signal = never): OutgoingRequest => ({
  ...{ method: "GET", path, headers: {}, signal },
  ...{ headTimeoutMs: 5_000, idleTimeoutMs: 5_000 },
});

const clientOf = (connectionsMax = 4) =>
  new HttpClient(url, { connectionsMax, connectTimeoutMs: 5_000 });

const textOf = (bytes: Uint8Array | undefined) =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString();

const coders: Readonly<Record<string, (body: string) => Buffer>> = {
  "/gzip": (body) => gzipSync(body),
  "/x-gzip": (body) => gzipSync(body),
  "/br": (body) => brotliCompressSync(body),
  "/zstd": (body) => zstdCompressSync(body),
  "/deflate": (body) => deflateSync(body),
};

test("a body is the same in pieces and as a whole, whatever its coding", async () => {
  const body = "a body ".repeat(1_000);
  answer = (response, path) => {
    if (path === "/plain") response.end(body);
    else response.writeHead(200, { "content-encoding": path.slice(1) }).end(coders[path]?.(body));
  };
  await using client = clientOf();
  for (const path of ["/plain", ...Object.keys(coders)]) {
    const whole = await client.send(get(path));
    expect(textOf(await whole.bytes(1e6))).toBe(body);
    const pieces: Uint8Array[] = [];
    for await (const piece of (await client.send(get(path))).chunks()) pieces.push(piece);
    expect(Buffer.concat(pieces).toString()).toBe(body);
  }
});

test("an empty body has no piece, and no bytes", async () => {
  answer = (response) => response.writeHead(204).end();
  await using client = clientOf();
  expect(textOf(await (await client.send(get("/"))).bytes(0))).toBe("");
  expect(await Array.fromAsync((await client.send(get("/"))).chunks())).toEqual([]);
});

test("a body that is not taken is held back", async () => {
  let sentBytes = 0;
  const piece = Buffer.alloc(64 * 1024);
  answer = (response) => {
    const send = () => {
      while (!response.destroyed) {
        sentBytes += piece.length;
        if (!response.write(piece)) break;
      }
      response.once("drain", send);
    };
    send();
  };
  await using client = clientOf();
  const pieces = (await client.send(get("/"))).chunks()[Symbol.asyncIterator]();
  await pieces.next();
  // Until the system's buffers are full.
  let before = -1;
  while (before !== sentBytes) {
    before = sentBytes;
    await sleep(100);
  }
  let takenBytes = 0;
  while (sentBytes === before) takenBytes += (await pieces.next()).value?.length ?? 0;
  expect(takenBytes).toBeGreaterThan(0);
  await pieces.return?.();
  await expect.poll(() => broke).toEqual(["/"]);
});

test("a compressed body that is not taken is not decompressed", async () => {
  const packed = gzipSync(Buffer.alloc(256 << 20));
  answer = (response) => response.writeHead(200, { "content-encoding": "gzip" }).end(packed);
  await using client = clientOf();
  const before = process.memoryUsage().arrayBuffers;
  const pieces = (await client.send(get("/"))).chunks()[Symbol.asyncIterator]();
  await pieces.next();
  await sleep(200);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20);
  await pieces.return?.();
});

test("a body that is longer than what is asked for is not read on, and its connection ends", async () => {
  answer = (response) => {
    response.write("x".repeat(1_000));
  };
  await using client = clientOf();
  expect(await (await client.send(get("/"))).bytes(999)).toBeUndefined();
  await expect.poll(() => broke).toEqual(["/"]);
});

test("a body that is not in the coding that its head names fails the call", async () => {
  answer = (response) => {
    response.writeHead(200, { "content-encoding": "gzip" }).end("this is no gzip");
  };
  await using client = clientOf();
  const response = await client.send(get("/"));
  await expect(response.bytes(1e6)).rejects.toBeInstanceOf(HttpClientError);
});

test("who left the pieces gets no more of them", async () => {
  answer = (response) => {
    response.write("one");
  };
  await using client = clientOf();
  const pieces = (await client.send(get("/"))).chunks()[Symbol.asyncIterator]();
  expect(textOf((await pieces.next()).value)).toBe("one");
  expect(await pieces.return?.()).toEqual({ done: true, value: undefined });
  await expect(pieces.next()).rejects.toMatchObject({
    cause: expect.objectContaining({ message: "nobody reads the response" }),
  });
});

test("who leaves the pieces ends the call", async () => {
  answer = (response) => {
    response.write("one");
  };
  await using client = clientOf();
  for await (const piece of (await client.send(get("/"))).chunks()) {
    expect(textOf(piece)).toBe("one");
    break;
  }
  await expect.poll(() => broke).toEqual(["/"]);
});

test("pieces that came before the other side broke off come before the failure", async () => {
  answer = (response) => {
    response.write("one", () => response.destroy());
  };
  await using client = clientOf();
  const pieces = (await client.send(get("/"))).chunks()[Symbol.asyncIterator]();
  expect(textOf((await pieces.next()).value)).toBe("one");
  await expect(pieces.next()).rejects.toMatchObject({ failure: "reset" });
});

describe("a call that is aborted has the signal's reason", () => {
  const reason = new Error("the client left");

  test("before it is sent, and nothing is", async () => {
    answer = (response) => response.end();
    await using client = clientOf();
    await expect(client.send(get("/", AbortSignal.abort(reason)))).rejects.toBe(reason);
    expect(came).toEqual([]);
  });

  test("while it waits for a head, which ends its connection", async () => {
    answer = () => {};
    await using client = clientOf();
    const leaving = new AbortController();
    const sent = client.send(get("/", leaving.signal));
    await expect.poll(() => came).toEqual(["/"]);
    leaving.abort(reason);
    await expect(sent).rejects.toBe(reason);
    await expect.poll(() => broke).toEqual(["/"]);
  });

  test("while its body is read, whatever of it has come", async () => {
    answer = (response) => {
      response.write("one");
    };
    await using client = clientOf();
    const leaving = new AbortController();
    const pieces = (await client.send(get("/", leaving.signal))).chunks()[Symbol.asyncIterator]();
    await pieces.next();
    const next = pieces.next();
    leaving.abort(reason);
    await expect(next).rejects.toBe(reason);
    await expect.poll(() => broke).toEqual(["/"]);
  });

  test("while it waits for a connection, and it is never sent", async () => {
    const open: ServerResponse[] = [];
    answer = (response) => open.push(response);
    await using client = clientOf(1);
    const first = client.send(get("/first"));
    await expect.poll(() => came).toEqual(["/first"]);
    const leaving = new AbortController();
    const second = client.send(get("/second", leaving.signal));
    const third = client.send(get("/third"));
    leaving.abort(reason);
    await expect(second).rejects.toBe(reason);
    open[0]?.end("done");
    await (await first).bytes(10);
    await expect.poll(() => came).toEqual(["/first", "/third"]);
    open[1]?.end("done");
    await (await third).bytes(10);
  });
});

test("a call that ended, however it ended, leaves its connection's place to the next", async () => {
  answer = (response, path) => {
    if (path === "/whole") response.end("whole");
    else if (path === "/broken") response.destroy();
    else response.write("left");
  };
  await using client = clientOf(1);
  for (let count = 0; count < 3; count += 1) {
    expect(textOf(await (await client.send(get("/whole"))).bytes(10))).toBe("whole");
    await expect(client.send(get("/broken"))).rejects.toMatchObject({ failure: "reset" });
    expect(await (await client.send(get("/left"))).bytes(1)).toBeUndefined();
    await expect(client.send(get("not a path"))).rejects.toMatchObject({ failure: "reset" });
  }
});

test("an origin that nobody serves fails at once, and leaves no place taken", async () => {
  const gone = createServer().listen(0, "127.0.0.1");
  await once(gone, "listening");
  const { port } = gone.address() as AddressInfo;
  gone.close();
  await once(gone, "close");
  await using client = new HttpClient(`http://127.0.0.1:${port}`, {
    ...{ connectionsMax: 1, connectTimeoutMs: 5_000 },
  });
  for (let count = 0; count < 3; count += 1) {
    await expect(client.send(get("/"))).rejects.toMatchObject({ failure: "connect" });
  }
});

test("a connection that is old takes no more calls, and ends those that it has", async () => {
  const connections = new Set<unknown>();
  server.on("connection", (socket) => connections.add(socket));
  const release = Promise.withResolvers<void>();
  answer = (response, path) => {
    if (path === "/long") void release.promise.then(() => response.end("long"));
    else response.end("short");
  };
  await using client = new HttpClient(url, {
    connectionsMax: 4,
    connectTimeoutMs: 5_000,
    connectionAgeMaxMs: 20,
  });
  const long = client.send(get("/long"));
  while (connections.size < 4) {
    expect(textOf(await (await client.send(get("/short"))).bytes(100))).toBe("short");
    await sleep(5);
  }
  release.resolve();
  expect(textOf(await (await long).bytes(100))).toBe("long");
  expect(broke).toEqual([]);
});
