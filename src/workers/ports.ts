/** The ports of all listeners, opened by the main thread, which keeps what it accepts, unread, until it is served. */

import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { systemClock } from "#core/clock.ts";
import { opened, stopAccepting } from "#exchange/listener.ts";

/** An address to listen on. */
export interface PortAddress {
  /** Of the listener. */
  readonly name: string;
  /** A bound socket that the process was started with, instead of host and port. */
  readonly fd?: number;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** Takes a connection of a listener, by the listener's place. */
export type Accept = (listener: number, socket: Socket) => void;

/**
 * Open ports. Disposing of them closes them and the connections that nobody serves; those that were
 * handed over are not theirs any more.
 */
export interface Ports extends AsyncDisposable {
  /** In the order of the listeners. */
  readonly numbers: readonly number[];
  /** Has connections served from now on, those first that have come already. */
  serve(accept: Accept): void;
}

/** Connections on their way to whoever serves them. */
class Arrivals {
  #keptMax: number;
  #serve: Accept | undefined;
  readonly #early: Parameters<Accept>[] = [];

  constructor(keptMax: number) {
    this.#keptMax = keptMax;
  }

  take(listener: number, socket: Socket): void {
    if (this.#serve !== undefined) this.#serve(listener, socket);
    else if (this.#early.length < this.#keptMax) this.#early.push([listener, socket]);
    else socket.destroy();
  }

  serve(accept: Accept): void {
    this.#serve = accept;
    for (const accepted of this.#early.splice(0)) accept(...accepted);
  }

  /** The ports close: where nobody serves yet nobody will. */
  close(): void {
    this.#keptMax = 0;
    for (const [, socket] of this.#early.splice(0)) socket.destroy();
  }
}

async function closed(server: Server): Promise<void> {
  if (!server.listening) return;
  const end = once(server, "close");
  await stopAccepting(server, systemClock);
  await end;
}

/**
 * Opens every port, and keeps at most `keptMax` connections until somebody serves them. When one port
 * cannot open none stays open, and the system's error is thrown.
 */
export async function openPorts(
  addresses: readonly PortAddress[],
  keptMax: number,
): Promise<Ports> {
  await using opening = new AsyncDisposableStack();
  const arrivals = new Arrivals(keptMax);
  const numbers: number[] = [];
  for (const [listener, address] of addresses.entries()) {
    const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) =>
      arrivals.take(listener, socket),
    );
    opening.defer(async () => {
      // A server is closed once its connections are.
      arrivals.close();
      await closed(server);
    });
    numbers.push(await opened(server, address));
  }
  const owned = opening.move();
  return {
    numbers,
    serve: (accept) => arrivals.serve(accept),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
