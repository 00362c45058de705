/** `polygate keys`: the sub-commands that have to do with credentials, by a table. */

import { nearest } from "#yaml/nearest.ts";
import type { Terminal } from "./terminal.ts";

/** Runs a sub-command with what stands behind its name; resolves to the exit code. */
type Subcommand = (argv: readonly string[], terminal: Terminal) => Promise<number>;

/** A sub-command is loaded when it is run. */
const subcommands: Readonly<
  Record<string, { readonly what: string; load(): Promise<Subcommand> }>
> = {
  token: {
    what: "sign a token (JWT) with the gateway's secret",
    load: async () => (await import("./keys-token.ts")).keysToken,
  },
  hash: {
    what: "print the hash of a key, or of a password, for the configuration",
    load: async () => (await import("./keys-hash.ts")).keysHash,
  },
};

function help(): string {
  const rows = Object.entries(subcommands).map(([name, { what }]) => `  ${name.padEnd(10)}${what}`);
  const more = "polygate keys <command> --help tells of its flags";
  return ["Usage: polygate keys <command> [flags]", "", "Commands", ...rows, "", more].join("\n");
}

/** Returns the exit code: 2 for a sub-command that does not exist. */
export async function keys(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [name = "", ...flags] = argv;
  if (name === "--help" || name === "-h") {
    terminal.out(help());
    return 0;
  }
  const found = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  if (found !== undefined) return await (await found.load())(flags, terminal);
  const meant = nearest(name, Object.keys(subcommands));
  const guess = meant === undefined ? "" : ` (did you mean ${meant}?)`;
  const quoted = JSON.stringify(name.slice(0, 64));
  terminal.err(`polygate keys: unknown command ${quoted}${guess}\n\n${help()}`);
  return 2;
}
