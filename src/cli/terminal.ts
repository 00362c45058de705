/** What a command uses of the process: output, environment, working directory. */

import type { Environment } from "#yaml/source.ts";

/** The surroundings of a command. */
export interface Terminal {
  readonly env: Environment;
  /** Absolute. */
  readonly cwd: string;
  /** What lets a debugger into this process; absent: nothing does. */
  readonly debugger?: () => string | undefined;
  /** Streams that are terminals; the others go to a file or a program. */
  readonly terminals: readonly ("stdout" | "stderr")[];
  /** Writes text to stdout, with a line end after it. */
  readonly out: (text: string) => void;
  /** Writes text to stderr, with a line end after it. */
  readonly err: (text: string) => void;
}
