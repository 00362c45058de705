/** The operations of OpenAI's API that are relayed and never translated: their paths, and what policy needs of each. Data. */

/** The method of an operation's requests. */
export type OperationMethod = "GET" | "POST" | "DELETE";

/** What a reply holds of ids, which are the gateway's towards clients. */
export type OperationReply =
  /** None: its bytes pass. */
  | "bytes"
  /** A file, a batch, an upload or a part of one, or word that it was deleted. */
  | "object"
  /** Some of those. */
  | "list";

/** What kind of thing an id names. */
export type ObjectKind = "file" | "batch" | "upload" | "part";

/** One operation. */
export interface Operation {
  /** Unique, such as `audio/speech`. */
  readonly name: string;
  readonly method: OperationMethod;
  /** Its path on the gateway, such as `/v1/files/{id}`. */
  readonly template: string;
  /** Whether requests name a model; absent: those of files and batches do not. */
  readonly model?: "required" | "optional";
  /** What requests hold that is neither JSON nor a form with a model: a form that goes on unread. */
  readonly takes?: "nothing" | "file";
  /** What an id in the path names, and what the reply is made of. */
  readonly kind?: ObjectKind;
  /** What the reply is made of, where that is something else. */
  readonly makes?: ObjectKind;
  readonly reply: OperationReply;
}

/** All that is served under the paths that operations share. */
export const operations: readonly Operation[] = [
  ...(
    [
      "completions",
      "responses/compact",
      "audio/speech",
      "audio/transcriptions",
      "audio/translations",
      "rerank",
    ] as const
  ).map(
    (name) =>
      ({
        name,
        method: "POST",
        template: `/v1/${name}`,
        model: "required",
        reply: "bytes",
      }) as const,
  ),
  // OpenAI has a model of its own for requests that name none.
  ...(["images/generations", "images/edits", "images/variations", "moderations"] as const).map(
    (name) =>
      ({
        name,
        method: "POST",
        template: `/v1/${name}`,
        model: "optional",
        reply: "bytes",
      }) as const,
  ),
  {
    name: "files/create",
    method: "POST",
    template: "/v1/files",
    takes: "file",
    kind: "file",
    reply: "object",
  },
  { name: "files/list", method: "GET", template: "/v1/files", kind: "file", reply: "list" },
  { name: "files/get", method: "GET", template: "/v1/files/{id}", kind: "file", reply: "object" },
  {
    name: "files/delete",
    method: "DELETE",
    template: "/v1/files/{id}",
    kind: "file",
    reply: "object",
  },
  {
    name: "files/content",
    method: "GET",
    template: "/v1/files/{id}/content",
    kind: "file",
    reply: "bytes",
  },
  {
    name: "batches/create",
    method: "POST",
    template: "/v1/batches",
    kind: "batch",
    reply: "object",
  },
  { name: "batches/list", method: "GET", template: "/v1/batches", kind: "batch", reply: "list" },
  {
    name: "batches/get",
    method: "GET",
    template: "/v1/batches/{id}",
    kind: "batch",
    reply: "object",
  },
  {
    name: "batches/cancel",
    method: "POST",
    template: "/v1/batches/{id}/cancel",
    takes: "nothing",
    kind: "batch",
    reply: "object",
  },
  {
    name: "uploads/create",
    method: "POST",
    template: "/v1/uploads",
    kind: "upload",
    reply: "object",
  },
  {
    name: "uploads/parts",
    method: "POST",
    template: "/v1/uploads/{id}/parts",
    takes: "file",
    kind: "upload",
    makes: "part",
    reply: "object",
  },
  {
    name: "uploads/complete",
    method: "POST",
    template: "/v1/uploads/{id}/complete",
    kind: "upload",
    reply: "object",
  },
  {
    name: "uploads/cancel",
    method: "POST",
    template: "/v1/uploads/{id}/cancel",
    takes: "nothing",
    kind: "upload",
    reply: "object",
  },
];

const byName = new Map(operations.map((operation) => [operation.name, operation]));

/** The operation of a name. */
export function operationNamed(name: string): Operation | undefined {
  return byName.get(name);
}

/** What one template takes, by method. */
const byTemplate = new Map(
  operations.map(({ template }) => [
    template,
    new Map(
      operations
        .filter((operation) => operation.template === template)
        .map((operation) => [operation.method as string, operation]),
    ),
  ]),
);

/** What a path of operations means. */
export interface OperationPath {
  readonly template: string;
  readonly byMethod: ReadonlyMap<string, Operation>;
  /** The id in the path as it was sent, decoded; empty where there is none. */
  readonly id: string;
}

const idPath = /^\/v1\/(files|batches|uploads)\/([^/]+)(\/[a-z]+)?$/;

/** The operations of a path; undefined for a path of none. */
export function operationsAt(path: string): OperationPath | undefined {
  const fixed = byTemplate.get(path);
  if (fixed !== undefined) return { template: path, byMethod: fixed, id: "" };
  const [, folder, id = "", rest = ""] = idPath.exec(path) ?? [];
  const template = `/v1/${folder}/{id}${rest}`;
  const byMethod = byTemplate.get(template);
  return byMethod === undefined ? undefined : { template, byMethod, id: decoded(id) };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
