/** `polygate models`: its sub-commands, by a table. */

import { askingSubcommand, runSubcommand, type Subcommands } from "./subcommands.ts";
import type { Terminal } from "./terminal.ts";

const asked = () => import("./models-manage.ts");

/** The sub-commands by name; each loads its file when it is run. */
export const modelsCommands: Subcommands = {
  list: askingSubcommand(
    "models",
    { usage: "list", description: "list what can be asked for; `models` alone does so too" },
    async () => (await asked()).listModels,
  ),
  show: askingSubcommand(
    "models",
    { usage: "show <model>", description: "show one: its inputs, outputs and classes" },
    async () => (await asked()).showModel,
  ),
  load: askingSubcommand(
    "models",
    { usage: "load <model>", description: "load one of the repository (scope admin)" },
    async () => (await asked()).loadModel,
  ),
  unload: askingSubcommand(
    "models",
    { usage: "unload <model>", description: "unload one; active calls end first (scope admin)" },
    async () => (await asked()).unloadModel,
  ),
  reload: askingSubcommand(
    "models",
    { usage: "reload <model>", description: "read one again; it serves meanwhile (scope admin)" },
    async () => (await asked()).reloadModel,
  ),
  prices: {
    usage: "prices --import <file>",
    description: "print prices for the gateway's file from a published table",
    rows: async () => (await import("./models-prices.ts")).pricesRows,
    run: async (argv, terminal) =>
      (await import("./models-prices.ts")).modelsPrices(argv, terminal),
  },
};

/** Lists where no sub-command is named. Returns the exit code. */
export function models(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [first = "", ...others] = argv;
  const isHelp = first === "--help" || first === "-h";
  const lists = first === "" || (first.startsWith("-") && !isHelp);
  return runSubcommand(
    "models",
    modelsCommands,
    lists ? ["list", ...argv] : [first, ...others],
    terminal,
  );
}
