/** The help texts: commands, and the flags of each with default and environment name. Pure. */

import type { FlagRow } from "#config/flags.ts";
import { jsonSchema } from "#config/json-schema.ts";
import type { SettingFlagRow } from "#config/serve-flag-row.ts";
import { serveFlags } from "#config/serve-flags.ts";
import { fieldsOf } from "#yaml/fields.ts";
import { nearest } from "#yaml/nearest.ts";
import { pathText } from "#yaml/problem.ts";

/** What each command is for. */
export const commands: Readonly<Record<string, string>> = {
  serve: "run the gateway (the default)",
  core: "run a reference chat core",
  check: "check a configuration; --schema prints its JSON Schema",
  config: "show, check or reload the configuration of a running gateway",
  health: "ask the gateway of these settings whether it is ready",
  models: "list, show, load and unload the models of a running gateway",
  keys: "make, show, rotate and revoke the keys of a running gateway; make tokens and hashes: `token`, `hash`",
  chat: "talk with a model through a running gateway; on a terminal as a conversation",
  predict: "run a model of a running gateway on images or tensors in files",
  top: "watch the calls of a running gateway",
  migrate:
    "make or change the tables of history.url and auth.key_store.url, as serve does at its start",
  openapi: "print the OpenAPI document of the REST surface",
  completion: "print the script by which bash, zsh or fish completes commands",
  version: "print the version, as --version does",
};

/** The help of `polygate`, with the flags of `serve`. */
export function mainHelp(): string {
  const rows = Object.entries(commands).map(([name, what]) => `  ${name.padEnd(12)}${what}`);
  const lines = ["Usage: polygate [command] [flags]", "", "Commands", ...rows, ""];
  return [
    ...lines,
    "Flags of serve, check, health, migrate and openapi",
    ...settingFlagLines(),
  ].join("\n");
}

/** The help of a command that takes the flags of `serve` and `rows` of its own. */
export function settingsHelp(command: string, rows: readonly FlagRow[]): string {
  const own = rows.map((row) => flagLine(row, []));
  const lines = [`Usage: polygate ${command} [flags]`, "", "Flags", ...own];
  return [...lines, ...settingFlagLines()].join("\n");
}

/** The message for an unknown command: the word, a guess, the help. */
export function unknownCommand(word: string): string {
  const meant = nearest(word, Object.keys(commands));
  const guess = meant === undefined ? "" : ` (did you mean ${meant}?)`;
  const quoted = JSON.stringify(word.slice(0, 64));
  return `polygate: unknown command ${quoted}${guess}\n\n${mainHelp()}`;
}

function settingFlagLines(): readonly string[] {
  return serveFlags.map((row) => flagLine(row, factsOf(row)));
}

/** The help of a command with flags of its own. */
export function commandHelp(
  usage: string,
  rows: readonly (FlagRow & { fallback?: string })[],
): string {
  const lines = rows.map((row) =>
    flagLine(row, row.fallback === undefined ? [] : [`default ${row.fallback}`]),
  );
  return `Usage: ${usage}\n\nFlags\n${lines.join("\n")}`;
}

function factsOf({ value, path, fallback, environment }: SettingFlagRow): readonly string[] {
  if (value === undefined) return [];
  const at = path === undefined ? "" : pathText(path);
  const known = fallback ?? fieldsOf(jsonSchema()).find((field) => field.path === at)?.fallback;
  return [`default ${known ?? "none"}`, ...(environment === undefined ? [] : [environment])];
}

function flagLine({ name, short, value, description }: FlagRow, facts: readonly string[]): string {
  const word = short === undefined ? `--${name}` : `-${short}, --${name}`;
  const left = value === undefined ? word : `${word} <${value}>`;
  return `  ${left.padEnd(30)}${description}${facts.length === 0 ? "" : ` [${facts.join("; ")}]`}`;
}
