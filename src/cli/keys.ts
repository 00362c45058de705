/** `polygate keys`: the sub-commands that have to do with credentials, by a table. */

import { nearest } from "#yaml/nearest.ts";
import type { Terminal } from "./terminal.ts";

/** A sub-command. */
export interface KeysCommand {
  /** What follows `polygate keys`. */
  readonly usage: string;
  readonly description: string;
  /** Returns the exit code. */
  run(argv: readonly string[], terminal: Terminal): number | Promise<number>;
}

/** The sub-commands by name; each loads its own file when it is run. */
const commands: Readonly<Record<string, KeysCommand>> = {
  token: {
    usage: "token --sub <name>",
    description: "sign a token (JWT) with the gateway's secret",
    run: async (argv, terminal) => (await import("./keys-token.ts")).keysToken(argv, terminal),
  },
  hash: {
    usage: "hash [--password] < <file>",
    description: "print the hash of a key or a password, for the configuration",
    run: async (argv, terminal) => (await import("./keys-hash.ts")).keysHash(argv, terminal),
  },
  create: {
    usage: "create <name>",
    description: "make a key; its text is shown once",
    run: async (argv, terminal) => (await import("./keys-manage.ts")).createKey(argv, terminal),
  },
  list: {
    usage: "list",
    description: "list keys, the newest first",
    run: async (argv, terminal) => (await import("./keys-manage.ts")).listKeys(argv, terminal),
  },
  show: {
    usage: "show <name or id, or self>",
    description: "show one key",
    run: async (argv, terminal) => (await import("./keys-manage.ts")).showKey(argv, terminal),
  },
  rotate: {
    usage: "rotate <name or id>",
    description: "give a key a new text, shown once",
    run: async (argv, terminal) => (await import("./keys-manage.ts")).rotateKey(argv, terminal),
  },
  revoke: {
    usage: "revoke <name or id>",
    description: "end a key for good, everywhere within a second",
    run: async (argv, terminal) => (await import("./keys-manage.ts")).revokeKey(argv, terminal),
  },
};

function helpText(): string {
  const rows = Object.values(commands).map(
    ({ usage, description }) => `  ${usage.padEnd(32)}${description}`,
  );
  return ["Usage: polygate keys <command> [flags]", "", "Commands", ...rows].join("\n");
}

/** Returns the exit code: 2 for what is no command. */
export async function keys(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [name = "--help", ...flags] = argv;
  if (name === "--help" || name === "-h") {
    terminal.out(helpText());
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command !== undefined) return await command.run(flags, terminal);
  const meant = nearest(name, Object.keys(commands));
  const guess = meant === undefined ? "" : ` (did you mean ${meant}?)`;
  const quoted = JSON.stringify(name.slice(0, 64));
  terminal.err(`polygate keys: unknown command ${quoted}${guess}\n\n${helpText()}`);
  return 2;
}
