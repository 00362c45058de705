/** No change to a token makes another caller of it, and no text makes the store throw. */

import { createSecretKey } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { KeySet } from "#identity/key-set.ts";
import { tokenStore } from "#identity/token-store.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { forged, goodClaims, jwkSet, tokenOf, tokenSecret } from "../support/tokens.ts";

const wallMs = Date.UTC(2026, 0, 31, 9, 0, 0);
const store = tokenStore(
  {
    algorithms: ["HS256", "RS256", "ES256", "EdDSA"],
    secrets: [createSecretKey(tokenSecret, "utf8")],
    issuer: ["https://issuer.test"],
    audience: ["gateway"],
    skewMs: 0,
    scopePrefix: "",
    claims: { scopes: "scope", group: "group", models: "models" },
  },
  new KeySet(jwkSet()),
  createManualClock(wallMs),
);
const tokens = await Promise.all(
  (["HS256", "RS256", "ES256", "EdDSA"] as const).map((algorithm) =>
    tokenOf({ algorithm, wallMs, claims: { scope: "route" } }),
  ),
);
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=";

test("a token of which some characters are others is nobody's, or still the same caller's", async () => {
  const change = fc.record({
    at: fc.nat(),
    to: fc.constantFrom(...alphabet),
    removes: fc.nat({ max: 1 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...tokens),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      async (token, changes) => {
        let text = token;
        for (const { at, to, removes } of changes) {
          const place = at % text.length;
          text = text.slice(0, place) + to + text.slice(place + removes);
        }
        const found = await store.find(text);
        if (found === undefined) return;
        expect(found.principal).toEqual({
          ...{ id: "jwt:alice", authenticated: true, scopes: new Set(["route"]) },
        });
      },
    ),
    { numRuns: 500 },
  );
});

test("parts of different tokens make none", async () => {
  const parts = tokens.map((token) => token.split("."));
  const place = fc.nat({ max: tokens.length - 1 });
  await fc.assert(
    fc.asyncProperty(place, place, place, async (head, payload, signature) => {
      const text = [parts[head]?.[0], parts[payload]?.[1], parts[signature]?.[2]].join(".");
      expect((await store.find(text)) !== undefined).toBe(tokens.includes(text));
    }),
    { numRuns: 100 },
  );
});

test("a signed payload of anything at all never throws, and makes a caller only of texts", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(
        fc.constantFrom("sub", "exp", "iat", "nbf", "scope", "group", "models"),
        fc.jsonValue(),
      ),
      async (claims) => {
        const token = forged({ alg: "HS256" }, { ...goodClaims(wallMs), ...claims });
        const found = await store.find(token);
        if (found === undefined) return;
        const { id, scopes, group, models = [] } = found.principal;
        for (const name of [id, ...scopes, ...(group === undefined ? [] : [group.id]), ...models]) {
          expect(name).toEqual(expect.any(String));
        }
        expect(Number.isFinite(found.validMs)).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

test("a header of anything at all never throws, and is taken for its algorithm alone", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(
        fc.constantFrom("alg", "kid", "typ", "crit", "b64", "jwk", "jku"),
        fc.jsonValue(),
      ),
      async (header) => {
        const found = await store.find(forged(header, goodClaims(wallMs)));
        if (found !== undefined) expect(header.alg).toBe("HS256");
      },
    ),
    { numRuns: 300 },
  );
});

test("no text throws", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary", maxLength: 300 }), async (text) => {
      expect(await store.find(text)).toBeUndefined();
      expect(await store.find(`eyJ${text}.${text}.${text}`)).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});
