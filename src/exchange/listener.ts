/** One port for every wire: HTTP/1.1 and HTTP/2 told apart by first bytes or by ALPN, drained together. */

import { readFileSync } from "node:fs";
import { createServer as createHttp1Server, ServerResponse } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Session } from "node:http2";
import { createServer as createNetServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { bodyIsComing, NodeExchange } from "./node-exchange.ts";
import { wireOf } from "./preface.ts";

/** Certificates of a TLS listener. */
export interface TlsOptions {
  readonly certFile: string;
  readonly keyFile: string;
  /** Authorities whose client certificates are taken. */
  readonly caFile?: string;
  /** none: no client certificate is asked for; require: without one no connection. */
  readonly clientAuth: "none" | "request" | "require";
}

/** Where a listener listens. */
export interface ListenerOptions {
  readonly name: string;
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly tls?: TlsOptions;
}

/** What a listener hands over. */
export interface ListenerHandlers {
  /** Answers an exchange. */
  readonly exchange: (exchange: NodeExchange) => void;
  /** The JSON body for bytes that are no request; `status` is 400, 408, 413 or 431. */
  readonly malformed: (status: number) => string;
}

/** An open port. Disposing of it closes it at once. */
export interface Listener extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly url: string;
  /** Takes no more connections; resolves when the calls under way have ended, or after `graceMs`. */
  drain(graceMs: number): Promise<void>;
}

/** Time for a client to say what it speaks and to finish its request head. */
const handshakeTimeoutMs = 10_000;
/** Time that an HTTP/1.1 connection is kept without a request. */
const keepAliveTimeoutMs = 75_000;
const headerBytesMax = 16 * 1024;
const concurrentStreamsMax = 256;
/** Receive windows: room for a fast sender on a long path. */
const streamWindowBytes = 256 * 1024;
const connectionWindowBytes = 1024 * 1024;

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

/** Answers bytes that HTTP/1.1's parser refuses, then closes. */
function refuse(socket: Socket, code: string, malformed: (status: number) => string): void {
  if (!socket.writable) return;
  const status = statusByParserCode[code] ?? 400;
  const body = malformed(status);
  socket.end(
    `HTTP/1.1 ${status} ${statusText[status]}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** Says that the connection closes when it answers a request whose body nobody will read. */
class HonestResponse extends ServerResponse {
  override writeHead(...head: unknown[]): this {
    if (bodyIsComing(this.req)) this.setHeader("connection", "close");
    return Reflect.apply(super.writeHead, this, head);
  }
}

/** The HTTP servers behind one port; neither listens itself. */
class Wires {
  readonly #http1;
  readonly #http2;
  readonly #responses = new Set<ServerResponse>();
  readonly #sessions = new Set<ServerHttp2Session>();
  #draining = false;

  constructor({ exchange, malformed }: ListenerHandlers) {
    this.#http1 = createHttp1Server(
      {
        maxHeaderSize: headerBytesMax,
        headersTimeout: handshakeTimeoutMs,
        requestTimeout: 0,
        keepAliveTimeout: keepAliveTimeoutMs,
        ServerResponse: HonestResponse,
      },
      (request, response) => {
        this.#track(response);
        exchange(new NodeExchange(request, response));
      },
    );
    this.#http1.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      refuse(socket as Socket, error.code ?? "", malformed);
    });
    this.#http2 = createHttp2Server(
      {
        settings: {
          maxConcurrentStreams: concurrentStreamsMax,
          initialWindowSize: streamWindowBytes,
          maxHeaderListSize: headerBytesMax,
        },
      },
      (request, response) => exchange(new NodeExchange(request, response)),
    );
    this.#http2.on("session", (session) => {
      session.setLocalWindowSize(connectionWindowBytes);
      this.#sessions.add(session);
      session.once("close", () => this.#sessions.delete(session));
      session.on("error", () => session.destroy());
    });
    // A session that breaks takes only its own streams with it.
    this.#http2.on("sessionError", () => {});
  }

  /** Gives a connection to the server of its wire. */
  take(socket: Socket, wire: "1.1" | "2"): void {
    (wire === "2" ? this.#http2 : this.#http1).emit("connection", socket);
  }

  /** Closes idle connections now and the others behind their last answer. */
  drain(): void {
    this.#draining = true;
    for (const response of this.#responses) {
      if (!response.headersSent) response.setHeader("connection", "close");
    }
    this.#http1.closeIdleConnections();
    for (const session of this.#sessions) session.close();
  }

  #track(response: ServerResponse): void {
    this.#responses.add(response);
    if (this.#draining) response.setHeader("connection", "close");
    response.once("close", () => {
      this.#responses.delete(response);
      if (this.#draining) setImmediate(() => this.#http1.closeIdleConnections());
    });
  }
}

/** Hands a cleartext connection on as soon as its first bytes, however cut, tell its wire. */
function sniff(socket: Socket, wires: Wires): void {
  let first: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), handshakeTimeoutMs);
  const forget = () => clearTimeout(timer);
  const read = (chunk: Buffer) => {
    first = first.length === 0 ? chunk : Buffer.concat([first, chunk]);
    const wire = wireOf(first);
    if (wire === undefined) return;
    clearTimeout(timer);
    socket.off("data", read);
    socket.off("close", forget);
    socket.pause();
    socket.unshift(first);
    wires.take(socket, wire);
    // node:http2 reads what was put back by itself; flowing again would lose it.
    if (wire === "1.1") socket.resume();
  };
  socket.on("data", read);
  socket.once("close", forget);
}

function serverOf(options: ListenerOptions, wires: Wires): Server {
  const { tls } = options;
  if (tls === undefined) {
    return createNetServer({ noDelay: true }, (socket) => sniff(socket, wires));
  }
  return createTlsServer(
    {
      cert: readFileSync(tls.certFile),
      key: readFileSync(tls.keyFile),
      ...(tls.caFile === undefined ? {} : { ca: readFileSync(tls.caFile) }),
      requestCert: tls.clientAuth !== "none",
      rejectUnauthorized: tls.clientAuth === "require",
      ALPNProtocols: ["h2", "http/1.1"],
      handshakeTimeout: handshakeTimeoutMs,
      noDelay: true,
    },
    (socket: TLSSocket) => wires.take(socket, socket.alpnProtocol === "h2" ? "2" : "1.1"),
  );
}

function hostInUrl(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}

/** Opens the port. Rejects with the system's error (such as EADDRINUSE) when it cannot. */
export async function listen(
  options: ListenerOptions,
  handlers: ListenerHandlers,
): Promise<Listener> {
  const wires = new Wires(handlers);
  const server = serverOf(options, wires);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    // Its wire reports what goes wrong; before it has one there is nothing to report.
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  });
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ host: options.host, port: options.port, backlog: 1024 }, resolve);
  await listening;
  server.off("error", reject);

  const closed = new Promise<void>((done) => server.once("close", done));
  const destroyAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  return {
    name: options.name,
    port,
    url: `${options.tls === undefined ? "http" : "https"}://${hostInUrl(options.host)}:${port}`,
    async drain(graceMs) {
      if (server.listening) server.close();
      wires.drain();
      const timer = setTimeout(destroyAll, graceMs);
      await closed;
      clearTimeout(timer);
    },
    async [Symbol.asyncDispose]() {
      if (server.listening) server.close();
      destroyAll();
      await closed;
    },
  };
}
