/** Texts as the elements of a BYTES tensor, and back. Pure. */

import { bytesFromElements } from "#core/byte-elements.ts";
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
  return bytesFromElements(texts.map((text) => encoder.encode(text)));
}

function problem(text: string): TextsOutcome {
  return { ok: false, problem: text };
}
