/** An HTTP/1.1 server over sockets that others accept: connections, their time, and their end. */

import type { Socket } from "node:net";
import { ByteBudget, bufferBytesMaxDefault } from "#core/byte-budget.ts";
import { type Clock, systemClock } from "#core/clock.ts";
import { Connection, type ConnectionShare } from "./connection.ts";
import type { ConnectionHandler, RefusalResponse } from "./connection-handler.ts";
import { FieldNames } from "./field-name.ts";
import { type ConnectionLimits, defaultLimits } from "./limits.ts";
import type { Refusal } from "./refusal.ts";
import { HeadEnds } from "./response-head.ts";
import type { ServerExchange } from "./server-exchange.ts";
import { type DriverShare, type GivenUp, SocketDriver, type SocketOwner } from "./socket.ts";

/** A request to go on with another protocol: `rest` is what came after its head already. */
export interface UpgradeOffer {
  readonly exchange: ServerExchange;
  readonly socket: Socket;
  readonly rest: Buffer;
}

/** What a server is made of. */
export interface Http1ServerOptions {
  /** Responds to a request. What it throws, or rejects with, breaks the connection off. */
  readonly onExchange: (exchange: ServerExchange, socket: Socket) => void | Promise<void>;
  /** Takes the connections that go on with another protocol; it is asked which. */
  readonly upgrades?: {
    takes(protocol: string): boolean;
    onUpgrade(offer: UpgradeOffer): void;
  };
  /** The response to input that is refused. */
  readonly onRefusal: (refusal: Refusal) => RefusalResponse;
  /** Called when a client that does not take its response has lost its connection. */
  readonly onGivenUp?: (reason: GivenUp) => void;
  /** What requests and responses hold in memory; an own budget when absent. */
  readonly buffers?: ByteBudget;
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<ConnectionLimits>;
}

/** Who is notified of a connection that the server has taken. */
export interface TakenConnection {
  /** Since when it has no request; undefined while it has one. */
  readonly idleSinceMs: number | undefined;
  /** Closes it if it has no request, else after its response. */
  retire(): void;
  /** Closes it after its next response, or the one in progress. */
  grewOld(): void;
}

/** Time between two looks at what is late. */
const sweepMs = 500;

/** What a server's connections share. */
interface SessionHost extends ConnectionShare, DriverShare {
  readonly limits: ConnectionLimits;
  readonly options: Http1ServerOptions;
  onSessionGone(session: ServerSession): void;
}

/** One connection of a server. */
class ServerSession implements ConnectionHandler, SocketOwner, TakenConnection {
  readonly connection: Connection;
  readonly driver: SocketDriver;
  readonly #socket: Socket;
  readonly #host: SessionHost;

  constructor(socket: Socket, host: SessionHost) {
    this.#socket = socket;
    this.#host = host;
    this.connection = new Connection(host, this, host.clock.nowMs());
    this.driver = new SocketDriver(socket, this.connection, host, this);
  }

  get idleSinceMs(): number | undefined {
    return this.connection.idleSinceMs;
  }

  retire(): void {
    this.connection.drain(this.#host.clock.nowMs());
  }

  grewOld(): void {
    this.connection.grewOld();
  }

  onRequest(exchange: ServerExchange): void {
    try {
      this.#host.options.onExchange(exchange, this.#socket)?.catch(() => exchange.reset());
    } catch {
      exchange.reset();
    }
  }

  takesUpgrade(protocol: string): boolean {
    return this.#host.options.upgrades?.takes(protocol) ?? false;
  }

  onRefusal(refusal: Refusal): RefusalResponse {
    return this.#host.options.onRefusal(refusal);
  }

  onChange(): void {
    this.driver.wake();
  }

  onUpgrade(rest: Buffer): void {
    this.#host.onSessionGone(this);
    const exchange = this.connection.upgraded;
    if (exchange === undefined) return;
    try {
      this.#host.options.upgrades?.onUpgrade({ exchange, socket: this.#socket, rest });
    } catch {
      this.#socket.destroy();
    }
  }

  onGivenUp(reason: GivenUp): void {
    this.#host.options.onGivenUp?.(reason);
  }

  onGone(): void {
    this.#host.onSessionGone(this);
  }
}

/**
 * Serves HTTP/1.1 on sockets whose protocol is known and whose first bytes are still to be read.
 * Disposing of it breaks all connections off.
 */
export class Http1Server implements SessionHost, AsyncDisposable {
  readonly options: Http1ServerOptions;
  readonly limits: ConnectionLimits;
  readonly clock: Clock;
  readonly names = new FieldNames();
  readonly headEnds: HeadEnds;
  readonly buffers: ByteBudget;
  readonly #sessions = new Set<ServerSession>();
  readonly #stop = new AbortController();
  #isDraining = false;
  #sweeping: Promise<void> | undefined;

  constructor(options: Http1ServerOptions, clock: Clock = systemClock) {
    this.options = options;
    this.limits = { ...defaultLimits, ...options.limits };
    this.clock = clock;
    this.buffers = options.buffers ?? new ByteBudget(bufferBytesMaxDefault);
    this.headEnds = new HeadEnds(clock, this.limits.keepAliveTimeoutMs);
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#sessions.size;
  }

  /** Takes a socket over. */
  take(socket: Socket): TakenConnection {
    const session = new ServerSession(socket, this);
    this.#sessions.add(session);
    if (this.#isDraining) session.connection.drain(this.clock.nowMs());
    this.#sweeping ??= this.#sweep();
    return session;
  }

  onSessionGone(session: ServerSession): void {
    this.#sessions.delete(session);
  }

  /** Closes connections after the response in progress, those without one when they stay without. */
  drain(): void {
    this.#isDraining = true;
    const nowMs = this.clock.nowMs();
    for (const { connection } of this.#sessions) connection.drain(nowMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const { driver } of this.#sessions) driver.destroy();
    await this.#sweeping;
  }

  /** One loop over all connections instead of timers of their own. */
  async #sweep(): Promise<void> {
    const { signal } = this.#stop;
    const waitMs = Math.min(sweepMs, this.limits.headTimeoutMs);
    while (!signal.aborted) {
      await this.clock.sleep(waitMs, signal).catch(() => {});
      const nowMs = this.clock.nowMs();
      for (const { driver } of this.#sessions) driver.tick(nowMs);
    }
  }
}
