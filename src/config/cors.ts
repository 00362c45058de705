/** The section `cors`: which origins may call from browsers. */

import { z } from "zod";
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

type FileCors = z.output<typeof cors> | undefined;

/** Environment names of the section. */
export const corsRows: readonly EnvironmentRow[] = [
  { name: "CORS_ORIGINS", path: ["cors", "origins"], value: list },
];

/** Absent while it is off. */
export function corsFrom(
  cors: FileCors,
  strict: boolean,
  report: Report,
): CorsSettings | undefined {
  if (cors === undefined || !cors.enabled) return undefined;
  const { origins, methods, headers, credentials } = cors;
  if (strict && credentials && origins.includes("*")) {
    report(
      ["cors", "origins"],
      "may not be `*` with credentials in production",
      "name the origins",
    );
  }
  return { origins, methods, headers, credentials };
}
