/** What an exchange or an upgrade reads off a request of Node's HTTP modules. */

import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { Duplex } from "node:stream";
import { requestTargetOf } from "#http1/request-target.ts";
import type { Peer } from "./exchange.ts";
import { peerCertificate } from "./peer-certificate.ts";
import { Upgrade } from "./upgrade.ts";

/** A request of either of Node's HTTP modules. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;

function isEncrypted(request: NodeRequest): boolean {
  if ("stream" in request) return request.stream?.session?.encrypted ?? false;
  return "encrypted" in request.socket && request.socket.encrypted === true;
}

/** The connection itself; undefined where it is gone. */
function socketOf(request: NodeRequest): object | undefined {
  return "stream" in request ? request.stream?.session?.socket : request.socket;
}

/** Who sent it. */
export function peerOf(request: NodeRequest): Peer {
  const { socket } = request;
  const encrypted = isEncrypted(request);
  const tls = encrypted ? socketOf(request) : undefined;
  const certificate = tls && peerCertificate(tls);
  return {
    address: socket?.remoteAddress ?? "",
    port: socket?.remotePort ?? 0,
    encrypted,
    ...(certificate === undefined ? {} : { certificate }),
  };
}

/** What it is about: path and query, and the authority that it names or the empty text. */
export function aimOf(request: NodeRequest): { target: string; authority: string } {
  const { target, authority } = requestTargetOf(request.url ?? "/");
  const named = authority ?? request.headers[":authority"] ?? request.headers.host;
  return { target, authority: typeof named === "string" ? named : "" };
}

/** Value of a field by lower-case name; several values joined by ", ". */
export function headerOf({ headers }: NodeRequest, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

/** All fields but pseudo fields, names in lower case. */
export function* headersOf({ rawHeaders }: NodeRequest): Iterable<readonly [string, string]> {
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    if (!name.startsWith(":")) yield [name.toLowerCase(), rawHeaders[index + 1] ?? ""];
  }
}

/** Whether a request asks to go on with WebSocket: the one upgrade there is (RFC 9110 §7.8 lets others be). */
export function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === "websocket";
}

/** Takes what node:http hands to listeners of `upgrade`. */
export function nodeUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Upgrade {
  const facts = {
    ...aimOf(request),
    method: request.method ?? "GET",
    peer: peerOf(request),
    header: (name: string) => headerOf(request, name),
    headers: () => headersOf(request),
  };
  return new Upgrade(facts, socket, head);
}
