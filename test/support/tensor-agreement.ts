/** Whether tensors are those that a test of ONNX's backends expects. Pure. */

import { elementCount, type NamedTensor, type Tensor } from "#core/tensor.ts";
import { elementsOf } from "#inference/tensor-view.ts";

/** How far floats may be off: by `relative` × what is expected, and `absolute`. */
export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
  /** By so much of the greatest float that is expected as well. */
  readonly ofGreatest: number;
}

/** As ONNX's own runner has it. */
const runnerTolerance: Tolerance = { relative: 1e-3, absolute: 1e-7, ofGreatest: 0 };

/** What a sum of floats that cancel out leaves of the largest of them in single precision. */
export const cancelling: Tolerance = { ...runnerTolerance, ofGreatest: 1e-6 };

/** The first difference, in words; undefined where there is none. */
export function differenceOf(
  given: readonly NamedTensor[],
  expected: readonly NamedTensor[],
  tolerance = runnerTolerance,
): string | undefined {
  const kind = kindDifference(given, expected);
  if (kind !== undefined) return kind;
  for (const [at, one] of expected.entries()) {
    const difference = elementDifference(given[at] ?? one, one, tolerance);
    if (difference !== undefined) return `"${one.name}" ${difference}`;
  }
  return undefined;
}

/** The first difference in names, datatypes, shapes and sizes; undefined where there is none. */
export function kindDifference(
  given: readonly NamedTensor[],
  expected: readonly NamedTensor[],
): string | undefined {
  const names = (tensors: readonly NamedTensor[]) => tensors.map(({ name }) => name).join(", ");
  if (names(given) !== names(expected)) return `gave ${names(given)}, not ${names(expected)}`;
  const typed = ({ datatype, shape }: Tensor) => `${datatype} [${shape.join(", ")}]`;
  for (const [at, one] of expected.entries()) {
    const other = given[at] ?? one;
    if (typed(other) !== typed(one)) return `"${one.name}" is ${typed(other)}, not ${typed(one)}`;
    if (one.datatype === "BYTES" || other.bytes.length === one.bytes.length) continue;
    return `"${one.name}" has ${other.bytes.length} bytes, not ${one.bytes.length}`;
  }
  return undefined;
}

const floats: ReadonlySet<string> = new Set(["FP16", "BF16", "FP32", "FP64"]);

function elementDifference(
  given: Tensor,
  expected: Tensor,
  { relative, absolute, ofGreatest }: Tolerance,
): string | undefined {
  if (Buffer.compare(given.bytes, expected.bytes) === 0) return undefined;
  if (expected.datatype === "BYTES") return "has other texts";
  const left = elementsOf(given);
  const right = elementsOf(expected);
  const isFloat = floats.has(expected.datatype);
  const greatest = ofGreatest === 0 ? 0 : greatestOf(Array.from(right, Number));
  for (let at = 0; at < elementCount(expected.shape); at += 1) {
    const mayBeOff = absolute + ofGreatest * greatest + relative * Math.abs(Number(right[at]));
    const isSame = isFloat
      ? isNear(Number(left[at]), Number(right[at]), mayBeOff)
      : left[at] === right[at];
    if (!isSame) return `[${at}] is ${left[at]}, not ${right[at]}`;
  }
  return undefined;
}

function greatestOf(numbers: readonly number[]): number {
  return numbers.reduce(
    (most, one) => (Number.isFinite(one) ? Math.max(most, Math.abs(one)) : most),
    0,
  );
}

function isNear(given: number, expected: number, mayBeOff: number): boolean {
  if (Object.is(given, expected) || given === expected) return true;
  return Number.isFinite(expected) && Math.abs(given - expected) <= mayBeOff;
}
