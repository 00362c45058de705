/** The section `audit`: where the audit log goes. */

import { dirname, resolve } from "node:path";
import { z } from "zod";
import { isOwnStream } from "#observability/line-stream.ts";
import { text } from "#yaml/scalar.ts";
import type { CompileContext } from "./compile-context.ts";
import type { EnvironmentRow } from "./environment-row.ts";
import type { Report } from "./report.ts";
import type { AuditSettings } from "./settings.ts";

/** The section of the file. */
export const audit = z.strictObject({
  output: text()
    .optional()
    .describe(
      "`stdout`, `stderr`, or a file that lines are appended to, relative to the configuration file's folder and opened again on SIGHUP; one line for each call that needs a scope, and for each that was refused for its caller, origin, host or a limit. None when absent.",
    ),
});

/** Environment names of the section. */
export const auditRows: readonly EnvironmentRow[] = [
  { name: "AUDIT_OUTPUT", path: ["audit", "output"] },
];

/** Absent: there is no audit log. */
export function auditFrom(
  { output }: z.output<typeof audit>,
  { folder, isReadable }: CompileContext,
  report: Report,
): AuditSettings | undefined {
  if (output === undefined) return undefined;
  if (isOwnStream(output)) return { output };
  const path = resolve(folder, output);
  if (!isReadable(dirname(path))) report(["audit", "output"], "is in a folder that is not there");
  return { output: path };
}
