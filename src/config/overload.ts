/** The section `overload`: what the gateway refuses when it has more work than it can do. */

import { z } from "zod";
import type { LoadTerms } from "#overload/load-level.ts";
import { duration, flag, share } from "#yaml/scalar.ts";
import type { Report } from "./report.ts";

/** The section of the file. */
export const overload = z.strictObject({
  enabled: flag().prefault(true).describe("Refuse work rather than doing all of it too late."),
  lag: duration("1m")
    .prefault("100ms")
    .describe(
      "How late the event loop may be, in two quarters of a second in a row, before calls of low priority are refused.",
    ),
  heap: share()
    .prefault("85%")
    .describe("Share of V8's heap limit above which calls of low priority are refused."),
  heap_critical: share()
    .prefault("95%")
    .describe(
      "Share of V8's heap limit above which all calls are refused but for health, metrics and what needs the scope `admin`.",
    ),
});

/** Nothing while it is off. */
export function overloadFrom(
  { enabled, lag, heap, heap_critical }: z.output<typeof overload>,
  report: Report,
): { readonly overload?: LoadTerms } {
  if (heap > heap_critical) {
    report(["overload", "heap"], "is more than `heap_critical`", "lower it");
  }
  if (!enabled) return {};
  return { overload: { lagMs: lag, heapShare: heap, heapShareAll: heap_critical } };
}
