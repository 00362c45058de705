/** Connections of a port that end when they are old, so that clients look for gateways anew. */

import type { Socket } from "node:net";
import { type Rng, systemRng } from "#core/rng.ts";
import { spread } from "#core/spread.ts";

/** How old a connection may be. */
export interface ConnectionAge {
  /** Age at which it takes no new calls; each has its own, up to a tenth more or less. */
  readonly maxMs: number;
  /** How long calls may go on after that; absent: as long as they take. */
  readonly graceMs?: number;
}

/** The ages of the connections of one port. */
export class ConnectionAges {
  readonly #age: ConnectionAge;
  readonly #rng: Rng;
  readonly #timers = new WeakMap<Socket, NodeJS.Timeout>();

  constructor(age: ConnectionAge, rng: Rng = systemRng) {
    this.#age = age;
    this.#rng = rng;
  }

  /** A connection begins. `onOld` lets it end after its calls; past the grace it is cut off. */
  watch(socket: Socket, onOld: () => void): void {
    const { maxMs, graceMs } = this.#age;
    const old = () => {
      onOld();
      if (graceMs !== undefined) this.#start(socket, () => socket.destroy(), graceMs);
    };
    this.#start(socket, old, spread(maxMs, this.#rng));
    socket.once("close", () => this.forget(socket));
  }

  /** Another protocol goes on with it, which has a time of its own. */
  forget(socket: Socket): void {
    clearTimeout(this.#timers.get(socket));
  }

  #start(socket: Socket, due: () => void, ms: number): void {
    this.#timers.set(socket, setTimeout(due, ms).unref());
  }
}
