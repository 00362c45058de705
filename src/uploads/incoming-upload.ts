/** A file that is still coming: its bytes go where they are kept, and what they are is found out meanwhile. */

import { createHash } from "node:crypto";
import { FileTypeReader } from "#core/file-type.ts";
import { fault } from "#errors/fault.ts";
import type { Upload, UploadTarget } from "./upload.ts";

/** Disposing of it leaves nothing behind, unless it was kept. */
export class IncomingUpload implements AsyncDisposable {
  readonly #target: UploadTarget;
  readonly #hash = createHash("sha256");
  readonly #type = new FileTypeReader();
  #size = 0;
  #isKept = false;

  constructor(target: UploadTarget) {
    this.#target = target;
  }

  /** Takes the next bytes. Rejects where there is no room for them. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#size += bytes.length;
    this.#hash.update(bytes);
    this.#type.push(bytes);
    await this.#target.append(bytes);
  }

  /** It is whole. Rejects with REQUEST_INVALID for an empty one, MEDIA_TYPE_UNSUPPORTED for one of an unknown type. */
  async keep(): Promise<Upload> {
    if (this.#size === 0) throw fault("REQUEST_INVALID", "the file is empty");
    const contentType = this.#type.end();
    if (contentType === undefined) {
      throw fault(
        "MEDIA_TYPE_UNSUPPORTED",
        "the file is of no known type: send an image, audio, a video, a PDF, or text in UTF-8",
      );
    }
    const facts = { size: this.#size, sha256: this.#hash.digest("hex"), contentType };
    const kept = await this.#target.keep(facts);
    this.#isKept = true;
    return kept;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isKept) await this.#target.leave();
  }
}
