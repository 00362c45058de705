/** Vectors of 32-bit floats ↔ base64 of their little-endian bytes. Pure. */

const floatBytes = 4;

/** The bytes of a vector as base64. */
export function base64FromVector(values: readonly number[]): string {
  const bytes = Buffer.allocUnsafe(values.length * floatBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (const [index, value] of values.entries()) view.setFloat32(index * floatBytes, value, true);
  return bytes.toString("base64");
}

/** The vector of such a text; undefined for one that is no whole number of floats. */
export function vectorFromBase64(text: string): number[] | undefined {
  const bytes = Buffer.from(text, "base64");
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  // What is no base64 is passed over there without a word.
  const isBase64 = bytes.length === Math.floor(((text.length - padding) * 3) / 4);
  if (!isBase64 || bytes.length % floatBytes !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / floatBytes }, (_, index) =>
    view.getFloat32(index * floatBytes, true),
  );
}
