/** The file of one upload: open until nobody needs it any more. */

import type { FileHandle } from "node:fs/promises";
import { readAll, writeAll } from "./anonymous-file.ts";

/** Whoever opened it needs it until it leaves; a reader needs it while it reads. */
export class SharedFile {
  readonly #file: FileHandle;
  readonly #onClosed: (size: number) => void;
  #users = 1;
  #size = 0;

  /** `onClosed` gets the size that it had. */
  constructor(file: FileHandle, onClosed: (size: number) => void) {
    this.#file = file;
    this.#onClosed = onClosed;
  }

  /** Bytes that were given to it. */
  get size(): number {
    return this.#size;
  }

  /** Adds bytes. Rejects with the system's error. */
  async append(bytes: Uint8Array): Promise<void> {
    const at = this.#size;
    this.#size += bytes.length;
    await writeAll(this.#file, bytes, at);
  }

  /** All of it, whether or not the others leave meanwhile; undefined where nobody has needed it any more. */
  async read(): Promise<Buffer | undefined> {
    if (this.#users === 0) return undefined;
    this.#users += 1;
    try {
      return await readAll(this.#file, this.#size);
    } finally {
      await this.leave();
    }
  }

  /** One needs it no more. Never rejects: what could not be written is of no use to anybody then. */
  async leave(): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0) return;
    await this.#file.close().catch(() => {});
    this.#onClosed(this.#size);
  }
}
