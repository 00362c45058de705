/** An HTTP/2 client of one origin: a few connections, calls spread and queued over them. */

import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type SecureContextOptions } from "node:tls";
import { ByteBudget, bufferBytesMaxDefault } from "#core/byte-budget.ts";
import { type Clock, systemClock } from "#core/clock.ts";
import { type Rng, systemRng } from "#core/rng.ts";
import { spread } from "#core/spread.ts";
import { ClientStream } from "./client-stream.ts";
import { Connection } from "./connection.ts";
import type { ConnectionHandler } from "./connection-handler.ts";
import { errorCode } from "./error-code.ts";
import { type ConnectionLimits, clientLimits } from "./limits.ts";
import { SlabPool } from "./output.ts";
import { SocketDriver, type SocketOwner } from "./socket.ts";
import type { FieldList } from "./stream.ts";

/** TLS of a client. */
export interface ClientTls extends Pick<SecureContextOptions, "ca" | "cert" | "key"> {
  /** Name to ask for and to find in the certificate; the host when absent. */
  readonly serverName?: string;
}

/** Where a client calls, and how. */
export interface Http2ClientOptions {
  readonly host: string;
  readonly port: number;
  /** Absent: cleartext with prior knowledge. */
  readonly tls?: ClientTls;
  /** Value of :authority; host and port when absent. */
  readonly authority?: string;
  /** Most connections at once. Another is made when the streams of all are used up. */
  readonly connectionsMax?: number;
  /** Most calls that wait for a stream. */
  readonly queueMax?: number;
  /** Time for TCP, TLS and the server's SETTINGS. */
  readonly connectTimeoutMs?: number;
  /** Most time between two attempts to connect. */
  readonly reconnectPauseMsMax?: number;
  /**
   * Age at which another connection is made, after which the old one ends with its calls; each up to
   * a tenth more or less. Absent: none.
   */
  readonly connectionAgeMaxMs?: number | undefined;
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<ConnectionLimits>;
}

/** A call to make. */
export interface ClientRequest {
  readonly method: string;
  readonly path: string;
  readonly fields: FieldList;
  /** The whole body, sent with the head; absent when it follows by `write`. */
  readonly body?: Uint8Array;
  /** The end of the body, after `body`, where it need not be copied behind it. Not empty. */
  readonly bodyEnd?: Uint8Array | undefined;
  /** Breaks the call off, also while it waits. */
  readonly signal?: AbortSignal;
}

/** No stream could be had: nothing was sent, so the call is safe to make elsewhere. See `cause`. */
export class NotSentError extends Error {
  override readonly name = "NotSentError";
  readonly unprocessed = true;
}

/** All streams are in use, and as many calls as may wait do. */
export class QueueFullError extends NotSentError {}

const connectionsMaxDefault = 4;
const queueMaxDefault = 1_000;
const connectTimeoutMsDefault = 5_000;
const tickMs = 1_000;
const reconnectPauseMsMaxDefault = 10_000;
/** Wait after a failed attempt to connect: it grows by the factor up to the most. */
const backoff = { firstMs: 100, factor: 1.6, jitter: 0.2 } as const;

/** What a client's sessions share. */
interface SessionDeps {
  readonly clock: Clock;
  readonly slabs: SlabPool;
  readonly buffers: ByteBudget;
}

/** What a session reports to its client. */
interface SessionListener {
  /** Perhaps a stream can be opened now that could not before. */
  readonly onChange: (session: ClientSession) => void;
  readonly onGone: (session: ClientSession) => void;
}

/** A connection that breaks sooner is no reason to make the next at once. */
const steadyMs = 1_000;

/** One connection of a client. */
class ClientSession implements ConnectionHandler<ClientStream>, SocketOwner {
  readonly connection: Connection<ClientStream>;
  readonly driver: SocketDriver<ClientStream>;
  /** When it is to be replaced. */
  oldMs = Number.POSITIVE_INFINITY;
  readonly #listener: SessionListener;

  constructor(
    socket: Socket,
    limits: ConnectionLimits,
    deps: SessionDeps,
    listener: SessionListener,
  ) {
    this.#listener = listener;
    this.connection = new Connection<ClientStream>({
      role: "client",
      limits,
      handler: this,
      slabs: deps.slabs,
      buffers: deps.buffers,
      nowMs: deps.clock.nowMs(),
    });
    this.driver = new SocketDriver(socket, this.connection, deps.clock, this);
  }

  /** The server's SETTINGS have come. */
  get ready(): boolean {
    return this.connection.established;
  }

  createStream(id: number): ClientStream {
    return new ClientStream(id, this.connection);
  }

  onHead(stream: ClientStream): void {
    stream.head();
  }

  onRefusedHead(): void {}

  onData(stream: ClientStream, payload: Buffer): boolean {
    return stream.received(payload);
  }

  onEnd(stream: ClientStream): void {
    stream.receivedAll();
  }

  onClose(stream: ClientStream): void {
    stream.ended();
    this.#listener.onChange(this);
  }

  onWritable(stream: ClientStream): void {
    stream.writable();
  }

  onRefusal(stream: ClientStream): void {
    stream.reset(errorCode.enhanceYourCalm);
  }

  onSettings(): void {
    this.#listener.onChange(this);
  }

  onGoaway(): void {
    this.#listener.onChange(this);
  }

  onOutput(): void {
    this.driver.wake();
  }

  onTurn(): void {}

  onGone(): void {
    this.#listener.onGone(this);
  }
}

/** A call that waits for a stream. */
interface Waiting {
  readonly request: ClientRequest;
  readonly resolve: (stream: ClientStream) => void;
  readonly reject: (error: unknown) => void;
  readonly abort: () => void;
}

/** Calls one origin. Disposing of it breaks off what is in progress. */
export class Http2Client implements AsyncDisposable {
  readonly #options: Http2ClientOptions;
  readonly #limits: ConnectionLimits;
  readonly #clock: Clock;
  readonly #rng: Rng;
  readonly #deps: SessionDeps;
  readonly #scheme: string;
  readonly #authority: string;
  readonly #sessions: ClientSession[] = [];
  readonly #waiting = new Set<Waiting>();
  readonly #stop = new AbortController();
  #ticking: Promise<void> | undefined;
  #connecting = false;
  #failures = 0;
  /** What the last attempt to connect failed with; for logs, it may name addresses. */
  #lastError: Error | undefined;
  #retryAtMs = 0;
  #turn = 0;

  constructor(options: Http2ClientOptions, clock: Clock = systemClock, rng: Rng = systemRng) {
    this.#options = options;
    this.#limits = { ...clientLimits, ...options.limits };
    this.#clock = clock;
    this.#deps = { clock, slabs: new SlabPool(), buffers: new ByteBudget(bufferBytesMaxDefault) };
    this.#rng = rng;
    this.#scheme = options.tls === undefined ? "http" : "https";
    this.#authority = options.authority ?? authorityOf(options.host, options.port);
  }

  /** Connections that are open or being made. */
  get connections(): number {
    return this.#sessions.length;
  }

  /** Opens a stream if one is free at once. */
  openNow(request: ClientRequest): ClientStream | undefined {
    const session = this.#freeSession();
    if (session === undefined) return undefined;
    const { method, path, fields, body, bodyEnd, signal } = request;
    const head = { method, path, scheme: this.#scheme, authority: this.#authority };
    const end = body !== undefined && body.length === 0 && bodyEnd === undefined;
    const stream = session.connection.openStream(head, fields, end);
    stream.dispatched = true;
    if (body !== undefined && !end) stream.push(body, bodyEnd === undefined);
    if (bodyEnd !== undefined) stream.push(bodyEnd, true);
    if (signal !== undefined) stream.follow(signal);
    return stream;
  }

  /**
   * Opens a stream, waiting for one when all are in use. Rejects with NotSentError when no
   * connection can be made or too many calls wait, and with the signal's reason.
   */
  async open(request: ClientRequest): Promise<ClientStream> {
    request.signal?.throwIfAborted();
    const stream = this.openNow(request);
    if (stream !== undefined) return stream;
    if (this.#stop.signal.aborted) throw new NotSentError("the client is closed");
    if (this.#waiting.size >= (this.#options.queueMax ?? queueMaxDefault)) {
      throw new QueueFullError("too many calls wait for a stream");
    }
    const waited = this.#wait(request);
    this.#connectIfNeeded();
    return await waited;
  }

  /** Takes no more calls on its connections; they close after their last response. */
  drain(): void {
    for (const { connection } of this.#sessions) connection.drain("shutdown");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#rejectWaiting(new NotSentError("the client is closed"));
    for (const { driver } of this.#sessions) driver.destroy();
    await this.#ticking;
  }

  /** A session with a free stream; they take turns. */
  #freeSession(): ClientSession | undefined {
    const count = this.#sessions.length;
    for (let step = 0; step < count; step += 1) {
      this.#turn = (this.#turn + 1) % count;
      const session = this.#sessions[this.#turn];
      if (session?.ready && session.connection.openable > 0) return session;
    }
    return undefined;
  }

  #wait(request: ClientRequest): Promise<ClientStream> {
    const { promise, resolve, reject } = Promise.withResolvers<ClientStream>();
    const waiting: Waiting = {
      request,
      resolve,
      reject,
      abort: () => {
        this.#waiting.delete(waiting);
        reject(request.signal?.reason);
      },
    };
    this.#waiting.add(waiting);
    request.signal?.addEventListener("abort", waiting.abort);
    return promise;
  }

  /** Gives streams that came free to calls that wait, oldest first. */
  #serveWaiting(): void {
    for (const waiting of this.#waiting) {
      if (this.#freeSession() === undefined) break;
      this.#waiting.delete(waiting);
      waiting.request.signal?.removeEventListener("abort", waiting.abort);
      // A request that cannot be sent fails its own caller.
      this.open(waiting.request).then(waiting.resolve, waiting.reject);
    }
    if (this.#waiting.size > 0) this.#connectIfNeeded();
  }

  #rejectWaiting(error: Error): void {
    for (const { request, reject, abort } of this.#waiting) {
      request.signal?.removeEventListener("abort", abort);
      reject(error);
    }
    this.#waiting.clear();
  }

  /** Makes a connection for calls that wait, one at a time; right after a failure, fails them. */
  #connectIfNeeded(): void {
    const usable = this.#sessions.filter(({ connection }) => !connection.draining).length;
    if (this.#connecting || this.#stop.signal.aborted) return;
    if (usable >= (this.#options.connectionsMax ?? connectionsMaxDefault)) return;
    if (this.#clock.nowMs() < this.#retryAtMs) {
      if (usable === 0) this.#rejectWaiting(this.#unreachable());
      return;
    }
    this.#connecting = true;
    this.#connect();
    this.#ticking ??= this.#tick();
  }

  #connect(): void {
    const { host, port, tls } = this.#options;
    const socket =
      tls === undefined
        ? connectTcp({ host, port, noDelay: true })
        : connectTls({
            ...tls,
            host,
            port,
            // An address is no server name (RFC 6066 §3).
            servername: tls.serverName ?? (isIP(host) === 0 ? host : ""),
            ALPNProtocols: ["h2"],
          });
    if (tls !== undefined) {
      socket.once("secureConnect", () => {
        if (!("alpnProtocol" in socket && socket.alpnProtocol === "h2")) socket.destroy();
      });
    }
    socket.once("error", (error) => {
      this.#lastError = error;
    });
    const timeout = new AbortController();
    let readyMs = 0;
    const session = new ClientSession(socket, this.#limits, this.#deps, {
      onChange: ({ ready }) => {
        if (ready && !timeout.signal.aborted) {
          timeout.abort();
          this.#connecting = false;
          this.#failures = 0;
          readyMs = this.#clock.nowMs();
          const { connectionAgeMaxMs } = this.#options;
          if (connectionAgeMaxMs !== undefined) {
            session.oldMs = readyMs + spread(connectionAgeMaxMs, this.#rng);
            this.#drainOld(readyMs);
          }
        }
        this.#serveWaiting();
      },
      onGone: (gone) => {
        this.#sessions.splice(this.#sessions.indexOf(gone), 1);
        if (!timeout.signal.aborted) {
          timeout.abort();
          this.#failed();
          return;
        }
        const nowMs = this.#clock.nowMs();
        const brokeEarly = !gone.connection.draining && nowMs - readyMs < steadyMs;
        if (brokeEarly) this.#retryAtMs = nowMs + backoff.firstMs;
        if (this.#waiting.size > 0) this.#connectIfNeeded();
      },
    });
    this.#sessions.push(session);
    this.#clock
      .sleep(this.#options.connectTimeoutMs ?? connectTimeoutMsDefault, timeout.signal)
      .then(
        () => socket.destroy(),
        () => {},
      );
  }

  /** Another connection serves: those that are old end with their calls. */
  #drainOld(nowMs: number): void {
    for (const { connection, oldMs } of this.#sessions) {
      if (nowMs >= oldMs) connection.drain("max_age");
    }
  }

  /** Makes another connection in place of one that is old; until it serves the old one does. */
  #replaceOld(nowMs: number): void {
    const isDue = this.#sessions.some(
      ({ connection, oldMs }) => nowMs >= oldMs && !connection.draining,
    );
    if (!isDue || this.#connecting || nowMs < this.#retryAtMs) return;
    this.#connecting = true;
    this.#connect();
  }

  /** A connection was not made: calls that wait for the first one fail, and the next try waits. */
  #failed(): void {
    this.#connecting = false;
    const { reconnectPauseMsMax: mostMs = reconnectPauseMsMaxDefault } = this.#options;
    const waitMs = Math.min(mostMs, backoff.firstMs * backoff.factor ** this.#failures);
    this.#failures += 1;
    const jitter = 1 + backoff.jitter * (2 * this.#rng.next() - 1);
    this.#retryAtMs = this.#clock.nowMs() + waitMs * jitter;
    const serves = this.#sessions.some(({ ready }) => ready);
    if (!serves) this.#rejectWaiting(this.#unreachable());
  }

  #unreachable(): NotSentError {
    return new NotSentError("the server cannot be reached", { cause: this.#lastError });
  }

  /** One loop over all sessions instead of timers of their own. */
  async #tick(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#clock.sleep(tickMs, signal).catch(() => {});
      const nowMs = this.#clock.nowMs();
      for (const { driver } of [...this.#sessions]) driver.tick(nowMs);
      if (this.#options.connectionAgeMaxMs !== undefined) this.#replaceOld(nowMs);
    }
  }
}

function authorityOf(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
