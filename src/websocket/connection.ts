/** One WebSocket connection of a server: texts in, texts out, neither faster than they are taken. */

import type { Duplex } from "node:stream";
import type { ConnectError } from "@connectrpc/connect";
import type { ByteBudget } from "#core/byte-budget.ts";
import type { Clock } from "#core/clock.ts";
import { free } from "#core/free.ts";
import { inputTurn } from "#core/input-turn.ts";
import { fault } from "#errors/fault.ts";
import {
  closeCode,
  closePayload,
  closeViolationOf,
  frameOf,
  opcode,
  type Violation,
} from "./frame.ts";
import { MessageReader, type MessageTaker } from "./reader.ts";

/** Bounds and times of a connection. */
export interface WebSocketOptions {
  /** Greatest size of a message in bytes. */
  readonly messageBytesMax: number;
  /** Shared by all connections of a server. */
  readonly held: ByteBudget;
  readonly clock: Clock;
  /** Time between two pings; a peer that sends nothing until the next is gone. */
  readonly heartbeatMs: number;
}

/** Frames that one message may come in. */
const framesMax = 16_384;
/** Texts that may wait to be read before the peer has to: so many, or so many characters. */
const waitingMax = 16;
const waitingLengthMax = 64 * 1024;
/** How long a peer may take to answer a close, and then to take what was written before it. */
const closeTimeoutMs = 2000;
/** Time for a message that has begun to become whole, while the peer may send. */
const messageTimeoutMs = 60_000;
/** Bytes that are written at once, and the time in which a peer has to take them. */
const writeBytes = 64 * 1024;
const stallTimeoutMs = 60_000;
/** Longest time between two looks at what is overdue. */
const lookMsMax = 10_000;

function gone(): ConnectError {
  return fault("CANCELLED", "the client closed the connection");
}

function ignore(): void {}

/** A connection whose handshake is done. */
export class WebSocketConnection implements MessageTaker {
  readonly #socket: Duplex;
  readonly #options: WebSocketOptions;
  readonly #reader: MessageReader;
  readonly #left = new AbortController();
  #waiting: string[] = [];
  #waitingLength = 0;
  #wake: () => void = ignore;
  /** Of who waits for the peer to take what was written. */
  #onDrain: () => void = ignore;
  #blockedSinceMs: number | undefined;
  /** The latest ping without a pong, while pongs cannot be written. */
  #unanswered: Buffer | undefined;
  #pingedMs: number;
  /** Something has come since the last ping. */
  #isHeard = true;
  /** Since when a message is not whole and the peer may send it. */
  #withinSinceMs: number | undefined;
  /** This turn's input has taken its time. */
  #isResting = false;
  #isClosing = false;
  #isFinished = false;

  /** `head` is what came after the handshake already. */
  constructor(socket: Duplex, head: Buffer, options: WebSocketOptions) {
    const { messageBytesMax, held, clock } = options;
    this.#socket = socket;
    this.#options = options;
    this.#pingedMs = clock.nowMs();
    this.#reader = new MessageReader({ messageBytesMax, framesMax }, held, this);
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("drain", () => this.#drained());
    socket.on("close", () => this.#leave());
    socket.on("end", () => this.#leave());
    // An error is followed by a close, which is all that matters.
    socket.on("error", ignore);
    // Reading writes to what it reads, which here is another's.
    if (head.length > 0) this.#receive(Buffer.from(head));
    void this.#watch();
  }

  /** Aborts when the peer closes or is gone. */
  get signal(): AbortSignal {
    return this.#left.signal;
  }

  /** As many texts wait as may. */
  get isFull(): boolean {
    return this.#waiting.length >= waitingMax || this.#waitingLength >= waitingLengthMax;
  }

  /**
   * The peer's messages; once the iterator is closed all others are discarded. Fails with CANCELLED
   * when the peer leaves.
   */
  async *texts(): AsyncIterable<string> {
    try {
      for (;;) {
        const text = this.#waiting.shift();
        if (text !== undefined) {
          this.#waitingLength -= text.length;
          if (this.#waiting.length === 0) this.#readOn();
          yield text;
          continue;
        }
        if (this.signal.aborted) throw gone();
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.#discard();
    }
  }

  /** Sends a message; resolves when the peer has taken enough for the next one. */
  async send(text: string): Promise<void> {
    const frame = frameOf(opcode.text, Buffer.from(text));
    // Piece by piece, as the time to take one must be long enough for any.
    for (let at = 0; at < frame.length; at += writeBytes) {
      if (this.signal.aborted || this.#socket.destroyed) throw gone();
      if (this.#write(frame.subarray(at, at + writeBytes))) continue;
      await new Promise<void>((resolve) => {
        this.#onDrain = resolve;
      });
    }
    if (this.signal.aborted) throw gone();
  }

  /** Says goodbye, and waits a moment for the peer to do the same. */
  async close(code: number, reason: string): Promise<void> {
    if (!this.#isClosing && !this.signal.aborted) {
      this.#isClosing = true;
      this.#write(frameOf(opcode.close, closePayload(code, reason)));
      // What still comes is read for the peer's goodbye alone.
      this.#discard();
      try {
        await this.#options.clock.sleep(closeTimeoutMs, this.signal);
      } catch {
        // The peer answered, or left: both are what was waited for.
      }
    }
    this.#finish();
  }

  onText(text: string): void {
    if (this.#isClosing) return;
    this.#waiting.push(text);
    this.#waitingLength += text.length;
    this.#wake();
  }

  /** A client that pings faster than it reads gets a response to the last ping only (RFC 6455 §5.5.3). */
  onPing(payload: Buffer): void {
    if (this.#blockedSinceMs === undefined) this.#write(frameOf(opcode.pong, payload));
    else this.#unanswered = payload;
  }

  onClose(payload: Buffer): void {
    const violation = closeViolationOf(payload);
    if (violation !== undefined) {
      this.onViolation(violation);
      return;
    }
    if (!this.#isClosing) this.#write(frameOf(opcode.close, payload.subarray(0, 2)));
    this.#isClosing = true;
    this.#finish();
  }

  /** Ends a connection whose peer broke the rules. */
  onViolation({ code, problem }: Violation): void {
    if (!this.#isClosing) this.#write(frameOf(opcode.close, closePayload(code, problem)));
    this.#isClosing = true;
    this.#finish();
  }

  /** Writes; false asks to wait for the peer to take it. */
  #write(bytes: Buffer): boolean {
    if (this.#socket.write(bytes)) return true;
    this.#blockedSinceMs ??= this.#options.clock.nowMs();
    return false;
  }

  #drained(): void {
    this.#blockedSinceMs = undefined;
    const payload = this.#unanswered;
    this.#unanswered = undefined;
    if (payload !== undefined && !this.#isClosing) this.#write(frameOf(opcode.pong, payload));
    this.#onDrain();
    this.#pace();
  }

  #receive(chunk: Buffer): void {
    if (this.#isFinished) {
      free(chunk);
      return;
    }
    this.#isHeard = true;
    if (inputTurn.isOver(this.#options.clock.nowMs())) this.#rest();
    this.#reader.push(chunk);
    this.#pace();
  }

  /** Reads no more in this turn of the event loop. */
  #rest(): void {
    this.#isResting = true;
    setImmediate(() => {
      this.#isResting = false;
      this.#pace();
    });
  }

  #readOn(): void {
    this.#reader.readOn();
    this.#pace();
  }

  /** Stops reading while texts wait for the handler, or what was written for the peer. */
  #pace(): void {
    const isTaken = this.#isClosing || !(this.isFull || this.#blockedSinceMs !== undefined);
    const mayRead = isTaken && !this.#isResting;
    if (mayRead === this.#socket.isPaused()) {
      if (mayRead) this.#socket.resume();
      else this.#socket.pause();
      // Who was not read could not be heard.
      this.#isHeard = true;
    }
    const isWithin = isTaken && this.#reader.isWithin;
    this.#withinSinceMs = isWithin
      ? (this.#withinSinceMs ?? this.#options.clock.nowMs())
      : undefined;
  }

  #discard(): void {
    this.#waiting = [];
    this.#waitingLength = 0;
    this.#reader.discard();
    this.#readOn();
  }

  async #watch(): Promise<void> {
    const { clock, heartbeatMs } = this.#options;
    const lookMs = heartbeatMs / Math.ceil(heartbeatMs / lookMsMax);
    try {
      for (;;) {
        await clock.sleep(lookMs, this.signal);
        this.#look(clock.nowMs());
      }
    } catch {
      // The connection has ended.
    }
  }

  #look(nowMs: number): void {
    if (this.#blockedSinceMs !== undefined) {
      if (nowMs - this.#blockedSinceMs >= stallTimeoutMs) this.#socket.destroy();
      return;
    }
    if (this.#withinSinceMs !== undefined && nowMs - this.#withinSinceMs >= messageTimeoutMs) {
      const problem = `a message took longer than ${messageTimeoutMs / 1000} s`;
      this.onViolation({ code: closeCode.policyViolation, problem });
      return;
    }
    if (nowMs - this.#pingedMs < this.#options.heartbeatMs) return;
    this.#ping(nowMs);
  }

  #ping(nowMs: number): void {
    if (!this.#isHeard && !this.#socket.isPaused()) {
      this.#socket.destroy();
      return;
    }
    this.#isHeard = false;
    this.#pingedMs = nowMs;
    this.#write(frameOf(opcode.ping, Buffer.alloc(0)));
  }

  #leave(): void {
    if (!this.#left.signal.aborted) this.#left.abort(gone());
    this.#reader.end();
    this.#wake();
    this.#onDrain();
  }

  /**
   * Ends our side, and the connection once the peer has ended its own: closed at once, it would
   * lose what it has not read yet.
   */
  #finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#leave();
    const socket = this.#socket;
    socket.end();
    socket.resume();
    const closed = new AbortController();
    socket.once("close", () => closed.abort());
    this.#options.clock.sleep(closeTimeoutMs, closed.signal).then(() => socket.destroy(), ignore);
  }
}
