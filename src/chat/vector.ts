/** Vectors of 32-bit floats ↔ base64 of their little-endian bytes. Pure. */

import { base64Of, bytesFromBase64 } from "./media.ts";

const floatBytes = 4;

/** The bytes of a vector as base64. */
export function base64FromVector(values: readonly number[]): string {
  const view = new DataView(new ArrayBuffer(values.length * floatBytes));
  for (const [index, value] of values.entries()) view.setFloat32(index * floatBytes, value, true);
  return base64Of(new Uint8Array(view.buffer));
}

/** The vector of such a text; undefined for one that is no whole number of floats. */
export function vectorFromBase64(text: string): number[] | undefined {
  const bytes = bytesFromBase64(text);
  if (bytes === undefined || bytes.length % floatBytes !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / floatBytes }, (_, index) =>
    view.getFloat32(index * floatBytes, true),
  );
}
