/** Credential → principal, or no entry: bearer tokens and API keys against stored digests. */

import { createHash, timingSafeEqual } from "node:crypto";
import type { DescMethod } from "@bufbuild/protobuf";
import type { ContextValues, Interceptor } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";
import {
  callRecordKey,
  type Identity,
  identityKey,
  type Principal,
  principalKey,
} from "./context.ts";
import { methodFacts } from "./method-facts.ts";

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
}

/** The credential of a request: `Authorization: Bearer …` or `X-API-Key: …`. */
function credentialOf(header: Headers): string | undefined {
  const bearer = /^bearer +(\S+)$/i.exec(header.get("authorization") ?? "");
  return bearer?.[1] ?? header.get("x-api-key") ?? undefined;
}

/** Admission by metadata, and the interceptor that gives a call its principal. */
export interface Authentication {
  /** Whether the caller may have the body of its call read. */
  readonly admits: (
    method: DescMethod,
    call: { readonly header: Headers; readonly values: ContextValues },
  ) => boolean;
  /** Throws CREDENTIAL_MISSING or CREDENTIAL_INVALID unless the method is public. */
  readonly interceptor: Interceptor;
}

/**
 * Finds who calls, once a call. Every digest is compared, in constant time, so that neither the key
 * nor its place in the list shows in how long a refusal takes. A credential that was found is
 * remembered, for hashing it costs more than the rest; one that was not never is.
 */
export function authentication(options: AuthOptions): Authentication {
  const keys = options.keys.map(({ name, sha256, scopes }) => ({
    digest: Buffer.from(sha256, "hex"),
    principal: { id: name, authenticated: true, scopes: new Set(scopes) } satisfies Principal,
  }));
  const everybody: Principal = {
    id: "anonymous",
    authenticated: false,
    scopes: new Set(options.enabled ? [] : options.anonymousScopes),
  };

  /** By credential: at most as many as there are keys. */
  const known = new Map<string, Principal>();
  const find = (header: Headers): Identity => {
    if (!options.enabled) return everybody;
    const credential = credentialOf(header);
    if (credential === undefined) return "missing";
    const remembered = known.get(credential);
    if (remembered !== undefined) return remembered;
    const digest = createHash("sha256").update(credential).digest();
    let found: Principal | undefined;
    for (const key of keys) if (timingSafeEqual(digest, key.digest)) found = key.principal;
    if (found === undefined) return "unknown";
    known.set(credential, found);
    return found;
  };
  const identify = (header: Headers, values: ContextValues): Identity => {
    const identity = values.get(identityKey) ?? find(header);
    values.set(identityKey, identity);
    return identity;
  };

  return {
    admits: (method, { header, values }) =>
      typeof identify(header, values) !== "string" || methodFacts(method).isPublic,
    interceptor: (next) => (request) => {
      const identity = identify(request.header, request.contextValues);
      if (typeof identity === "string" && !methodFacts(request.method).isPublic) {
        throw identity === "missing"
          ? fault("CREDENTIAL_MISSING", "send Authorization: Bearer <key> or X-API-Key: <key>")
          : fault("CREDENTIAL_INVALID", "the credential is not known here");
      }
      const principal = typeof identity === "string" ? everybody : identity;
      request.contextValues.set(principalKey, principal);
      request.contextValues.get(callRecordKey).principal = principal.id;
      return next(request);
    },
  };
}
