/** What can be completed: every command with its sub-commands and flags. */

import type { FlagRow } from "#config/flags.ts";
import { serveFlags } from "#config/serve-flags.ts";
import { rowsOf } from "./asked-command.ts";
import { commands } from "./help.ts";
import type { Subcommands } from "./subcommands.ts";

/** A flag, as far as it is completed. */
export interface CompletedFlag {
  readonly name: string;
  readonly short?: string;
  readonly description: string;
  readonly takes: "nothing" | "file" | "folder" | "text";
}

/** A command or sub-command. */
export interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  readonly flags: readonly CompletedFlag[];
  readonly subcommands: readonly CompletedCommand[];
}

/** The shells that are known. */
export const shells = ["bash", "zsh", "fish"] as const;

function flagOf({ name, short, value, description }: FlagRow): CompletedFlag {
  const isPath = value === "file" || value === "folder";
  const takes = value === undefined ? "nothing" : isPath ? value : "text";
  return { name, description, takes, ...(short === undefined ? {} : { short }) };
}

async function ofSubcommands(all: Subcommands): Promise<readonly CompletedCommand[]> {
  return Promise.all(
    Object.entries(all).map(async ([name, one]) => ({
      name,
      description: one.description,
      flags: (await one.rows()).map(flagOf),
      subcommands: [],
    })),
  );
}

/** The rows of each command that has flags of its own. */
const rowsByCommand: Readonly<Record<string, () => Promise<readonly FlagRow[]>>> = {
  serve: async () => serveFlags,
  health: async () => serveFlags,
  migrate: async () => serveFlags,
  openapi: async () => serveFlags,
  check: async () => [
    { name: "schema", description: "print the JSON Schema of the file" },
    ...serveFlags,
  ],
  core: async () => (await import("./core.ts")).coreRows,
  chat: async () => rowsOf({ rows: (await import("./chat.ts")).chatRows }),
  predict: async () => rowsOf({ rows: (await import("./predict.ts")).predictRows }),
  top: async () => rowsOf({ rows: (await import("./top.ts")).topRows }),
};

const subcommandsOf: Readonly<Record<string, () => Promise<Subcommands>>> = {
  keys: async () => (await import("./keys.ts")).keysCommands,
  models: async () => (await import("./models.ts")).modelsCommands,
  config: async () => (await import("./config.ts")).configCommands,
};

/** Every command, in the order of the help. */
export async function completedCommands(): Promise<readonly CompletedCommand[]> {
  return Promise.all(
    Object.entries(commands).map(async ([name, description]) => {
      const rows = (await rowsByCommand[name]?.()) ?? [];
      const subcommands = await ofSubcommands((await subcommandsOf[name]?.()) ?? {});
      const shellNames = shells.map((shell) => ({
        name: shell,
        description: `for ${shell}`,
        flags: [],
        subcommands: [],
      }));
      return {
        name,
        description,
        flags: rows.map(flagOf),
        subcommands: name === "completion" ? shellNames : subcommands,
      };
    }),
  );
}
