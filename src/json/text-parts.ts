/** A text that is decoded part by part, while it is read: the whole of it is in memory as bytes alone. */

/** Where the parts of a text come from. */
export interface TextParts {
  /** The next part; undefined after the last. Throws what its reader is to throw. */
  next(): string | undefined;
}

/** Bytes that are decoded together. */
const partBytes = 32_768;

/** What is no UTF-8. */
export class NotUtf8 extends Error {}

function decoded(utf8: TextDecoder, bytes: Uint8Array, stream: boolean): string {
  try {
    return utf8.decode(bytes, { stream });
  } catch (cause) {
    throw new NotUtf8("these bytes are not valid UTF-8", { cause });
  }
}

/** The parts of a text in UTF-8, whose `next` throws NotUtf8. */
export function utf8Parts(bytes: Uint8Array): TextParts {
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  let at = 0;
  return {
    next() {
      if (at >= bytes.length) return undefined;
      const part = bytes.subarray(at, at + partBytes);
      at += part.length;
      return decoded(utf8, part, at < bytes.length);
    },
  };
}
