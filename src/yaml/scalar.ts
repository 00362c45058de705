/** The schema's building blocks: each takes its value as YAML has it, and as text from the environment. */

import { z } from "zod";
import { durationMsFrom } from "./duration.ts";
import { sizeBytesFrom } from "./size.ts";

/** `read` returns undefined for a value that it does not accept; the problem then says what was `expected`. */
export function scalarOf<T>(
  expected: string,
  json: Readonly<Record<string, unknown>>,
  read: (written: unknown) => T | undefined,
) {
  return z
    .unknown()
    .transform((written, context): T => {
      const value = read(written);
      if (value !== undefined) return value;
      context.addIssue(complaint(expected, json, written));
      return z.NEVER;
    })
    .meta(json);
}

function complaint(
  expected: string,
  { type }: Readonly<Record<string, unknown>>,
  written: unknown,
): string {
  if (written === undefined) return "is required";
  const isBare = typeof written === "number" || typeof written === "boolean";
  // YAML reads a secret of digits as a number, and a name such as `on` as a boolean.
  return type === "string" && isBare
    ? `expected ${expected}, got a ${typeof written}: put it in quotes`
    : `expected ${expected}`;
}

/** An integer, also as text. */
export function wholeNumber(min: number, max: number) {
  return scalarOf(
    `an integer from ${min} to ${max}`,
    { type: ["integer", "string"], minimum: min, maximum: max },
    (written) => {
      const value = numberFrom(written);
      return Number.isInteger(value) && value >= min && value <= max ? value : undefined;
    },
  );
}

/** A number above 0, also as text. */
export function positiveNumber(max: number) {
  return scalarOf(
    `a number above 0, at most ${max}`,
    { type: ["number", "string"], exclusiveMinimum: 0, maximum: max },
    (written) => {
      const value = numberFrom(written);
      return value > 0 && value <= max ? value : undefined;
    },
  );
}

/** A number from `min` to `max`, also as text. */
export function numberBetween(min: number, max: number) {
  return scalarOf(
    `a number from ${min} to ${max}`,
    { type: ["number", "string"], minimum: min, maximum: max },
    (written) => {
      const value = numberFrom(written);
      return value >= min && value <= max ? value : undefined;
    },
  );
}

/** A share above 0, written as 1% or 0.01, at most 100%. */
export function share() {
  return scalarOf(
    "a share such as 1% or 0.01, above 0 and at most 100%",
    { type: ["number", "string"], title: "share" },
    (written) => {
      const isPercent = typeof written === "string" && written.endsWith("%");
      const value = isPercent ? numberFrom(written.slice(0, -1)) / 100 : numberFrom(written);
      return value > 0 && value <= 1 ? value : undefined;
    },
  );
}

/** The number, or NaN for a text that is no decimal number. */
export function numberFrom(written: unknown): number {
  if (typeof written === "number") return written;
  return typeof written === "string" && /^-?\d+(\.\d+)?$/.test(written) ? Number(written) : NaN;
}

/** A map, because a name such as `constructor` is found in every object. */
const flagWords: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  ["true", true],
  [false, false],
  ["false", false],
]);

/** true or false, also as text. */
export function flag() {
  return scalarOf(
    "true or false",
    { type: ["boolean", "string"], pattern: "^(true|false)$" },
    (written) => flagWords.get(written),
  );
}

/** A duration in milliseconds, written as 30s, 1m30s, 500ms or a number of seconds; above 0. */
export function duration(max: string) {
  return durationFrom(1, `above 0 and at most ${max}`, max);
}

/** A duration that may be 0, which means none. */
export function durationOrNone(max: string) {
  return durationFrom(0, `at most ${max}`, max);
}

function durationFrom(minMs: number, bounds: string, max: string) {
  const maxMs = durationMsFrom(max) ?? 0;
  return scalarOf(
    `a duration such as 30s, 1m or 500ms (a bare number is seconds), ${bounds}`,
    { type: ["number", "string"], title: "duration" },
    (written) => {
      if (typeof written !== "string" && typeof written !== "number") return undefined;
      const ms = durationMsFrom(written);
      return ms !== undefined && ms >= minMs && ms <= maxMs ? ms : undefined;
    },
  );
}

/** A size in bytes, written as 10MB, 512k or a number of bytes; above 0. */
export function size(max: string) {
  const bytesMax = sizeBytesFrom(max) ?? 0;
  return scalarOf(
    `a size such as 10MB or 512k (1k is 1024 bytes), above 0 and at most ${max}`,
    { type: ["integer", "string"], title: "size" },
    (written) => {
      if (typeof written !== "string" && typeof written !== "number") return undefined;
      const bytes = sizeBytesFrom(written);
      return bytes !== undefined && bytes > 0 && bytes <= bytesMax ? bytes : undefined;
    },
  );
}

/** Text that is not empty and fits `pattern`; `expected` says what that is. */
export function text(expected = "text", pattern = /\S/) {
  return scalarOf(expected, { type: "string", pattern: pattern.source }, (written) =>
    typeof written === "string" && pattern.test(written) ? written : undefined,
  );
}

/** Text for which `holds`; `expected` says what that is. */
export function textThat(expected: string, holds: (written: string) => boolean) {
  return scalarOf(expected, { type: "string" }, (written) =>
    typeof written === "string" && holds(written) ? written : undefined,
  );
}
