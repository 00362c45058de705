/** `polygate keys`: the sub-commands that have to do with credentials, by a table. */

import { askingSubcommand, runSubcommand, type Subcommands } from "./subcommands.ts";
import type { Terminal } from "./terminal.ts";

const manage = () => import("./keys-manage.ts");

/** The sub-commands by name; each loads its own file when it is run. */
export const keysCommands: Subcommands = {
  token: {
    usage: "token --sub <name>",
    description: "sign a token (JWT) with the gateway's secret",
    rows: async () => (await import("./keys-token.ts")).tokenRows,
    run: async (argv, terminal) => (await import("./keys-token.ts")).keysToken(argv, terminal),
  },
  hash: {
    usage: "hash [--password] < <file>",
    description: "print the hash of a key or a password, for the configuration",
    rows: async () => (await import("./keys-hash.ts")).hashRows,
    run: async (argv, terminal) => (await import("./keys-hash.ts")).keysHash(argv, terminal),
  },
  create: askingSubcommand(
    "keys",
    { usage: "create <name>", description: "create a key; its secret is shown once" },
    async () => (await manage()).createKey,
  ),
  list: askingSubcommand(
    "keys",
    { usage: "list", description: "list keys, the newest first" },
    async () => (await manage()).listKeys,
  ),
  show: askingSubcommand(
    "keys",
    { usage: "show <key>", description: "show one key by name or id; self is the key in use" },
    async () => (await manage()).showKey,
  ),
  rotate: askingSubcommand(
    "keys",
    { usage: "rotate <key>", description: "give a key a new secret, shown once" },
    async () => (await manage()).rotateKey,
  ),
  revoke: askingSubcommand(
    "keys",
    { usage: "revoke <key>", description: "end a key permanently, everywhere within a second" },
    async () => (await manage()).revokeKey,
  ),
};

/** Returns the exit code: 2 for what is no command. */
export function keys(argv: readonly string[], terminal: Terminal): Promise<number> {
  return runSubcommand("keys", keysCommands, argv, terminal);
}
