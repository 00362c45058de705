/** `polygate completion`: the script that makes a shell complete commands and flags. */

import { folded } from "#terminal/folded-text.ts";
import { nearest } from "#yaml/nearest.ts";
import { completionScripts } from "./completion-scripts.ts";
import { completedCommands, shells } from "./completion-words.ts";
import { exitDone, exitUsage } from "./exit-codes.ts";
import type { Terminal } from "./terminal.ts";

const help = `Usage: polygate completion <${shells.join("|")}>

Prints a script that completes commands, flags and files. For the shell that runs:
  bash  source <(polygate completion bash)
  zsh   source <(polygate completion zsh)
  fish  polygate completion fish | source
The first line of each script says where it is kept for every shell to come.`;

/** Returns the exit code. */
export async function completion(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [word = "--help", ...others] = argv;
  if (word === "--help" || word === "-h") {
    terminal.out(folded(help, terminal.columns));
    return exitDone;
  }
  const shell = shells.find((name) => name === word);
  if (shell === undefined || others.length > 0) {
    const meant = nearest(word, shells);
    const guess = meant === undefined || shell !== undefined ? "" : ` (did you mean ${meant}?)`;
    terminal.err(`polygate completion: expected one of ${shells.join(", ")}${guess}`);
    return exitUsage;
  }
  terminal.out(completionScripts[shell](await completedCommands()).trimEnd());
  return exitDone;
}
