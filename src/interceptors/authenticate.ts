/** Credential → principal, or no entry: keys, tokens, passwords and client certificates, wherever they are stored. */

import type { DescMethod } from "@bufbuild/protobuf";
import type { ContextValues, Interceptor, StreamRequest, UnaryRequest } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import type { Access, AccessOptions } from "#identity/access.ts";
import { createAttemptLimit } from "#identity/attempt-limit.ts";
import { type CertificateRule, certificateHolders } from "#identity/client-certificates.ts";
import {
  type CredentialScheme,
  type CredentialStore,
  digestStore,
  type Found,
  type KeyDigest,
  type Principal,
} from "#identity/credentials.ts";
import type { TokenOptions } from "#identity/open-credentials.ts";
import type { Proven } from "#identity/proven-credentials.ts";
import type { UserHash } from "#identity/user-store.ts";
import { tagsOf } from "./call-tags.ts";
import {
  callRecordKey,
  credentialEndedKey,
  type Identity,
  identityKey,
  principalKey,
  type SessionCredential,
  sessionKey,
  vendorCredentialKey,
} from "./context.ts";
import { methodFacts } from "./method-facts.ts";
import { type Place, placesOf } from "./places.ts";
import {
  gatewayKeyHeader,
  type VendorCredential,
  vendorCredentialOf,
} from "./vendor-credential.ts";

/** Who may call; `enabled` and `anonymousScopes` hold where `access` has nothing else. */
export interface AuthOptions extends AccessOptions {
  /** Credentials by the SHA-256 of their text, as 64 hex digits. */
  readonly keys: readonly KeyDigest[];
  /** Signed tokens that are taken; absent: none. */
  readonly tokens?: TokenOptions;
  /** Users with passwords; absent: none. */
  readonly users?: readonly UserHash[];
  /** Whose client certificates are taken, of those that a listener has verified; absent: nobody's. */
  readonly certificates?: readonly CertificateRule[];
  /** The scheme that a refusal asks for first, if it is not `Bearer`. */
  readonly asksFor?: "basic";
  /** Unknown credentials that an address may send at once, and in each minute; 0: any number. */
  readonly failuresPerMinute: number;
  /** Some provider is called with its clients' own credentials: they are looked for. */
  readonly forwardsCredentials?: boolean;
}

/** A credential as it was sent. */
interface Sent {
  readonly text: string;
  readonly scheme: CredentialScheme;
  /** It came with a session, which this gateway has sealed: nobody guesses it. */
  readonly session?: SessionCredential;
}

const usualBearer = "Bearer ";
const wordPattern = /^\S+$/;

/**
 * The credential of a request: `X-Polygate-Key: …`, else `Authorization`, as `Bearer …` or, where there
 * are users, `Basic …`, else `X-API-Key: …` or `X-Goog-API-Key: …`; all but the first may be a vendor's
 * beside it.
 */
function credentialOf(header: Headers, takesBasic: boolean): Sent | undefined {
  const own = header.get(gatewayKeyHeader);
  if (own !== null) return { text: own, scheme: "key" };
  const authorization = header.get("authorization") ?? "";
  // As most write it, without a pattern's list of parts.
  if (authorization.startsWith(usualBearer)) {
    const text = authorization.slice(usualBearer.length);
    if (wordPattern.test(text)) return { text, scheme: "key" };
  }
  const [, scheme = "", text] = /^(bearer|basic) +(\S+)$/i.exec(authorization) ?? [];
  if (text !== undefined && scheme.toLowerCase() === "bearer") return { text, scheme: "key" };
  if (text !== undefined && takesBasic) return { text, scheme: "basic" };
  const key = header.get("x-api-key") ?? header.get("x-goog-api-key");
  return key === null ? undefined : { text: key, scheme: "key" };
}

/** The credential of a call: that of its headers, else that of its session. */
function sentWith(header: Headers, values: ContextValues, takesBasic: boolean): Sent | undefined {
  const sent = credentialOf(header, takesBasic);
  if (sent !== undefined) return sent;
  const session = values.get(sessionKey);
  return session && { text: session.credential, scheme: "key", session };
}

/** Whether it may be guessed by trying: then tries count before they are judged, however many come at once. */
function isGuessable({ scheme }: Sent): boolean {
  return scheme === "basic";
}

/** A call whose caller is looked for. */
interface Asked {
  /** Absent: it is asked who calls, and there is no call. */
  readonly method?: DescMethod;
  readonly header: Headers;
  readonly values: ContextValues;
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
  /** Who calls with these headers and values on their listener. Rejects as a call of theirs would. */
  readonly principalOf: (caller: Pick<Asked, "header" | "values">) => Promise<Principal>;
}

/**
 * Finds who calls, once per call. A credential that was found is remembered for as long as its store
 * says, for looking it up costs more than the rest; one that was not never is. An address with
 * too many unknown credentials is refused whatever it sends, but for credentials that were found
 * from that address before: who calls from behind the same proxy goes on. Who sends no credential is
 * known by the certificate of the connection. Nothing waits, and no promise is made, where the store
 * has the credential at hand.
 */
function identification(
  options: AuthOptions,
  clock: Clock,
): (asked: Asked, place: Place) => Identity | Promise<Identity> {
  const attempts = createAttemptLimit(options.failuresPerMinute, clock);
  const holderOf = certificateHolders(options.certificates ?? []);
  /** Whose credential it is; what goes on for long asks whether it has ended. */
  const holderNow = (
    proven: Proven,
    { session }: Sent,
    { values, place: { proven: known } }: { readonly values: ContextValues; readonly place: Place },
  ): Principal => {
    if (session !== undefined) {
      values.set(credentialEndedKey, () => session.isOver() || known.hasEnded(proven));
    } else if (proven.isCurrent !== undefined || Number.isFinite(proven.untilWallMs)) {
      values.set(credentialEndedKey, () => known.hasEnded(proven));
    }
    return proven.principal;
  };
  const judged = (
    sent: Sent,
    found: Found | undefined,
    { values, place }: { readonly values: ContextValues; readonly place: Place },
  ): Identity => {
    const { clientAddress: address } = values.get(callRecordKey);
    if (found === undefined) {
      if (!isGuessable(sent) && sent.session === undefined) attempts.failed(address);
      return "unknown";
    }
    if (isGuessable(sent)) attempts.passed(address);
    const proven = place.proven.add(sent.text, sent.scheme, { found, address });
    return holderNow(proven, sent, { values, place });
  };
  const looked = (
    sent: Sent,
    values: ContextValues,
    place: Place,
  ): Identity | Promise<Identity> => {
    const { clientAddress: address } = values.get(callRecordKey);
    /** A public method goes on without knowing who calls. */
    const unjudged = (thrown: unknown): Identity => {
      if (isGuessable(sent)) attempts.passed(address);
      return { failure: thrown };
    };
    if (isGuessable(sent)) attempts.failed(address);
    try {
      const found = place.store.find(sent.text, sent.scheme);
      return found instanceof Promise
        ? found.then((late) => judged(sent, late, { values, place }), unjudged)
        : judged(sent, found, { values, place });
    } catch (thrown) {
      return unjudged(thrown);
    }
  };
  /** Whoever sends no credential: the holder of a certificate, or whoever calls what is public. */
  const unsaid = ({ method, values }: Asked, { access, everybody }: Place): Identity => {
    const { certificate } = values.get(callRecordKey);
    const takesHolder = certificate !== undefined && access.accepts.includes("certificate");
    const holder = takesHolder ? holderOf(certificate) : undefined;
    if (holder !== undefined) return holder;
    // Who may do what needs a scope is known by a credential alone.
    const needsScope = method !== undefined && methodFacts(method).requiredScope !== "";
    return access.isPublic && !needsScope ? everybody : "missing";
  };
  const waitMs = ({ session }: Sent, address: string) =>
    session === undefined ? attempts.waitMs(address) : 0;
  const find = (asked: Asked, place: Place): Identity | Promise<Identity> => {
    const { access, everybody, proven: known, takesBasic } = place;
    if (!access.enabled) return everybody;
    const { header, values } = asked;
    const { clientAddress, certificate } = values.get(callRecordKey);
    if (access.requiresCertificate && (certificate && holderOf(certificate)) === undefined) {
      return "uncertified";
    }
    const sent = sentWith(header, values, takesBasic);
    if (sent === undefined) return unsaid(asked, place);
    const before = known.find(sent.text, sent.scheme);
    if (before?.addresses.has(clientAddress)) return holderNow(before, sent, { values, place });
    const retryAfterMs = waitMs(sent, clientAddress);
    if (retryAfterMs > 0) return { retryAfterMs };
    if (before !== undefined) {
      known.addAddress(before, clientAddress);
      return holderNow(before, sent, { values, place });
    }
    return looked(sent, values, place);
  };
  return (asked, place) => {
    const { values } = asked;
    const before = values.get(identityKey);
    if (before !== undefined) return before;
    const keep = (identity: Identity) => {
      values.set(identityKey, identity);
      return identity;
    };
    const found = find(asked, place);
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
  const hasUsers = (options.users?.length ?? 0) > 0;
  const placeOf = placesOf(options, { clock, store, hasUsers });
  const identify = identification(options, clock);
  const isGatewayKey = isKeyOf(store);
  const vendorsOwn = (header: Headers, { access }: Place) =>
    options.forwardsCredentials === true
      ? vendorCredentialOf(header, access.enabled, isGatewayKey)
      : undefined;

  /** Gives the call its principal. Throws for a caller whom the method does not take. */
  const admit = (
    request: UnaryRequest | StreamRequest,
    { identity, own, place }: Admitted,
  ): void => {
    if (!isPrincipal(identity) && !methodFacts(request.method).isPublic) {
      throw refusalOf(identity, place, options);
    }
    const principal = isPrincipal(identity) ? identity : place.everybody;
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
      const identity = identify({ method, header, values }, placeOf(method, values));
      return identity instanceof Promise ? identity.then(isAdmitted) : isAdmitted(identity);
    },
    interceptor: (next) => (request) => {
      const { method, header, contextValues: values } = request;
      const place = placeOf(method, values);
      const identity = identify({ method, header, values }, place);
      const own = vendorsOwn(header, place);
      if (identity instanceof Promise || own instanceof Promise) {
        return Promise.all([identity, own]).then(([late, credential]) => {
          admit(request, { identity: late, own: credential, place });
          return next(request);
        });
      }
      admit(request, { identity, own, place });
      return next(request);
    },
    async principalOf({ header, values }) {
      const place = placeOf(undefined, values);
      const identity = await identify({ header, values }, place);
      if (isPrincipal(identity)) return identity;
      throw refusalOf(identity, place, options);
    },
  };
}

/** What is known of a caller where the call came in. */
interface Admitted {
  readonly identity: Identity;
  readonly own: VendorCredential | undefined;
  readonly place: Place;
}

function isPrincipal(identity: Identity): identity is Principal {
  return typeof identity !== "string" && "scopes" in identity;
}

/** What a client may answer a refusal with (RFC 9110, 11.6.1), the scheme first that is preferred. */
function challengeOf({ access, takesBasic }: Place, { asksFor }: AuthOptions, error = ""): string {
  const bearer = `Bearer${error}`;
  if (!takesBasic) return bearer;
  const basic = 'Basic realm="polygate", charset="UTF-8"';
  if (!takesBearer(access)) return basic;
  return asksFor === "basic" ? `${basic}, ${bearer}` : `${bearer}, ${basic}`;
}

function takesBearer({ accepts }: Access): boolean {
  return accepts.includes("key") || accepts.includes("token");
}

/** What a caller without a credential is to send. */
function wantedOf({ access, takesBasic }: Place): string {
  if (takesBearer(access)) return "send Authorization: Bearer <key> or X-API-Key: <key>";
  return takesBasic ? "send Authorization: Basic" : "call with a client certificate";
}

function refusalOf(
  identity: Exclude<Identity, Principal>,
  place: Place,
  options: AuthOptions,
): unknown {
  if (identity === "missing" || identity === "uncertified") {
    const wanted = identity === "missing" ? wantedOf(place) : "call with a client certificate";
    return fault("CREDENTIAL_MISSING", wanted, {
      headers: { "www-authenticate": challengeOf(place, options) },
    });
  }
  if (identity === "unknown") {
    return fault("CREDENTIAL_INVALID", "the credential is not known here", {
      headers: { "www-authenticate": challengeOf(place, options, ' error="invalid_token"') },
    });
  }
  if ("failure" in identity) return identity.failure;
  const { retryAfterMs } = identity;
  return fault("ATTEMPTS_LIMITED", "too many unknown credentials came from this address", {
    retryAfterMs,
  });
}
