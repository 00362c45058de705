/** Replies about files, batches and uploads: their ids become the gateway's, and lists hold one's own alone. */

import { LooseObject } from "#dialects/loose-object.ts";
import { type Edit, withMembers } from "#dialects/relay/members.ts";
import type { ObjectKind } from "#dialects/relay/operations.ts";
import { malformed } from "#dialects/upstream-error.ts";
import type { PlacedId, RelayIds } from "./relay-ids.ts";

/** Whose objects they are, and where. */
export interface ObjectPlace {
  readonly owner: string;
  readonly provider: string;
  readonly kind: ObjectKind;
}

/** Longest id of a provider, in characters. */
const idCharsMax = 256;

/** Members of a batch that name files. */
const fileMembers = ["input_file_id", "output_file_id", "error_file_id"] as const;

/** Members that hold ids, with what each names. */
function idMembers(kind: ObjectKind): readonly (readonly [name: string, kind: ObjectKind])[] {
  const own = [["id", kind]] as const;
  switch (kind) {
    case "batch":
      return [...own, ...fileMembers.map((name) => [name, "file"] as const)];
    case "part":
      return [...own, ["upload_id", "upload"]];
    default:
      return own;
  }
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch {
    throw malformed("the provider sent an object that is no JSON");
  }
}

function isId(id: unknown): id is string {
  return typeof id === "string" && id !== "" && id.length <= idCharsMax;
}

/** The object with ids of the gateway: of its bytes nothing else changes. Throws BACKEND_MALFORMED for one without an id. */
export function sealedObject(bytes: Uint8Array, place: ObjectPlace, ids: RelayIds): Buffer {
  const object = new LooseObject(parsed(bytes));
  if (!object.exists || !isId(object.raw("id"))) throw malformed("the provider's object has no id");
  const seal =
    (kind: ObjectKind): Edit =>
    (value) => {
      const id: unknown = value === undefined ? undefined : JSON.parse(value);
      return isId(id) ? JSON.stringify(ids.seal(place.owner, { ...place, kind, id })) : undefined;
    };
  const edits = idMembers(place.kind).map(([name, kind]) => [name, seal(kind)] as const);
  // What an upload has become.
  const file: Edit = (value) =>
    value === undefined || value === "null"
      ? undefined
      : sealedObject(Buffer.from(value), { ...place, kind: "file" }, ids).toString();
  return withMembers(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
    ...Object.fromEntries(edits),
    ...(place.kind === "upload" ? { file } : {}),
  });
}

/** A page of a provider's list. */
export interface ListPage {
  /** One's own, with ids of the gateway. */
  readonly own: readonly Readonly<Record<string, unknown>>[];
  /** Id of the last object, own or not, as the provider has it; undefined for an empty page. */
  readonly last: string | undefined;
  readonly hasMore: boolean;
}

/** Reads a page. Throws BACKEND_MALFORMED for what is none. */
export function listPageFrom(bytes: Uint8Array, place: ObjectPlace, ids: RelayIds): ListPage {
  const page = new LooseObject(parsed(bytes));
  const data = page.raw("data");
  if (!Array.isArray(data)) throw malformed("the provider's list has no data");
  const objects = data.filter(
    (one): one is Record<string, unknown> =>
      typeof one === "object" && one !== null && isId((one as { id?: unknown }).id),
  );
  const placedIn = (one: Record<string, unknown>): PlacedId => ({ ...place, id: String(one.id) });
  const own = objects.filter((one) => ids.isOwn(place.owner, placedIn(one)));
  const last = objects.at(-1)?.id;
  return {
    own: own.map((one) => {
      const sealed = { ...one };
      for (const [name, kind] of idMembers(place.kind)) {
        const id = one[name];
        if (isId(id)) sealed[name] = ids.seal(place.owner, { ...place, kind, id });
      }
      return sealed;
    }),
    last: last === undefined ? undefined : String(last),
    hasMore: page.raw("has_more") === true,
  };
}

/** A list in OpenAI's form. */
export function listOf(own: ListPage["own"], hasMore: boolean): Buffer {
  return Buffer.from(
    JSON.stringify({
      object: "list",
      data: own,
      first_id: own[0]?.id ?? null,
      last_id: own.at(-1)?.id ?? null,
      has_more: hasMore,
    }),
  );
}
