/** A key as it is kept: everything but its text. */

import type { Allowance, Group, Principal } from "#identity/credentials.ts";

/** What a key may. */
export interface KeyRights {
  readonly scopes: readonly string[];
  /** Absent: all. */
  readonly models?: readonly string[];
  readonly routes?: readonly string[];
  readonly tags: readonly string[];
  readonly allowance?: Allowance;
}

/** What is said of a key when it is made or changed. */
export interface KeySpec {
  /** Unique among keys that are not revoked. */
  readonly name: string;
  /** Name of its group; empty for none. */
  readonly group: string;
  readonly rights: KeyRights;
  /** Absent: it never ends by itself. */
  readonly expiresMs?: number;
}

/** A key. Times are milliseconds since the Unix epoch. */
export interface Key extends KeySpec {
  readonly id: string;
  /** SHA-256 of its text, as 64 hex digits. */
  readonly digest: string;
  /** How its text begins. */
  readonly prefix: string;
  /** The text before, while that works. */
  readonly previous?: { readonly digest: string; readonly untilMs: number };
  readonly createdMs: number;
  readonly createdBy: string;
  readonly rotatedMs?: number;
  readonly usedMs?: number;
  readonly revokedMs?: number;
  /** Its place among keys, in the order of their making. */
  readonly sequence: number;
  /** Its place among changes of keys. */
  readonly change: number;
}

/** Whether a key is one of this time. */
export function isLive({ revokedMs, expiresMs }: Key, nowMs: number): boolean {
  return revokedMs === undefined && (expiresMs === undefined || nowMs < expiresMs);
}

/** Who calls with a key. */
export function principalOf(key: Key, group: Group | undefined): Principal {
  const { scopes, models, routes, tags, allowance } = key.rights;
  return {
    id: key.name,
    owner: key.id,
    authenticated: true,
    scopes: new Set(scopes),
    ...(models !== undefined && { models }),
    ...(routes !== undefined && { routes }),
    ...(tags.length > 0 && { tags }),
    ...(allowance !== undefined && { allowance }),
    ...(key.group !== "" && { group: group ?? { id: key.group } }),
  };
}
