/** Whatever a server answers, a call ends: with what it was meant to bring or with a status of gRPC. */

import type { Socket } from "node:net";
import { Code } from "@connectrpc/connect";
import fc from "fast-check";
import { expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { seededRng } from "#core/rng.ts";
import { GrpcChannel } from "#grpc-client/channel.ts";
import { GrpcError } from "#grpc-client/grpc-error.ts";
import type { ServerStream } from "#http2/server-stream.ts";
import { envelope } from "#protocol/envelope.ts";
import { http2Listener } from "../support/http2-listener.ts";

const bytesMax = 200;
const codes = new Set(Object.values(Code).filter((code) => typeof code === "number"));
const message = envelope(0, Buffer.from("a message"));

interface Script {
  readonly status: number;
  readonly fields: readonly (readonly [string, string])[];
  readonly pieces: readonly Uint8Array[];
  readonly end: "trailers" | "none" | "reset" | "broken" | "wrong trailers";
  readonly resetCode: number;
}

const piece = fc.oneof(
  fc.constant(message),
  fc.constant(message.subarray(0, 7)),
  fc.constant(envelope(1, Buffer.from("not gzip"))),
  fc.constant(Buffer.from([0, 0xff, 0xff, 0xff, 0xff])),
  fc.constant(envelope(0, Buffer.alloc(bytesMax + 1))),
  fc.uint8Array({ minLength: 1, maxLength: 40 }),
);
const script: fc.Arbitrary<Script> = fc.record({
  status: fc.constantFrom(200, 200, 200, 204, 404, 503),
  fields: fc.subarray([
    ["content-type", "application/grpc"],
    ["content-type", "application/grpc+proto"],
    ["content-type", "text/html"],
    ["grpc-encoding", "gzip"],
    ["grpc-status", "0"],
    ["grpc-status", "7"],
    ["grpc-status", "x"],
    ["grpc-status-details-bin", "%%%"],
  ] as const),
  pieces: fc.array(piece, { maxLength: 4 }),
  end: fc.constantFrom("trailers", "none", "reset", "broken", "wrong trailers"),
  resetCode: fc.integer({ min: 0, max: 20 }),
});

function play(
  { status, fields, pieces, end, resetCode }: Script,
  stream: ServerStream,
  socket: Socket,
) {
  stream.start(status, fields);
  for (const each of pieces) stream.push(each);
  if (end === "trailers") stream.end([["grpc-status", "0"]]);
  else if (end === "wrong trailers")
    stream.end([
      ["grpc-status", "99"],
      ["grpc-message", "%"],
    ]);
  else if (end === "none") stream.end();
  else if (end === "reset") stream.reset(resetCode);
  else socket.destroy();
}

test("every call ends, and its connection goes on", async () => {
  let current: Script | undefined;
  await using listener = await http2Listener({
    onStream(stream, socket) {
      if (current !== undefined && stream.path === "/wild") play(current, stream, socket);
      else
        stream.respond(200, [["content-type", "application/grpc"]], message, [
          ["grpc-status", "0"],
        ]);
    },
  });
  const open = () =>
    new GrpcChannel(
      { host: "127.0.0.1", port: listener.port, messageBytesMax: bytesMax },
      systemClock,
      seededRng(1),
    );
  const ends = async (work: Promise<unknown>) => {
    const error = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error === undefined) return;
    expect(error).toBeInstanceOf(GrpcError);
    expect(codes).toContain((error as GrpcError).code);
  };
  await fc.assert(
    fc.asyncProperty(script, async (next) => {
      current = next;
      await using unary = open();
      await ends(unary.unary("/wild", message, {}));
      await using streamed = open();
      const answers = streamed.serverStream("/wild", message, {});
      await ends(answers.then((stream) => Array.fromAsync(stream)));
      await using both = open();
      const stream = await both.stream("/wild", {});
      await ends(stream.send(message));
      await ends(Array.fromAsync(stream));
      await ends(stream.header());
      expect(await stream.send(message)).toBe(false);
      // One connection was lost in pieces; on the others the next call finds everything in order.
      if (next.end === "broken") return;
      for (const channel of [unary, streamed, both]) {
        const answer = await channel.unary("/tame", message, {});
        expect(Buffer.from(answer.message).toString()).toBe("a message");
      }
    }),
    { numRuns: 300 },
  );
});
