/** HTTP/1.1 by node:http: the reference in tests and benchmarks, and the operator's way out. */

import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { bodyIsComing, NodeExchange } from "./node-exchange.ts";
import { createServer, ServerResponse, STATUS_CODES } from "./node-http.ts";
import { nodeUpgrade } from "./node-request.ts";
import {
  headerBytesMax,
  type MalformedAnswer,
  type Wire,
  type WireHandlers,
  type WireLimits,
} from "./wire.ts";

/** Time for a whole request, body included: a sender that stalls holds no connection for ever. */
const requestTimeoutMs = 300_000;
/** Time that a connection is kept without a request. */
const keepAliveTimeoutMs = 75_000;
/** Time between two looks for heads that are late. */
const lateHeadsCheckMs = 1_000;
/** Time for a client to close its side behind a refusal, so that it gets the whole of it. */
const refusalLingerMs = 1_000;
/** Time for a head that is arriving when the drain begins. */
const headTimeoutInDrainMs = 1_000;

/** An answer to what cannot be served. */
interface Refusal {
  readonly status: number;
  readonly message: string;
}

const refusalByParserCode: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: { status: 431, message: `the request head exceeds ${headerBytesMax} bytes` },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, message: "the chunk extensions are too large" },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: "the request head did not arrive in time" },
};
const notHttp: Refusal = { status: 400, message: "the bytes sent are not an HTTP request" };
const withoutHost: Refusal = { status: 400, message: "host: HTTP/1.1 requests name one" };
const unknownExpectation: Refusal = { status: 417, message: "expect: only 100-continue is known" };

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

/** The fields of a refusal, behind which the connection closes. */
function fieldsOf({ requestId, body }: MalformedAnswer): readonly [string, string][] {
  return [
    ["connection", "close"],
    ["content-type", "application/json"],
    ["content-length", String(Buffer.byteLength(body))],
    ["x-request-id", requestId],
  ];
}

/** Answers bytes of which no request was made, then closes. */
function refuseBytes(socket: Socket, status: number, answer: MalformedAnswer): void {
  if (!socket.writable) return;
  const fields = fieldsOf(answer).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${fields.join("")}\r\n`;
  socket.end(head + answer.body);
  const timer = setTimeout(() => socket.destroy(), refusalLingerMs);
  socket.once("close", () => clearTimeout(timer));
}

/** Whether a request lacks the host that its version asks for (RFC 9112, 3.2). */
function lacksHost({ httpVersion, headers }: IncomingMessage): boolean {
  return httpVersion === "1.1" && headers.host === undefined;
}

function ignore(): void {}

/** The wire of HTTP/1.1. */
export function http1NodeWire(
  { exchange, upgrade, malformed, connectionFailed }: WireHandlers,
  { handshakeTimeoutMs }: WireLimits,
): Wire {
  const responses = new Set<ServerResponse>();
  let draining = false;
  const server = createServer(
    {
      maxHeaderSize: headerBytesMax,
      headersTimeout: handshakeTimeoutMs,
      requestTimeout: requestTimeoutMs,
      // Without a body of ours: Node's own answer has none, and no request id.
      requireHostHeader: false,
      // Others, such as h2c, are offers that a server may pass over.
      shouldUpgradeCallback: ({ headers }) =>
        upgrade !== undefined && headers.upgrade?.toLowerCase() === "websocket",
      connectionsCheckingInterval: Math.min(lateHeadsCheckMs, handshakeTimeoutMs),
      keepAliveTimeout: keepAliveTimeoutMs,
      ServerResponse: HonestResponse,
    },
    (request, response) => serve(request, response),
  );
  const serve = (request: IncomingMessage, response: ServerResponse, refusal?: Refusal) => {
    responses.add(response);
    if (draining) response.setHeader("connection", "close");
    response.once("close", () => {
      responses.delete(response);
      if (draining) setImmediate(() => server.closeIdleConnections());
    });
    const refused = lacksHost(request) ? withoutHost : refusal;
    if (refused === undefined) {
      void exchange(new NodeExchange(request, response));
      return;
    }
    const answer = malformed(refused.message);
    connectionFailed("http1_malformed", { requestId: answer.requestId });
    response.writeHead(refused.status, fieldsOf(answer).flat()).end(answer.body);
  };
  // Whoever reads the body says 100 before, so that one which is too large is never asked for.
  server.on("checkContinue", serve);
  server.on("checkExpectation", (request, response) =>
    serve(request, response, unknownExpectation),
  );
  server.on("upgrade", (request, socket, head) => {
    upgrade?.(nodeUpgrade(request, socket, head));
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const { code = "" } = error;
    const failure = failureOf(code);
    if (failure === undefined) {
      socket.destroy();
      return;
    }
    const { status, message } = refusalByParserCode[code] ?? notHttp;
    const answer = malformed(message);
    connectionFailed(failure, { requestId: answer.requestId });
    refuseBytes(socket as Socket, status, answer);
  });
  // node:http begins to watch its connections when it listens. This server never does, and without
  // the event neither headersTimeout nor closeIdleConnections would have any effect.
  server.emit("listening");
  return {
    take(socket) {
      server.emit("connection", socket);
      // A listener makes the socket deliver by events. Else node:http's parser reads TLS records
      // off it beneath, also those behind the one at which it was paused (a request that comes
      // while an earlier answer waits to be sent), and takes the pause for a malformed request.
      if ("encrypted" in socket) socket.on("data", ignore);
      socket.resume();
      return undefined;
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
