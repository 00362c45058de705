/** Memory that holds nothing else: a small view of Node's pool would keep 64 KiB for as long as it waits. */

/** Copies of pieces, one after the other. */
export function inOwnMemory(...pieces: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.allocUnsafeSlow(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
