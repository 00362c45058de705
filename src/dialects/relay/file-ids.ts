/** Ids of files that the gateway gave, where a chat names them: the provider is given its own. Pure. */

/** How ids of the gateway begin. */
export const filePrefix = "file-pg_";

/** Who knows a provider's own ids of files. */
export interface FileIds {
  /** The own id; what is none of the gateway's ids, or another's, as it is. Absent: no id is the gateway's. */
  ownFileId?(id: string): string;
}

const opening = `"${filePrefix}`;
const idText = new RegExp(`"(${filePrefix}[\\w-]{1,1000})"`, "g");

/** JSON with the provider's own ids in the place of texts that are ids; nothing else changes. */
export function withFileIds<T extends string | Buffer>(body: T, ids: FileIds): T {
  if (ids.ownFileId === undefined || !body.includes(opening)) return body;
  const own = (id: string) => JSON.stringify(ids.ownFileId?.(id));
  if (typeof body === "string") {
    return body.replace(idText, (_whole, id: string) => own(id)) as T;
  }
  // A character a byte, so that the bytes around stay what they are.
  const text = body
    .toString("latin1")
    .replace(idText, (_whole, id: string) => Buffer.from(own(id)).toString("latin1"));
  return Buffer.from(text, "latin1") as T;
}
