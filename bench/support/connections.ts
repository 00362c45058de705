/** Connections that are opened and held. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { clientPreface } from "#http2/frames.ts";

const openedAtOnce = 100;
/** The preface, empty SETTINGS and their acknowledgement. */
const greeting = Buffer.concat([
  clientPreface,
  Buffer.from("000000040000000000", "hex"),
  Buffer.from("000000040100000000", "hex"),
]);

/** HTTP/2 connections without streams. Disposing of them closes all. */
export class HeldConnections implements Disposable {
  readonly #port: number;
  readonly #sockets: Socket[] = [];

  constructor(port: number) {
    this.#port = port;
  }

  /** Connections that are still open. */
  get open(): number {
    return this.#sockets.filter((socket) => !socket.destroyed && socket.readyState === "open")
      .length;
  }

  /** Opens more, until there are `count`; each has heard from the server when this resolves. */
  async grow(count: number): Promise<void> {
    while (this.#sockets.length < count) {
      const more = Math.min(openedAtOnce, count - this.#sockets.length);
      this.#sockets.push(...(await Promise.all(Array.from({ length: more }, () => this.#open()))));
    }
  }

  async #open(): Promise<Socket> {
    const socket = connect(this.#port, "127.0.0.1");
    socket.write(greeting);
    await once(socket, "data");
    socket.on("error", () => {});
    return socket;
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }
}
