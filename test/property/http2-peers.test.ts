import { once } from "node:events";
import { type ClientHttp2Stream, connect, createServer, type ServerHttp2Stream } from "node:http2";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { type Rng, seededRng } from "#core/rng.ts";
import { Http2Client } from "#http2/client.ts";
import { http2Listener } from "../support/http2-listener.ts";

/** A call: what goes up and comes down, in pieces, and whether the client gives it up. */
interface Call {
  readonly up: readonly number[];
  readonly down: readonly number[];
  readonly fields: number;
  readonly cancels: boolean;
}

const sizes = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.nat(300) },
    { weight: 2, arbitrary: fc.nat(20_000) },
    fc.nat(300_000),
  ),
  { maxLength: 6 },
);
const call: fc.Arbitrary<Call> = fc.record({
  up: sizes,
  down: sizes,
  fields: fc.nat(20),
  cancels: fc.boolean(),
});
const conversation = fc.array(call, { minLength: 1, maxLength: 12 });

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
const manyFields = (count: number) =>
  Array.from({ length: count }, (_, index) => [`x-${index}`, "v".repeat(index * 7)] as const);

function shuffle<T>(items: readonly T[], rng: Rng): T[] {
  return items
    .map((item) => ({ item, place: rng.next() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

test("random conversations of Node's client with our server", async () => {
  await using listener = await http2Listener({
    onStream: async (stream) => {
      const down: number[] = JSON.parse(stream.header("x-down") ?? "[]");
      stream.start(200, manyFields(Number(stream.header("x-fields"))));
      let received = 0;
      for await (const piece of stream.chunks(1 << 30)) received += piece.length;
      for (const size of down) await stream.write(Buffer.alloc(size, "d"));
      stream.end([["x-received", String(received)]]);
    },
  });
  await fc.assert(
    fc.asyncProperty(conversation, fc.integer(), async (calls, seed) => {
      const session = connect(`http://127.0.0.1:${listener.port}`);
      const answers = shuffle(calls, seededRng(seed)).map(async ({ up, down, fields, cancels }) => {
        const request: ClientHttp2Stream = session.request({
          ":method": "POST",
          "x-down": JSON.stringify(down),
          "x-fields": String(fields),
        });
        request.on("error", () => {});
        if (cancels && up.length === 0) {
          request.close(8);
          return;
        }
        for (const size of up) request.write(Buffer.alloc(size, "u"));
        request.end();
        const trailers = once(request, "trailers");
        const [headers] = await once(request, "response");
        expect(Object.keys(headers).filter((name) => name.startsWith("x-")).length).toBe(fields);
        expect((await buffer(request)).length).toBe(sum(down));
        expect((await trailers)[0]["x-received"]).toBe(String(sum(up)));
      });
      await Promise.all(answers);
      session.close();
      await once(session, "close");
    }),
    { numRuns: 15 },
  );
  expect(listener.failures).toEqual([]);
});

test("random conversations of our client with Node's server", async () => {
  await using server = createServer();
  server.on("stream", async (stream: ServerHttp2Stream, headers) => {
    stream.on("error", () => {});
    const down: number[] = JSON.parse(String(headers["x-down"]));
    const fields = Object.fromEntries(manyFields(Number(headers["x-fields"])));
    stream.respond({ ":status": 200, ...fields }, { waitForTrailers: true });
    let received = 0;
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-received": String(received) }));
    try {
      for await (const piece of stream) received += piece.length;
      for (const size of down) stream.write(Buffer.alloc(size, "d"));
      stream.end();
    } catch {
      stream.destroy();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await using client = new Http2Client({ host: "127.0.0.1", port }, systemClock, seededRng(1));
  await fc.assert(
    fc.asyncProperty(conversation, fc.integer(), async (calls, seed) => {
      const answers = shuffle(calls, seededRng(seed)).map(async ({ up, down, fields, cancels }) => {
        const stream = await client.open({
          method: "POST",
          path: "/",
          fields: [
            ["x-down", JSON.stringify(down)],
            ["x-fields", String(fields)],
          ],
        });
        for (const size of up) await stream.write(Buffer.alloc(size, "u"));
        if (cancels && up.length === 0) {
          stream.reset();
          await expect(stream.body(1 << 30)).rejects.toMatchObject({ brokenBy: "us" });
          return;
        }
        stream.end();
        expect((await stream.body(1 << 30)).length).toBe(sum(down));
        expect([...stream.headers()].filter(([name]) => name.startsWith("x-")).length).toBe(fields);
        expect(stream.trailer("x-received")).toBe(String(sum(up)));
      });
      await Promise.all(answers);
    }),
    { numRuns: 15 },
  );
  client.drain();
});
