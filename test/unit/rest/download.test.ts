/** Ranges and codings of whole bodies, on a real socket: what a client may ask for, and what it may not cost. */

import { gunzipSync } from "node:zlib";
import type { DescMethodUnary, Message } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { createRest } from "#rest/rest.ts";
import { createCallPath } from "#rpc/call.ts";
import { type RestServer, serveRest } from "../../support/rest-server.ts";
import { testProtos, testService } from "../../support/test-protos.ts";

const download = testService(testProtos(), "vectors.StreamService").methods.find(
  ({ name }) => name === "Download",
) as DescMethodUnary;

const bytes = Buffer.from("0123456789".repeat(400));

/** Serves `/download/{number}`: that many bytes, of the type that `?text=` names. */
function serve(): Promise<RestServer> {
  const calls = createCallPath(
    (router) =>
      router.rpc(download, (input, context) => {
        const { text, number } = input as Message & { text: string; number: number };
        context.responseHeader.set("etag", '"v1"');
        return { contentType: text, data: bytes.subarray(0, number) } as unknown as Message;
      }),
    [],
  );
  return serveRest(createRest(calls, { bodyBytesMax: 1024, clock: systemClock }));
}

const target = "/download/4000?text=text/csv";

describe("a range", () => {
  test.each([
    ["that ends beyond 2^53", "bytes=0-99999999999999999999", 0, 4000],
    ["that ends beyond all numbers", `bytes=0-${"9".repeat(4000)}`, 0, 4000],
    ["of more last bytes than there are", `bytes=-${"9".repeat(400)}`, 0, 4000],
    ["with leading zeros", "bytes=00000000000000000000000005-6", 5, 7],
    ["in capitals", "BYTES=5-6", 5, 7],
    ["with spaces", "bytes= 5-6 ", 5, 7],
    ["with empty entries beside it", "bytes=,5-6, ", 5, 7],
  ])("%s counts", async (_, range, from, to) => {
    await using server = await serve();
    const { status, headers, bytes: part } = await server.send({ target, headers: { range } });
    expect([status, headers["content-range"]]).toEqual([206, `bytes ${from}-${to - 1}/4000`]);
    expect(part.equals(bytes.subarray(from, to))).toBe(true);
  });

  test.each([
    ["beside another", "bytes=0-1,3-4"],
    ["of 1500 that are all of it", `bytes=${"0-,".repeat(1500)}`],
    ["of 1500 that overlap", `bytes=${Array.from({ length: 1500 }, (_, at) => `${at}-4000`)}`],
    ["of empty entries", "bytes=,,,"],
    ["without a set", "bytes"],
    ["without a dash", "bytes=1"],
    ["with two dashes", "bytes=1-2-3"],
    ["in hex", "bytes=0x1-2"],
    ["with a sign", "bytes=-1-2"],
    ["of other units", "octets=0-1"],
  ])("%s does not count: the body is whole and sent once", async (_, range) => {
    await using server = await serve();
    const answer = await server.send({ target, headers: { range } });
    expect([answer.status, answer.bytes.length]).toEqual([200, 4000]);
  });

  test.each([
    ["from beyond all numbers", `bytes=${"9".repeat(400)}-`],
    ["to there from the end", `bytes=4000-${"9".repeat(400)}`],
    ["beyond 2^53", "bytes=9007199254740993-9007199254740993"],
  ])("%s is beyond the end", async (_, range) => {
    await using server = await serve();
    const answer = await server.send({ target, headers: { range } });
    expect([answer.status, answer.headers["content-range"]]).toEqual([416, "bytes */4000"]);
  });

  test("of an empty body is beyond its end", async () => {
    await using server = await serve();
    const answer = await server.send({ target: "/download/0", headers: { range: "bytes=0-" } });
    expect([answer.status, answer.headers["content-range"]]).toEqual([416, "bytes */0"]);
  });

  test("means something with GET only", async () => {
    await using server = await serve();
    const headers = { range: "bytes=0-1" };
    const answer = await server.send({ method: "HEAD", target, headers });
    expect([answer.status, answer.headers["content-length"]]).toEqual([200, "4000"]);
    expect(answer.headers["content-range"]).toBeUndefined();
  });
});

describe("a body that compresses", () => {
  const coded = { "accept-encoding": "gzip" };

  test("is sent so, with another tag and without an offer of ranges", async () => {
    await using server = await serve();
    const answer = await server.send({ target, headers: coded });
    expect(answer.headers).toMatchObject({
      "content-encoding": "gzip",
      "content-type": "text/csv",
      etag: 'W/"v1"',
      vary: "accept-encoding",
    });
    expect(answer.headers["accept-ranges"]).toBeUndefined();
    expect(gunzipSync(answer.bytes).equals(bytes)).toBe(true);
  });

  test("is not when a part of it is asked for: ranges count its own bytes", async () => {
    await using server = await serve();
    const headers = { ...coded, range: "bytes=0-2999" };
    const answer = await server.send({ target, headers });
    expect([answer.status, answer.headers["content-encoding"]]).toEqual([206, undefined]);
    expect(answer.headers).toMatchObject({ etag: '"v1"', vary: "accept-encoding" });
    expect(answer.bytes.equals(bytes.subarray(0, 3000))).toBe(true);
  });

  test("is not when it is an image already", async () => {
    await using server = await serve();
    const image = { target: "/download/4000?text=image/png", headers: coded };
    const answer = await server.send(image);
    expect(answer.headers).toMatchObject({ "accept-ranges": "bytes", etag: '"v1"' });
    expect(answer.headers["content-encoding"]).toBeUndefined();
    expect(answer.headers.vary).toBeUndefined();
  });
});
