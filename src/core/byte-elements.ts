/** Elements of any bytes ↔ the bytes of a BYTES tensor, in which each is preceded by its length as a little-endian uint32. */

import { GatheredBytes } from "./gathered-bytes.ts";

const lengthBytes = 4;

/** Elements as the bytes of a tensor, in a fresh buffer. */
export function bytesFromElements(elements: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
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

/** The elements as views of the tensor's bytes; undefined where they run past the end. */
export function elementsIn(bytes: Uint8Array): Uint8Array[] | undefined {
  const lengths = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const start = at + lengthBytes;
    if (start > bytes.length) return undefined;
    const end = start + lengths.getUint32(at, true);
    if (end > bytes.length) return undefined;
    elements.push(bytes.subarray(start, end));
    at = end;
  }
  return elements;
}

/** How many elements the bytes of a tensor are; undefined where they run past the end. */
export function countOfElements(bytes: Uint8Array): number | undefined {
  const lengths = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let count = 0;
  let at = 0;
  while (at + lengthBytes <= bytes.length) {
    at += lengthBytes + lengths.getUint32(at, true);
    count += 1;
  }
  return at === bytes.length ? count : undefined;
}

/** Elements that come one by one: an empty one takes no more memory than its length. */
export class GatheredElements {
  readonly #bytes = new GatheredBytes();

  /** The bytes of a tensor of all that was added. Nothing is left here. */
  take(): Uint8Array {
    return this.#bytes.take();
  }

  /** Forgets what was added. */
  clear(): void {
    this.#bytes.clear();
  }

  /** Adds a copy of some bytes, or a text as UTF-8. */
  add(element: string | Uint8Array): void {
    const isText = typeof element === "string";
    const length = isText ? Buffer.byteLength(element) : element.length;
    const room = this.#bytes.extend(lengthBytes + length);
    room.writeUInt32LE(length);
    if (isText) room.write(element, lengthBytes);
    else room.set(element, lengthBytes);
  }
}
