/** Where lines go: stdout, stderr, or a file that is opened again when it was moved away. */

import type { Writable } from "node:stream";
import { AppendedFile } from "./appended-file.ts";

/** A stream that takes lines. */
export interface LineStream {
  readonly stream: Writable;
  /** What comes from now on goes to the file that then has the path; absent where it is no file. */
  readonly file?: Pick<AppendedFile, "reopen" | "destroy">;
}

const lineEnd = 0x0a;

function linesOf(bytes: Buffer): number {
  let lines = 0;
  for (const byte of bytes) if (byte === lineEnd) lines += 1;
  return lines;
}

/** Whether `output` is one of the process's own streams, and no path. */
export function isOwnStream(output: string): output is "stdout" | "stderr" {
  return output === "stdout" || output === "stderr";
}

/**
 * Opens what `output` names: stdout, stderr, or the absolute path of a file. Throws the system's error
 * for a file that cannot be opened. `onLost` is given the number of lines that a file did not take.
 */
export function openLineStream(output: string, onLost: (lines: number) => void): LineStream {
  if (isOwnStream(output)) return { stream: process[output] };
  const file = new AppendedFile(output, (bytes) => onLost(linesOf(bytes)));
  return { stream: file, file };
}
