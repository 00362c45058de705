/** The section `portal`: its pages, and how long one stays logged in. */

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { packageFile } from "#core/package-file.ts";
import type { PortalSettings } from "#portal/portal-settings.ts";
import { duration, text } from "#yaml/scalar.ts";
import type { Report } from "./report.ts";

/** The section of the file. */
export const portal = z.strictObject({
  session_max: duration("720h")
    .prefault("12h")
    .describe("How long somebody stays logged in at the portal at the most."),
  session_idle: duration("720h")
    .prefault("30m")
    .describe("How long somebody stays logged in with no page of the portal open."),
  folder: text()
    .optional()
    .describe(
      "Folder of the portal's built pages, relative to the configuration file's; those that come with the gateway when absent.",
    ),
});

/** What the portal runs with. */
export function portalFrom(
  {
    session_max: sessionMaxMs,
    session_idle: sessionIdleMs,
    folder: named,
  }: z.output<typeof portal>,
  folder: string,
  report: Report,
): PortalSettings {
  if (sessionIdleMs > sessionMaxMs) {
    report(["portal", "session_idle"], "is longer than `session_max`", "shorten it");
  }
  const built = () => fileURLToPath(packageFile("dist/portal"));
  return {
    folder: named === undefined ? built() : resolve(folder, named),
    ...{ sessionMaxMs, sessionIdleMs },
  };
}
