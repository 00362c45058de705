/** Log lines on their way out: gathered for few writes, bounded when their reader stalls. */

import type { Writable } from "node:stream";

/** Where lines go, and how many may wait. */
export interface LogOutputOptions {
  readonly stream: Writable;
  /** Characters that wait for the reader at one time; lines beyond them are dropped. */
  readonly waitingMax: number;
  /** Notified how many lines were dropped, once the reader reads again. */
  readonly onDropped: (lines: number) => void;
}

/** Takes lines for as long as the process lives, whether or not anybody reads them. */
export interface LogOutput {
  /** Takes a line with its line end. Never waits, never throws. */
  write(line: string): void;
  /** Calls `done` when all lines are out, or after a second: a reader that stalls is not waited for. */
  flush(done: () => void): void;
}

const flushTimeoutMs = 1_000;
/** Time that a line waits for others, so that a write is shared by many calls. */
const gatherMs = 10;
/** So many characters wait no longer than the turn of the event loop. */
const gatheredMax = 32 * 1024;

/** The only writer of log lines to `stream`. */
export function createLogOutput({ stream, waitingMax, onDropped }: LogOutputOptions): LogOutput {
  let gathered = "";
  let dropped = 0;
  /** The last write failed, perhaps within a line. */
  let isTorn = false;
  const tellDropped = () => {
    const lines = dropped;
    dropped = 0;
    if (lines > 0) onDropped(lines);
  };
  let timer: NodeJS.Timeout | undefined;
  let isDue = false;
  const send = () => {
    clearTimeout(timer);
    timer = undefined;
    isDue = false;
    if (gathered === "") return;
    const lines = gathered;
    gathered = "";
    // What follows half a line begins a new one, so that no whole line is lost to it.
    const text = isTorn ? `\n${lines}` : lines;
    isTorn = false;
    stream.write(text, (error) => {
      if (!error) return tellDropped();
      isTorn = true;
      dropped += lines.split("\n").length - 1;
    });
  };
  // A reader that has gone, or a disk that is full, costs lines and not the process; they are counted.
  stream.on("error", () => {});
  return {
    write(line) {
      if (gathered.length + stream.writableLength + line.length > waitingMax) {
        dropped += 1;
        return;
      }
      timer ??= setTimeout(send, gatherMs);
      gathered += line;
      if (isDue || gathered.length < gatheredMax) return;
      isDue = true;
      setImmediate(send);
    },
    flush(done) {
      send();
      let isDone = false;
      const finish = () => {
        clearTimeout(stalled);
        if (!isDone) done();
        isDone = true;
      };
      const stalled = setTimeout(finish, flushTimeoutMs);
      // Called in its turn, after all lines.
      stream.write("", finish);
    },
  };
}
