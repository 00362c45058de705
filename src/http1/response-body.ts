/** How the body of a response is framed (RFC 9112 §6): by its length, in chunks, or by the connection's end. */

import type { OutputChunk } from "#http/write-chunks.ts";

/** Where output is queued; false asks its writer to wait. */
export interface Output {
  send(chunk: OutputChunk): boolean;
}

/** How the client will know where the body ends; none: it has no body. */
export type Framing = "none" | "sized" | "chunked" | "untilClose";

/** Bodies up to this many bytes are copied after their head; larger ones are sent from where they are. */
const copiedBytesMax = 8 * 1024;

/** A body, or a piece of one, and what it takes: counted once, since a text is read through for it. */
export interface CountedBody {
  readonly body: Uint8Array | string;
  readonly bytes: number;
}

export function counted(body: Uint8Array | string): CountedBody {
  return { body, bytes: typeof body === "string" ? Buffer.byteLength(body) : body.length };
}

/** Queues a body with text before and after it; false asks its writer to wait. */
export function sendAround(
  to: Output,
  before: string,
  { body, bytes: bodyBytes }: CountedBody,
  after: string,
): boolean {
  if (typeof body === "string") {
    const isAscii = bodyBytes === body.length;
    if (isAscii && bodyBytes <= copiedBytesMax) return to.send(before + body + after);
    return sendAround(to, before, { body: Buffer.from(body), bytes: bodyBytes }, after);
  }
  if (body.length <= copiedBytesMax) {
    const bytes = Buffer.allocUnsafe(before.length + body.length + after.length);
    bytes.write(before, 0, "latin1");
    if (body.length > 0) bytes.set(body, before.length);
    if (after !== "") bytes.write(after, before.length + body.length, "latin1");
    return to.send(bytes);
  }
  if (before !== "") to.send(before);
  const goOn = to.send(bufferOf(body));
  return after === "" ? goOn : to.send(after);
}

/** What stands before a chunk. */
export function chunkHead(chunkBytes: number): string {
  return `${chunkBytes.toString(16)}\r\n`;
}

/** What stands after the last chunk's data, `trailers` being lines of fields. */
export function lastChunk(trailers: string): string {
  return `0\r\n${trailers}\r\n`;
}

/** Bytes to send. */
function bufferOf(content: Uint8Array): Buffer {
  if (content instanceof Buffer) return content;
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength);
}
