/** HTTP/1.1 by node:http: the reference in tests and benchmarks, and the operator's way out. */

import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { ByteBudget } from "#core/byte-budget.ts";
import type { HeaderList } from "./exchange.ts";
import { bodyIsComing, NodeExchange } from "./node-exchange.ts";
import { probeHalfClosed } from "./node-half-close.ts";
import { createServer, ServerResponse, STATUS_CODES } from "./node-http.ts";
import {
  type NodeRefusal,
  type ParserFailure,
  refusalOfBytes,
  refusalOfRequest,
  unknownExpectation,
} from "./node-refusal.ts";
import { asksForWebSocket, nodeUpgrade } from "./node-request.ts";
import { afterResponses } from "./node-turn.ts";
import {
  headerBytesMax,
  type MalformedResponse,
  malformedFields,
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
/** Time for a client to close its side after a refusal, so that it gets the whole of it. */
const refusalLingerMs = 1_000;
/** Time for a head, begun or not, once a drain has begun. */
const headTimeoutInDrainMs = 1_000;

/** Says that the connection closes when it answers a request whose body no one will read. */
class ClosingResponse extends ServerResponse {
  override writeHead(...head: unknown[]): this {
    if (bodyIsComing(this.req)) this.setHeader("connection", "close");
    return Reflect.apply(super.writeHead, this, head);
  }
}

/** Why a connection failed, or undefined when its client only left. */
function failureOf(code: string): string | undefined {
  if (code === "HPE_INVALID_EOF_STATE") return "http1_incomplete";
  if (code.startsWith("HPE_")) return "http1_malformed";
  return code === "ERR_HTTP_REQUEST_TIMEOUT" ? "http1_head_timeout" : undefined;
}

/** The fields of a refusal, after which the connection closes. */
function fieldsOf(answer: MalformedResponse): HeaderList {
  return [
    ["connection", "close"],
    ["content-length", String(Buffer.byteLength(answer.body))],
    ...malformedFields(answer),
  ];
}

/** Sends the response to bytes that are no request, then closes. */
function sendRefusal(socket: Socket, status: number, answer: MalformedResponse): void {
  const fields = fieldsOf(answer).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${fields.join("")}\r\n`;
  socket.end(head + answer.body);
  const timer = setTimeout(() => socket.destroy(), refusalLingerMs);
  socket.once("close", () => clearTimeout(timer));
}

function ignore(): void {}

type NodeServer = ReturnType<typeof createServer<typeof IncomingMessage, typeof ClosingResponse>>;

/** node:http on sockets that a listener accepted. */
class NodeHttp1Wire implements Wire {
  readonly #server: NodeServer;
  readonly #handlers: WireHandlers;
  readonly #handshakeTimeoutMs: number;
  readonly #buffers: ByteBudget;
  readonly #ages: WireLimits["ages"];
  /** Connections whose next response is the last. */
  readonly #old = new WeakSet<Socket>();
  /** Those that are not whole, in the order in which their requests came. */
  readonly #responses = new Set<ServerResponse>();
  /** Connections whose last response is a refusal that waits for those before it. */
  readonly #refused = new WeakSet<Socket>();
  #isDraining = false;

  constructor(handlers: WireHandlers, { handshakeTimeoutMs, buffers, ages }: WireLimits) {
    const { upgrade } = handlers;
    this.#handlers = handlers;
    this.#handshakeTimeoutMs = handshakeTimeoutMs;
    this.#buffers = buffers;
    this.#ages = ages;
    const server = createServer(
      {
        maxHeaderSize: headerBytesMax,
        headersTimeout: handshakeTimeoutMs,
        requestTimeout: requestTimeoutMs,
        // Without a body of this project: Node's own response has none, and no request id.
        requireHostHeader: false,
        // Others, such as h2c, are offers that a server may pass over.
        shouldUpgradeCallback: (request) => upgrade !== undefined && asksForWebSocket(request),
        connectionsCheckingInterval: Math.min(lateHeadsCheckMs, handshakeTimeoutMs),
        keepAliveTimeout: keepAliveTimeoutMs,
        ServerResponse: ClosingResponse,
      },
      (request, response) => this.#serve(request, response),
    );
    this.#server = server;
    // Whoever reads the body says 100 before, so that one which is too large is never asked for.
    server.on("checkContinue", (request, response) => this.#serve(request, response, true));
    server.on("checkExpectation", (request, response) => {
      this.#take(response);
      this.#refuse(response, refusalOfRequest(request) ?? unknownExpectation);
    });
    server.on("upgrade", (request, socket, head) => {
      ages?.forget(request.socket);
      afterResponses(request.socket, () => upgrade?.(nodeUpgrade(request, socket, head)));
    });
    server.on("clientError", (error: ParserFailure, socket) => {
      this.#refuseBytes(error, socket as Socket);
    });
    // A client that ends its side still gets the responses to what it sent.
    Object.assign(server, { httpAllowHalfOpen: true });
    // node:http begins to watch its connections when it listens. This server never does, and without
    // the event neither headersTimeout nor closeIdleConnections would have any effect.
    server.emit("listening");
  }

  take(socket: Socket): undefined {
    this.#server.emit("connection", socket);
    this.#ages?.watch(socket, () => this.#grewOld(socket));
    // A listener makes the socket deliver by events. Else node:http's parser reads TLS records
    // off it beneath, also those after the one at which it was paused (a request that comes
    // while an earlier response waits to be sent), and takes the pause for a malformed request.
    if ("encrypted" in socket) socket.on("data", ignore);
    socket.allowHalfOpen = true;
    socket.once("end", () => this.#endInput(socket));
    socket.resume();
  }

  drain(): void {
    this.#isDraining = true;
    for (const response of this.#responses) {
      if (!response.headersSent) response.setHeader("connection", "close");
    }
    this.#server.headersTimeout = Math.min(headTimeoutInDrainMs, this.#handshakeTimeoutMs);
    // Whoever was notified that the connection is kept may have a request on its way.
    this.#server.keepAliveTimeout = headTimeoutInDrainMs;
    setTimeout(() => this.#server.closeIdleConnections(), headTimeoutInDrainMs).unref();
  }

  async close(): Promise<void> {
    this.#server.close();
  }

  /** The responses of one connection. */
  #responsesOn(socket: Socket): ServerResponse[] {
    return [...this.#responses].filter(({ req }) => req.socket === socket);
  }

  #take(response: ServerResponse): void {
    this.#responses.add(response);
    response.once("close", () => this.#responses.delete(response));
    const isLast = this.#isDraining || this.#old.has(response.req.socket);
    if (isLast) response.setHeader("connection", "close");
  }

  #grewOld(socket: Socket): void {
    this.#old.add(socket);
    for (const response of this.#responsesOn(socket)) {
      if (!response.headersSent) response.setHeader("connection", "close");
    }
  }

  #serve(request: IncomingMessage, response: ServerResponse, isUninvited = false): void {
    this.#take(response);
    const refusal = refusalOfRequest(request);
    if (refusal !== undefined) this.#refuse(response, refusal);
    else
      void this.#handlers.exchange(
        new NodeExchange(request, response, { buffers: this.#buffers, isUninvited }),
      );
  }

  #refuse(response: ServerResponse, { status, message }: NodeRefusal): void {
    const answer = this.#handlers.malformed(message, status);
    this.#handlers.connectionFailed("http1_malformed", { requestId: answer.requestId });
    response.writeHead(status, fieldsOf(answer).flat()).end(answer.body);
  }

  /** Refuses bytes of which no request was made, after the responses to those that were. */
  #refuseBytes(error: ParserFailure, socket: Socket): void {
    const failure = failureOf(error.code ?? "");
    const waiting = this.#responsesOn(socket);
    const isUnderWay = waiting.some(({ headersSent, req }) => headersSent && !req.complete);
    if (failure === undefined || isUnderWay) {
      socket.destroy();
      return;
    }
    const refuse = () => {
      if (!socket.writable) return;
      const { status, message } = refusalOfBytes(error);
      const answer = this.#handlers.malformed(message, status);
      this.#handlers.connectionFailed(failure, { requestId: answer.requestId });
      sendRefusal(socket, status, answer);
    };
    const before = waiting.findLast(({ req }) => req.complete);
    if (before === undefined) {
      refuse();
      return;
    }
    this.#refused.add(socket);
    before.once("close", refuse);
  }

  /** The client sends no more; its last response says that the connection closes. */
  #endInput(socket: Socket): void {
    const last = this.#responsesOn(socket).at(-1);
    if (last === undefined) return;
    if (!(last.headersSent || this.#refused.has(socket))) last.setHeader("connection", "close");
    probeHalfClosed(socket, () => this.#responsesOn(socket)[0]);
  }
}

/** The wire of HTTP/1.1. */
export function http1NodeWire(handlers: WireHandlers, limits: WireLimits): Wire {
  return new NodeHttp1Wire(handlers, limits);
}
