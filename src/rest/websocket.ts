/** One WebSocket connection of a server: texts in, texts out, neither faster than they are taken. */

import { once } from "node:events";
import type { Duplex } from "node:stream";
import type { ConnectError } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import {
  closeCode,
  closePayload,
  type FrameEvent,
  FrameReader,
  frameOf,
  opcode,
} from "./websocket-frame.ts";

/** Bounds and times of a connection. */
export interface WebSocketOptions {
  /** Greatest size of a message in bytes. */
  readonly messageBytesMax: number;
  readonly clock: Clock;
  /** Time between two pings; a peer that answers none of them until the next is gone. */
  readonly heartbeatMs: number;
}

/** Texts that may wait to be read before the peer has to. */
const waitingMax = 16;
/** How long a peer may take to answer a close. */
const closeTimeoutMs = 2000;

function gone(): ConnectError {
  return fault("CANCELLED", "the client closed the connection");
}

/** A connection whose handshake is done. */
export class WebSocketConnection {
  readonly #socket: Duplex;
  readonly #options: WebSocketOptions;
  readonly #reader: FrameReader;
  readonly #left = new AbortController();
  readonly #waiting: string[] = [];
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #wake: (() => void) | undefined;
  #answeredPing = true;
  #closing = false;

  /** `head` is what came behind the handshake already. */
  constructor(socket: Duplex, head: Buffer, options: WebSocketOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#reader = new FrameReader(options.messageBytesMax);
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("close", () => this.#leave());
    socket.on("end", () => this.#leave());
    // An error is followed by a close, which is all that matters.
    socket.on("error", () => {});
    if (head.length > 0) this.#receive(head);
    void this.#beat();
  }

  /** Aborts when the peer closes or is gone. */
  get signal(): AbortSignal {
    return this.#left.signal;
  }

  /** The peer's messages until the first empty one. Fails with CANCELLED when the peer leaves before. */
  async *texts(): AsyncIterable<string> {
    for (;;) {
      const text = this.#waiting.shift();
      if (text === "") return;
      if (text !== undefined) {
        if (this.#waiting.length < waitingMax) this.#socket.resume();
        yield text;
        continue;
      }
      if (this.signal.aborted) throw gone();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Sends a message; resolves when the peer has taken enough for the next one. */
  async send(text: string): Promise<void> {
    await this.#write(frameOf(opcode.text, Buffer.from(text)));
  }

  /** Says goodbye, and waits a moment for the peer to do the same. */
  async close(code: number, reason: string): Promise<void> {
    if (!this.#closing && !this.signal.aborted) {
      this.#closing = true;
      // What still comes is read for the peer's goodbye alone.
      this.#socket.resume();
      this.#socket.write(frameOf(opcode.close, closePayload(code, reason)));
      try {
        await this.#options.clock.sleep(closeTimeoutMs, this.signal);
      } catch {
        // The peer answered, or left: both are what was waited for.
      }
    }
    this.#finish();
  }

  /** Ends a connection whose peer broke the rules. */
  #refuse(code: number, reason: string): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#socket.write(frameOf(opcode.close, closePayload(code, reason)));
    this.#leave();
    this.#finish();
  }

  #finish(): void {
    this.#socket.end(() => this.#socket.destroy());
  }

  async #write(frame: Buffer): Promise<void> {
    if (this.signal.aborted || this.#socket.destroyed) throw gone();
    if (this.#socket.write(frame)) return;
    try {
      await once(this.#socket, "drain", { signal: this.signal });
    } catch {
      throw gone();
    }
  }

  async #beat(): Promise<void> {
    const { clock, heartbeatMs } = this.#options;
    try {
      for (;;) {
        await clock.sleep(heartbeatMs, this.signal);
        if (!this.#answeredPing) this.#socket.destroy();
        this.#answeredPing = false;
        this.#socket.write(frameOf(opcode.ping, Buffer.alloc(0)));
      }
    } catch {
      // The connection has ended, and its pings with it.
    }
  }

  #leave(): void {
    this.#left.abort(gone());
    this.#wake?.();
  }

  #receive(chunk: Buffer): void {
    this.#answeredPing = true;
    for (const event of this.#reader.push(chunk)) this.#take(event);
    if (this.#waiting.length >= waitingMax && !this.#closing) this.#socket.pause();
  }

  #take(event: FrameEvent): void {
    if (event.kind === "violation") {
      this.#refuse(event.code, event.problem);
      return;
    }
    switch (event.opcode) {
      case opcode.ping:
        this.#socket.write(frameOf(opcode.pong, event.payload));
        return;
      case opcode.pong:
        return;
      case opcode.close:
        if (!this.#closing) this.#socket.write(frameOf(opcode.close, event.payload.subarray(0, 2)));
        this.#closing = true;
        this.#leave();
        this.#finish();
        return;
      default:
        this.#piece(event.opcode, event.fin, event.payload);
    }
  }

  /** A piece of a message: the first has the type, the others continue it. */
  #piece(kind: number, fin: boolean, payload: Buffer): void {
    if (kind === opcode.binary) {
      this.#refuse(closeCode.unsupportedData, "messages are JSON texts");
      return;
    }
    if ((kind === opcode.continuation) !== this.#pieces.length > 0) {
      this.#refuse(closeCode.protocolError, "pieces of messages are out of order");
      return;
    }
    this.#pieces.push(payload);
    this.#pieceBytes += payload.length;
    if (this.#pieceBytes > this.#options.messageBytesMax) {
      const problem = `a message exceeds ${this.#options.messageBytesMax} bytes`;
      this.#refuse(closeCode.tooLarge, problem);
      return;
    }
    if (fin) this.#message();
  }

  #message(): void {
    const bytes = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#pieceBytes = 0;
    if (this.#closing) return;
    try {
      this.#waiting.push(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    } catch {
      this.#refuse(closeCode.invalidText, "a message is not UTF-8");
    }
    this.#wake?.();
  }
}
