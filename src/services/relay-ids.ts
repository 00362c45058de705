/** The ids of files, batches and uploads that clients get: each names its provider, and is good for its owner alone. */

import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { LRUCache } from "lru-cache";
import { lazy } from "#core/lazy.ts";
import { filePrefix } from "#dialects/relay/file-ids.ts";
import type { ObjectKind } from "#dialects/relay/operations.ts";

/** A file, a batch or an upload where it is. */
export interface PlacedId {
  readonly kind: ObjectKind;
  readonly provider: string;
  /** As the provider knows it. */
  readonly id: string;
}

/** Owners of objects that are known for lists; of the one not seen for longest nothing is known any more. */
const ownersMax = 10_000;
/** Bytes of a tag, and its characters. */
const tagBytes = 16;
const tagChars = 22;

const prefixes: Readonly<Record<ObjectKind, string>> = {
  file: filePrefix,
  batch: "batch_pg_",
  upload: "upload_pg_",
  part: "part_pg_",
};

/**
 * Makes ids and reads them. An id holds the provider's own and a tag that only the secret makes, of
 * its owner among others: nothing is stored, and whoever has the same secret reads it.
 */
export class RelayIds {
  readonly #secret: Uint8Array;
  readonly #owners = lazy(() => new LRUCache<string, string>({ max: ownersMax }));

  /** Without a secret, one that ends with the process. */
  constructor(secret?: string) {
    this.#secret = secret === undefined ? randomBytes(32) : Buffer.from(secret);
  }

  /** The id of an object of `owner`, whose it is known to be from then on. */
  seal(owner: string, placed: PlacedId): string {
    this.#owners().set(keyOf(placed), owner);
    return this.#written(owner, placed);
  }

  /** What an id names; undefined for one that is not of this owner and kind. */
  open(owner: string, kind: ObjectKind, sealed: string): PlacedId | undefined {
    const prefix = prefixes[kind];
    const place = Buffer.from(sealed.slice(prefix.length, -tagChars), "base64url").toString();
    const line = place.indexOf("\n");
    const placed = { kind, provider: place.slice(0, line), id: place.slice(line + 1) };
    // As it would be written, to the letter: base64 has several words for the same bytes.
    const own = Buffer.from(this.#written(owner, placed));
    const sent = Buffer.from(sealed);
    return own.length === sent.length && timingSafeEqual(own, sent) ? placed : undefined;
  }

  /** Whether an object is known to be of `owner`. */
  isOwn(owner: string, placed: PlacedId): boolean {
    return this.#owners().get(keyOf(placed)) === owner;
  }

  /** It is no more. */
  forget(placed: PlacedId): void {
    this.#owners().delete(keyOf(placed));
  }

  #written(owner: string, { kind, provider, id }: PlacedId): string {
    const place = Buffer.from(`${provider}\n${id}`).toString("base64url");
    const told = JSON.stringify([owner, kind, provider, id]);
    const digest = createHmac("sha256", this.#secret).update(told).digest();
    return prefixes[kind] + place + digest.subarray(0, tagBytes).toString("base64url");
  }
}

function keyOf({ kind, provider, id }: PlacedId): string {
  return `${kind}\n${provider}\n${id}`;
}
