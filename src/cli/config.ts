/** `polygate config`: its sub-commands, by a table. */

import { askingSubcommand, runSubcommand, type Subcommands } from "./subcommands.ts";
import type { Terminal } from "./terminal.ts";

const asked = () => import("./config-manage.ts");

/** The sub-commands by name; each loads its file when it is run. */
export const configCommands: Subcommands = {
  show: askingSubcommand(
    "config",
    {
      usage: "show [path]",
      description: "list the settings in force, with where each comes from; secrets are not shown",
    },
    async () => (await asked()).showConfig,
  ),
  status: askingSubcommand(
    "config",
    {
      usage: "status",
      description: "show which configuration is in force, and the outcome of the last reload",
    },
    async () => (await asked()).configStatus,
  ),
  check: askingSubcommand(
    "config",
    {
      usage: "check",
      description: "make it read the configuration, and show what a reload would change",
    },
    async () => (await asked()).checkConfig,
  ),
  reload: askingSubcommand(
    "config",
    {
      usage: "reload",
      description: "make it read the configuration again, and apply it if it is valid",
    },
    async () => (await asked()).reloadConfig,
  ),
};

/** Returns the exit code: 1 where the configuration is not, or would not be, in force. */
export function config(argv: readonly string[], terminal: Terminal): Promise<number> {
  return runSubcommand("config", configCommands, argv, terminal);
}
