/** Whether two versions of a model say the same of one input. Pure. */

import type { NamedTensor } from "#core/tensor.ts";
import type { OutputMeaning } from "./model-spec.ts";
import { float32Elements, isNumeric } from "./tensor-view.ts";

/** How far two elements may lie apart, as a share of the greater one, and around 0. */
const relative = 1e-3;
const absolute = 1e-5;

/**
 * Whether the outputs agree: those of a classifier when each row has the same best label, others
 * when all elements are alike within a thousandth.
 */
export function isAgreed(
  ours: readonly NamedTensor[],
  theirs: readonly NamedTensor[],
  meaning: OutputMeaning,
): boolean {
  if (meaning.kind === "classification") {
    return isPairAgreed(named(ours, meaning.output), named(theirs, meaning.output), hasSameBest);
  }
  return (
    ours.length === theirs.length &&
    ours.every((output) => isPairAgreed(output, named(theirs, output.name), isAlike))
  );
}

function named(outputs: readonly NamedTensor[], name: string): NamedTensor | undefined {
  return outputs.find((output) => output.name === name);
}

type Compare = (a: Float32Array, b: Float32Array, rowLength: number) => boolean;

function isPairAgreed(
  a: NamedTensor | undefined,
  b: NamedTensor | undefined,
  compare: Compare,
): boolean {
  if (a === undefined || b === undefined || a.shape.join() !== b.shape.join()) return false;
  if (!isNumeric(a.datatype) || !isNumeric(b.datatype)) {
    return Buffer.compare(a.bytes, b.bytes) === 0;
  }
  return compare(float32Elements(a), float32Elements(b), a.shape.at(-1) ?? 1);
}

function hasSameBest(a: Float32Array, b: Float32Array, rowLength: number): boolean {
  for (let start = 0; start < a.length; start += rowLength) {
    const end = start + rowLength;
    if (best(a.subarray(start, end)) !== best(b.subarray(start, end))) return false;
  }
  return true;
}

function best(row: Float32Array): number {
  let at = 0;
  for (let other = 1; other < row.length; other++) {
    if ((row[other] ?? 0) > (row[at] ?? 0)) at = other;
  }
  return at;
}

function isAlike(a: Float32Array, b: Float32Array): boolean {
  return a.every((value, at) => {
    const other = b[at] ?? Number.NaN;
    if (Object.is(value, other)) return true;
    const greater = Math.max(Math.abs(value), Math.abs(other));
    return Math.abs(value - other) <= absolute + relative * greater;
  });
}
