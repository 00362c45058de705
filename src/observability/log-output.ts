/** Log lines on their way out: gathered for one write a turn, bounded when their reader stalls. */

import type { Writable } from "node:stream";

/** Where lines go, and how many may wait. */
export interface LogOutputOptions {
  readonly stream: Writable;
  /** Characters that wait for the reader at one time; lines beyond them are dropped. */
  readonly waitingMax: number;
  /** Told how many lines were dropped, once the reader reads again. */
  readonly onDropped: (lines: number) => void;
}

/** Takes lines for as long as the process lives, whatever becomes of their reader. */
export interface LogOutput {
  /** Takes a line with its line end. Never waits, never throws. */
  write(line: string): void;
  /** Calls `done` when all lines are out, or after a second: a reader that stalls is not waited for. */
  flush(done: () => void): void;
}

const flushTimeoutMs = 1_000;

/** The only writer of log lines to `stream`. */
export function createLogOutput({ stream, waitingMax, onDropped }: LogOutputOptions): LogOutput {
  let gathered = "";
  let dropped = 0;
  const tellDropped = () => {
    const lines = dropped;
    dropped = 0;
    if (lines > 0) onDropped(lines);
  };
  const send = () => {
    if (gathered === "") return;
    const lines = gathered;
    gathered = "";
    stream.write(lines, tellDropped);
  };
  // A reader that has gone, or a disk that is full, costs lines and not the process.
  stream.on("error", () => {});
  return {
    write(line) {
      if (gathered.length + stream.writableLength + line.length > waitingMax) {
        dropped += 1;
        return;
      }
      if (gathered === "") setImmediate(send);
      gathered += line;
    },
    flush(done) {
      send();
      const timer = setTimeout(done, flushTimeoutMs);
      // Called in its turn, behind all lines.
      stream.write("", () => {
        clearTimeout(timer);
        done();
      });
    },
  };
}
