/** Keys as rows of a table. Pure. */

import type { Key, KeyRights } from "./key.ts";

/** A row; a database gives whole numbers as texts. */
export interface KeyRow {
  readonly id: string;
  readonly name: string;
  readonly digest: string;
  readonly prefix: string;
  readonly previous_digest: string | null;
  readonly previous_until_ms: number | string | null;
  readonly rights: string;
  readonly group_name: string;
  readonly created_ms: number | string;
  readonly created_by: string;
  readonly rotated_ms: number | string | null;
  readonly expires_ms: number | string | null;
  readonly used_ms: number | string | null;
  readonly revoked_ms: number | string | null;
  readonly sequence: number | string;
  readonly change: number | string;
}

/** The columns of the table. */
export type KeyColumn = keyof KeyRow;

/** A key as a row. */
export function rowOf(key: Key): Readonly<Record<KeyColumn, string | number | null>> {
  const { previous } = key;
  return {
    id: key.id,
    name: key.name,
    digest: key.digest,
    prefix: key.prefix,
    previous_digest: previous?.digest ?? null,
    previous_until_ms: previous?.untilMs ?? null,
    rights: JSON.stringify(key.rights),
    group_name: key.group,
    created_ms: key.createdMs,
    created_by: key.createdBy,
    rotated_ms: key.rotatedMs ?? null,
    expires_ms: key.expiresMs ?? null,
    used_ms: key.usedMs ?? null,
    revoked_ms: key.revokedMs ?? null,
    sequence: key.sequence,
    change: key.change,
  };
}

function optional<N extends string>(name: N, value: number | string | null) {
  return (value === null ? {} : { [name]: Number(value) }) as { readonly [K in N]?: number };
}

/** The key of a row. */
export function keyOf(row: KeyRow): Key {
  const { previous_digest: digest, previous_until_ms: untilMs } = row;
  return {
    id: row.id,
    name: row.name,
    digest: row.digest,
    prefix: row.prefix,
    ...(digest !== null && untilMs !== null && { previous: { digest, untilMs: Number(untilMs) } }),
    rights: JSON.parse(row.rights) as KeyRights,
    group: row.group_name,
    createdMs: Number(row.created_ms),
    createdBy: row.created_by,
    ...optional("rotatedMs", row.rotated_ms),
    ...optional("expiresMs", row.expires_ms),
    ...optional("usedMs", row.used_ms),
    ...optional("revokedMs", row.revoked_ms),
    sequence: Number(row.sequence),
    change: Number(row.change),
  };
}
