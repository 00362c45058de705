/** Streams over real sockets: uploads, downloads, streamed requests, heartbeats, clients that leave. */

import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import {
  type DescMethodBiDiStreaming,
  type DescMethodClientStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromJson,
  type Message,
} from "@bufbuild/protobuf";
import type { ConnectRouter, HandlerContext } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { type Clock, systemClock } from "#core/clock.ts";
import { reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { HttpRuleSchema } from "#gen/google/api/http_pb.js";
import { createRest, type RestOptions } from "#rest/rest.ts";
import { transcode } from "#rest/transcode.ts";
import { type CallPolicy, createCallPath } from "#rpc/call.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { serveRest } from "../../support/rest-server.ts";
import { testProtos, testService } from "../../support/test-protos.ts";

const service = testService(testProtos(), "vectors.StreamService");

interface Piece extends Message {
  text: string;
  number: number;
}

interface Upload extends Message {
  name: string;
  purpose: string;
  content?: { contentType: string; data: Uint8Array };
}

/** What the handlers of one test do and see. */
interface Script {
  count(input: Piece, context: HandlerContext): AsyncIterable<object>;
  readonly uploads: { name: string; type: string; bytes: number }[];
}

const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index % 251);

async function* countUp({ number }: Piece, context: HandlerContext): AsyncIterable<object> {
  context.responseTrailer.set("x-counted", String(number));
  for (let index = 1; index <= number; index++) yield { number: index };
}

function methodOf(name: string) {
  const method = service.methods.find((candidate) => candidate.name === name);
  if (method === undefined) throw new Error(name);
  return method;
}

async function serve(
  script: Partial<Script> = {},
  options: Partial<RestOptions> = {},
  policy: CallPolicy = {},
) {
  const uploads: Script["uploads"] = [];
  const calls = createCallPath(
    (router) => {
      router.rpc(
        methodOf("Count") as DescMethodServerStreaming,
        (input, context) =>
          (script.count ?? countUp)(input as Piece, context) as AsyncIterable<Message>,
      );
      router.rpc(methodOf("Collect") as DescMethodClientStreaming, async (inputs) => {
        let text = "";
        let number = 0;
        for await (const input of inputs as AsyncIterable<Piece>) {
          text += input.text;
          number += 1;
        }
        return { text, number } as unknown as Message;
      });
      router.rpc(methodOf("Echo") as DescMethodBiDiStreaming, async function* echo(inputs) {
        for await (const input of inputs) yield input;
      });
      router.rpc(methodOf("Upload") as DescMethodClientStreaming, async (inputs) => {
        let number = 0;
        for await (const { name, content } of inputs as AsyncIterable<Upload>) {
          const size = content?.data.length ?? 0;
          uploads.push({ name, type: content?.contentType ?? "", bytes: size });
          number += size;
        }
        return { number } as unknown as Message;
      });
      router.rpc(methodOf("Store") as DescMethodUnary, (input) => {
        const { name, purpose, content } = input as Upload;
        uploads.push({ name, type: content?.contentType ?? "", bytes: content?.data.length ?? 0 });
        return { text: purpose, number: content?.data.length ?? 0 } as unknown as Message;
      });
      router.rpc(methodOf("Download") as DescMethodUnary, (input) => {
        const data = bytes.subarray(0, (input as Piece).number);
        return { contentType: "image/png", data } as unknown as Message;
      });
    },
    [],
    policy,
  );
  const rest = createRest(calls, {
    bodyBytesMax: 1 << 16,
    streamBytesMax: 1 << 25,
    clock: systemClock,
    json: { emitDefaults: false },
    ...options,
  });
  return Object.assign(await serveRest(rest), { uploads });
}

const lines = { "content-type": "application/x-ndjson" };
const array = { "content-type": "application/json" };

describe("a client stream", () => {
  test.for([
    { name: "JSON lines", headers: lines, body: '{"text":"a"}\n\n{"text":"b"}\r\n{"text":"c"}' },
    { name: "a JSON array", headers: array, body: ' [{"text":"a"} ,{"text":"b"},{"text":"c"}] ' },
  ])("takes $name", async ({ headers, body }) => {
    await using server = await serve();
    const answer = await server.send({ method: "POST", target: "/collect", headers, body });
    expect(JSON.parse(answer.text)).toEqual({ text: "abc", number: 3 });
  });

  test.for([
    { name: "no lines", headers: lines, body: "" },
    { name: "an empty array", headers: array, body: "[ ]" },
  ])("of $name has no messages", async ({ headers, body }) => {
    await using server = await serve();
    const answer = await server.send({ method: "POST", target: "/collect", headers, body });
    expect(answer.text).toBe("{}");
  });

  test.for([
    { name: "an array that is cut off", headers: array, body: '[{"text":"a"},' },
    { name: "an object instead of an array", headers: array, body: '{"text":"a"}' },
    { name: "two arrays", headers: array, body: "[][]" },
    { name: "an empty item", headers: array, body: '[{"text":"a"},,{}]' },
    { name: "a trailing comma", headers: array, body: '[{"text":"a"},]' },
    { name: "an item that is no JSON", headers: array, body: "[{]" },
    { name: "an array that ends as an object", headers: array, body: '[{"number":1}}' },
    { name: "an array that ends twice", headers: array, body: '[{"number":1}]]' },
    { name: "an object that ends as a list", headers: array, body: '[{"number":1]]' },
    { name: "a comma before the first item", headers: array, body: '[,{"number":1}]' },
    { name: "text behind the array", headers: array, body: '[{"number":1}]x' },
    { name: "blanks that JSON has not", headers: array, body: '[{"number":1},\u00a0{}]' },
    { name: "half a byte order mark", headers: array, body: Buffer.from("efbb5b5d", "hex") },
    { name: "two items without a comma", headers: array, body: "[{} {}]" },
    { name: "a line that is no JSON", headers: lines, body: '{"text":"a"}\n{' },
    {
      name: "bytes that are not UTF-8",
      headers: lines,
      body: Buffer.from('{"text":"\xff"}', "latin1"),
    },
  ])("of $name is 400", async ({ headers, body }) => {
    await using server = await serve();
    const answer = await server.send({ method: "POST", target: "/collect", headers, body });
    expect({ status: answer.status, error: JSON.parse(answer.text).error }).toMatchObject({
      status: 400,
      error: { code: "BODY_MALFORMED" },
    });
  });

  test.each([
    { name: "an array", headers: array, open: "[", close: "]" },
    { name: "lines", headers: lines, open: "", close: "\n" },
  ])("is bounded in depth and elements per message: $name", async ({ headers, open, close }) => {
    await using server = await serve({}, { elementsMax: 10, json: { ignoreUnknownFields: true } });
    const send = async (message: string) => {
      const body = open + message + close;
      const answer = await server.send({ method: "POST", target: "/collect", headers, body });
      return [answer.status, answer.status === 200 ? "" : JSON.parse(answer.text).error.message];
    };
    const nested = (levels: number) => `{"x":${"[".repeat(levels)}${"]".repeat(levels)}}`;
    const listed = (items: number) => `{"x":[${Array(items).fill("0").join()}]}`;
    // Nested lists are elements, too.
    expect(await send(nested(9))).toEqual([200, ""]);
    expect(await send(listed(9))).toEqual([200, ""]);
    expect(await send(listed(10))).toEqual([413, expect.stringContaining("more than 10 elements")]);
    // Of an array the depth is seen before there is an item.
    expect(await send(nested(101))).toEqual(
      open === "["
        ? [400, expect.stringContaining("deeper than 100")]
        : [413, expect.stringContaining("more than 10 elements")],
    );
  });

  test("may begin with a byte order mark", async () => {
    await using server = await serve();
    const body = '\ufeff[{"text":"a"}]';
    const answer = await server.send({ method: "POST", target: "/collect", headers: array, body });
    expect(JSON.parse(answer.text)).toEqual({ text: "a", number: 1 });
  });

  test("that is answered has ended well", async () => {
    const told: unknown[] = [];
    const observer = () => () => (failure?: unknown) => told.push(failure);
    await using server = await serve({}, {}, { observer });
    await server.send({ method: "POST", target: "/collect", headers: lines, body: "{}" });
    expect(told).toEqual([undefined]);
  });

  test("of another type is 415, and a message beyond the bound is 413", async () => {
    await using server = await serve({}, { bodyBytesMax: 10 });
    const target = { method: "POST", target: "/collect" };
    const xml = await server.send({
      ...target,
      headers: { "content-type": "text/xml" },
      body: "x",
    });
    expect(xml.status).toBe(415);
    for (const headers of [lines, array]) {
      const body = `[${JSON.stringify({ text: "x".repeat(30) })}]`;
      expect((await server.send({ ...target, headers, body })).status).toBe(413);
    }
  });
});

test("a bidirectional stream answers while its request goes on; path and query are in each message", async () => {
  await using server = await serve();
  const outgoing = httpRequest({
    port: server.port,
    method: "POST",
    path: "/echo/7",
    headers: { ...lines, accept: "application/x-ndjson" },
  });
  outgoing.write('{"text":"a"}\n');
  const [incoming] = await once(outgoing, "response");
  const pieces = incoming.setEncoding("utf8")[Symbol.asyncIterator]();
  expect((await pieces.next()).value).toBe('{"text":"a","number":7}\n');
  outgoing.end('{"text":"b","number":1}\n');
  expect((await pieces.next()).value).toBe('{"text":"b","number":7}\n');
  expect((await pieces.next()).done).toBe(true);
});

describe("raw bytes", () => {
  const type = { "content-type": "image/png" };

  test("of an upload reach the handler in pieces of at most a mebibyte", async () => {
    await using server = await serve();
    const body = Buffer.alloc(5 << 20, 1);
    const answer = await server.send({
      method: "POST",
      target: "/upload/a%2Fb",
      headers: type,
      body,
    });
    expect(JSON.parse(answer.text)).toEqual({ number: body.length });
    expect(server.uploads.length).toBeGreaterThan(4);
    expect(Math.max(...server.uploads.map((each) => each.bytes))).toBeLessThanOrEqual(1 << 20);
    expect(server.uploads[0]).toMatchObject({ name: "a/b", type: "image/png" });
  });

  test("may be none", async () => {
    await using server = await serve();
    await server.send({ method: "POST", target: "/upload/x", headers: type, body: "" });
    expect(server.uploads).toEqual([{ name: "x", type: "image/png", bytes: 0 }]);
  });

  test("beyond the bound of a stream are 413", async () => {
    await using server = await serve({}, { streamBytesMax: 100 });
    const body = Buffer.alloc(1000);
    const answer = await server.send({ method: "POST", target: "/upload/x", headers: type, body });
    expect(answer.status).toBe(413);
  });

  test("of a file have the bound of uploads where there is one", async () => {
    await using server = await serve({}, { streamBytesMax: 1 << 20, uploadBytesMax: 100 });
    const send = (size: number) =>
      server.send({
        method: "POST",
        target: "/upload/x",
        headers: type,
        body: Buffer.alloc(size),
      });
    expect((await send(100)).status).toBe(200);
    expect((await send(101)).status).toBe(413);
  });

  test("fill a field of any type of content, beside query parameters", async () => {
    await using server = await serve();
    const answer = await server.send({
      method: "POST",
      target: "/store/x?purpose=test",
      headers: type,
      body: "abc",
    });
    expect(JSON.parse(answer.text)).toEqual({ text: "test", number: 3 });
    expect(server.uploads).toEqual([{ name: "x", type: "image/png", bytes: 3 }]);
  });

  test("may come as a form's file, with the file's own type", async () => {
    await using server = await serve();
    const form = new FormData();
    form.append("content", new Blob(["abc"], { type: "text/csv" }), "a.csv");
    form.append("purpose", "test");
    const request = new Request("http://test/", { method: "POST", body: form });
    const answer = await server.send({
      method: "POST",
      target: "/store/x",
      headers: { "content-type": request.headers.get("content-type") ?? "" },
      body: new Uint8Array(await request.arrayBuffer()),
    });
    expect(JSON.parse(answer.text)).toEqual({ text: "test", number: 3 });
    expect(server.uploads).toEqual([{ name: "x", type: "text/csv", bytes: 3 }]);
  });
});

describe("a download", () => {
  test("has its own content type", async () => {
    await using server = await serve();
    const answer = await server.send({ target: "/download/1000" });
    expect(answer.headers).toMatchObject({
      "content-type": "image/png",
      "content-length": "1000",
      "accept-ranges": "bytes",
    });
    expect(answer.bytes.equals(bytes)).toBe(true);
  });

  test.for([
    { range: "bytes=0-0", from: 0, to: 1 },
    { range: "bytes=10-19", from: 10, to: 20 },
    { range: "bytes=990-2000", from: 990, to: 1000 },
    { range: "bytes=-5", from: 995, to: 1000 },
    { range: "bytes=-5000", from: 0, to: 1000 },
    { range: "bytes=500-", from: 500, to: 1000 },
  ])("of $range is that part", async ({ range, from, to }) => {
    await using server = await serve();
    const answer = await server.send({ target: "/download/1000", headers: { range } });
    expect(answer.status).toBe(206);
    expect(answer.headers["content-range"]).toBe(`bytes ${from}-${to - 1}/1000`);
    expect(answer.bytes.equals(bytes.subarray(from, to))).toBe(true);
  });

  test.for(["bytes=5-2", "bytes=a-b", "bytes=0-1,5-6", "lines=1-2", "bytes=-"])(
    "of %s is whole: the field does not count",
    async (range) => {
      await using server = await serve();
      const answer = await server.send({ target: "/download/1000", headers: { range } });
      expect(answer.status).toBe(200);
      expect(answer.bytes.length).toBe(1000);
    },
  );

  test("is whole when the range is of a version: there are none", async () => {
    await using server = await serve();
    const headers = { range: "bytes=0-1", "if-range": '"v1"' };
    expect((await server.send({ target: "/download/1000", headers })).status).toBe(200);
  });

  test("of a part that is not there is 416 with the size", async () => {
    await using server = await serve();
    for (const range of ["bytes=1000-", "bytes=-0"]) {
      const answer = await server.send({ target: "/download/1000", headers: { range } });
      expect(answer.status).toBe(416);
      expect(answer.headers["content-range"]).toBe("bytes */1000");
    }
  });
});

describe("a streamed download whose size is named", () => {
  const pages = testService(testProtos(), "vectors.VectorService").methods.find(
    ({ name }) => name === "StreamPages",
  );
  const rule = { selector: "vectors.VectorService.StreamPages", get: "/pages" };

  /** Serves `bytes` in pieces of 300 under the name of `size` bytes; tells how many pieces were asked for. */
  async function servePages(size = String(bytes.length)) {
    const asked = { pieces: 0, ended: 0 };
    const told: unknown[] = [];
    const observer = () => () => (failure?: unknown) => told.push(failure ?? "OK");
    const answers = (router: ConnectRouter) => {
      router.rpc(pages as DescMethodServerStreaming, async function* answer(_input, context) {
        context.responseHeader.set("content-length", size);
        try {
          for (let at = 0; at < bytes.length; at += 300) {
            asked.pieces += 1;
            yield {
              contentType: "image/png",
              data: bytes.subarray(at, at + 300),
            } as unknown as Message;
          }
        } finally {
          asked.ended += 1;
        }
      });
    };
    const calls = createCallPath(answers, [], { observer });
    const rules = [fromJson(HttpRuleSchema, rule)];
    const rest = createRest(calls, { bodyBytesMax: 1024, clock: systemClock, rules });
    return Object.assign(await serveRest(rest), { asked, told });
  }

  test("has its length, and takes ranges", async () => {
    await using server = await servePages();
    const answer = await server.send({ target: "/pages" });
    expect(answer.headers).toMatchObject({
      "content-type": "image/png",
      "content-length": "1000",
      "accept-ranges": "bytes",
    });
    expect(answer.bytes.equals(bytes)).toBe(true);
  });

  test.for([
    { range: "bytes=0-0", from: 0, to: 1, pieces: 1 },
    { range: "bytes=299-300", from: 299, to: 301, pieces: 2 },
    { range: "bytes=600-", from: 600, to: 1000, pieces: 4 },
    { range: "bytes=-5", from: 995, to: 1000, pieces: 4 },
  ])("$range is that part, and the call ends with it", async ({ range, from, to, pieces }) => {
    await using server = await servePages();
    const answer = await server.send({ target: "/pages", headers: { range } });
    expect(answer.status).toBe(206);
    expect(answer.headers).toMatchObject({
      "content-range": `bytes ${from}-${to - 1}/1000`,
      "content-length": String(to - from),
    });
    expect(answer.bytes.equals(bytes.subarray(from, to))).toBe(true);
    expect(server.asked).toEqual({ pieces, ended: 1 });
    expect(server.told).toEqual(["OK"]);
  });

  test("a part that is not there is 416, and the call ends", async () => {
    await using server = await servePages();
    const answer = await server.send({ target: "/pages", headers: { range: "bytes=1000-" } });
    expect([answer.status, answer.headers["content-range"]]).toEqual([416, "bytes */1000"]);
    expect(server.asked.ended).toBe(1);
    expect(server.told.map((failure) => reasonOf(faultFrom(failure)))).toEqual(["RANGE_INVALID"]);
  });

  test("HEAD has the length and no body", async () => {
    await using server = await servePages();
    const answer = await server.send({ method: "HEAD", target: "/pages" });
    expect([answer.headers["content-length"], answer.bytes.length]).toEqual(["1000", 0]);
    expect(server.told).toEqual(["OK"]);
  });

  test.for(["999", "1001"])(
    "is broken off when %s bytes were named and others came",
    async (size) => {
      await using server = await servePages(size);
      await expect(server.send({ target: "/pages" })).rejects.toThrow();
    },
  );
});

test("metadata that follows the messages leaves as trailers", async () => {
  await using server = await serve();
  const outgoing = httpRequest({ port: server.port, path: "/count/2" });
  outgoing.end();
  const [incoming] = await once(outgoing, "response");
  for await (const _ of incoming);
  expect(incoming.trailers).toMatchObject({ "x-counted": "2" });
});

test("HTTP/2 carries the same: messages, errors, uploads", async () => {
  const { request } = transcode((router) => {
    router.rpc(methodOf("Count") as DescMethodServerStreaming, (input, context) => {
      return countUp(input as Piece, context) as AsyncIterable<Message>;
    });
    router.rpc(methodOf("Store") as DescMethodUnary, (input) => {
      return { number: (input as Upload).content?.data.length ?? 0 } as unknown as Message;
    });
  });
  const server = createHttp2Server(request);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const send = async (headers: Record<string, string>, body = "") => {
    const stream = client.request(headers, { endStream: body === "" });
    if (body !== "") stream.end(body);
    const [head] = await once(stream, "response");
    let text = "";
    for await (const piece of stream.setEncoding("utf8")) text += piece;
    return { status: head[":status"], text };
  };
  const count = await send({ ":path": "/count/2", accept: "application/json" });
  expect(JSON.parse(count.text).map((each: Piece) => each.number)).toEqual([1, 2]);
  const wrong = await send({ ":path": "/count/x" });
  expect(wrong).toMatchObject({ status: 400, text: expect.stringContaining("number: expected") });
  const body = "x".repeat(100_000);
  const stored = await send(
    { ":path": "/store/a", ":method": "POST", "content-type": "a/b" },
    body,
  );
  expect(JSON.parse(stored.text).number).toBe(100_000);
  client.close();
  server.close();
  await once(server, "close");
});

test("a stream of bytes whose handler throws ends with INTERNAL_ERROR on node:http2: no download that was cut off looks whole", async () => {
  const pages = testService(testProtos(), "vectors.VectorService").methods.find(
    ({ name }) => name === "StreamPages",
  );
  const { request } = transcode(
    (router) => {
      router.rpc(pages as DescMethodServerStreaming, async function* answer() {
        for (const piece of ["one", "two"]) {
          yield { contentType: "text/plain", data: Buffer.from(piece) } as unknown as Message;
        }
        throw new Error("the disk is gone");
      });
    },
    {
      rules: [
        fromJson(HttpRuleSchema, { selector: "vectors.VectorService.StreamPages", get: "/pages" }),
      ],
    },
  );
  const server = createHttp2Server(request);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const stream = client.request({ ":path": "/pages" });
  let text = "";
  stream.on("data", (piece) => {
    text += piece;
  });
  stream.on("error", () => {});
  await new Promise((resolve) => stream.once("close", resolve));
  // What the reset overtakes is lost with it.
  expect(["one", "onetwo"]).toContain(text);
  expect(stream.rstCode).toBe(2);
  client.close();
  server.close();
  await once(server, "close");
});

describe("a stream under way", () => {
  function open(port: number, target: string, accept = "text/event-stream") {
    const outgoing = httpRequest({ port, path: target, headers: { accept } });
    outgoing.end();
    return outgoing;
  }

  test("carries heartbeats in silence, none while messages flow", async () => {
    const clock: Clock & ReturnType<typeof createManualClock> = createManualClock();
    const next: PromiseWithResolvers<void>[] = [Promise.withResolvers(), Promise.withResolvers()];
    await using server = await serve(
      {
        async *count() {
          for (const [index, { promise }] of next.entries()) {
            await promise;
            yield { number: index + 1 };
          }
        },
      },
      { clock, heartbeatMs: 1000 },
    );
    const response = once(open(server.port, "/count/2"), "response");
    await clock.untilSleeping(1);
    await clock.advance(1000);
    const [incoming] = await response;
    const pieces = incoming.setEncoding("utf8")[Symbol.asyncIterator]();
    expect((await pieces.next()).value).toBe("retry: 3000\n\n: keep-alive\n\n");
    next[0]?.resolve();
    expect((await pieces.next()).value).toBe('id: 1\ndata: {"number":1}\n\n');
    await clock.advance(1000);
    await clock.advance(1000);
    expect((await pieces.next()).value).toBe(": keep-alive\n\n");
    next[1]?.resolve();
    expect((await pieces.next()).value).toBe('id: 2\ndata: {"number":2}\n\n');
    expect((await pieces.next()).done).toBe(true);
    expect(clock.sleeping()).toBe(0);
  });

  test("is cancelled when the client leaves", async () => {
    const left = Promise.withResolvers<boolean>();
    await using server = await serve({
      async *count(_input, { signal }) {
        signal.addEventListener("abort", () => left.resolve(true));
        yield { number: 1 };
        await new Promise(() => {});
      },
    });
    const outgoing = open(server.port, "/count/2");
    outgoing.on("error", () => {});
    await once(outgoing, "response");
    outgoing.destroy();
    expect(await left.promise).toBe(true);
  });

  test("goes no faster than the client reads", async () => {
    let made = 0;
    await using server = await serve({
      async *count() {
        for (; made < 20_000; made++) yield { text: "x".repeat(10_000) };
      },
    });
    const outgoing = open(server.port, "/count/1", "application/x-ndjson");
    const [incoming] = await once(outgoing, "response");
    await once(incoming, "readable");
    let before = -1;
    while (made !== before) {
      before = made;
      await systemClock.sleep(100);
    }
    expect(made).toBeLessThan(5000);
    outgoing.destroy();
  });

  test("answers HEAD with its head alone, without a call", async () => {
    let called = false;
    await using server = await serve({
      async *count() {
        called = true;
        yield {};
      },
    });
    const answer = await server.send({ method: "HEAD", target: "/count/2" });
    expect(answer.headers["content-type"]).toBe("text/event-stream");
    expect(called).toBe(false);
  });
});
