/** Hands output to a socket in one go. */

import type { Socket } from "node:net";

/**
 * A piece of output: bytes, or text whose units are bytes (latin1), which the system gets without
 * a buffer being made of it.
 */
export type OutputChunk = Buffer | string;

/** Called when a socket has sent what it was given, or has failed. */
export type WrittenCallback = (error?: Error | null) => void;

/** Writes the chunks with one call of the system; false asks to wait for `drain`. */
export function writeChunks(
  socket: Socket,
  chunks: readonly OutputChunk[],
  written?: WrittenCallback,
): boolean {
  const [first] = chunks;
  if (first === undefined) return true;
  if (chunks.length === 1) return write(socket, first, written);
  const last = chunks.length - 1;
  socket.cork();
  let goOn = true;
  for (const [index, chunk] of chunks.entries()) {
    goOn = write(socket, chunk, index === last ? written : undefined);
  }
  socket.uncork();
  return goOn;
}

function write(socket: Socket, chunk: OutputChunk, written: WrittenCallback | undefined): boolean {
  return typeof chunk === "string"
    ? socket.write(chunk, "latin1", written)
    : socket.write(chunk, written);
}

/** A part of a chunk. */
export function part(chunk: OutputChunk, start: number, end: number = chunk.length): OutputChunk {
  return typeof chunk === "string" ? chunk.slice(start, end) : chunk.subarray(start, end);
}
