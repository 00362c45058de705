/** Inferences become one along their first dimension, and apart again. Pure. */

import type { TensorSpec } from "#backends/backend.ts";
import type { NamedTensor } from "#core/tensor.ts";

/** What must be alike for two inferences of a model to run as one, and how many rows they add. */
export interface Rows {
  /** Size of the first dimension, at least 1. */
  readonly count: number;
  /** Equal for inferences that differ in the number of rows only. */
  readonly likeness: string;
}

/** Whether every input and output has fixed-width elements and an open first dimension. */
export function isBatchable(specs: readonly TensorSpec[]): boolean {
  return specs.every(({ datatype, shape }) => datatype !== "BYTES" && shape[0] === -1);
}

/** The rows of an inference; absent when its inputs do not agree on a number above 0. */
export function rowsOf(inputs: readonly NamedTensor[]): Rows | undefined {
  const counts = new Set(inputs.map(({ shape }) => shape[0] ?? 0));
  const [count = 0] = counts;
  if (counts.size !== 1 || count === 0) return undefined;
  return { count, likeness: inputs.map(({ shape }) => shape.slice(1).join(",")).join(";") };
}

/** A tensor whose memory is its own from first to last byte, so that it can change threads. */
export type OwnedTensor = NamedTensor & { readonly bytes: Uint8Array<ArrayBuffer> };

/**
 * The inputs of like inferences, row after row, in fresh buffers. One inference alone keeps its
 * shapes whatever they are.
 */
export function joinRows(inferences: readonly (readonly NamedTensor[])[]): OwnedTensor[] {
  const [first = []] = inferences;
  return first.map((input, at) => {
    const parts = inferences.flatMap((inputs) => inputs[at] ?? []);
    const bytes = new Uint8Array(parts.reduce((total, part) => total + part.bytes.byteLength, 0));
    let offset = 0;
    for (const part of parts) {
      bytes.set(part.bytes, offset);
      offset += part.bytes.byteLength;
    }
    if (parts.length === 1) return { ...input, bytes };
    const rows = parts.reduce((total, part) => total + (part.shape[0] ?? 0), 0);
    return { ...input, shape: [rows, ...input.shape.slice(1)], bytes };
  });
}

/**
 * The outputs of a joined run, handed back by `counts` of rows as views of the same memory. Absent
 * when an output does not have as many rows as went in: such a model mixes them.
 */
export function splitRows(
  outputs: readonly NamedTensor[],
  counts: readonly number[],
): NamedTensor[][] | undefined {
  const rows = counts.reduce((total, count) => total + count, 0);
  if (outputs.some(({ shape }) => shape[0] !== rows)) return undefined;
  let from = 0;
  return counts.map((count) => {
    const to = from + count;
    const part = outputs.map((output) => {
      const rowBytes = output.bytes.byteLength / rows;
      const bytes = output.bytes.subarray(from * rowBytes, to * rowBytes);
      return { ...output, shape: [count, ...output.shape.slice(1)], bytes };
    });
    from = to;
    return part;
  });
}
