/** The surroundings of a command that asks a gateway: what is typed and piped in, and when to end. */

import { exitInterrupted } from "./exit-codes.ts";
import type { Console, Terminal } from "./terminal.ts";

/**
 * Runs a command with a signal that aborts at the first SIGINT or SIGTERM, or when the reader of stdout
 * is gone; the second SIGINT ends the process at once. Resolves with the exit code.
 */
export async function openConsole(
  terminal: Terminal,
  run: (console: Console) => Promise<number>,
): Promise<{ readonly exitCode: number }> {
  const ending = new AbortController();
  const { stdin, stdout, stderr } = process;
  let isUnread = false;
  const interrupt = () => ending.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  // `polygate … | head` reads as much as it wants; that is no failure.
  stdout.on("error", () => {
    isUnread = true;
    ending.abort();
  });
  stderr.on("error", () => {});
  const console: Console = {
    ...terminal,
    stdin,
    signal: ending.signal,
    write: (stream, text) => process[stream].write(text),
    size: () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 }),
  };
  const exitCode = await run(console);
  if (isUnread) return { exitCode: 0 };
  return { exitCode: ending.signal.aborted ? exitInterrupted : exitCode };
}
