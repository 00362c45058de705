/** Commands that consist of others, such as `polygate keys create`: found by name, listed, guessed. */

import type { FlagRow } from "#config/flags.ts";
import { folded } from "#terminal/folded-text.ts";
import { nearest } from "#yaml/nearest.ts";
import type { AskedCommand } from "./asked-command.ts";
import { exitDone, exitUsage } from "./exit-codes.ts";
import type { Terminal } from "./terminal.ts";

/** A command by its second word. */
export interface Subcommand {
  /** What follows `polygate` and the first word. */
  readonly usage: string;
  readonly description: string;
  /** Its flags. */
  rows(): Promise<readonly FlagRow[]>;
  /** Returns the exit code. */
  run(argv: readonly string[], terminal: Terminal): Promise<number>;
}

/** Sub-commands by name. */
export type Subcommands = Readonly<Record<string, Subcommand>>;

/** A sub-command that asks a running gateway, whose file is loaded when it is needed. */
export function askingSubcommand(
  first: string,
  { usage, description }: Pick<Subcommand, "usage" | "description">,
  load: () => Promise<AskedCommand>,
): Subcommand {
  return {
    usage,
    description,
    rows: async () => (await import("./asked-command.ts")).rowsOf(await load()),
    async run(argv, terminal) {
      const { runAsked } = await import("./asked-command.ts");
      return runAsked(`${first} ${usage}`, await load(), argv, terminal);
    },
  };
}

/** Runs the one that `argv` begins with; without a word, the help. Returns the exit code. */
export async function runSubcommand(
  first: string,
  commands: Subcommands,
  argv: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const [word = "--help", ...others] = argv;
  if (word === "--help" || word === "-h") {
    terminal.out(folded(helpText(first, commands), terminal.columns));
    return exitDone;
  }
  const command = Object.hasOwn(commands, word) ? commands[word] : undefined;
  if (command !== undefined) return command.run(others, terminal);
  const meant = nearest(word, Object.keys(commands));
  const guess = meant === undefined ? "" : ` (did you mean ${meant}?)`;
  const quoted = JSON.stringify(word.slice(0, 64));
  terminal.err(
    `polygate ${first}: unknown command ${quoted}${guess}\n\n${helpText(first, commands)}`,
  );
  return exitUsage;
}

function helpText(first: string, commands: Subcommands): string {
  const all = Object.values(commands);
  const width = Math.max(...all.map(({ usage }) => usage.length)) + 2;
  const lines = all.map(({ usage, description }) => `  ${usage.padEnd(width)}${description}`);
  return [`Usage: polygate ${first} <command> [flags]`, "", "Commands", ...lines].join("\n");
}
