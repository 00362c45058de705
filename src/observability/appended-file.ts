/** A file that lines are appended to, and that may be moved away: it is opened again when asked, and after a failure. */

import { closeSync, openSync, write } from "node:fs";
import { Writable } from "node:stream";

/** Others than its owner and group need not read who did what. */
const mode = 0o640;
const lineEnd = Buffer.from("\n");

/** The file as a stream that outlasts every failure of its disk. */
export class AppendedFile extends Writable {
  readonly #path: string;
  readonly #onLost: (bytes: Buffer) => void;
  #descriptor: number | undefined;
  #isStale = false;
  /** The last write failed within a line. */
  #isTorn = false;

  /** Throws the system's error for a file that cannot be opened. `onLost` is given what could not be written. */
  constructor(path: string, onLost: (bytes: Buffer) => void) {
    super({ decodeStrings: true });
    this.#path = path;
    this.#onLost = onLost;
    this.#descriptor = openSync(path, "a", mode);
  }

  /** What comes from now on goes to the file that then has the path. */
  reopen(): void {
    this.#isStale = true;
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    // Nothing is written in its turn by those who wait for what came before.
    if (bytes.length === 0) done();
    // What follows half a line begins a new one, so that no whole line is lost to it.
    else this.#append(this.#isTorn ? Buffer.concat([lineEnd, bytes]) : bytes, done);
  }

  #append(bytes: Buffer, done: () => void): void {
    const fail = () => {
      this.#isStale = true;
      this.#onLost(bytes);
      done();
    };
    const descriptor = this.#current();
    if (descriptor === undefined) {
      fail();
      return;
    }
    write(descriptor, bytes, (error, written) => {
      if (error !== null) return fail();
      this.#isTorn = bytes[written - 1] !== lineEnd[0];
      if (written === bytes.length) done();
      else this.#append(bytes.subarray(written), done);
    });
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#close();
    done(error);
  }

  /** The open file; undefined where it cannot be opened now. */
  #current(): number | undefined {
    if (!this.#isStale && this.#descriptor !== undefined) return this.#descriptor;
    this.#close();
    try {
      this.#descriptor = openSync(this.#path, "a", mode);
      this.#isStale = false;
    } catch {
      // The next line tries again.
    }
    return this.#descriptor;
  }

  #close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}
