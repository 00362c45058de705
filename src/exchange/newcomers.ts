/** The connections of one port: each has a place, and waits until its wire is known. */

import type { Socket } from "node:net";
import type { Clock } from "#core/clock.ts";
import { networkOf } from "#core/network-of.ts";
import type { ConnectionPlaces, Place } from "./connection-places.ts";
import { showSource } from "./proxied-socket.ts";
import type { ProxySource } from "./proxy-header.ts";

/** A connection whose wire is not known yet. */
export interface Newcomer {
  readonly socket: Socket;
  place?: Place;
  /** Whom a proxy has made it for. */
  source?: ProxySource;
}

/** What tells a connection from all others of one port. */
function endsOf({ localAddress, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${remoteAddress} ${remotePort}`;
}

/** What connections are held to. */
export interface NewcomersOptions {
  /** Absent: there is no bound. */
  readonly places: ConnectionPlaces | undefined;
  readonly clock: Pick<Clock, "nowMs">;
  /** There is no place for a connection. */
  readonly onRefused: () => void;
}

/** All connections of a port, and those among them whose wire is not known. */
export class Newcomers {
  readonly #options: NewcomersOptions;
  readonly #sockets = new Set<Socket>();
  /** By their ends: after its handshake a TLS connection shows another socket than before. */
  readonly #waiting = new Map<string, Newcomer>();
  #onGone: (() => void) | undefined;

  constructor(options: NewcomersOptions) {
    this.#options = options;
  }

  /** A connection was accepted. */
  add(socket: Socket): Newcomer {
    const ends = endsOf(socket);
    const newcomer: Newcomer = { socket };
    this.#sockets.add(socket);
    this.#waiting.set(ends, newcomer);
    // Its wire reports what goes wrong; before it has one there is nothing to report.
    socket.on("error", () => {});
    socket.once("close", () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) this.#onGone?.();
      this.#waiting.delete(ends);
      if (newcomer.place !== undefined) this.#options.places?.leave(newcomer.place);
    });
    return newcomer;
  }

  /** Gives it a place as one of its address, or of whom a proxy speaks for; closes it when there is none. */
  enter(newcomer: Newcomer, source?: ProxySource): boolean {
    const { places, clock, onRefused } = this.#options;
    const { socket } = newcomer;
    if (source !== undefined) newcomer.source = source;
    if (places === undefined) return true;
    const nowMs = clock.nowMs();
    const address = networkOf(source?.address ?? socket.remoteAddress ?? "");
    const connection = { idleSinceMs: nowMs, retire: () => socket.destroy() };
    const place = places.enter(address, connection, nowMs);
    if (place === undefined) {
      onRefused();
      socket.destroy();
      return false;
    }
    newcomer.place = place;
    return true;
  }

  /** The wire of a connection is known: from now on it tells the address of whom it was made for. */
  settle(socket: Socket): Place | undefined {
    const ends = endsOf(socket);
    const { place, source } = this.#waiting.get(ends) ?? {};
    this.#waiting.delete(ends);
    if (source !== undefined) showSource(socket, source);
    return place;
  }

  /** Resolves when no connection is left. */
  gone(): Promise<void> {
    if (this.#sockets.size === 0) return Promise.resolve();
    const before = this.#onGone;
    return new Promise((resolve) => {
      this.#onGone = () => {
        before?.();
        resolve();
      };
    });
  }

  /** Destroys those whose wire is not known. */
  destroyWaiting(): void {
    for (const { socket } of this.#waiting.values()) socket.destroy();
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
