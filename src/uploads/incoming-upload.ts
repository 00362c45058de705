/** A file that is still coming: its bytes go to the disk, and what they are is found out meanwhile. */

import { createHash } from "node:crypto";
import { FileTypeReader } from "#core/file-type.ts";
import { fault } from "#errors/fault.ts";
import { diskFault } from "./disk-fault.ts";
import type { SharedFile } from "./shared-file.ts";

/** What is known of a file that is whole. */
export interface FileFacts {
  readonly size: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
  /** Media type, as its bytes show. */
  readonly contentType: string;
}

/** Where it is coming to. */
export interface IncomingDeps<T> {
  readonly file: SharedFile;
  /** Takes room for so many bytes more. Throws where there is none. */
  readonly take: (bytes: number) => void;
  /** Keeps the whole file. */
  readonly keep: (facts: FileFacts) => T;
}

/** Disposing of it leaves nothing behind, unless it was kept. */
export class IncomingUpload<T> implements AsyncDisposable {
  readonly #deps: IncomingDeps<T>;
  readonly #hash = createHash("sha256");
  readonly #type = new FileTypeReader();
  #isKept = false;

  constructor(deps: IncomingDeps<T>) {
    this.#deps = deps;
  }

  /** Bytes so far. */
  get size(): number {
    return this.#deps.file.size;
  }

  /** Takes the next bytes. Rejects where there is no room for them. */
  async write(bytes: Uint8Array): Promise<void> {
    const { file, take } = this.#deps;
    take(bytes.length);
    this.#hash.update(bytes);
    this.#type.push(bytes);
    try {
      await file.append(bytes);
    } catch (thrown) {
      throw diskFault(thrown);
    }
  }

  /** It is whole. Throws REQUEST_INVALID for an empty one, MEDIA_TYPE_UNSUPPORTED for one of an unknown type. */
  keep(): T {
    const { file, keep } = this.#deps;
    const { size } = file;
    if (size === 0) throw fault("REQUEST_INVALID", "the file is empty");
    const contentType = this.#type.end();
    if (contentType === undefined) {
      throw fault(
        "MEDIA_TYPE_UNSUPPORTED",
        "the file is of no known type: send an image, audio, a video, a PDF, or text in UTF-8",
      );
    }
    const kept = keep({ size, sha256: this.#hash.digest("hex"), contentType });
    this.#isKept = true;
    return kept;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isKept) await this.#deps.file.leave();
  }
}
