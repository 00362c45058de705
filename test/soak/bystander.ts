/** A client that has nothing to do with the attack: asks `GET /livez` and measures how long it waits. */

import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ownTime } from "../support/process-figures.ts";
import type { GatewayProcess } from "./gateway.ts";

const everyMs = 50;
const request = "GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n";

/** Asks until it is disposed of. */
export class Bystander implements AsyncDisposable {
  readonly #gateway: GatewayProcess;
  readonly #asksAnew: boolean;
  readonly #stop = new AbortController();
  readonly #asking: Promise<void>;
  #socket: Socket | undefined;
  #longestMs = 0;
  #waitedMs: (() => number) | undefined;

  constructor(gateway: GatewayProcess, asksAnew: boolean) {
    this.#gateway = gateway;
    this.#asksAnew = asksAnew;
    this.#asking = this.#ask();
  }

  /**
   * The longest wait so far, one that goes on included. Time for which the system had no processor for
   * the gateway, or for this process, does not count: other programs take it.
   */
  get longestMs(): number {
    return Math.max(this.#longestMs, this.#waitedMs?.() ?? 0);
  }

  /** Forgets what was measured. */
  reset(): void {
    this.#longestMs = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#socket?.destroy();
    await this.#asking;
  }

  async #ask(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const waited = ownTime([this.#gateway]);
      this.#waitedMs = waited;
      while (!(signal.aborted || (await this.#responds()))) {
        await sleep(5, undefined, { signal }).catch(() => {});
      }
      const waitedMs = waited();
      this.#longestMs = Math.max(this.#longestMs, waitedMs);
      this.#waitedMs = undefined;
      if (this.#asksAnew) this.#socket?.destroy();
      await sleep(Math.max(1, everyMs - waitedMs), undefined, { signal }).catch(() => {});
    }
  }

  /** Sends a request; resolves with false when the connection breaks first. */
  #responds(): Promise<boolean> {
    if (this.#socket === undefined || this.#socket.destroyed) {
      this.#socket = connect({ port: this.#gateway.port, host: "127.0.0.1", noDelay: true });
      this.#socket.on("error", () => {});
    }
    const socket = this.#socket;
    return new Promise((resolve) => {
      let text = "";
      const settle = (isAlive: boolean) => {
        socket.off("data", onData);
        socket.off("close", onClose);
        resolve(isAlive);
      };
      const onData = (bytes: Buffer) => {
        text += bytes.toString("latin1");
        if (text.includes('"alive"}')) settle(true);
      };
      const onClose = () => settle(false);
      socket.on("data", onData);
      socket.on("close", onClose);
      socket.write(request);
    });
  }
}
