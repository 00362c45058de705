/** An HTTP/2 server over sockets that others accept: sessions, their time, and their end. */

import type { Socket } from "node:net";
import { ByteBudget, bufferBytesMaxDefault } from "#core/byte-budget.ts";
import { type Clock, systemClock } from "#core/clock.ts";
import { networkOf } from "#core/network-of.ts";
import { type Rng, systemRng } from "#core/rng.ts";
import { spread } from "#core/spread.ts";
import type { BodyRefusal } from "#http/body-refused.ts";
import { Connection } from "./connection.ts";
import type { ConnectionHandler } from "./connection-handler.ts";
import { errorCode } from "./error-code.ts";
import type { HeadRefusal } from "./head-refusal.ts";
import { type ConnectionLimits, defaultLimits } from "./limits.ts";
import { SlabPool } from "./output.ts";
import { ServerStream } from "./server-stream.ts";
import { SocketDriver, type SocketOwner } from "./socket.ts";
import type { FieldList } from "./stream.ts";

/** The response to a request whose head cannot be served; its status is the refusal's. */
export interface RefusedHeadResponse {
  readonly fields: FieldList;
  readonly body: string;
}

/** What a server is made of. */
export interface Http2ServerOptions {
  /**
   * Responds to a request. What it throws resets the stream. While a promise that it returns is
   * pending its work counts, also after the client has gone.
   */
  readonly onStream: (stream: ServerStream, socket: Socket) => void | Promise<void>;
  /** What is responded to a request whose head cannot be served; its message as text when absent. */
  readonly onRefusedHead?: (refusal: HeadRefusal) => RefusedHeadResponse;
  /** What requests and responses hold in memory; an own budget when absent. */
  readonly buffers?: ByteBudget;
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<ConnectionLimits>;
  /** Notified why a connection was ended for its client's fault, such as `too_many_resets`. */
  readonly onFailure?: (debug: string) => void;
}

const tickMs = 1_000;
/** Share of all buffers that one connection may hold. */
const connectionShare = 1 / 4;
/** Timers take no longer waits. */
const timerMsMax = 0x7fff_ffff;

function asText({ message }: HeadRefusal): RefusedHeadResponse {
  return { fields: [["content-type", "text/plain; charset=utf-8"]], body: message };
}

/** What a server's sessions share. */
interface SessionHost {
  readonly options: Http2ServerOptions;
  readonly clock: Clock;
  readonly slabs: SlabPool;
  readonly buffers: ByteBudget;
  onSessionGone(session: ServerSession): void;
}

/** Who is notified of a connection that the server has taken. */
export interface TakenConnection {
  /** Since when no stream is open; undefined while one is. */
  readonly idleSinceMs: number | undefined;
  /** Ends it with GOAWAY. Streams that come meanwhile are safe to open elsewhere. */
  retire(): void;
  /** Ends it with GOAWAY and its last response; for a round trip it takes streams on. */
  drain(reason: string): void;
}

/** One connection of a server. */
class ServerSession implements ConnectionHandler<ServerStream>, SocketOwner, TakenConnection {
  readonly connection: Connection<ServerStream>;
  readonly driver: SocketDriver<ServerStream>;
  readonly #socket: Socket;
  readonly #host: SessionHost;
  readonly #workingMax: number;
  /** Streams of this read that wait for their body or for its end. */
  #fresh: ServerStream[] = [];
  /** Handlers at work, those of streams that were reset included. */
  #working = 0;

  constructor(socket: Socket, limits: ConnectionLimits, host: SessionHost) {
    this.#socket = socket;
    this.#host = host;
    // A reset frees a stream at once, its work later: as much again may be in progress.
    this.#workingMax = 2 * limits.concurrentStreamsMax;
    const { clock, slabs, buffers } = host;
    this.connection = new Connection<ServerStream>({
      role: "server",
      limits,
      handler: this,
      slabs,
      buffers,
      heldBytesMax: connectionShare * buffers.bytesMax,
      owner: networkOf(socket.remoteAddress ?? ""),
      nowMs: clock.nowMs(),
    });
    this.driver = new SocketDriver(socket, this.connection, clock, this);
  }

  get idleSinceMs(): number | undefined {
    return this.connection.idleSinceMs;
  }

  retire(): void {
    this.connection.retire("too_many_connections");
  }

  drain(reason: string): void {
    this.connection.drain(reason);
  }

  createStream(id: number): ServerStream {
    return new ServerStream(id, this.connection);
  }

  onHead(stream: ServerStream): void {
    this.#fresh.push(stream);
  }

  onRefusedHead(stream: ServerStream, refusal: HeadRefusal): void {
    stream.dispatched = true;
    const { fields, body } = this.#host.options.onRefusedHead?.(refusal) ?? asText(refusal);
    stream.respond(refusal.status, fields, body);
  }

  onData(stream: ServerStream, payload: Buffer): boolean {
    return stream.received(payload);
  }

  onEnd(stream: ServerStream): void {
    stream.receivedAll();
    if (!stream.dispatched) this.#dispatch(stream);
  }

  onClose(stream: ServerStream): void {
    stream.ended();
  }

  onWritable(stream: ServerStream): void {
    stream.writable();
  }

  /** Whoever still reads the body answers with an error; else the stream is broken off. */
  onRefusal(stream: ServerStream, reason: BodyRefusal): void {
    if (!stream.refuseBody(reason)) stream.reset(errorCode.enhanceYourCalm);
  }

  onSettings(): void {}

  onGoaway(): void {}

  onOutput(): void {
    this.driver.wake();
  }

  /** What is still without its body after a read is handed over without it. */
  onTurn(): void {
    if (this.#fresh.length === 0) return;
    const fresh = this.#fresh;
    this.#fresh = [];
    for (const stream of fresh) {
      if (!stream.dispatched && !stream.closed) this.#dispatch(stream);
      stream.settle();
    }
  }

  onGone(): void {
    const { failure } = this.connection;
    if (failure !== undefined && failure.code !== errorCode.noError) {
      this.#host.options.onFailure?.(failure.debug);
    }
    this.#host.onSessionGone(this);
  }

  #dispatch(stream: ServerStream): void {
    stream.dispatched = true;
    if (this.#working >= this.#workingMax) {
      stream.reset(errorCode.refusedStream);
      return;
    }
    try {
      const work = this.#host.options.onStream(stream, this.#socket);
      if (work === undefined) return;
      this.#working += 1;
      work.then(
        () => this.#worked(),
        () => {
          stream.reset(errorCode.internalError);
          this.#worked();
        },
      );
    } catch {
      stream.reset(errorCode.internalError);
    }
  }

  #worked(): void {
    this.#working -= 1;
  }
}

/**
 * Serves HTTP/2 on sockets whose protocol is known: by ALPN, or by their first bytes, which are
 * still to be read. Disposing of it breaks all connections off.
 */
export class Http2Server implements SessionHost, AsyncDisposable {
  readonly options: Http2ServerOptions;
  readonly clock: Clock;
  readonly slabs = new SlabPool();
  readonly buffers: ByteBudget;
  readonly #limits: ConnectionLimits;
  readonly #rng: Rng;
  readonly #sessions = new Set<ServerSession>();
  readonly #stop = new AbortController();
  #emptied: PromiseWithResolvers<void> | undefined;
  #isDraining = false;
  #ticking: Promise<void> | undefined;

  constructor(options: Http2ServerOptions, clock: Clock = systemClock, rng: Rng = systemRng) {
    this.options = options;
    this.buffers = options.buffers ?? new ByteBudget(bufferBytesMaxDefault);
    this.#limits = { ...defaultLimits, ...options.limits };
    this.clock = clock;
    this.#rng = rng;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#sessions.size;
  }

  /** Takes a socket over. */
  take(socket: Socket): TakenConnection {
    const ageMaxMs = spread(this.#limits.ageMaxMs, this.#rng);
    const limits = ageMaxMs === 0 ? this.#limits : { ...this.#limits, ageMaxMs };
    const session = new ServerSession(socket, limits, this);
    this.#sessions.add(session);
    // It was made before the drain began: what it sends at once is answered.
    if (this.#isDraining) session.connection.drain("shutdown");
    this.#ticking ??= this.#tick();
    return session;
  }

  onSessionGone(session: ServerSession): void {
    this.#sessions.delete(session);
    if (this.#sessions.size === 0) this.#emptied?.resolve();
  }

  /** Ends connections after their last response; resolves when all are gone, or after `graceMs`. */
  async drain(graceMs: number): Promise<void> {
    this.#isDraining = true;
    for (const { connection } of this.#sessions) connection.drain("shutdown");
    if (this.#sessions.size === 0) return;
    this.#emptied ??= Promise.withResolvers<void>();
    const waiting = new AbortController();
    await Promise.race([
      this.#emptied.promise,
      this.clock.sleep(Math.min(graceMs, timerMsMax), waiting.signal).catch(() => {}),
    ]);
    waiting.abort();
    this.#destroyAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#destroyAll();
    await this.#ticking;
  }

  #destroyAll(): void {
    for (const { driver } of this.#sessions) driver.destroy();
  }

  /** One loop over all sessions instead of timers of their own. */
  async #tick(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.clock.sleep(tickMs, signal).catch(() => {});
      const nowMs = this.clock.nowMs();
      for (const { driver } of this.#sessions) driver.tick(nowMs);
    }
  }
}
