/** UploadService: the bytes of a file in, what names it out. */

import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import { bodyTooLarge } from "#exchange/body-fault.ts";
import { boundaryOf, type FormSink, MultipartScanner } from "#forms/multipart-scanner.ts";
import { malformedForm, type PartHead } from "#forms/part-head.ts";
import type { HttpBody } from "#gen/google/api/httpbody_pb.js";
import type { UploadService } from "#gen/polygate/v1/uploads_pb.js";
import { mediaTypeFrom } from "#http/media-type.ts";
import { ownerOf } from "#interceptors/caller.ts";
import type { Uploads } from "#uploads/store.ts";
import { paced } from "./paced.ts";

/** What the service needs. */
export interface UploadServiceDeps {
  readonly store: Uploads;
  /** Greatest size of a file, and of the form that holds it, in bytes. */
  readonly bytesMax: number;
  readonly clock: Clock;
}

/** Over RPC a content type is not bounded as a header field is. */
const contentTypeCharsMax = 1024;

/** Where the file is in a body. */
interface FileSource {
  /** What of the file is in the next bytes of the body. Throws BODY_MALFORMED. */
  read(bytes: Uint8Array): readonly Uint8Array[];
  /** The body has ended. Throws BODY_MALFORMED for one that is not whole or has no file. */
  finish(): void;
}

/** The file of a form, piece by piece; its texts are passed over. */
class FormFile implements FormSink, FileSource {
  readonly #scanner: MultipartScanner;
  #pieces: Buffer[] = [];
  #files = 0;
  #isFile = false;

  constructor(contentType: string) {
    this.#scanner = new MultipartScanner(boundaryOf(contentType), this);
  }

  begin({ isFile }: PartHead): void {
    this.#isFile = isFile;
    if (!isFile) return;
    this.#files += 1;
    if (this.#files > 1) throw malformedForm("it has more than one file: send them one by one");
  }

  content(bytes: Uint8Array): void {
    // A copy: what the scanner gives is good until the next call.
    if (this.#isFile && bytes.length > 0) this.#pieces.push(Buffer.from(bytes));
  }

  end(): void {
    this.#isFile = false;
  }

  read(bytes: Uint8Array): readonly Buffer[] {
    this.#scanner.push(bytes);
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  finish(): void {
    this.#scanner.end();
    if (this.#files === 0) throw malformedForm("it has no file");
  }
}

const wholeBody: FileSource = { read: (bytes) => [bytes], finish() {} };

/** Where the file is in a body of this content type. Throws PARAMETER_INVALID, BODY_MALFORMED. */
function sourceOf(contentType: string): FileSource {
  if (contentType.length > contentTypeCharsMax) {
    const description = `has more than ${contentTypeCharsMax} characters`;
    throw fault("PARAMETER_INVALID", `content_type: ${description}`, {
      fields: [{ field: "content_type", description }],
    });
  }
  const isForm = mediaTypeFrom(contentType).type === "multipart/form-data";
  return isForm ? new FormFile(contentType) : wholeBody;
}

/** The service on a store of files. */
export function createUploadService({
  store,
  bytesMax,
  clock,
}: UploadServiceDeps): ServiceImpl<typeof UploadService> {
  async function upload(bodies: AsyncIterable<HttpBody>, { values, signal }: HandlerContext) {
    await using incoming = await store.begin(ownerOf(values));
    let body: FileSource | undefined;
    let bytes = 0;
    for await (const { contentType, data } of paced(bodies, { clock, signal })) {
      body ??= sourceOf(contentType);
      bytes += data.length;
      if (bytes > bytesMax) throw bodyTooLarge(bytesMax);
      for (const piece of body.read(data)) await incoming.write(piece);
    }
    body?.finish();
    // No one would learn its id.
    signal.throwIfAborted();
    const { id, size, sha256, contentType, expiresAtMs } = await incoming.keep();
    return { id, size, sha256, contentType, expiresAt: timestampFromMs(expiresAtMs) };
  }
  return { upload };
}
