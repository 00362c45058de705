/** The section `rate_limiting`: token buckets for each client. */

import { z } from "zod";
import { duration, flag, positiveNumber, text, wholeNumber } from "#yaml/scalar.ts";
import { boolean, type EnvironmentRow } from "./environment-row.ts";
import type { Report } from "./report.ts";
import type { RateLimitSettings } from "./settings.ts";

const requestsMax = 1_000_000_000;

/** The section of the file. */
export const rateLimiting = z.strictObject({
  enabled: flag().prefault(true).describe("Limit each client; off when the section is absent."),
  requests_per_minute: positiveNumber(requestsMax)
    .optional()
    .describe("Steady rate of one client; 60 when no rate is named."),
  requests: wholeNumber(1, requestsMax)
    .optional()
    .describe("Instead of `requests_per_minute`: requests in each `window`."),
  window: duration("24h")
    .optional()
    .describe("Time in which `requests` are counted; 60s when absent."),
  burst: wholeNumber(1, requestsMax)
    .optional()
    .describe("Requests that one client may send at once; `requests` when that is named, else 10."),
  cleanup_interval: duration("24h")
    .optional()
    .describe("Accepted and not used: memory is bounded by `clients_max`."),
  clients_max: wholeNumber(1, 10_000_000)
    .prefault(100_000)
    .describe("Most clients remembered; the least recently seen one is dropped first."),
  routes: z
    .array(
      z.strictObject({
        match: text("a path that begins with `/`", /^\/\S*$/).describe(
          "Procedure or path prefix, such as `/predict/`.",
        ),
        requests_per_minute: positiveNumber(requestsMax).describe(
          "Steady rate of one client on these routes.",
        ),
        burst: wholeNumber(1, requestsMax)
          .optional()
          .describe("Requests at once; the section's burst when absent."),
      }),
    )
    .prefault([])
    .describe("Limits for some routes, in place of the general one."),
});

type FileRateLimiting = z.output<typeof rateLimiting> | undefined;

/** Environment names of the section. */
export const rateLimitingRows: readonly EnvironmentRow[] = [
  { name: "RATE_LIMIT_ENABLED", path: ["rate_limiting", "enabled"], value: boolean },
  { name: "RATE_LIMIT_REQUESTS", path: ["rate_limiting", "requests"] },
  { name: "RATE_LIMIT_WINDOW", path: ["rate_limiting", "window"] },
];

/** Absent while it is off. */
export function rateLimitFrom(
  limits: FileRateLimiting,
  report: Report,
): RateLimitSettings | undefined {
  if (limits === undefined) return undefined;
  const { requests_per_minute: perMinute, requests, window, routes } = limits;
  if (requests !== undefined && perMinute !== undefined) {
    report(
      ["rate_limiting", "requests"],
      "cannot be combined with requests_per_minute",
      "keep one of them",
    );
  }
  if (requests === undefined && window !== undefined) {
    report(["rate_limiting", "window"], "needs `requests`, the number that it counts");
  }
  if (!limits.enabled) return undefined;
  const capacity = limits.burst ?? requests ?? 10;
  const perSecond =
    requests === undefined ? (perMinute ?? 60) / 60 : (requests * 1_000) / (window ?? 60_000);
  return {
    capacity,
    perSecond,
    routes: routes.map(({ match, requests_per_minute, burst = capacity }) => ({
      match,
      capacity: burst,
      perSecond: requests_per_minute / 60,
    })),
    clientsMax: limits.clients_max,
  };
}
