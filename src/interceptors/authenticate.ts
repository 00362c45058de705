/** Credential → principal, or no entry: bearer tokens and API keys, wherever they are stored. */

import type { DescMethod } from "@bufbuild/protobuf";
import type {
  ConnectError,
  ContextValues,
  Interceptor,
  StreamRequest,
  UnaryRequest,
} from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import { createAttemptLimit } from "#identity/attempt-limit.ts";
import {
  type CredentialStore,
  digestStore,
  type Found,
  type KeyDigest,
  type Principal,
} from "#identity/credentials.ts";
import { tagsOf } from "./call-tags.ts";
import {
  callRecordKey,
  type Identity,
  identityKey,
  principalKey,
  vendorCredentialKey,
} from "./context.ts";
import { methodFacts } from "./method-facts.ts";
import {
  gatewayKeyHeader,
  type VendorCredential,
  vendorCredentialOf,
} from "./vendor-credential.ts";

/** Who may call. */
export interface AuthOptions {
  /** Off: everybody is anonymous. */
  readonly enabled: boolean;
  /** Credentials by the SHA-256 of their text, as 64 hex digits. */
  readonly keys: readonly KeyDigest[];
  /** Scopes of everybody while off. */
  readonly anonymousScopes: readonly string[];
  /** Unknown credentials that an address may send at once, and in each minute; 0: any number. */
  readonly failuresPerMinute: number;
  /** Some provider is called with its clients' own credentials: they are looked for. */
  readonly forwardsCredentials?: boolean;
}

/** Addresses remembered of each credential that was found; the one first seen is forgotten. */
const addressesMax = 1000;

/** Credentials remembered; the one that was found first is forgotten, that is: looked up again. */
const credentialsMax = 10_000;

/** A credential that was found, and from where. */
interface Proven extends Pick<Found, "principal" | "isCurrent"> {
  readonly addresses: Set<string>;
  /** Monotonic time until which that holds, in milliseconds. */
  readonly untilMs: number;
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
  ) => boolean | Promise<boolean>;
  /** Throws CREDENTIAL_MISSING, CREDENTIAL_INVALID or ATTEMPTS_LIMITED unless the method is public. */
  readonly interceptor: Interceptor;
}

/**
 * Finds who calls, once per call. A credential that was found is remembered for as long as its store
 * says, for looking it up costs more than the rest; one that was not never is. An address with
 * too many unknown credentials is refused whatever it sends, but for credentials that were found
 * from that address before: who calls from behind the same proxy goes on. Nothing waits, and no
 * promise is made, where the store has the credential at hand.
 */
function identification(
  options: AuthOptions,
  clock: Clock,
  { store, everybody }: { readonly store: CredentialStore; readonly everybody: Principal },
): (header: Headers, values: ContextValues) => Identity | Promise<Identity> {
  const attempts = createAttemptLimit(options.failuresPerMinute, clock);
  /** By credential, in the order in which they were found. */
  const known = new Map<string, Proven>();
  const knownNow = (credential: string): Proven | undefined => {
    const proven = known.get(credential);
    if (proven === undefined) return undefined;
    // Most hold for as long as the process lives: no look at the clock.
    const isInTime = proven.untilMs === Number.POSITIVE_INFINITY || proven.untilMs > clock.nowMs();
    if (isInTime && proven.isCurrent?.() !== false) return proven;
    known.delete(credential);
    return undefined;
  };
  const judged = (credential: string, address: string, found: Found | undefined): Identity => {
    if (found === undefined) {
      attempts.failed(address);
      return "unknown";
    }
    const { validMs = Number.POSITIVE_INFINITY } = found;
    const [first = ""] = known.keys();
    if (known.size >= credentialsMax) known.delete(first);
    const untilMs = clock.nowMs() + validMs;
    known.set(credential, { ...found, untilMs, addresses: new Set([address]) });
    return found.principal;
  };
  const find = (header: Headers, values: ContextValues): Identity | Promise<Identity> => {
    if (!options.enabled) return everybody;
    const credential = credentialOf(header);
    if (credential === undefined) return "missing";
    const { clientAddress } = values.get(callRecordKey);
    const before = knownNow(credential);
    if (before?.addresses.has(clientAddress)) return before.principal;
    const retryAfterMs = attempts.waitMs(clientAddress);
    if (retryAfterMs > 0) return { retryAfterMs };
    if (before !== undefined) {
      remember(before.addresses, clientAddress);
      return before.principal;
    }
    const found = store.find(credential);
    return found instanceof Promise
      ? found.then((late) => judged(credential, clientAddress, late))
      : judged(credential, clientAddress, found);
  };
  return (header, values) => {
    const before = values.get(identityKey);
    if (before !== undefined) return before;
    const keep = (identity: Identity) => {
      values.set(identityKey, identity);
      return identity;
    };
    const found = find(header, values);
    return found instanceof Promise ? found.then(keep) : keep(found);
  };
}

/** Whether the store knows a credential. */
function isKeyOf(store: CredentialStore): (credential: string) => boolean | Promise<boolean> {
  const isThere = (found: Found | undefined) => found !== undefined;
  return (credential) => {
    const found = store.find(credential);
    return found instanceof Promise ? found.then(isThere) : isThere(found);
  };
}

/** Admission and identity of calls; the keys of the settings are looked up where no store is given. */
export function authentication(
  options: AuthOptions,
  clock: Clock,
  store: CredentialStore = digestStore(options.keys),
): Authentication {
  const everybody: Principal = {
    id: "anonymous",
    authenticated: false,
    scopes: new Set(options.enabled ? [] : options.anonymousScopes),
  };
  const identify = identification(options, clock, { store, everybody });
  const isGatewayKey = isKeyOf(store);
  const vendorsOwn = (header: Headers) =>
    options.forwardsCredentials === true
      ? vendorCredentialOf(header, options.enabled, isGatewayKey)
      : undefined;

  /** Gives the call its principal. Throws for a caller whom the method does not take. */
  const admit = (
    request: UnaryRequest | StreamRequest,
    identity: Identity,
    own: VendorCredential | undefined,
  ): void => {
    if (!isPrincipal(identity) && !methodFacts(request.method).isPublic) throw refusalOf(identity);
    const principal = isPrincipal(identity) ? identity : everybody;
    request.contextValues.set(principalKey, principal);
    const record = request.contextValues.get(callRecordKey);
    record.principal = principal.id;
    if (principal.group !== undefined) record.group = principal.group.id;
    const tags = tagsOf(request.header, principal.tags);
    if (tags !== undefined) record.tags = tags;
    if (own !== undefined) request.contextValues.set(vendorCredentialKey, own);
  };
  return {
    admits(method, { header, values }) {
      const isAdmitted = (identity: Identity) =>
        isPrincipal(identity) || methodFacts(method).isPublic;
      const identity = identify(header, values);
      return identity instanceof Promise ? identity.then(isAdmitted) : isAdmitted(identity);
    },
    interceptor: (next) => (request) => {
      const identity = identify(request.header, request.contextValues);
      const own = vendorsOwn(request.header);
      if (identity instanceof Promise || own instanceof Promise) {
        return Promise.all([identity, own]).then(([late, credential]) => {
          admit(request, late, credential);
          return next(request);
        });
      }
      admit(request, identity, own);
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
