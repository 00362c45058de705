/** Hands output to a socket in one go. */

import type { Socket } from "node:net";

/** Writes the chunks with one call of the system; false asks to wait for `drain`. */
export function writeChunks(socket: Socket, chunks: readonly Buffer[]): boolean {
  const [first] = chunks;
  if (first === undefined) return true;
  if (chunks.length === 1) return socket.write(first);
  socket.cork();
  let goOn = true;
  for (const chunk of chunks) goOn = socket.write(chunk);
  socket.uncork();
  return goOn;
}
