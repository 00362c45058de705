/** The elements of a BYTES tensor one by one, without making texts of them. Pure. */

import { elementsIn } from "#core/byte-elements.ts";
import { elementCount, type NamedTensor } from "#core/tensor.ts";
import { fault } from "#errors/fault.ts";

/** The elements: views of the tensor's bytes. Throws TENSOR_INVALID for bytes that do not fill its shape. */
export function byteElementsOf({ name, shape, bytes }: NamedTensor): Uint8Array[] {
  const elements = elementsIn(bytes);
  const expected = elementCount(shape);
  if (elements?.length === expected) return elements;
  const description = `"${name}": its bytes are not ${expected} elements with their lengths`;
  throw fault("TENSOR_INVALID", description, { fields: [{ field: "inputs", description }] });
}
