/** Makes signed tokens as issuers, and as attackers, make them. */

import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { SignJWT } from "jose";

/** A secret for HS256. */
export const tokenSecret = "a-secret-of-tokens-that-no-one-else-has-0123456789";

const generated = {
  RS256: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  EdDSA: generateKeyPairSync("ed25519"),
} as const;

/** Algorithms with a key pair. */
export type PairAlgorithm = keyof typeof generated;

/** The key pair of an issuer for each algorithm. */
export const issuerKeys: Readonly<
  Record<PairAlgorithm, { readonly publicKey: KeyObject; readonly privateKey: KeyObject }>
> = generated;

/** A JWK set with the public keys of the issuer, each named after its algorithm. */
export function jwkSet(algorithms: readonly PairAlgorithm[] = ["RS256", "ES256", "EdDSA"]): string {
  const keys = algorithms.map((kid) => ({
    ...issuerKeys[kid].publicKey.export({ format: "jwk" }),
    ...{ kid, use: "sig" },
  }));
  return JSON.stringify({ keys });
}

/** Claims and header of a token; what is undefined is left out. */
export interface TokenFacts {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly algorithm?: PairAlgorithm | "HS256";
  readonly key?: KeyObject | Uint8Array;
  /** Milliseconds since 1970 that it is made at. */
  readonly wallMs?: number;
}

/** The claims of a good token. */
export function goodClaims(wallMs = Date.now()): Record<string, unknown> {
  const seconds = Math.floor(wallMs / 1000);
  return {
    sub: "alice",
    iss: "https://issuer.test",
    aud: "gateway",
    iat: seconds,
    exp: seconds + 600,
  };
}

/** A token as a well-behaved library makes it. */
export async function tokenOf(facts: TokenFacts = {}): Promise<string> {
  const { algorithm = "HS256", claims = {}, header = {}, wallMs } = facts;
  const all = { ...goodClaims(wallMs), ...claims };
  const set = Object.entries(all).filter(([, value]) => value !== undefined);
  const own = algorithm === "HS256" ? Buffer.from(tokenSecret) : issuerKeys[algorithm].privateKey;
  const kid = algorithm === "HS256" ? {} : { kid: algorithm };
  return await new SignJWT(Object.fromEntries(set))
    .setProtectedHeader({ alg: algorithm, ...kid, ...header })
    .sign(facts.key ?? own);
}

const part = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** A token with any header and payload, even none that a library would make, signed as `algorithm` says. */
export function forged(
  header: unknown,
  payload: unknown,
  algorithm: PairAlgorithm | "HS256" | "none" = "HS256",
  secret: string | Buffer = tokenSecret,
): string {
  const text = `${part(header)}.${part(payload)}`;
  switch (algorithm) {
    case "none":
      return `${text}.`;
    case "HS256":
      return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
    case "ES256": {
      const key = { key: issuerKeys.ES256.privateKey, dsaEncoding: "ieee-p1363" } as const;
      return `${text}.${sign("sha256", Buffer.from(text), key).toString("base64url")}`;
    }
    case "RS256":
      return `${text}.${sign("sha256", Buffer.from(text), issuerKeys.RS256.privateKey).toString("base64url")}`;
    case "EdDSA":
      return `${text}.${sign(null, Buffer.from(text), issuerKeys.EdDSA.privateKey).toString("base64url")}`;
  }
}
