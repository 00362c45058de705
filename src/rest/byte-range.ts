/** Which bytes of an answer a request asks for (RFC 9110, 14). */

import { fault } from "#errors/fault.ts";
import type { Exchange } from "#exchange/exchange.ts";

/** A stretch of bytes; `end` is the one behind the last. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The one range that a Range field asks of `size` bytes; undefined when it asks for none, or in
 * a way that may be ignored. Throws RANGE_INVALID when there is nothing in it.
 */
function byteRangeFrom(field: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(field ?? "");
  const [, first = "", last = ""] = match ?? [];
  if (match === null || (first === "" && last === "")) return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  if (start >= end) {
    throw fault("RANGE_INVALID", `range: the answer has ${size} bytes`, {
      headers: { "content-range": `bytes */${size}` },
    });
  }
  return { start, end };
}

/**
 * The range that a request asks for; undefined for the whole. If-Range asks for a version, and
 * answers here have none. Throws RANGE_INVALID.
 */
export function rangeOf(exchange: Pick<Exchange, "header">, size: number): ByteRange | undefined {
  if (exchange.header("if-range") !== undefined) return undefined;
  return byteRangeFrom(exchange.header("range"), size);
}
