import { createSecretKey, generateKeyPairSync } from "node:crypto";
import { jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { callerTokenSeconds, plainCaller, signedCaller } from "#backends/caller-headers.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const caller = { id: "jwt:alice", scopes: new Set(["route"]), group: { id: "team" } };
const secret = createSecretKey("a-secret-of-cores-0123456789-0123456789", "utf8");
const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const pem = privateKey.export({ type: "pkcs8", format: "pem" });

describe("plain headers", () => {
  test.each([
    ["jwt:alice", "jwt:alice"],
    ["a b", "a%20b"],
    ["100%", "100%25"],
    ["a\r\nx: y", "a%0D%0Ax:%20y"],
    ["日本", "%E6%97%A5%E6%9C%AC"],
    ["\ud800", "%EF%BF%BD"],
  ])("carry %j as %s", (id, is) => {
    expect(plainCaller({ id, scopes: new Set() })[0]).toEqual(["x-polygate-principal", is]);
  });

  test("keep scopes apart, also one with a space", () => {
    const fields = Object.fromEntries(plainCaller({ id: "a", scopes: new Set(["a b", "c"]) }));
    expect(fields["x-polygate-scopes"]).toBe("a%20b c");
  });
});

describe("a signed token", () => {
  test.each([
    ["HS256", { secret }, secret],
    ["EdDSA", { privateKey: pem }, publicKey],
  ] as const)(
    "by %s verifies, and says who, for whom and until when",
    async (algorithm, by, key) => {
      const clock = createManualClock();
      const [[name, token] = ["", ""], ...others] = signedCaller(by, clock)(caller);
      expect([name, others]).toEqual(["x-polygate-identity", []]);
      const currentDate = new Date(clock.wallMs());
      const { payload, protectedHeader } = await jwtVerify(token, key, { currentDate });
      const iat = Math.floor(clock.wallMs() / 1000);
      expect(protectedHeader).toEqual({ alg: algorithm, typ: "polygate-identity+jwt" });
      expect(payload).toEqual({
        ...{
          iss: "polygate",
          aud: "polygate-core",
          sub: "jwt:alice",
          scope: "route",
          group: "team",
        },
        ...{ iat, exp: iat + callerTokenSeconds },
      });
    },
  );

  test("is used for half of its time, and by one caller alone", async () => {
    const clock = createManualClock();
    const tells = signedCaller({ secret }, clock);
    const first = tells(caller);
    await clock.advance(29_999);
    expect(tells(caller)).toBe(first);
    expect(tells({ ...caller, id: "jwt:bob" })).not.toEqual(first);
    await clock.advance(1);
    expect(tells(caller)).not.toEqual(first);
  });

  test("of so many callers only is kept", () => {
    const tells = signedCaller({ secret }, createManualClock());
    const first = tells(caller);
    for (let at = 0; at < 1000; at += 1) tells({ id: String(at), scopes: new Set() });
    expect(tells(caller)).not.toBe(first);
  });
});
