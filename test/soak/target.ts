/** The attacker's end: connections whose bytes are counted, for a bounded time. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setPriority } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** Pause before an attempt that follows a refused one. */
const retryMs = 20;
const meterMs = 20;
/** Low priority but not idle: attackers sit on other machines and take no processor from the gateway. */
const niceness = 15;
/** The attacker's address: one of loopback that is not the bystander's. */
const localAddress = "127.0.0.2";

/** How long, and with how many bytes, an attack may go on. */
export interface TargetOptions {
  readonly port: number;
  readonly seconds: number;
  readonly bytesMax: number;
}

/** A gateway under attack. When time or bytes are used up, all connections break. */
export class Target {
  readonly port: number;
  readonly #abort = new AbortController();
  readonly #sockets = new Set<Socket>();
  readonly #seen = new Map<string, number>();
  #closedBytes = 0;
  #connections = 0;
  readonly #options: TargetOptions;
  #meter: NodeJS.Timeout | undefined;

  constructor(options: TargetOptions) {
    this.port = options.port;
    this.#options = options;
    this.signal.addEventListener("abort", () => {
      clearInterval(this.#meter);
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  /** Aborted when the attack is over. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get isOver(): boolean {
    return this.signal.aborted;
  }

  /** Bytes that the system has taken, over all connections. */
  get bytesSent(): number {
    let bytes = this.#closedBytes;
    for (const socket of this.#sockets) bytes += sentOver(socket);
    return bytes;
  }

  /** What was received, or became of connections, by number of times. */
  get seen(): Readonly<Record<string, number>> {
    return { connections: this.#connections, ...Object.fromEntries(this.#seen) };
  }

  /** Counts something that the gateway did. */
  saw(what: string): void {
    this.#seen.set(what, (this.#seen.get(what) ?? 0) + 1);
  }

  /** Ends the attack. */
  end(): void {
    this.#abort.abort();
  }

  /** A new connection, not yet established. What breaks it is no error of the attack. */
  open(): Socket {
    this.#meter ??= this.#begin();
    const socket = connect({ port: this.port, host: "127.0.0.1", localAddress, noDelay: true });
    socket.setMaxListeners(0); // many bodies may wait for one connection
    this.#sockets.add(socket);
    socket.on("error", ({ message }) => this.saw(message.split(" ").slice(0, 2).join(" ")));
    socket.once("connect", () => {
      this.#connections += 1;
    });
    socket.once("close", () => {
      this.#sockets.delete(socket);
      this.#closedBytes += sentOver(socket);
    });
    if (this.isOver) socket.destroy();
    return socket;
  }

  /** Time counts from the first connection: some attacks need a while to make what they send. */
  #begin(): NodeJS.Timeout {
    const { seconds, bytesMax } = this.#options;
    setPriority(niceness);
    const endMs = performance.now() + 1000 * seconds;
    return setInterval(() => {
      if (performance.now() > endMs || this.bytesSent > bytesMax) this.end();
    }, meterMs);
  }

  /** A new connection; undefined when it is not taken. */
  async connect(): Promise<Socket | undefined> {
    const socket = this.open();
    const isOpen = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    return isOpen ? socket : undefined;
  }

  /** Repeats `attempt` in so many places at once until the attack is over. */
  async repeat(places: number, attempt: (place: number) => Promise<unknown>): Promise<void> {
    const occupy = async (place: number) => {
      while (!this.isOver) {
        await attempt(place);
        await this.pause(retryMs);
      }
    };
    await Promise.all(Array.from({ length: places }, (_, place) => occupy(place)));
  }

  /** Waits; not longer than the attack goes on. */
  async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.signal }).catch(() => {});
  }
}

/** Sends bytes; resolves with true once more may be sent, with false when the connection is gone. */
export async function send(socket: Socket, bytes: string | Uint8Array): Promise<boolean> {
  if (!socket.writable) return false;
  if (!socket.write(bytes)) await drained(socket);
  return socket.writable;
}

/** Waits for the connection's end; what comes is thrown away, or left in the system. */
export async function closed(
  socket: Socket,
  { reads }: { readonly reads: boolean },
): Promise<void> {
  if (reads) socket.resume();
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off("drain", done);
      socket.off("close", done);
      resolve();
    };
    socket.on("drain", done);
    socket.on("close", done);
  });
}

function sentOver(socket: Socket): number {
  return socket.connecting ? 0 : (socket.bytesWritten ?? 0) - socket.writableLength;
}
