/** The section `metrics`: whether Prometheus is served, and where. */

import { z } from "zod";
import { flag, text } from "#yaml/scalar.ts";
import { boolean, type EnvironmentRow } from "./environment-row.ts";
import { port } from "./gateway.ts";

/** Where the page usually is: no surface serves that path. */
export const usualMetricsPath = "/metrics";

/** The section of the file. */
export const metrics = z.strictObject({
  enabled: flag().prefault(true).describe("Serve Prometheus metrics."),
  port: port().optional().describe("One more listener, named `metrics`, that serves metrics only."),
  path: text("a path that begins with `/`", /^\/[\w./-]+$/)
    .prefault(usualMetricsPath)
    .describe("Where the page is."),
});

/** Environment names of the section. */
export const metricsRows: readonly EnvironmentRow[] = [
  { name: "ENABLE_METRICS", path: ["metrics", "enabled"], value: boolean },
];
