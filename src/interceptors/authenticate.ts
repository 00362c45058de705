/** Credential → principal, or no entry: bearer tokens and API keys against stored digests. */

import { createHash, timingSafeEqual } from "node:crypto";
import type { DescMethod } from "@bufbuild/protobuf";
import type { ConnectError, ContextValues, Interceptor } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import { createAttemptLimit } from "./attempt-limit.ts";
import {
  callRecordKey,
  type Identity,
  identityKey,
  type Principal,
  principalKey,
  vendorCredentialKey,
} from "./context.ts";
import { methodFacts } from "./method-facts.ts";
import { gatewayKeyHeader, vendorCredentialOf } from "./vendor-credential.ts";

/** Who may call. */
export interface AuthOptions {
  /** Off: everybody is anonymous. */
  readonly enabled: boolean;
  /** Credentials by the SHA-256 of their text, as 64 hex digits. */
  readonly keys: readonly {
    readonly name: string;
    readonly sha256: string;
    readonly scopes: readonly string[];
  }[];
  /** Scopes of everybody while off. */
  readonly anonymousScopes: readonly string[];
  /** Unknown credentials that an address may send at once, and in each minute; 0: any number. */
  readonly failuresPerMinute: number;
  /** Some provider is called with its clients' own credentials: they are looked for. */
  readonly forwardsCredentials?: boolean;
}

/** Addresses remembered of each credential that was found; the one first seen is forgotten. */
const addressesMax = 1000;

/** A credential that was found, and from where. */
interface Proven {
  readonly principal: Principal;
  readonly addresses: Set<string>;
}

function remember(addresses: Set<string>, address: string): void {
  const [first = ""] = addresses;
  if (addresses.size >= addressesMax) addresses.delete(first);
  addresses.add(address);
}

/**
 * The credential of a request: `X-Polygate-Key: …`, else `Authorization: Bearer …`, `X-API-Key: …` or
 * `X-Goog-API-Key: …`, which may be a vendor's beside the first.
 */
function credentialOf(header: Headers): string | undefined {
  const own = header.get(gatewayKeyHeader);
  if (own !== null) return own;
  const bearer = /^bearer +(\S+)$/i.exec(header.get("authorization") ?? "");
  return bearer?.[1] ?? header.get("x-api-key") ?? header.get("x-goog-api-key") ?? undefined;
}

/** Admission by metadata, and the interceptor that gives a call its principal. */
export interface Authentication {
  /** Whether the caller may have the body of its call read. */
  readonly admits: (
    method: DescMethod,
    call: { readonly header: Headers; readonly values: ContextValues },
  ) => boolean;
  /** Throws CREDENTIAL_MISSING, CREDENTIAL_INVALID or ATTEMPTS_LIMITED unless the method is public. */
  readonly interceptor: Interceptor;
}

/**
 * Finds who calls, once per call. Every digest is compared, in constant time, so that neither the
 * key nor its place in the list shows in how long a refusal takes. A credential that was found is
 * remembered, for hashing it costs more than the rest; one that was not never is. An address with
 * too many unknown credentials is refused whatever it sends, but for credentials that were found
 * from that address before: who calls from behind the same proxy goes on.
 */
export function authentication(options: AuthOptions, clock: Clock): Authentication {
  const keys = options.keys.map(({ name, sha256, scopes }) => ({
    digest: Buffer.from(sha256, "hex"),
    principal: { id: name, authenticated: true, scopes: new Set(scopes) } satisfies Principal,
  }));
  const everybody: Principal = {
    id: "anonymous",
    authenticated: false,
    scopes: new Set(options.enabled ? [] : options.anonymousScopes),
  };

  const attempts = createAttemptLimit(options.failuresPerMinute, clock);
  /** By credential: at most as many as there are keys. */
  const known = new Map<string, Proven>();
  const ownerOf = (credential: string): Principal | undefined => {
    const digest = createHash("sha256").update(credential).digest();
    let principal: Principal | undefined;
    for (const key of keys) if (timingSafeEqual(digest, key.digest)) principal = key.principal;
    return principal;
  };
  const look = (credential: string): Proven | undefined => {
    const principal = ownerOf(credential);
    if (principal === undefined) return undefined;
    const proven = { principal, addresses: new Set<string>() };
    known.set(credential, proven);
    return proven;
  };
  const find = (header: Headers, values: ContextValues): Identity => {
    if (!options.enabled) return everybody;
    const credential = credentialOf(header);
    if (credential === undefined) return "missing";
    const { clientAddress } = values.get(callRecordKey);
    const before = known.get(credential);
    if (before?.addresses.has(clientAddress)) return before.principal;
    const retryAfterMs = attempts.waitMs(clientAddress);
    if (retryAfterMs > 0) return { retryAfterMs };
    const found = before ?? look(credential);
    if (found === undefined) {
      attempts.failed(clientAddress);
      return "unknown";
    }
    remember(found.addresses, clientAddress);
    return found.principal;
  };
  const identify = (header: Headers, values: ContextValues): Identity => {
    const identity = values.get(identityKey) ?? find(header, values);
    values.set(identityKey, identity);
    return identity;
  };

  return {
    admits: (method, { header, values }) =>
      isPrincipal(identify(header, values)) || methodFacts(method).isPublic,
    interceptor: (next) => (request) => {
      const identity = identify(request.header, request.contextValues);
      if (!isPrincipal(identity) && !methodFacts(request.method).isPublic)
        throw refusalOf(identity);
      const principal = isPrincipal(identity) ? identity : everybody;
      request.contextValues.set(principalKey, principal);
      request.contextValues.get(callRecordKey).principal = principal.id;
      if (options.forwardsCredentials === true) {
        const isGatewayKey = (credential: string) => ownerOf(credential) !== undefined;
        const own = vendorCredentialOf(request.header, options.enabled, isGatewayKey);
        request.contextValues.set(vendorCredentialKey, own);
      }
      return next(request);
    },
  };
}

function isPrincipal(identity: Identity): identity is Principal {
  return typeof identity !== "string" && "scopes" in identity;
}

function refusalOf(identity: Exclude<Identity, Principal>): ConnectError {
  if (identity === "missing") {
    return fault("CREDENTIAL_MISSING", "send Authorization: Bearer <key> or X-API-Key: <key>");
  }
  if (identity === "unknown")
    return fault("CREDENTIAL_INVALID", "the credential is not known here");
  const { retryAfterMs } = identity;
  return fault("ATTEMPTS_LIMITED", "too many unknown credentials came from this address", {
    retryAfterMs,
  });
}
