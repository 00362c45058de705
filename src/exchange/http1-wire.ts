/** HTTP/1.1 by node:http, whose parser is hardened against request smuggling. */

import { createServer, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { bodyIsComing, NodeExchange } from "./node-exchange.ts";
import { Upgrade } from "./upgrade.ts";
import { headerBytesMax, type Wire, type WireHandlers } from "./wire.ts";

/** Time that a connection is kept without a request. */
const keepAliveTimeoutMs = 75_000;
/** Time between two looks for heads that are late. */
const lateHeadsCheckMs = 1_000;
/** Time for a head that is arriving when the drain begins. */
const headTimeoutInDrainMs = 1_000;

const statusByParserCode: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

const statusText: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  413: "Content Too Large",
  431: "Request Header Fields Too Large",
};

/** Says that the connection closes when it answers a request whose body nobody will read. */
class HonestResponse extends ServerResponse {
  override writeHead(...head: unknown[]): this {
    if (bodyIsComing(this.req)) this.setHeader("connection", "close");
    return Reflect.apply(super.writeHead, this, head);
  }
}

/** Why a connection failed, or undefined when its client only left. */
function failureOf(code: string): string | undefined {
  if (code.startsWith("HPE_")) return "http1_malformed";
  return code === "ERR_HTTP_REQUEST_TIMEOUT" ? "http1_head_timeout" : undefined;
}

/** Answers bytes that the parser refuses, then closes. */
function refuse(socket: Socket, code: string, malformed: WireHandlers["malformed"]): void {
  if (!socket.writable) return;
  const status = statusByParserCode[code] ?? 400;
  const body = malformed(status);
  socket.end(
    `HTTP/1.1 ${status} ${statusText[status]}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** The wire of HTTP/1.1; a request head has `handshakeTimeoutMs` to arrive. */
export function http1Wire(
  { exchange, upgrade, malformed, connectionFailed }: WireHandlers,
  handshakeTimeoutMs: number,
): Wire {
  const responses = new Set<ServerResponse>();
  let draining = false;
  const server = createServer(
    {
      maxHeaderSize: headerBytesMax,
      headersTimeout: handshakeTimeoutMs,
      requestTimeout: 0,
      // Others, such as h2c, are offers that a server may pass over.
      shouldUpgradeCallback: ({ headers }) =>
        upgrade !== undefined && headers.upgrade?.toLowerCase() === "websocket",
      connectionsCheckingInterval: Math.min(lateHeadsCheckMs, handshakeTimeoutMs),
      keepAliveTimeout: keepAliveTimeoutMs,
      ServerResponse: HonestResponse,
    },
    (request, response) => {
      responses.add(response);
      if (draining) response.setHeader("connection", "close");
      response.once("close", () => {
        responses.delete(response);
        if (draining) setImmediate(() => server.closeIdleConnections());
      });
      void exchange(new NodeExchange(request, response));
    },
  );
  server.on("upgrade", (request, socket, head) => {
    upgrade?.(new Upgrade(request, socket, head));
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const { code = "" } = error;
    const failure = failureOf(code);
    if (failure === undefined) {
      socket.destroy();
      return;
    }
    connectionFailed(failure);
    refuse(socket as Socket, code, malformed);
  });
  // node:http begins to watch its connections when it listens. This server never does, and without
  // the event neither headersTimeout nor closeIdleConnections would have any effect.
  server.emit("listening");
  return {
    take(socket) {
      server.emit("connection", socket);
      socket.resume();
    },
    drain() {
      draining = true;
      for (const response of responses) {
        if (!response.headersSent) response.setHeader("connection", "close");
      }
      server.headersTimeout = Math.min(headTimeoutInDrainMs, handshakeTimeoutMs);
      server.closeIdleConnections();
    },
    async close() {
      server.close();
    },
  };
}
