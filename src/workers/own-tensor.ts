/** Tensors in memory of their own, which can be moved to another thread. */

import type { NamedTensor } from "#core/tensor.ts";

/** The tensor in memory that holds nothing else, and may be moved. */
export function ownTensor(
  tensor: NamedTensor,
): NamedTensor & { readonly bytes: Uint8Array<ArrayBuffer> } {
  return { ...tensor, bytes: new Uint8Array(tensor.bytes) };
}
