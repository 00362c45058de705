/** One port for every wire: HTTP/1.1 and HTTP/2 distinguished by first bytes or by ALPN, drained together. */

import { createServer as createNetServer, type Server, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import {
  createServer as createTlsServer,
  type TLSSocket,
  type Server as TlsServer,
} from "node:tls";
import { ByteBudget, bufferBytesMaxDefault } from "#core/byte-budget.ts";
import { type Clock, systemClock } from "#core/clock.ts";
import { inOwnMemory } from "#core/own-memory.ts";
import { type ConnectionAge, ConnectionAges } from "./connection-ages.ts";
import { ConnectionPlaces, leavingMax } from "./connection-places.ts";
import { http1EngineWire } from "./http1-engine-wire.ts";
import { http2EngineWire } from "./http2-engine-wire.ts";
import { ListenerCertificate, type TlsOptions } from "./listener-certificate.ts";
import { type Newcomer, Newcomers } from "./newcomers.ts";
import { wireOf } from "./preface.ts";
import { takeProxyHeader } from "./proxied-socket.ts";
import type { ProxySource } from "./proxy-header.ts";
import { defaultHandshakeTimeoutMs, type Wire, type WireHandlers } from "./wire.ts";

/** Where a listener listens. */
export interface ListenerOptions {
  readonly name: string;
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** A bound TCP socket that this process was started with, instead of host and port. */
  readonly fd?: number;
  /** Somebody else listens there, and hands over each connection that it has accepted. */
  readonly isHandedOver?: boolean;
  readonly tls?: TlsOptions;
  /** polygate: the project's own HTTP/1.1 engine; node: node:http. */
  readonly http1Engine: "polygate" | "node";
  /** polygate: the project's own HTTP/2 engine; node: node:http2. */
  readonly http2Engine: "polygate" | "node";
  /** Connections held at one time, further ones are closed at once; no bound when absent. */
  readonly connectionsMax?: number;
  /** Connections of one address, once few places are left; a quarter of all when absent. */
  readonly connectionsPerAddressMax?: number;
  /**
   * Present: connections begin with a header of the PROXY protocol, which those addresses alone may
   * send for which it is true.
   */
  readonly proxies?: (address: string) => boolean;
  /** What requests and responses hold in memory, shared with others; an own one when absent. */
  readonly buffers?: ByteBudget;
  /** Says since when connections are idle; the system's when absent. */
  readonly clock?: Pick<Clock, "nowMs">;
  /** How old connections may be; absent: as old as they are used. */
  readonly connectionAge?: ConnectionAge;
  /** Time for a client to say what it speaks and to finish its request head; 10 s when absent. */
  readonly handshakeTimeoutMs?: number;
}

/** An open port. Disposing of it closes it at once. */
export interface Listener extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly url: string;
  /** Serves a connection that somebody else has accepted and not read from. */
  take(socket: Socket): void;
  /** What it shows to its clients; absent where it speaks in cleartext. */
  readonly certificate?: ListenerCertificate;
  /**
   * Takes no more connections; those that were made already and are silent have a second for their
   * first request. Resolves when the active calls have ended. Those that last longer than `graceMs`
   * are cut off, and have most of a second to tell their clients.
   */
  drain(graceMs: number): Promise<void>;
}

/** Time for a connection that was made before a drain to tell its wire. */
const firstWordMs = 1_000;
/**
 * Time for calls that are cut off to tell their clients, and for these to have read it. The process
 * ends within a second of the grace, which has to do for closing the rest, too.
 */
const lastWordsMs = 800;

const perAddressShare = 1 / 4;

/** Take the connections whose wire is known. */
interface Takers {
  readonly http1: (socket: Socket) => void;
  readonly http2: (socket: Socket) => void;
}

/** Hands a cleartext connection on as soon as its first bytes, however cut, tell its wire. */
function sniff(socket: Socket, { http1, http2 }: Takers, timeoutMs: number): void {
  let first: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  const forget = () => clearTimeout(timer);
  const read = (chunk: Buffer) => {
    first = first.length === 0 ? chunk : inOwnMemory(first, chunk);
    const wire = wireOf(first);
    if (wire === undefined) return;
    clearTimeout(timer);
    socket.off("data", read);
    socket.off("close", forget);
    socket.pause();
    socket.unshift(first);
    (wire === "2" ? http2 : http1)(socket);
  };
  socket.on("data", read);
  socket.once("close", forget);
}

/** What takes connections, and the certificate that it shows. */
interface OpenServer {
  readonly inner: Server;
  readonly certificate?: ListenerCertificate;
}

function serverOf(
  { tls }: ListenerOptions,
  takers: Takers,
  handshakeTimeoutMs: number,
): OpenServer {
  if (tls === undefined) {
    const inner = createNetServer({ noDelay: true }, (socket) =>
      sniff(socket, takers, handshakeTimeoutMs),
    );
    return { inner };
  }
  const certificate = new ListenerCertificate(tls);
  const inner: TlsServer = createTlsServer(
    {
      ...certificate.shown,
      requestCert: tls.clientAuth !== "none",
      rejectUnauthorized: tls.clientAuth === "require",
      ALPNProtocols: ["h2", "http/1.1"],
      handshakeTimeout: handshakeTimeoutMs,
      noDelay: true,
    },
    (socket: TLSSocket) => (socket.alpnProtocol === "h2" ? takers.http2 : takers.http1)(socket),
  );
  certificate.showOn(inner);
  return { inner, certificate };
}

/** The address of a listener in words, which names this machine where it listens on all addresses. */
export function urlOf({ host, tls }: Pick<ListenerOptions, "host" | "tls">, port: number): string {
  return `${tls === undefined ? "http" : "https"}://${hostInUrl(host)}:${port}`;
}

function hostInUrl(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}

/**
 * Connections that may wait to be accepted: as many as the system lets (net.core.somaxconn). One that
 * finds no place is tried again by its client after a second, so that a crowd would cost others as much.
 */
const backlogMax = 65_535;

/** Listens, and resolves with the port; rejects with the system's error (such as EADDRINUSE) when it cannot. */
export async function opened(
  server: Server,
  { name, host, port, fd }: Pick<ListenerOptions, "name" | "host" | "port" | "fd">,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ ...(fd === undefined ? { host, port } : { fd }), backlog: backlogMax }, resolve);
  try {
    await promise;
  } catch (cause) {
    if (fd === undefined) throw cause;
    throw new Error(`listener ${name}: descriptor ${fd} is no bound socket`, { cause });
  }
  server.off("error", reject);
  const address = server.address();
  if (typeof address === "object" && address !== null) return address.port;
  server.close();
  throw new Error(`listener ${name}: descriptor ${fd} is no TCP socket`);
}

/** Why a TLS handshake failed, or undefined when its client only left. */
function handshakeFailureOf(code: string, { authorizationError }: TLSSocket): string | undefined {
  // A certificate that is not taken ends the connection here, with the error of a reset.
  if (authorizationError || code === "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE") {
    return "tls_client_certificate";
  }
  if (code === "ERR_TLS_HANDSHAKE_TIMEOUT") return "tls_handshake_timeout";
  return code === "ECONNRESET" || code === "EPIPE" ? undefined : "tls_handshake";
}

/** Reports the handshakes of a TLS server that fail. */
function reportHandshakes(server: Server, { connectionFailed }: WireHandlers): void {
  server.on("tlsClientError", ({ code = "" }: NodeJS.ErrnoException, socket: TLSSocket) => {
    // Node destroys the socket of every other handshake that fails.
    if (code === "ERR_TLS_HANDSHAKE_TIMEOUT") socket.destroy();
    const failure = handshakeFailureOf(code, socket);
    if (failure !== undefined) connectionFailed(failure, { code });
  });
}

/** Node's modules are loaded for those who ask for them: no one else should hold their megabytes. */
async function http1WireOf(engine: ListenerOptions["http1Engine"]) {
  if (engine === "polygate") return http1EngineWire;
  return (await import("./http1-node-wire.ts")).http1NodeWire;
}

async function http2WireOf(engine: ListenerOptions["http2Engine"]) {
  if (engine === "polygate") return http2EngineWire;
  return (await import("./http2-node-wire.ts")).http2NodeWire;
}

function placesOf({
  connectionsMax: placesMax,
  connectionsPerAddressMax,
}: ListenerOptions): ConnectionPlaces | undefined {
  if (placesMax === undefined) return undefined;
  const perAddressMax = connectionsPerAddressMax ?? Math.max(1, placesMax * perAddressShare);
  return new ConnectionPlaces({ placesMax, perAddressMax });
}

/**
 * Closes a server that has accepted the connections which the system has made already: closing would
 * reset them. It accepts one in a turn of the loop, and the first turn may be past its look at sockets.
 */
export async function stopAccepting(server: Server, clock: Pick<Clock, "nowMs">): Promise<void> {
  if (!server.listening) return;
  const endMs = clock.nowMs() + firstWordMs;
  let quietTurns = 0;
  const accepted = () => {
    quietTurns = 0;
  };
  server.on("connection", accepted);
  while (quietTurns < 2 && clock.nowMs() < endMs) {
    quietTurns += 1;
    await setImmediate();
  }
  server.off("connection", accepted);
  if (server.listening) server.close();
}

/** Opens the port. Rejects with the system's error when it cannot. */
export async function listen(options: ListenerOptions, handlers: WireHandlers): Promise<Listener> {
  const {
    connectionsMax,
    clock = systemClock,
    handshakeTimeoutMs = defaultHandshakeTimeoutMs,
  } = options;
  const http1Wire = await http1WireOf(options.http1Engine);
  const http2Wire = await http2WireOf(options.http2Engine);
  const limits = {
    handshakeTimeoutMs,
    buffers: options.buffers ?? new ByteBudget(bufferBytesMaxDefault),
    ...(options.connectionAge && { ages: new ConnectionAges(options.connectionAge) }),
  };
  const wires = { http1: http1Wire(handlers, limits), http2: http2Wire(handlers, limits) };
  const refused = () => handlers.connectionFailed("too_many_connections");
  const newcomers = new Newcomers({ places: placesOf(options), clock, onRefused: refused });
  const takerOf = (wire: Wire) => (socket: Socket) => {
    const place = newcomers.settle(socket);
    const connection = wire.take(socket);
    if (place !== undefined && connection !== undefined) place.known = connection;
  };
  const takers: Takers = { http1: takerOf(wires.http1), http2: takerOf(wires.http2) };
  const { inner, certificate } = serverOf(options, takers, handshakeTimeoutMs);
  const { proxies } = options;
  // The header comes before TLS: another server accepts, and hands the connection on.
  const server = proxies === undefined ? inner : createNetServer({ noDelay: true });
  if (connectionsMax !== undefined) server.maxConnections = connectionsMax + leavingMax;
  server.on("drop", refused);
  reportHandshakes(inner, handlers);
  const handOn = (newcomer: Newcomer) => {
    const { socket } = newcomer;
    const taken = (source: ProxySource | undefined) => {
      if (!newcomers.enter(newcomer, source)) return;
      inner.emit("connection", socket);
      // A TLS server reads off the socket itself.
      if (options.tls === undefined) socket.resume();
    };
    takeProxyHeader(socket, { taken, failed: handlers.connectionFailed }, handshakeTimeoutMs);
  };
  const take = (socket: Socket) => {
    if (proxies !== undefined && !proxies(socket.remoteAddress ?? "")) {
      handlers.connectionFailed("proxy_untrusted");
      socket.destroy();
      return;
    }
    const newcomer = newcomers.add(socket);
    if (proxies === undefined) newcomers.enter(newcomer);
    else handOn(newcomer);
  };
  server.on("connection", take);
  const { isHandedOver = false } = options;
  const port = isHandedOver ? options.port : await opened(server, options);

  // What does not listen closes with its last connection, and does not say so.
  const closed = isHandedOver ? undefined : new Promise<void>((done) => server.once("close", done));
  const ended = () => closed ?? newcomers.gone();
  return {
    name: options.name,
    port,
    url: urlOf(options, port),
    ...(certificate !== undefined && { certificate }),
    take: (socket) => void server.emit("connection", socket),
    async drain(graceMs) {
      wires.http1.drain();
      wires.http2.drain();
      let timer = setTimeout(() => {
        handlers.cutOff?.();
        const waitMs = handlers.cutOff === undefined ? 0 : lastWordsMs;
        timer = setTimeout(() => newcomers.destroyAll(), waitMs);
      }, graceMs);
      await stopAccepting(server, clock);
      const silence = setTimeout(() => newcomers.destroyWaiting(), firstWordMs);
      await ended();
      clearTimeout(silence);
      clearTimeout(timer);
    },
    async [Symbol.asyncDispose]() {
      if (server.listening) server.close();
      newcomers.destroyAll();
      await Promise.all([ended(), wires.http1.close(), wires.http2.close()]);
    },
  };
}
