/** The section `cache`: responses that are kept for equal chats and predictions. */

import { z } from "zod";
import { duration, flag, size, text, wholeNumber } from "#yaml/scalar.ts";
import type { Report } from "./report.ts";
import type { CacheSettings } from "./settings.ts";

/** The section of the file. */
export const cache = z.strictObject({
  enabled: flag()
    .prefault(true)
    .describe(
      "Keep responses of chats that ask for it, or whose model is among `models`, and of predictions whose model says so.",
    ),
  models: z
    .array(text())
    .prefault([])
    .describe(
      "Models, routes and providers whose chats are cached unless a request says otherwise; by the name that clients use.",
    ),
  ttl: duration("24h").prefault("5m").describe("How long a response is reused for equal calls."),
  shared: flag()
    .prefault(false)
    .describe("Callers share responses; else each caller gets only its own."),
  store: z
    .enum(["memory", "redis"])
    .prefault("memory")
    .describe(
      "`redis`: responses are left in the Redis of `redis` too, where other gateways find them, with all that they say.",
    ),
  max_size: size("1024GB").prefault("64MB").describe("Bytes of all responses that are kept."),
  max_entries: wholeNumber(1, 10_000_000)
    .prefault(10_000)
    .describe("Most responses that are kept; the least recently used one is dropped first."),
  max_entry_size: size("1GB")
    .optional()
    .describe(
      "Largest response that is kept; a longer one is only passed on. 1 MB, at most `max_size`, when absent.",
    ),
});

type FileCache = z.output<typeof cache>;

const entryBytesMaxDefault = 1 << 20;

/** One entry is at most as large as all. */
export function cacheFrom(cache: FileCache, hasRedis: boolean, report: Report): CacheSettings {
  const { enabled, models, ttl, shared, max_size, max_entries, max_entry_size } = cache;
  if (max_entry_size !== undefined && max_entry_size > max_size) {
    report(["cache", "max_entry_size"], "is more than `max_size`", "lower it");
  }
  if (cache.store === "redis" && !hasRedis) {
    report(["cache", "store"], "needs `redis.url`", "set REDIS_URL");
  }
  return {
    enabled,
    isInRedis: cache.store === "redis",
    models,
    ttlMs: ttl,
    isShared: shared,
    bytesMax: max_size,
    entriesMax: max_entries,
    entryBytesMax: max_entry_size ?? Math.min(entryBytesMaxDefault, max_size),
  };
}
