/** Reads stretches of long lists of numbers, which the runtime does faster than it is done one by one. */

import type { Cursor } from "./cursor.ts";

/** Shorter lists are read one by one. */
const charsMin = 64;
const charsMax = 16_384;

/**
 * The numbers between the cursor and the end of their list, or as far as a stretch goes; the cursor
 * is after them then. Undefined, and nothing has happened, when there are few, or anything else than
 * numbers up to `max`.
 */
export function floatsAt(cursor: Cursor, max: number): number[] | undefined {
  const { text, at } = cursor;
  if (text.length - at < charsMin) return undefined;
  const stretch = text.slice(at, at + charsMax);
  const listEnd = stretch.indexOf("]");
  const end = listEnd < 0 ? stretch.lastIndexOf(",") : listEnd;
  if (end < charsMin) return undefined;
  const values = parsed(`[${stretch.slice(0, end)}]`);
  const isPlain = values?.every((value) => typeof value === "number" && Math.abs(value) <= max);
  if (!isPlain) return undefined;
  cursor.at = at + end;
  return values as number[];
}

function parsed(text: string): unknown[] | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
