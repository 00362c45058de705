/** The flags of `polygate serve` and the settings that they set: one row each. */

import type { Assignment } from "#yaml/draft.ts";
import type { Path } from "#yaml/problem.ts";
import type { FlagRow, Flags } from "./flags.ts";

/** A flag of `serve` and the setting that it sets. */
export interface SettingFlagRow extends FlagRow {
  /** Absent for flags that set nothing. */
  readonly path?: Path;
  /** Name in the environment that says the same. */
  readonly environment?: string;
  /** Default that the schema does not tell. */
  readonly fallback?: string;
}

/** Flags of `polygate serve`. */
export const serveFlags: readonly SettingFlagRow[] = [
  { name: "config", value: "file", environment: "CONFIG_PATH", description: "YAML file to read" },
  {
    name: "host",
    value: "address",
    path: ["gateway", "host"],
    environment: "GATEWAY_HOST",
    description: "address to listen on",
  },
  {
    name: "port",
    value: "port",
    path: ["gateway", "port"],
    environment: "GATEWAY_PORT",
    fallback: "8080",
    description: "port to listen on; 0 lets the system choose",
  },
  {
    name: "ports",
    value: "port",
    many: true,
    path: ["gateway", "ports"],
    description: "several ports, such as 8080,8081",
  },
  {
    name: "portal-port",
    value: "port",
    path: ["gateway", "portal_port"],
    environment: "PORTAL_PORT",
    fallback: "8080 with --api-port",
    description: "port of the listener `portal`",
  },
  {
    name: "api-port",
    value: "port",
    path: ["gateway", "api_port"],
    environment: "API_PORT",
    fallback: "8081 with --portal-port",
    description: "port of the listener `api`",
  },
  {
    name: "log-level",
    value: "level",
    path: ["logging", "level"],
    environment: "LOG_LEVEL",
    description: "debug, info, warn or error",
  },
  { name: "help", description: "print this" },
];

/** What the flags of `serve` say about settings. */
export function flagAssignments(values: Flags["values"]): Assignment[] {
  return serveFlags.flatMap(({ name, path, many }) => {
    const [first, ...rest] = values.get(name) ?? [];
    if (path === undefined || first === undefined) return [];
    const value = many ? [first, ...rest].flatMap((text) => text.split(",")) : first;
    return [{ path, value, where: `flag --${name}` }];
  });
}
