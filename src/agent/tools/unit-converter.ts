/** The unit converter: one amount from one unit into another. */

import type { Unit } from "mathjs";
import type { LimitedMath } from "./limited-math.ts";
import { formatNumber, type ToolResult } from "./result.ts";
import { commonUnit } from "./unit.ts";

/** An amount and the units it goes from and to, as the caller wrote them. */
export interface Conversion {
  readonly value: number;
  readonly from: string;
  readonly to: string;
}

const unitPattern = /^[A-Za-z°µ][A-Za-z0-9°µ/^*]{0,31}$/;

/** Converts, or says which unit is unknown or that the two do not measure the same thing. */
export function convertUnits(math: LimitedMath, conversion: Conversion): ToolResult {
  const { value, from, to } = conversion;
  const source = parseUnit(math, value, from);
  if (source === undefined) return { ok: false, problem: `unknown unit "${from}"` };
  const target = parseUnit(math, 1, to);
  if (target === undefined) return { ok: false, problem: `unknown unit "${to}"` };
  if (!source.equalBase(target)) return { ok: false, problem: `cannot convert ${from} to ${to}` };
  const converted = source.toNumber(commonUnit(to) ?? to);
  if (!Number.isFinite(converted)) return { ok: false, problem: "the result is too large" };
  return { ok: true, text: formatNumber(converted) };
}

function parseUnit(math: LimitedMath, value: number, written: string): Unit | undefined {
  if (!unitPattern.test(written)) return undefined;
  try {
    return math.unit(value, commonUnit(written) ?? written);
  } catch {
    return undefined;
  }
}
