/** The section `logging`: which lines are written, and where. */

import { z } from "zod";
import { flag } from "#yaml/scalar.ts";
import type { CompileContext } from "./compile-context.ts";
import { boolean, type EnvironmentRow } from "./environment-row.ts";
import type { SettingFlagRow } from "./serve-flag-row.ts";
import type { LoggingSettings } from "./settings.ts";

/** The section of the file. */
export const logging = z.strictObject({
  level: z
    .enum(["debug", "info", "warn", "error"])
    .default("info")
    .describe("Minimum level logged."),
  format: z
    .enum(["json", "text"])
    .optional()
    .describe(
      "One JSON object per line, or text for people; text on a terminal and json elsewhere when absent.",
    ),
  output: z.enum(["stdout", "stderr"]).default("stdout").describe("Where log lines go."),
  routing: flag()
    .prefault(false)
    .describe(
      "Log each load balancing decision and each attempt at `info` instead of `debug`; so does `DEBUG=load-balancer:*`.",
    ),
});

type FileLogging = z.output<typeof logging>;

const levels: Readonly<Record<string, string>> = {
  warning: "warn",
  critical: "error",
  fatal: "error",
};
const level = (text: string): unknown => levels[text.toLowerCase()] ?? text.toLowerCase();

/** Environment names of the section. */
export const loggingRows: readonly EnvironmentRow[] = [
  // Other programs use DEBUG, too, for names of their modules: only yes and no are meant for this one.
  {
    name: "DEBUG",
    path: ["logging", "level"],
    value: (text) => (boolean(text) === true ? "debug" : undefined),
  },
  {
    name: "DEBUG",
    path: ["logging", "routing"],
    value: (text) => (/(^|[\s,])load-balancer(:|[\s,]|$)/.test(text) ? true : undefined),
  },
  { name: "LOG_LEVEL", path: ["logging", "level"], value: level },
];

/** Flags of the section. */
export const loggingFlags: readonly SettingFlagRow[] = [
  {
    name: "log-level",
    value: "level",
    path: ["logging", "level"],
    environment: "LOG_LEVEL",
    description: "debug, info, warn or error",
  },
];

/** Text for a terminal, JSON for everything else. */
export function loggingFrom(
  { level, format, output, routing }: FileLogging,
  { terminals }: CompileContext,
): LoggingSettings {
  const suited = terminals.includes(output) ? "text" : "json";
  return { level, format: format ?? suited, output, routing };
}
