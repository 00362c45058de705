/** What a command uses of the process: output, environment, working directory. */

import type { Readable } from "node:stream";
import type { Environment } from "#yaml/source.ts";

/** The surroundings of a command. */
export interface Terminal {
  readonly env: Environment;
  /** Absolute. */
  readonly cwd: string;
  /** What lets a debugger into this process; absent: nothing does. */
  readonly debugger?: () => string | undefined;
  /** Streams that are terminals; the others go to a file or a program. */
  readonly terminals: readonly ("stdin" | "stdout" | "stderr")[];
  /** Columns of the terminal that stdout is; absent elsewhere, where lines are as long as they are. */
  readonly columns?: number | undefined;
  /** Writes text to stdout, with a line end after it. */
  readonly out: (text: string) => void;
  /** Writes prose to stderr, with a line end after it; on a terminal its lines are folded. */
  readonly err: (text: string) => void;
  /** Aborts when the user interrupts (Ctrl-C), or nobody reads the output any more; absent: neither is noticed. */
  readonly signal?: AbortSignal;
}

/** What a command that asks a running gateway uses beside that. */
export interface Console extends Terminal {
  /** Writes text as it is. */
  readonly write: (stream: "stdout" | "stderr", text: string) => void;
  /** What is typed or piped in; absent where nothing is. */
  readonly stdin?: Readable & { setRawMode?(isRaw: boolean): unknown };
  /** Size of the terminal that stdout is; 80 by 24 elsewhere. */
  readonly size: () => { readonly columns: number; readonly rows: number };
  readonly signal: AbortSignal;
}
