/** `polygate keys hash`: what the configuration keeps of a key or a password that stands on stdin. */

import { type FlagRow, flagsFrom } from "#config/flags.ts";
import { sha256Hex } from "#core/sha256-hex.ts";
import { folded } from "#terminal/folded-text.ts";
import { problemText } from "#yaml/problem.ts";
import { commandHelp } from "./help.ts";
import type { Terminal } from "./terminal.ts";

/** Its flags. */
export const hashRows = [
  { name: "password", description: "hash a password by scrypt, for auth.users" },
  { name: "help", description: "print this" },
] as const satisfies readonly FlagRow[];

/** Longest text that is read, in characters. */
const lengthMax = 1024;

/** What stands on stdin, without the line end after it. */
async function fromStdin(): Promise<string> {
  let text = "";
  for await (const piece of process.stdin.setEncoding("utf8")) {
    text += piece;
    if (text.length > lengthMax + 2) break;
  }
  return text.replace(/\r?\n$/, "");
}

/** Reads the text from stdin, so that it stands in no list of processes and no history. Returns the exit code. */
export async function keysHash(
  argv: readonly string[],
  terminal: Terminal,
  read: () => Promise<string> = fromStdin,
): Promise<number> {
  const { values, problems } = flagsFrom(argv, hashRows);
  for (const problem of problems) terminal.err(problemText(problem));
  if (problems.length > 0) return 1;
  if (values.has("help")) {
    terminal.out(
      folded(commandHelp("polygate keys hash [flags] < file", hashRows), terminal.columns),
    );
    return 0;
  }
  const isPassword = values.has("password");
  const text = await read();
  const isFit = isPassword ? text !== "" : /^[\x21-\x7e]+$/.test(text);
  if (!isFit || text.length > lengthMax) {
    const expected = isPassword ? "a password" : "a key of visible ASCII characters";
    terminal.err(`stdin: expected ${expected}, of up to ${lengthMax} characters`);
    return 1;
  }
  if (isPassword) {
    const { hashPassword } = await import("#identity/password-hash.ts");
    terminal.out(await hashPassword(text));
  } else {
    terminal.out(sha256Hex(text));
  }
  return 0;
}
