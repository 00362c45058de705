/** Bytes that are written as base64, with either alphabet, padded or not. */

const equals = "=";

function decoded(text: string): Uint8Array | undefined {
  let end = text.length;
  while (end > 0 && text.length - end < 2 && text[end - 1] === equals) end -= 1;
  // The decoder steps over what is no base64: then bytes are missing.
  const bytes = Buffer.from(text, "base64");
  if (end % 4 === 1 || bytes.length !== Math.floor((end * 3) / 4)) return undefined;
  // The runtime makes small buffers out of memory that they share; how small depends on its version.
  const isShared = bytes.buffer.byteLength > bytes.length;
  return isShared ? new Uint8Array(bytes) : new Uint8Array(bytes.buffer);
}

/** Of other characters the decoder would take a part. */
function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

/** The bytes that a text writes; undefined when it is no base64. */
export function bytesFromBase64(text: string): Uint8Array | undefined {
  return isAscii(text) ? decoded(text) : undefined;
}

const blanks = ["\n", "\r", " ", "\t"];

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** The same for a text that may be broken into lines. */
export function bytesFromLines(text: string): Uint8Array | undefined {
  if (!blanks.some((blank) => text.includes(blank))) return bytesFromBase64(text);
  if (!isAscii(text)) return undefined;
  const characters = Buffer.from(text, "latin1");
  let end = 0;
  for (let at = 0; at < characters.length; at += 1) {
    const code = characters[at] ?? 0;
    if (!isBlank(code)) characters[end++] = code;
  }
  return bytesFromBase64(characters.toString("latin1", 0, end));
}
