/** The section `cors`: which origins may call from browsers. */

import { z } from "zod";
import type { Path } from "#yaml/problem.ts";
import { flag, text, textThat } from "#yaml/scalar.ts";
import { isOrigin } from "./address.ts";
import { type EnvironmentRow, list } from "./environment-row.ts";
import type { Report } from "./report.ts";
import type { CorsSettings } from "./settings.ts";

/** The section of the file. */
export const cors = z.strictObject({
  enabled: flag()
    .prefault(true)
    .describe("Answer cross-origin requests; off when the section is absent."),
  origins: z
    .array(textThat("`*` or an origin such as https://app.example.com, without a path", isOrigin))
    .prefault(["*"])
    .describe("Origins that may call."),
  methods: z
    .array(text("a method in capitals", /^[A-Z]+$/))
    .prefault(["GET", "POST", "OPTIONS"])
    .describe("Methods that they may use."),
  headers: z
    .array(text("a header name or `*`", /^[\w!#$%&'*+.^`|~-]+$/))
    .prefault(["Content-Type", "Authorization"])
    .describe("Request headers that they may send, besides those that the gateway itself reads."),
  credentials: flag()
    .prefault(false)
    .describe("Let browsers send cookies and credentials by themselves."),
});

type FileCors = z.output<typeof cors>;

/** Environment names of the section. */
export const corsRows: readonly EnvironmentRow[] = [
  { name: "CORS_ORIGINS", path: ["cors", "origins"], value: list },
];

/** What is wrong, and what is probably a mistake; production has both where other environments have neither. */
export interface CorsReports {
  readonly strict: boolean;
  /** Of the section. */
  readonly path: Path;
  readonly report: Report;
  readonly warn: Report;
}

/** Absent while it is off. */
export function corsFrom(
  { enabled, ...settings }: FileCors,
  { strict, path, report, warn }: CorsReports,
): CorsSettings | undefined {
  if (!enabled) return undefined;
  if (strict && settings.origins.includes("*")) {
    const at = [...path, "origins"];
    if (settings.credentials) {
      report(at, "may not be `*` with credentials in production", "name the origins");
    } else warn(at, "lets pages of any origin read responses", "name the origins");
  }
  return settings;
}
