/** The section `logging`: which lines are written, and where. */

import { dirname, resolve } from "node:path";
import { z } from "zod";
import { isOwnStream } from "#observability/line-stream.ts";
import { flag, text } from "#yaml/scalar.ts";
import type { CompileContext } from "./compile-context.ts";
import { boolean, type EnvironmentRow } from "./environment-row.ts";
import type { Report } from "./report.ts";
import type { SettingFlagRow } from "./serve-flag-row.ts";
import type { LoggingSettings } from "./settings.ts";

/** The section of the file. */
export const logging = z.strictObject({
  level: z
    .enum(["debug", "info", "warn", "error"])
    .default("info")
    .describe("Minimum level logged."),
  format: z
    .enum(["json", "text", "gcp"])
    .optional()
    .describe(
      "One JSON object per line, text for people, or JSON in the fields of Google's Cloud Logging; text on a terminal and json elsewhere when absent.",
    ),
  output: text()
    .prefault("stdout")
    .describe(
      "`stdout`, `stderr`, or a file that lines are appended to, relative to the configuration file's folder and opened again on SIGHUP.",
    ),
  gcp_project: text("an id of Google's such as my-project-1", /^[a-z][a-z0-9:.-]{4,99}$/)
    .optional()
    .describe("With `format: gcp`, the project whose traces lines are linked to."),
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
  { name: "LOG_OUTPUT", path: ["logging", "output"] },
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
  { level, format, output, routing, gcp_project: gcpProject }: FileLogging,
  { terminals, folder, isReadable }: CompileContext,
  report: Report,
): LoggingSettings {
  const common = { level, routing, ...(gcpProject !== undefined && { gcpProject }) };
  if (gcpProject !== undefined && format !== "gcp") {
    report(["logging", "gcp_project"], "has no effect without `format: gcp`");
  }
  if (isOwnStream(output)) {
    const suited = terminals.includes(output) ? "text" : "json";
    return { ...common, output, format: format ?? suited };
  }
  const path = resolve(folder, output);
  if (!isReadable(dirname(path))) report(["logging", "output"], "is in a folder that is not there");
  return { ...common, output: path, format: format ?? "json" };
}
