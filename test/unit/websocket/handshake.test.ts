/** The opening handshake of a WebSocket: what is accepted, what is answered, and whose key comes with it. */

import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { Upgrade } from "#exchange/upgrade.ts";
import { acceptanceOf, callSourceOf } from "#websocket/handshake.ts";

/** That of RFC 6455, 1.3. */
const fields = {
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

function upgrade(more: Readonly<Record<string, string | undefined>> = {}, method = "GET"): Upgrade {
  const sent = Object.entries({ ...fields, ...more }).filter(
    (field): field is [string, string] => field[1] !== undefined,
  );
  const header = (name: string) => sent.find(([known]) => known === name)?.[1];
  const peer = { address: "192.0.2.1", port: 1, encrypted: false };
  const request = { method, target: "/", authority: "test", peer, header, headers: () => sent };
  return new Upgrade(request, new PassThrough(), Buffer.alloc(0));
}

test("a handshake is answered with the proof of its key", () => {
  expect(acceptanceOf(upgrade({ upgrade: "WebSocket" }))).toEqual([
    ["upgrade", "websocket"],
    ["sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="],
  ]);
});

describe("what is no handshake of version 13 is refused", () => {
  test.each([
    ["another method", upgrade({}, "POST")],
    ["another protocol", upgrade({ upgrade: "h2c" })],
    ["none", upgrade({ upgrade: undefined })],
    ["another version", upgrade({ "sec-websocket-version": "8" })],
    ["no version", upgrade({ "sec-websocket-version": undefined })],
    ["no key", upgrade({ "sec-websocket-key": undefined })],
    ["a key that is too short", upgrade({ "sec-websocket-key": "dGhlIHNhbXBsZQ==" })],
    ["a key with more behind it", upgrade({ "sec-websocket-key": `${"a".repeat(22)}==x` })],
  ])("%s", (_name, asked) => {
    let refused: unknown;
    try {
      acceptanceOf(asked);
    } catch (thrown) {
      refused = thrown;
    }
    expect(reasonOf(refused as never)).toBe("REQUEST_INVALID");
  });
});

describe("of the subprotocols that are offered", () => {
  test.each([
    ["json", "json", undefined],
    ["bearer, a-key", "bearer", "Bearer a-key"],
    ["json, bearer, a-key", "bearer", "Bearer a-key"],
    ["bearer, json", "bearer", "Bearer json"],
    ["bearer", "bearer", undefined],
    ["bearer,", "bearer", undefined],
    ["other", undefined, undefined],
    [undefined, undefined, undefined],
  ])("%s answers %s, and the key is %s", (offered, name, authorization) => {
    const asked = upgrade({ "sec-websocket-protocol": offered });
    const answered = new Map(acceptanceOf(asked)).get("sec-websocket-protocol");
    expect(answered).toBe(name);
    const source = callSourceOf(asked, new AbortController().signal);
    expect(source.header("authorization")).toBe(authorization);
    expect(source.header("sec-websocket-protocol")).toBeUndefined();
    expect(new Map(source.headers()).get("authorization")).toBe(authorization);
  });

  test("a key gives way to a field of its own, and is shown nowhere", () => {
    const asked = upgrade({ authorization: "Bearer own", "sec-websocket-protocol": "bearer, key" });
    const source = callSourceOf(asked, new AbortController().signal);
    expect(source.header("authorization")).toBe("Bearer own");
    expect(JSON.stringify([...source.headers()])).not.toContain("bearer, key");
    expect([...source.headers()].filter(([name]) => name === "authorization")).toHaveLength(1);
  });
});
