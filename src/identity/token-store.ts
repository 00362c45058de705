/** Signed tokens (JWT) as credentials: verified by jose, and what their claims say of the caller. */

import type { KeyObject } from "node:crypto";
import {
  decodeProtectedHeader,
  type JWTPayload,
  jwtVerify,
  type ProtectedHeaderParameters,
} from "jose";
import type { Clock } from "#core/clock.ts";
import type { CredentialStore, Found, Group, Principal } from "./credentials.ts";
import { type KeySource, type TokenAlgorithm, tokenAlgorithms } from "./key-set.ts";

/** Which tokens are taken. */
export interface TokenRules {
  readonly algorithms: readonly TokenAlgorithm[];
  /** Secrets of HS256, as objects that no text shows. */
  readonly secrets: readonly KeyObject[];
  /** Issuers, one of which has signed it; absent: any. */
  readonly issuer?: readonly string[];
  /** Audiences, one of which it is meant for; absent: any. */
  readonly audience?: readonly string[];
  /** How far the clocks of issuer and gateway may differ. */
  readonly skewMs: number;
  /** Longest time from when it was issued until it expires; absent: any. */
  readonly lifetimeMs?: number;
  /** What the gateway's scopes begin with among those of a token; others are passed over, and it is left off. */
  readonly scopePrefix: string;
  /** Groups of the settings by name: what their members may use. */
  readonly groups?: Readonly<Record<string, Group>>;
  /** Names of the claims that say what the caller may do. */
  readonly claims: { readonly scopes: string; readonly group: string; readonly models: string };
}

/** Longest token, in characters: longer ones are not even taken apart. */
export const tokenLengthMax = 8192;
/** Longest name of a caller or group, scope or model, and most of them. */
const nameLengthMax = 256;
const namesMax = 256;

/** The last moment of a date, in milliseconds since 1970: what expires later is no time. */
const lastMomentMs = 8.64e15;

/** What a token says that it is: access tokens and plain ones, and none that is made for something else. */
const types: ReadonlySet<string> = new Set(["jwt", "at+jwt"]);

/** Whether a credential has the form of a signed token: three parts, of which the first is JSON. */
export function isTokenForm(credential: string): boolean {
  return /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/.test(credential);
}

/** Visible, not too long, and the same text to all: half of a character is another's once it is bytes. */
function isName(value: unknown): value is string {
  if (typeof value !== "string" || value === "" || value.length > nameLengthMax) return false;
  return !/\p{Cc}/u.test(value) && value.isWellFormed();
}

/** A claim as names: a list of texts, or a text with spaces between them; undefined where it is neither. */
function namesOf(claim: unknown): readonly string[] | undefined {
  const names = typeof claim === "string" ? claim.split(" ").filter(Boolean) : claim;
  if (!Array.isArray(names) || names.length > namesMax) return undefined;
  return names.every(isName) ? names : undefined;
}

const ownClaim = (payload: JWTPayload, name: string): unknown =>
  Object.hasOwn(payload, name) ? payload[name] : undefined;

/** A group of the settings; one that they do not name shares what nobody bounds. */
function groupOf(name: string, groups: Readonly<Record<string, Group>>): Group {
  return (Object.hasOwn(groups, name) ? groups[name] : undefined) ?? { id: name };
}

/**
 * The name of a caller. Of several issuers each names its subjects as it likes, so that theirs stands
 * before, in which no `#` is: whoever may choose a `sub` at the one is nobody at the other.
 */
function nameOf(sub: string, { iss = "" }: JWTPayload, { issuer = [] }: TokenRules): string {
  if (issuer.length < 2) return `jwt:${sub}`;
  return `jwt:${iss.replace(/[%#]/g, encodeURIComponent)}#${sub}`;
}

/** Who calls, by the claims; undefined where they cannot be understood: nothing is presumed then. */
function principalOf(payload: JWTPayload, rules: TokenRules): Principal | undefined {
  const { claims, scopePrefix, groups = {} } = rules;
  const { sub } = payload;
  const scopes = namesOf(ownClaim(payload, claims.scopes) ?? []);
  const group = ownClaim(payload, claims.group);
  const claimed = ownClaim(payload, claims.models);
  const models = claimed === undefined ? undefined : namesOf(claimed);
  if (!isName(sub) || scopes === undefined || (group !== undefined && !isName(group))) {
    return undefined;
  }
  // A scope with a space in it would be several to those who read them as a text (RFC 6749, 3.3).
  if (scopes.some((scope) => /\s/.test(scope))) return undefined;
  if (claimed !== undefined && models === undefined) return undefined;
  return {
    id: nameOf(sub, payload, rules),
    authenticated: true,
    scopes: new Set(
      scopes
        .filter((scope) => scope.startsWith(scopePrefix))
        .map((scope) => scope.slice(scopePrefix.length)),
    ),
    ...(models === undefined ? {} : { models }),
    ...(group === undefined ? {} : { group: groupOf(group, groups) }),
  };
}

/** What the header of a token says, as far as it chooses a key; undefined where it is not taken. */
function headOf(token: string, allowed: readonly TokenAlgorithm[]): TokenHead | undefined {
  let head: ProtectedHeaderParameters;
  try {
    head = decodeProtectedHeader(token);
  } catch {
    return undefined;
  }
  // Nothing else of it is read: keys and URLs that a token brings along (jwk, jku, x5u) are its own word.
  const { alg, kid: keyId, typ = "jwt" } = head;
  const algorithm = tokenAlgorithms.find((one) => one === alg && allowed.includes(one));
  if (algorithm === undefined || typeof typ !== "string") return undefined;
  if (!types.has(typ.toLowerCase().replace(/^application\//, ""))) return undefined;
  if (keyId !== undefined && !isName(keyId)) return undefined;
  return { algorithm, keyId };
}

interface TokenHead {
  readonly algorithm: TokenAlgorithm;
  readonly keyId: string | undefined;
}

/** Verifies tokens by the secrets of the rules and by `keys`. The wall's clock says whether one has expired. */
export function tokenStore(
  rules: TokenRules,
  keys: KeySource | undefined,
  clock: Pick<Clock, "wallMs">,
): CredentialStore {
  /** An algorithm has keys of its own kind alone: a public key is never taken for a secret. */
  const keysFor = async ({ algorithm, keyId }: TokenHead): Promise<readonly KeyObject[]> => {
    if (algorithm === "HS256") return rules.secrets;
    const key = await keys?.find(algorithm, keyId);
    return key === undefined ? [] : [key];
  };
  const payloadBy = async (
    token: string,
    algorithm: TokenAlgorithm,
    key: KeyObject,
  ): Promise<JWTPayload | undefined> => {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [algorithm],
        ...(rules.issuer === undefined ? {} : { issuer: [...rules.issuer] }),
        ...(rules.audience === undefined ? {} : { audience: [...rules.audience] }),
        clockTolerance: rules.skewMs / 1000,
        currentDate: new Date(clock.wallMs()),
        requiredClaims: ["sub", "exp"],
      });
      return payload;
    } catch {
      return undefined;
    }
  };
  const foundOf = (payload: JWTPayload): Found | undefined => {
    const wallMs = clock.wallMs();
    const expiresMs = (payload.exp ?? 0) * 1000;
    const issuedMs = (payload.iat ?? wallMs / 1000) * 1000;
    if (expiresMs > lastMomentMs || issuedMs > wallMs + rules.skewMs) return undefined;
    if (rules.lifetimeMs !== undefined && expiresMs - issuedMs > rules.lifetimeMs) return undefined;
    const principal = principalOf(payload, rules);
    if (principal === undefined) return undefined;
    const expiresWallMs = expiresMs + rules.skewMs;
    const validMs = Math.min(expiresWallMs - wallMs, keys?.trustMs ?? Number.POSITIVE_INFINITY);
    return { principal, validMs, expiresWallMs };
  };
  return {
    async find(token) {
      if (token.length > tokenLengthMax) return undefined;
      const head = headOf(token, rules.algorithms);
      if (head === undefined) return undefined;
      for (const key of await keysFor(head)) {
        const payload = await payloadBy(token, head.algorithm, key);
        if (payload !== undefined) return foundOf(payload);
      }
      return undefined;
    },
  };
}
