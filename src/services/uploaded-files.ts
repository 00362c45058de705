/** Uploads that calls name: their bytes take the place of their ids, for as long as the call goes on. */

import type { ContextValues, HandlerContext } from "@connectrpc/connect";
import type { Conversation } from "#chat/normalize.ts";
import type { ByteBudget } from "#core/byte-budget.ts";
import { HeldBytes } from "#core/held-bytes.ts";
import { relayKey } from "#dialects/relay/relay.ts";
import { fault } from "#errors/fault.ts";
import { bodyRefused } from "#exchange/body-fault.ts";
import type { MediaPart, Part } from "#gen/polygate/v1/conversation_pb.js";
import { ownerOf } from "#interceptors/caller.ts";
import { type Uploads, uploadPrefix } from "#uploads/store.ts";
import type { KeptUpload } from "#uploads/upload.ts";

/** What naming uploads needs. */
export interface UploadedFilesDeps {
  /** Absent where nothing may be uploaded: no id is known then. */
  readonly store?: Uploads | undefined;
  /** Bytes of requests and responses that the process holds. */
  readonly buffers: ByteBudget;
}

/** The uploads of one call, in bytes: as many as a field of bytes may have. */
const bytesMax = 64 * 1024 * 1024;

/** A part whose bytes are those of an upload. */
interface Named {
  readonly part: Part;
  readonly media: MediaPart;
  readonly id: string;
  /** Of the id, such as `messages[0].parts[1].file_id`. */
  readonly field: string;
}

/** Whether an id is one of an upload. */
function isUpload(id: string): boolean {
  return id.startsWith(uploadPrefix);
}

/** Whether a part, or one of those that a tool returned, names an upload: most chats are asked no more. */
function namesUpload({ content }: Part): boolean {
  switch (content.case) {
    case "toolResult":
      return content.value.parts.some(namesUpload);
    case "image":
    case "audio":
    case "video":
    case "file": {
      const { source } = content.value;
      return source.case === "fileId" && isUpload(source.value);
    }
    default:
      return false;
  }
}

function* namedIn(parts: readonly Part[], place: string): Generator<Named> {
  for (const [index, part] of parts.entries()) {
    const { content } = part;
    const at = `${place}.parts[${index}]`;
    switch (content.case) {
      case "toolResult":
        yield* namedIn(content.value.parts, at);
        break;
      case "image":
      case "audio":
      case "video":
      case "file": {
        const { source } = content.value;
        if (source.case !== "fileId" || !isUpload(source.value)) break;
        yield { part, media: content.value, id: source.value, field: `${at}.file_id` };
      }
    }
  }
}

/** All parts that name uploads; undefined where none does. */
function allNamed({ messages }: Conversation): readonly Named[] | undefined {
  if (!messages.some(({ parts }) => parts.some(namesUpload))) return undefined;
  return messages.flatMap(({ parts }, index) => [...namedIn(parts, `messages[${index}]`)]);
}

function invalid(field: string, description: string) {
  return fault("REQUEST_INVALID", `${field}: ${description}`, { fields: [{ field, description }] });
}

/** What a file is in a conversation, by its media type. */
function kindOf(contentType: string): "image" | "audio" | "video" | "file" {
  const [kind] = contentType.split("/", 1);
  return kind === "image" || kind === "audio" || kind === "video" ? kind : "file";
}

/** Throws REQUEST_INVALID for a file that is not what its part says. */
function requireKind({ content }: Part, contentType: string, field: string): void {
  if (content.case === "file" || content.case === kindOf(contentType)) return;
  throw invalid(field, `the upload is ${contentType}, which is no ${content.case}`);
}

/** NOT_FOUND: of an upload of another, one that has expired, and none. */
function unknownUpload(field: string) {
  const description = "there is no such upload";
  return fault("NOT_FOUND", `${field}: ${description}`, {
    fields: [{ field, description }],
    metadata: { param: field },
  });
}

/** Finds the uploads that calls name, and puts their bytes in the place of their ids. */
export class UploadedFiles {
  readonly #deps: UploadedFilesDeps;

  constructor(deps: UploadedFilesDeps) {
    this.#deps = deps;
  }

  /** What `work` makes of a chat, in whose parts the bytes of its uploads are by then. */
  whole<T>(request: Conversation, context: HandlerContext, work: () => Promise<T>): Promise<T> {
    const named = allNamed(request);
    return named === undefined ? work() : this.#wholeOf(named, context, work);
  }

  /** The same for a response in pieces. */
  pieces<T>(
    request: Conversation,
    context: HandlerContext,
    open: () => AsyncGenerator<T, unknown, undefined>,
  ): AsyncGenerator<T, unknown, undefined> {
    const named = allNamed(request);
    return named === undefined ? open() : this.#piecesOf(named, context, open);
  }

  /** The upload of a call's owner. Rejects with NOT_FOUND for ids of others, as for those of no one. */
  async find(values: ContextValues, id: string, field: string): Promise<KeptUpload> {
    const found = isUpload(id) ? await this.#deps.store?.find(ownerOf(values), id) : undefined;
    if (found === undefined) throw unknownUpload(field);
    return found;
  }

  /** Its bytes. Rejects with NOT_FOUND when it has expired since it was found. */
  async read(upload: KeptUpload, field: string): Promise<Buffer> {
    const bytes = await upload.read();
    if (bytes === undefined) throw unknownUpload(field);
    return bytes;
  }

  /** Room in memory for bytes. Rejects with BUFFERS_FULL. */
  async hold(bytes: number, signal: AbortSignal): Promise<HeldBytes> {
    const held = new HeldBytes(this.#deps.buffers);
    if (!(await this.#deps.buffers.takeInTurn(bytes, signal))) {
      signal.throwIfAborted();
      throw bodyRefused("buffers_full");
    }
    held.adopt(bytes);
    return held;
  }

  async #wholeOf<T>(named: readonly Named[], context: HandlerContext, work: () => Promise<T>) {
    using _held = await this.#fill(named, context);
    return await work();
  }

  async *#piecesOf<T>(
    named: readonly Named[],
    context: HandlerContext,
    open: () => AsyncGenerator<T, unknown, undefined>,
  ) {
    using _held = await this.#fill(named, context);
    yield* open();
  }

  /** Puts the bytes into the parts, and holds the memory that they take. */
  async #fill(named: readonly Named[], { values, signal }: HandlerContext): Promise<Disposable> {
    const found: (Named & { readonly upload: KeptUpload })[] = [];
    for (const one of named) {
      found.push({ ...one, upload: await this.find(values, one.id, one.field) });
    }
    let bytes = 0;
    for (const { part, field, upload } of found) {
      requireKind(part, upload.contentType, field);
      bytes += upload.size;
      if (bytes > bytesMax) throw invalid(field, `uploads of one call may have ${bytesMax} bytes`);
    }
    const held = await this.hold(bytes, signal);
    try {
      for (const { part, media, field, upload } of found) {
        media.source = { case: "data", value: await this.read(upload, field) };
        media.mediaType = upload.contentType;
        // A picture is one by whatever part it came.
        part.content = { case: kindOf(upload.contentType), value: media };
      }
    } catch (thrown) {
      held[Symbol.dispose]();
      throw thrown;
    }
    // The client's own words hold an id that no provider knows.
    values.set(relayKey, undefined);
    return held;
  }
}
