/** Finds whose credential it is: an interface that any key store may implement, and the keys of the settings. */

import { createHash, timingSafeEqual } from "node:crypto";
import type { Budget } from "#limits/budget.ts";
import type { CredentialKind } from "./access.ts";

export type { Budget } from "#limits/budget.ts";

/**
 * What a caller, or a group of them, may use in all. What is absent is for a caller as the settings have
 * it for all, and no limit of a group.
 */
export interface Allowance {
  readonly requestsPerMinute?: number;
  /** Requests at once; a tenth of a minute's, but at least one, when absent. */
  readonly burst?: number;
  /** Tokens of language models, of prompts and responses together. */
  readonly tokensPerMinute?: number;
  /** Calls in progress at one time. */
  readonly concurrentMax?: number;
  readonly budget?: Budget;
}

/** Callers who share limits and a budget. */
export interface Group {
  readonly id: string;
  readonly allowance?: Allowance;
}

/** Who calls. */
export interface Principal {
  /** Name of the credential, or anonymous. */
  readonly id: string;
  /** What belongs to it is known by this, whatever name it has or had; absent: by its name. */
  readonly owner?: string;
  readonly authenticated: boolean;
  readonly scopes: ReadonlySet<string>;
  /** Models it may name, as patterns in which `*` stands for any text; absent: all. */
  readonly models?: readonly string[];
  /** Procedures and paths it may call, by how they begin; absent: all. */
  readonly routes?: readonly string[];
  readonly allowance?: Allowance;
  readonly group?: Group;
  /** Words that its spending is summed up by. */
  readonly tags?: readonly string[];
}

/** A credential that was found. */
export interface Found {
  readonly principal: Principal;
  /** Milliseconds for which this stays valid; then the store is asked again. Absent: it never expires. */
  readonly validMs?: number;
  /** Time of the wall's clock at which it expires, in milliseconds since 1970, also if that clock is set. */
  readonly expiresWallMs?: number;
  /** Asked before it is used again; false: the store is asked anew. Absent: only time ends it. */
  isCurrent?(): boolean;
}

/** How a credential was sent: as a key or token by itself, or as `name:password` in base64. */
export type CredentialScheme = "key" | "basic";

/** Where credentials are looked up. */
export interface CredentialStore {
  /**
   * Returns at once where keys are in this process; a promise where another service is asked.
   * Undefined: an unknown credential. Throws, or rejects with, a fault where that cannot be decided now.
   */
  find(
    credential: string,
    scheme?: CredentialScheme,
  ): Found | undefined | Promise<Found | undefined>;
  /** The same store, in which credentials of some kinds alone are known; absent: it knows keys alone. */
  accepting?(kinds: ReadonlySet<CredentialKind>): CredentialStore;
}

/** A key by the SHA-256 of its text, as 64 hex digits, with what its principal may. */
export interface KeyDigest
  extends Pick<Principal, "models" | "routes" | "tags" | "allowance" | "group"> {
  readonly name: string;
  readonly sha256: string;
  readonly scopes: readonly string[];
}

/**
 * The keys of the settings. Every digest is compared, in constant time: the time of a refusal reveals
 * neither the key nor its place in the list.
 */
export function digestStore(keys: readonly KeyDigest[]): CredentialStore {
  const all = keys.map(({ name, sha256, scopes, ...limits }) => ({
    digest: Buffer.from(sha256, "hex"),
    principal: {
      id: name,
      authenticated: true,
      scopes: new Set(scopes),
      ...limits,
    } satisfies Principal,
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
