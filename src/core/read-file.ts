/** Reads the files that settings come from: a bounded number of bytes, and never waiting for a pipe that was read before. */

import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** How files are read. */
export interface Reading {
  /**
   * They were read before, by this process. What is no regular file is refused then: a pipe has
   * nothing more to say, and opening one would wait for a writer.
   */
  readonly again?: boolean;
}

/** A file that is no regular one. */
class IrregularFileError extends Error {
  readonly code = "no regular file";
}

/**
 * The first `bytesMax` bytes of a file, so that one that is too large is never held whole. Throws the
 * system's error for a file that cannot be read.
 */
export function readAtMost(
  path: string,
  bytesMax: number,
  { again = false }: Reading = {},
): Buffer {
  const descriptor = openSync(path, again ? constants.O_RDONLY | constants.O_NONBLOCK : "r");
  try {
    const stat = fstatSync(descriptor);
    if (again && !stat.isFile()) throw new IrregularFileError();
    let bytes = Buffer.allocUnsafe(Math.min(bytesMax, Math.max(stat.size + 1, 4_096)));
    let length = 0;
    for (;;) {
      if (length === bytes.length) {
        if (length === bytesMax) return bytes;
        bytes = Buffer.concat([bytes], Math.min(bytesMax, 2 * length));
      }
      const read = readSync(descriptor, bytes, length, bytes.length - length, null);
      if (read === 0) return bytes.subarray(0, length);
      length += read;
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Why a file could not be read: the system's code. */
export function readFailureOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown error";
}
