/** Takes the header of the PROXY protocol off a connection before anybody else reads it. */

import type { Socket } from "node:net";
import { inOwnMemory } from "#core/own-memory.ts";
import { type ProxySource, proxyHeaderOf } from "./proxy-header.ts";

/** Why a connection was closed instead. */
export type ProxyFailure = "proxy_header_malformed" | "proxy_header_timeout";

/** How reading ends; neither is called for a connection that closes before. */
export interface ProxyTakers {
  /** The header is off; what came after it is still to be read. */
  readonly taken: (source: ProxySource | undefined) => void;
  readonly failed: (failure: ProxyFailure) => void;
}

/** Reads the header, however its bytes are cut, within `timeoutMs`. A connection without one is closed. */
export function takeProxyHeader(
  socket: Socket,
  { taken, failed }: ProxyTakers,
  timeoutMs: number,
): void {
  let first: Buffer = Buffer.alloc(0);
  const stop = () => {
    clearTimeout(timer);
    socket.off("data", read);
    socket.off("close", stop);
  };
  const fail = (failure: ProxyFailure) => {
    stop();
    socket.destroy();
    failed(failure);
  };
  const timer = setTimeout(() => fail("proxy_header_timeout"), timeoutMs);
  const read = (chunk: Buffer) => {
    first = first.length === 0 ? chunk : inOwnMemory(first, chunk);
    const header = proxyHeaderOf(first);
    if (header.kind === "partial") return;
    if (header.kind === "malformed") {
      fail("proxy_header_malformed");
      return;
    }
    stop();
    socket.pause();
    if (first.length > header.bytes) socket.unshift(first.subarray(header.bytes));
    taken(header.source);
  };
  socket.on("data", read);
  socket.once("close", stop);
}

/** From now on the socket tells the address of whom the proxy speaks for, to all who ask it. */
export function showSource(socket: Socket, { address, port }: ProxySource): void {
  Object.defineProperties(socket, {
    remoteAddress: { value: address },
    remotePort: { value: port },
  });
}
