/** The ports of all listeners, opened by the main thread, which hands over what it accepts unread. */

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

/** Open ports. Disposing of them closes them; connections that were handed over are not theirs any more. */
export interface Ports extends AsyncDisposable {
  /** In the order of the listeners. */
  readonly numbers: readonly number[];
}

async function closed(server: Server): Promise<void> {
  if (!server.listening) return;
  const end = once(server, "close");
  await stopAccepting(server, systemClock);
  await end;
}

/** Opens every port; when one cannot open none stays open, and the system's error is thrown. */
export async function openPorts(addresses: readonly PortAddress[], accept: Accept): Promise<Ports> {
  await using opening = new AsyncDisposableStack();
  const numbers: number[] = [];
  for (const [listener, address] of addresses.entries()) {
    const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) =>
      accept(listener, socket),
    );
    opening.defer(() => closed(server));
    numbers.push(await opened(server, address));
  }
  const owned = opening.move();
  return { numbers, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
