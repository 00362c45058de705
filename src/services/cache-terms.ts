/** What calls ask of the cache and learn about it, and how keys are made: the same for chats and predictions. */

import { createHash } from "node:crypto";
import type { HandlerContext } from "@connectrpc/connect";
import type { CacheMetrics } from "#cache/metric-families.ts";
import type { Piece } from "#cache/piece.ts";
import { fault } from "#errors/fault.ts";

/** What was asked of the cache, and said of it. */
const header = "x-polygate-cache";
const wishes = ["use", "refresh", "no-store"] as const;

/** What a call asks of the cache. */
export type CacheWish = (typeof wishes)[number];

/** Headers that describe where a response came from. */
const describing = ["x-polygate-provider", "x-polygate-model", "x-polygate-dropped"] as const;

/** What a call asks of the cache, if anything. Throws REQUEST_INVALID for one that is none. */
export function wishOf({ requestHeader }: HandlerContext): CacheWish | undefined {
  const value = requestHeader.get(header);
  const wish = wishes.find((one) => one === value);
  if (value !== null && wish === undefined) {
    throw fault("REQUEST_INVALID", `${header}: expected ${wishes.join(", ")}`);
  }
  return wish;
}

/** Reports to a call what the cache did for it, and counts that. */
export function tellResult(
  result: "hit" | "miss" | "bypass",
  { responseHeader }: HandlerContext,
  metrics: CacheMetrics,
): void {
  responseHeader.set(header, result);
  metrics.cacheRequests.inc({ result });
}

/** The headers of a response that are kept with it. */
export function keptHeaders({ responseHeader }: HandlerContext): [name: string, value: string][] {
  return describing.flatMap((name) => {
    const value = responseHeader.get(name);
    return value === null ? [] : [[name, value] as [string, string]];
  });
}

/** Reports to a call that is served from the cache where its response came from, and that no backend was asked. */
export function setKeptHeaders({ headers }: Piece, { responseHeader }: HandlerContext): void {
  if (headers === undefined) return;
  for (const [name, value] of headers) responseHeader.set(name, value);
  responseHeader.set("x-polygate-attempts", "0");
}

/** Bytes that are hashed at one time: about a millisecond. */
const sliceBytes = 1 << 20;

/** A digest of texts and bytes, each distinguished from the next by its length; others may have their turn where it yields. */
export function* digestOf(fields: Iterable<string | Uint8Array>): Generator<void, string> {
  const hash = createHash("sha256");
  for (const field of fields) {
    const bytes = typeof field === "string" ? Buffer.from(field) : field;
    hash.update(`${bytes.length}:`);
    for (let at = 0; at < bytes.length; at += sliceBytes) {
      hash.update(bytes.subarray(at, at + sliceBytes));
      if (at + sliceBytes < bytes.length) yield;
    }
  }
  return hash.digest("base64");
}
