/** The setting `adaptive_concurrency` of whatever has endpoints: bounds of a limit of calls that is found out. */

import { z } from "zod";
import type { ConcurrencyLimit } from "#pool/member.ts";
import type { Path } from "#yaml/problem.ts";
import { wholeNumber } from "#yaml/scalar.ts";
import type { Report } from "./report.ts";

const callsMax = 100_000;

/** The setting; absent: the limit of calls is what else it is. */
export const adaptiveConcurrency = () =>
  z
    .strictObject({
      min: wholeNumber(1, callsMax)
        .prefault(4)
        .describe("Calls in flight per endpoint that the search begins with, and keeps at least."),
      max: wholeNumber(1, callsMax)
        .prefault(1_000)
        .describe("Most calls in flight per endpoint, whatever it takes."),
    })
    .optional()
    .describe(
      "Find out how many calls an endpoint takes at one time: more by successes at the limit, a tenth less by 429, 503 and time-outs.",
    );

/** The limit that was written, one way or the other; undefined where none was. */
export function concurrencyFrom(
  adaptive: z.output<ReturnType<typeof adaptiveConcurrency>>,
  concurrentMax: number | undefined,
  { path, report }: { readonly path: Path; readonly report: Report },
): ConcurrencyLimit | undefined {
  if (adaptive === undefined) return concurrentMax;
  if (concurrentMax !== undefined) {
    report(
      [...path, "max_concurrent"],
      "cannot be combined with adaptive_concurrency",
      "its `max` is the bound",
    );
  }
  if (adaptive.min > adaptive.max) {
    report([...path, "adaptive_concurrency", "min"], "is more than `max`", "lower it");
  }
  return adaptive;
}
