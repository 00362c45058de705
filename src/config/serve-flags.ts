/** The flags of `polygate serve` and the settings that they set: one row each. */

import type { Assignment } from "#yaml/draft.ts";
import type { Flags } from "./flags.ts";
import { gatewayFlags } from "./gateway.ts";
import { loggingFlags } from "./logging.ts";
import type { SettingFlagRow } from "./serve-flag-row.ts";
import { workersFlags } from "./workers.ts";

/** Flags of `polygate serve`. */
export const serveFlags: readonly SettingFlagRow[] = [
  { name: "config", value: "file", environment: "CONFIG_PATH", description: "YAML file to read" },
  ...gatewayFlags,
  ...workersFlags,
  ...loggingFlags,
  { name: "help", description: "print this" },
];

/** The settings that the flags of `serve` set. */
export function flagAssignments(values: Flags["values"]): Assignment[] {
  return serveFlags.flatMap(({ name, path, many }) => {
    const [first, ...rest] = values.get(name) ?? [];
    if (path === undefined || first === undefined) return [];
    const value = many ? [first, ...rest].flatMap((text) => text.split(",")) : first;
    return [{ path, value, where: `flag --${name}` }];
  });
}
