/** Commands that ask a gateway, run in this process: what they wrote, and their exit code. */

import { Readable } from "node:stream";
import type { Console } from "../../src/cli/terminal.ts";

/** What a command is run with; a pipe without anything in it when absent. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What is piped in; nothing is when absent. */
  readonly piped?: string;
  readonly terminals?: Console["terminals"];
  readonly signal?: AbortSignal;
  /** Hears each text that is written. */
  readonly onWrite?: (text: string) => void;
}

/** What became of a command. */
export interface CommandOutcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command as `main.ts` does, without a process of its own. */
export async function runCommand(
  command: (argv: readonly string[], console: Console) => Promise<number>,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<CommandOutcome> {
  const written = { stdout: "", stderr: "" };
  const write = (stream: "stdout" | "stderr", text: string) => {
    written[stream] += text;
    options.onWrite?.(text);
  };
  const code = await command(argv, {
    env: options.env ?? {},
    cwd: options.cwd ?? process.cwd(),
    terminals: options.terminals ?? [],
    out: (text) => write("stdout", `${text}\n`),
    err: (text) => write("stderr", `${text}\n`),
    write,
    ...(options.piped === undefined ? {} : { stdin: Readable.from([Buffer.from(options.piped)]) }),
    size: () => ({ columns: 80, rows: 24 }),
    signal: options.signal ?? new AbortController().signal,
  });
  return { code, out: written.stdout, err: written.stderr };
}
