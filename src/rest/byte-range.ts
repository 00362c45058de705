/** Which bytes of a response a request asks for (RFC 9110, 14). */

import { fault } from "#errors/fault.ts";
import type { Exchange } from "#exchange/exchange.ts";

/** A stretch of bytes; `end` is the one after the last. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** The only range of a field; several may be ignored (RFC 9110 §14.2), and so they cost nothing here. */
function onlyRangeOf(field: string): string | undefined {
  const [unit = "", set = ""] = field.split("=", 2);
  // Units are read in any case, and lists may have empty entries (RFC 9110 §14.1, §5.6.1).
  if (unit.trim().toLowerCase() !== "bytes") return undefined;
  const ranges = set.split(",").filter((range) => range.trim() !== "");
  return ranges.length === 1 ? ranges[0]?.trim() : undefined;
}

/**
 * The one range that a Range field asks of `size` bytes; undefined when it asks for none, or in
 * a way that may be ignored. Throws RANGE_INVALID when there is nothing in it.
 */
function byteRangeFrom(field: string | undefined, size: number): ByteRange | undefined {
  const [, first = "", last = ""] = /^(\d*)-(\d*)$/.exec(onlyRangeOf(field ?? "") ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  // Numbers of any length: what is beyond all sizes may round, up to infinity.
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  if (start >= end) {
    throw fault("RANGE_INVALID", `range: the response has ${size} bytes`, {
      headers: { "content-range": `bytes */${size}` },
    });
  }
  return { start, end };
}

/**
 * The range that a request asks for; undefined for the whole. Only GET has ranges (RFC 9110 §14.2).
 * If-Range asks for a version, and responses here have none. Throws RANGE_INVALID.
 */
export function rangeOf(
  exchange: Pick<Exchange, "method" | "header">,
  size: number,
): ByteRange | undefined {
  if (exchange.method !== "GET" || exchange.header("if-range") !== undefined) return undefined;
  return byteRangeFrom(exchange.header("range"), size);
}
