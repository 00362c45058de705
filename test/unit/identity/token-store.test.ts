import { createSecretKey } from "node:crypto";
import { describe, expect, test } from "vitest";
import { KeySet, type KeySource, keysMax, singleKey } from "#identity/key-set.ts";
import { isTokenForm, type TokenRules, tokenLengthMax, tokenStore } from "#identity/token-store.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import {
  forged,
  goodClaims,
  issuerKeys,
  jwkSet,
  type PairAlgorithm,
  type TokenFacts,
  tokenOf,
  tokenSecret,
} from "../../support/tokens.ts";

const wallMs = Date.UTC(2026, 0, 31, 9, 0, 0);
const seconds = wallMs / 1000;
const rules: TokenRules = {
  algorithms: ["HS256", "RS256", "ES256", "EdDSA"],
  secrets: [createSecretKey(tokenSecret, "utf8")],
  issuer: ["https://issuer.test"],
  audience: ["gateway", "other"],
  skewMs: 30_000,
  scopePrefix: "",
  claims: { scopes: "scope", group: "group", models: "models" },
};

function storeOf(changes: Partial<TokenRules> = {}, keys: KeySource = new KeySet(jwkSet())) {
  return tokenStore({ ...rules, ...changes }, keys, createManualClock(wallMs));
}

const made = (facts: TokenFacts = {}) => tokenOf({ wallMs, ...facts });
const header = { alg: "HS256" };
const claims = goodClaims(wallMs);

describe("a good token", () => {
  test.each(["HS256", "RS256", "ES256", "EdDSA"] as const)("of %s is taken", async (algorithm) => {
    const found = await storeOf().find(await made({ algorithm }));
    expect(found).toEqual({
      principal: { id: "jwt:alice", authenticated: true, scopes: new Set() },
      validMs: 630_000,
      expiresWallMs: wallMs + 630_000,
    });
  });

  const rows: { name: string; claims: Record<string, unknown>; principal: object }[] = [
    {
      name: "its scopes may be a text",
      claims: { scope: "route  admin" },
      principal: { scopes: new Set(["route", "admin"]) },
    },
    {
      name: "its scopes may be a list",
      claims: { scope: ["route", "admin"] },
      principal: { scopes: new Set(["route", "admin"]) },
    },
    { name: "its group", claims: { group: "team-a" }, principal: { group: { id: "team-a" } } },
    { name: "its models", claims: { models: ["a", "b*"] }, principal: { models: ["a", "b*"] } },
    { name: "no model at all", claims: { models: [] }, principal: { models: [] } },
    { name: "one of several audiences", claims: { aud: ["x", "other"] }, principal: {} },
  ];
  test.each(rows)("says who calls: $name", async ({ claims: own, principal }) => {
    const found = await storeOf().find(await made({ claims: own }));
    expect(found?.principal).toMatchObject({ id: "jwt:alice", ...principal });
  });

  test("claims have the names that the settings give them", async () => {
    const names = { scopes: "https://x/roles", group: "team", models: "llms" };
    const own = { "https://x/roles": ["admin"], team: "t", llms: "m", scope: "route", group: "g" };
    const found = await storeOf({ claims: names }).find(await made({ claims: own }));
    expect(found?.principal).toEqual({
      id: "jwt:alice",
      authenticated: true,
      scopes: new Set(["admin"]),
      models: ["m"],
      group: { id: "t" },
    });
  });

  test("of its scopes those with the prefix count, without it", async () => {
    const token = await made({ claims: { scope: "admin polygate:route polygate: openid" } });
    const found = await storeOf({ scopePrefix: "polygate:" }).find(token);
    expect(found?.principal.scopes).toEqual(new Set(["route", ""]));
  });

  test("names of an object's own methods are no claims", async () => {
    const names = { scopes: "toString", group: "constructor", models: "valueOf" };
    const found = await storeOf({ claims: names }).find(await made());
    expect(found?.principal).toEqual({ id: "jwt:alice", authenticated: true, scopes: new Set() });
  });

  test("by the second of two secrets is taken", async () => {
    const secrets = ["another-secret-of-tokens-0123456789012345", tokenSecret].map((secret) =>
      createSecretKey(secret, "utf8"),
    );
    expect(await storeOf({ secrets }).find(await made())).toBeDefined();
  });

  test("of one public key may name any key id", async () => {
    const store = storeOf({}, singleKey(issuerKeys.ES256.publicKey));
    expect(await store.find(await made({ algorithm: "ES256" }))).toBeDefined();
    expect(await store.find(await made({ algorithm: "RS256" }))).toBeUndefined();
  });

  test("is believed no longer than its keys are", async () => {
    const set = new KeySet(jwkSet());
    const keys: KeySource = { find: (...names) => set.find(...names), trustMs: 60_000 };
    expect(await storeOf({}, keys).find(await made({ algorithm: "EdDSA" }))).toMatchObject({
      validMs: 60_000,
      expiresWallMs: wallMs + 630_000,
    });
  });
});

describe("time", () => {
  const rows = [
    { name: "expired within the skew", claims: { exp: seconds - 29 }, isTaken: true },
    { name: "expired", claims: { exp: seconds - 30 }, isTaken: false },
    { name: "not yet valid, within the skew", claims: { nbf: seconds + 30 }, isTaken: true },
    { name: "not yet valid", claims: { nbf: seconds + 31 }, isTaken: false },
    { name: "issued in a moment", claims: { iat: seconds + 30 }, isTaken: true },
    { name: "issued in the future", claims: { iat: seconds + 31 }, isTaken: false },
    { name: "without an end", claims: { exp: undefined }, isTaken: false },
    { name: "an end that is no number", claims: { exp: "tomorrow" }, isTaken: false },
    { name: "an end that is no time", claims: { exp: 1e300 }, isTaken: false },
    { name: "a hundred years", claims: { exp: seconds + 36_525 * 86_400 }, isTaken: true },
  ];
  test.each(rows)("$name: taken is $isTaken", async ({ claims: own, isTaken }) => {
    expect((await storeOf().find(await made({ claims: own }))) !== undefined).toBe(isTaken);
  });

  test("an end beyond all numbers is none", async () => {
    const text = JSON.stringify({ ...claims, exp: 0 }).replace('"exp":0', '"exp":1e999');
    expect(await storeOf().find(forged(header, text))).toBeUndefined();
  });

  test("a token for longer than the settings let is refused, also where it hides when it was issued", async () => {
    const store = storeOf({ lifetimeMs: 3_600_000 });
    const year = { exp: seconds + 365 * 86_400 };
    expect(await store.find(await made({ claims: year }))).toBeUndefined();
    expect(await store.find(await made({ claims: { ...year, iat: undefined } }))).toBeUndefined();
    expect(await store.find(await made({ claims: { exp: seconds + 3600 } }))).toBeDefined();
  });
});

describe("what is no token of ours is refused", () => {
  const publicPem = issuerKeys.RS256.publicKey.export({ type: "spki", format: "pem" });
  const publicDer = issuerKeys.RS256.publicKey.export({ type: "spki", format: "der" });
  const bare = { alg: "none" };
  const ownKey = { ...issuerKeys.ES256.publicKey.export({ format: "jwk" }) };
  const rows: { name: string; token: string | Promise<string> }[] = [
    { name: "another secret", token: forged(header, claims, "HS256", "wrong") },
    { name: "another issuer", token: made({ claims: { iss: "https://evil.test" } }) },
    { name: "no issuer", token: made({ claims: { iss: undefined } }) },
    { name: "another audience", token: made({ claims: { aud: "somebody" } }) },
    { name: "no audience", token: made({ claims: { aud: undefined } }) },
    { name: "no subject", token: made({ claims: { sub: undefined } }) },
    { name: "an empty subject", token: made({ claims: { sub: "" } }) },
    { name: "a subject with a line feed", token: made({ claims: { sub: "a\nb" } }) },
    { name: "a subject without end", token: made({ claims: { sub: "a".repeat(257) } }) },
    { name: "alg none", token: forged(bare, claims, "none") },
    { name: "alg None", token: forged({ alg: "None" }, claims, "none") },
    { name: "alg nOnE with a signature", token: forged({ alg: "nOnE" }, claims) },
    { name: "no alg", token: forged({}, claims) },
    { name: "alg as a list", token: forged({ alg: ["HS256"] }, claims) },
    { name: "an empty signature", token: forged(header, claims).replace(/[^.]+$/, "") },
    {
      name: "a public key in PEM as the secret",
      token: forged(header, claims, "HS256", publicPem),
    },
    {
      name: "a public key in DER as the secret",
      token: forged(header, claims, "HS256", publicDer),
    },
    {
      name: "HS256 under the id of a public key",
      token: forged({ alg: "HS256", kid: "RS256" }, claims, "HS256", publicPem),
    },
    {
      name: "RS256 signed with the secret",
      token: forged({ alg: "RS256", kid: "RS256" }, claims, "HS256", publicPem),
    },
    {
      name: "ES256 under the id of an RSA key",
      token: forged({ alg: "ES256", kid: "RS256" }, claims, "ES256"),
    },
    {
      name: "a key id that no one has",
      token: forged({ alg: "ES256", kid: "x" }, claims, "ES256"),
    },
    { name: "a key id that is a number", token: forged({ alg: "ES256", kid: 1 }, claims, "ES256") },
    {
      name: "a key that the token brings along",
      token: forged({ alg: "ES256", kid: "x", jwk: ownKey }, claims, "ES256"),
    },
    {
      name: "a URL of keys that the token brings along",
      token: forged(
        { alg: "ES256", kid: "x", jku: "http://127.0.0.1:1/", x5u: "x" },
        claims,
        "ES256",
      ),
    },
    { name: "an unknown extension", token: forged({ alg: "HS256", crit: ["x"], x: 1 }, claims) },
    {
      name: "a payload that is not in base64",
      token: forged({ alg: "HS256", crit: ["b64"], b64: false }, claims),
    },
    {
      name: "an ECDSA signature of zeros",
      token: `${forged({ alg: "ES256", kid: "ES256" }, claims, "none")}${Buffer.alloc(64).toString("base64url")}`,
    },
    { name: "a type made for something else", token: made({ header: { typ: "dpop+jwt" } }) },
    { name: "a type that is a number", token: forged({ alg: "HS256", typ: 1 }, claims) },
    { name: "a payload that is a list", token: forged(header, [claims]) },
    { name: "a payload that is no JSON", token: forged(header, "{") },
    { name: "a header that is no JSON", token: forged("{", claims) },
    { name: "a header that is a list", token: forged([], claims) },
    { name: "a deep payload", token: forged(header, `${"[".repeat(5000)}`) },
    { name: "a subject with half of a character", token: made({ claims: { sub: "a\ud800" } }) },
    { name: "a group with half of a character", token: made({ claims: { group: "\udc00" } }) },
    { name: "a scope that is two to others", token: made({ claims: { scope: ["route admin"] } }) },
    { name: "scopes that are an object", token: made({ claims: { scope: { admin: true } } }) },
    { name: "scopes that are numbers", token: made({ claims: { scope: [1] } }) },
    { name: "more scopes than anyone has", token: made({ claims: { scope: "a ".repeat(257) } }) },
    { name: "models that are a number", token: made({ claims: { models: 1 } }) },
    { name: "models that are nothing", token: made({ claims: { models: null } }) },
    { name: "a group that is a list", token: made({ claims: { group: ["a"] } }) },
    { name: "four parts", token: `${forged(header, claims)}.x` },
    { name: "two parts", token: forged(header, claims).replace(/\.[^.]*$/, "") },
    { name: "an encrypted token", token: "eyJhbGciOiJkaXIifQ..a.b.c" },
  ];
  test.each(rows)("$name", async ({ token }) => {
    expect(await storeOf().find(await token)).toBeUndefined();
  });

  test.each(["HS256", "RS256", "ES256", "EdDSA"] as const)(
    "%s where it is not allowed",
    async (algorithm) => {
      const algorithms = rules.algorithms.filter((one) => one !== algorithm);
      expect(await storeOf({ algorithms }).find(await made({ algorithm }))).toBeUndefined();
    },
  );

  test("HS256 where there is no secret, whatever keys there are", async () => {
    const store = storeOf({ secrets: [] });
    for (const secret of [publicPem, publicDer, ""]) {
      expect(await store.find(forged(header, claims, "HS256", secret))).toBeUndefined();
    }
  });

  test("a token that is too long is not taken apart, however good", async () => {
    const padding = "a".repeat(tokenLengthMax);
    const token = await made({ claims: { padding } });
    expect(token.length).toBeGreaterThan(tokenLengthMax);
    expect(await storeOf().find(token)).toBeUndefined();
    expect(
      await storeOf().find(await made({ claims: { padding: "a".repeat(5000) } })),
    ).toBeDefined();
  });

  test("the mirrored signature of ECDSA is the same caller's, and no one else's", async () => {
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const token = await made({ algorithm: "ES256" });
    const cut = token.lastIndexOf(".");
    const signature = Buffer.from(token.slice(cut + 1), "base64url");
    const s = BigInt(`0x${signature.subarray(32).toString("hex")}`);
    const mirrored = (order - s).toString(16).padStart(64, "0");
    const twin = Buffer.concat([signature.subarray(0, 32), Buffer.from(mirrored, "hex")]);
    const found = await storeOf().find(`${token.slice(0, cut)}.${twin.toString("base64url")}`);
    expect(found?.principal.id).toBe("jwt:alice");
  });
});

describe("the form of a token", () => {
  test.each([
    ["eyJhbGciOiJub25lIn0.eyJ9.", true],
    ["eyJ0.a.b", true],
    ["sk-proj-0123", false],
    ["a.b.c", false],
    ["eyJ0.a.b.c", false],
    ["eyJ0.a b.c", false],
  ])("%s: %s", (credential, is) => {
    expect(isTokenForm(credential)).toBe(is);
  });
});

describe("a JWK set", () => {
  const publicJwk = (algorithm: PairAlgorithm) =>
    issuerKeys[algorithm].publicKey.export({ format: "jwk" });
  const setOf = (...keys: unknown[]) => new KeySet(JSON.stringify({ keys }));

  test("without a key id the only key of the algorithm counts, and none of several", async () => {
    expect(setOf(publicJwk("ES256")).find("ES256", undefined)).toBeDefined();
    expect(setOf(publicJwk("ES256"), publicJwk("ES256")).find("ES256", undefined)).toBeUndefined();
  });

  test.each([
    { name: "a secret", jwk: { kty: "oct", k: "AAAA", alg: "HS256" } },
    { name: "a key that encrypts", jwk: { ...publicJwk("RS256"), use: "enc" } },
    { name: "a key for something else", jwk: { ...publicJwk("RS256"), key_ops: ["encrypt"] } },
    { name: "a key for another algorithm", jwk: { ...publicJwk("RS256"), alg: "RS512" } },
    { name: "a curve that is not taken", jwk: { ...publicJwk("ES256"), crv: "P-384" } },
    { name: "text", jwk: "key" },
    { name: "null", jwk: null },
  ])("$name in it is no key", ({ jwk }) => {
    expect(setOf(jwk).size).toBe(0);
  });

  test("a short RSA key, and one that is broken, verify nothing", () => {
    const { n = "" } = publicJwk("RS256");
    const short = { kty: "RSA", e: "AQAB", n: n.slice(0, 170), kid: "short" };
    const set = setOf(short, { kty: "EC", crv: "P-256", x: "AA", y: "AA", kid: "broken" });
    expect(set.find("RS256", "short")).toBeUndefined();
    expect(set.find("ES256", "broken")).toBeUndefined();
    expect(set.find("ES256", "broken")).toBeUndefined();
  });

  test("has a bound", () => {
    const keys = (count: number) =>
      Array.from({ length: count }, (_, kid) => ({ ...publicJwk("EdDSA"), kid: String(kid) }));
    expect(setOf(...keys(keysMax)).find("EdDSA", String(keysMax - 1))).toBeDefined();
    expect(() => setOf(...keys(10_000))).toThrow("has more than 1000 keys");
  });

  test.each(["{}", "[]", '{"keys": {}}', "{"])("%s is none", (text) => {
    expect(() => new KeySet(text)).toThrow();
  });
});
