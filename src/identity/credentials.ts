/** Finds whose credential it is: an interface that any key store may implement, and the keys of the settings. */

import { createHash, timingSafeEqual } from "node:crypto";

/** Who calls. */
export interface Principal {
  /** Name of the credential, or anonymous. */
  readonly id: string;
  readonly authenticated: boolean;
  readonly scopes: ReadonlySet<string>;
}

/** A credential that was found. */
export interface Found {
  readonly principal: Principal;
  /** Milliseconds for which this stays valid; then the store is asked again. Absent: it never expires. */
  readonly validMs?: number;
}

/** Where credentials are looked up. */
export interface CredentialStore {
  /** Returns at once where keys are in this process; a promise where another service is asked. Undefined: an unknown credential. */
  find(credential: string): Found | undefined | Promise<Found | undefined>;
}

/** A key by the SHA-256 of its text, as 64 hex digits. */
export interface KeyDigest {
  readonly name: string;
  readonly sha256: string;
  readonly scopes: readonly string[];
}

/**
 * The keys of the settings. Every digest is compared, in constant time: the time of a refusal reveals
 * neither the key nor its place in the list.
 */
export function digestStore(keys: readonly KeyDigest[]): CredentialStore {
  const all = keys.map(({ name, sha256, scopes }) => ({
    digest: Buffer.from(sha256, "hex"),
    principal: { id: name, authenticated: true, scopes: new Set(scopes) } satisfies Principal,
  }));
  return {
    find(credential) {
      const digest = createHash("sha256").update(credential).digest();
      let principal: Principal | undefined;
      for (const key of all) if (timingSafeEqual(digest, key.digest)) principal = key.principal;
      return principal && { principal };
    },
  };
}
