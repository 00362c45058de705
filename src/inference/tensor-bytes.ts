/** The elements of a BYTES tensor one by one, without making texts of them, and back. Pure. */

import { elementCount, type NamedTensor } from "#core/tensor.ts";
import { fault } from "#errors/fault.ts";

/** Each element is preceded by its length as a little-endian uint32. */
const lengthBytes = 4;

/** The elements: views of the tensor's bytes. Throws TENSOR_INVALID for bytes that do not fill its shape. */
export function byteElementsOf({ name, shape, bytes }: NamedTensor): Uint8Array[] {
  const lengths = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements: Uint8Array[] = [];
  let at = 0;
  while (at + lengthBytes <= bytes.length) {
    const start = at + lengthBytes;
    const end = start + lengths.getUint32(at, true);
    if (end > bytes.length) break;
    elements.push(bytes.subarray(start, end));
    at = end;
  }
  const expected = elementCount(shape);
  if (at === bytes.length && elements.length === expected) return elements;
  const description = `"${name}": its bytes are not ${expected} elements with their lengths`;
  throw fault("TENSOR_INVALID", description, { fields: [{ field: "inputs", description }] });
}

/** Elements as the bytes of a BYTES tensor, in a fresh buffer. */
export function bytesFromElements(elements: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(
    elements.reduce((total, { length }) => total + lengthBytes + length, 0),
  );
  const lengths = new DataView(bytes.buffer);
  let at = 0;
  for (const element of elements) {
    lengths.setUint32(at, element.length, true);
    bytes.set(element, at + lengthBytes);
    at += lengthBytes + element.length;
  }
  return bytes;
}
