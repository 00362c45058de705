/** Hands output to a socket in one go. */

import type { Socket } from "node:net";

/** Called when a socket has sent what it was given, or has failed. */
export type WrittenCallback = (error?: Error | null) => void;

/** Writes the chunks with one call of the system; false asks to wait for `drain`. */
export function writeChunks(
  socket: Socket,
  chunks: readonly Buffer[],
  written?: WrittenCallback,
): boolean {
  const last = chunks.length - 1;
  if (last < 0) return true;
  if (last === 0) return socket.write(chunks[0] as Buffer, written);
  socket.cork();
  let goOn = true;
  for (const [index, chunk] of chunks.entries()) {
    goOn = socket.write(chunk, index === last ? written : undefined);
  }
  socket.uncork();
  return goOn;
}
