/** Texts as the elements of a BYTES tensor, and back. Pure. */

import { elementCount, type Tensor } from "#core/tensor.ts";

/** The texts of a BYTES tensor, or what is wrong with its bytes. */
export type TextsOutcome =
  | { readonly ok: true; readonly texts: readonly string[] }
  | { readonly ok: false; readonly problem: string };

/** Reads each element: its length as a little-endian uint32, then that many bytes of UTF-8. */
export function textsOf({ bytes, shape }: Tensor): TextsOutcome {
  const count = elementCount(shape);
  const lengths = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const texts: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const start = at + 4;
    const end = start > bytes.length ? start : start + lengths.getUint32(at, true);
    if (end > bytes.length) return problem(`element ${texts.length} runs past the end`);
    try {
      texts.push(decoder.decode(bytes.subarray(start, end)));
    } catch {
      return problem(`element ${texts.length} is not UTF-8`);
    }
    at = end;
  }
  return texts.length === count
    ? { ok: true, texts }
    : problem(`${texts.length} elements do not fill shape [${shape.join(", ")}]`);
}

/** Texts as the bytes of a BYTES tensor, in a fresh buffer. */
export function bytesFromTexts(texts: readonly string[]): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  return bytesFromParts(texts.map((text) => encoder.encode(text)));
}

/** Elements of a BYTES tensor, each after its length, in a fresh buffer. */
export function bytesFromParts(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((total, { length }) => total + 4 + length, 0));
  const lengths = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    lengths.setUint32(at, part.length, true);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}

/** The elements of a BYTES tensor as views of its bytes; undefined where they run past the end. */
export function partsOf({ bytes }: Pick<Tensor, "bytes">): Uint8Array[] | undefined {
  const lengths = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const start = at + 4;
    if (start > bytes.length) return undefined;
    const end = start + lengths.getUint32(at, true);
    if (end > bytes.length) return undefined;
    parts.push(bytes.subarray(start, end));
    at = end;
  }
  return parts;
}

/** How many elements the bytes of a BYTES tensor are; undefined where they run past the end. */
export function countOfParts(bytes: Uint8Array): number | undefined {
  const lengths = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let count = 0;
  let at = 0;
  while (at + 4 <= bytes.length) {
    at += 4 + lengths.getUint32(at, true);
    count += 1;
  }
  return at === bytes.length ? count : undefined;
}

function problem(text: string): TextsOutcome {
  return { ok: false, problem: text };
}
