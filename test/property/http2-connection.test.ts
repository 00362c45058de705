import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import { errorCode } from "#http2/error-code.ts";
import { Attacker } from "../support/http2-attacker.ts";
import { greetedServer, type RecordedStream, Recorder, settle } from "../support/http2-peers.ts";

/** A server that answers each request that is whole. */
function answering(): Recorder {
  const server = greetedServer();
  server.react = (event, stream) => {
    if (event.on !== "end") return;
    server.connection.respond(stream, 200, [["content-type", "text/plain"]], false);
    server.connection.data(stream, Buffer.alloc((stream.id % 64) * 10_000, "a"), false);
    server.connection.trailers(stream, [["grpc-status", "0"]]);
  };
  return server;
}

/** The last identifier of the 24 calls that one slice of input takes, less those that are refused. */
const sliceIdMax = 45;

test("any cut of the input gives the same events, the same state and the same output", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.nat(80),
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 }),
      (seed, count, cuts) => {
        const attacker = new Attacker(seededRng(seed), true);
        const input = Buffer.concat(Array.from({ length: count }, () => attacker.next(0)));
        const whole = answering();
        whole.receive(Buffer.from(input), 0);
        // Beyond one slice of input, output goes between the slices, wherever those are.
        fc.pre(whole.events.every(({ id }) => id <= sliceIdMax));
        const cut = answering();
        for (let at = 0, index = 0; at < input.length; index += 1) {
          const size = cuts[index % cuts.length] ?? 1;
          cut.receive(Buffer.from(input.subarray(at, at + size)), 0);
          at += size;
        }
        expect(cut.events).toEqual(whole.events);
        expect(cut.connection.failure).toEqual(whole.connection.failure);
        expect(cut.output().equals(whole.output())).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

test("a payload that is kept stays as it was, whatever is read after it", () => {
  const server = new Recorder("server");
  const kept: Buffer[] = [];
  const client = new Recorder("client");
  settle(client, server);
  const stream = client.connection.openStream(
    { method: "POST", scheme: "http", authority: "a", path: "/" },
    [],
    false,
  );
  settle(client, server);
  for (let value = 0; value < 50; value += 1) {
    client.connection.data(stream, Buffer.alloc(1000, value), false);
  }
  const input = client.output();
  for (let at = 0; at < input.length; at += 700) {
    const piece = Buffer.from(input.subarray(at, at + 700));
    server.connection.receive(piece, 0);
  }
  const last = server.events.at(-1);
  if (last?.on === "body") kept.push(Buffer.from(last.bytes, "latin1"));
  expect(kept[0]).toEqual(
    Buffer.concat(Array.from({ length: 50 }, (_, value) => Buffer.alloc(1000, value))),
  );
});

/** What a client does in a conversation. */
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("open"),
      size: fc.nat(100_000),
      answer: fc.nat(100_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("settle"), size: fc.nat(), answer: fc.nat() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("reset"), size: fc.nat(20), answer: fc.nat() }),
  },
);

test("in any conversation of our client and our server, every byte arrives and every stream ends", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const client = new Recorder("client");
      const server = new Recorder("server");
      const bodyOf = new Map<number, number>();
      const answerOf = new Map<number, number>();
      const count = (into: Map<number, number>, recorder: Recorder) => {
        for (const event of recorder.events) {
          if (event.on === "body")
            into.set(event.id, (into.get(event.id) ?? 0) + event.bytes.length);
        }
      };
      server.react = (event, stream) => {
        if (event.on !== "end") return;
        const answer = Number(stream.fields.find(({ name }) => name === "x-answer")?.value);
        server.connection.respond(stream, 200, [], false);
        server.connection.data(stream, Buffer.alloc(answer), false);
        server.connection.trailers(stream, [["x-sum", String(answer)]]);
      };
      settle(client, server);
      const opened: RecordedStream[] = [];
      const expected = new Map<number, { size: number; answer: number }>();
      for (const { do: action, size, answer } of steps) {
        if (action === "open") {
          const stream = client.connection.openStream(
            { method: "POST", scheme: "http", authority: "a", path: `/${size % 5}` },
            [["x-answer", String(answer)]],
            false,
          );
          client.connection.data(stream, Buffer.alloc(size), true);
          opened.push(stream);
          expected.set(stream.id, { size, answer });
        } else if (action === "settle") {
          settle(client, server);
        } else {
          const stream = opened[size];
          if (stream === undefined || stream.closed) continue;
          client.connection.reset(stream, errorCode.cancel);
          expected.delete(stream.id);
        }
      }
      settle(client, server);
      expect(client.connection.failure ?? server.connection.failure).toBeUndefined();
      expect(client.connection.openStreams + server.connection.openStreams).toBe(0);
      count(bodyOf, server);
      count(answerOf, client);
      for (const [streamId, { size, answer }] of expected) {
        expect(bodyOf.get(streamId) ?? 0).toBe(size);
        expect(answerOf.get(streamId) ?? 0).toBe(answer);
        expect(client.events).toContainEqual({
          on: "end",
          id: streamId,
          trailers: `x-sum=${answer}`,
        });
      }
    }),
    { numRuns: 100 },
  );
});
