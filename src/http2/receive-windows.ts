/** What a connection lets its peer send: the windows of connection and streams, and their growth. Pure. */

import type { ByteAccount } from "#core/byte-account.ts";
import {
  BandwidthEstimator,
  giveBack,
  type ReceiveWindow,
  receive,
  windowBytesDefault,
} from "./flow.ts";
import type { ConnectionLimits } from "./limits.ts";

/** Streams with more of their window open are not measured. */
const measuredShare = 3 / 4;

/** A stream's window, and what it is judged by. */
export interface StreamWindow extends ReceiveWindow {
  /** By so many bytes it is larger than the first window of a stream. */
  receiveLent: number;
  /** What came and was not asked for yet. */
  readonly unreadBytes: number;
}

/**
 * The receiving half of flow control. Every stream has a small window of its own; a larger one is
 * lent to those whose readers keep up, out of what a connection has for that, and comes back when
 * the stream ends. So what is not read is bounded without stopping those who read.
 */
export class ReceiveWindows {
  readonly #bytesMax: number;
  readonly #unreadBytesMax: number;
  readonly #lentBytesMax: number;
  readonly #firstBytes: number;
  readonly #account: ByteAccount;
  /** DATA that came and that no reader asked for yet. */
  #unreadBytes = 0;
  readonly #connection: ReceiveWindow = { receiveOpen: windowBytesDefault, receiveOwed: 0 };
  #connectionTarget: number;
  #streamTarget: number;
  #lentBytes = 0;
  #acknowledged = false;
  /** Whose DATA is being measured. */
  #measured: StreamWindow | undefined;
  #estimator: BandwidthEstimator | undefined;

  constructor(limits: ConnectionLimits, account: ByteAccount) {
    this.#account = account;
    this.#unreadBytesMax = limits.unreadBytesMax;
    this.#connectionTarget = Math.max(limits.connectionWindowBytes, windowBytesDefault);
    this.#firstBytes = this.#streamTarget = limits.streamWindowBytes;
    this.#lentBytesMax = limits.lentBytesMax;
    this.#bytesMax = limits.windowBytesMax;
  }

  /** The WINDOW_UPDATE that a connection begins with. */
  open(): number {
    const increment = this.#connectionTarget - this.#connection.receiveOpen;
    this.#connection.receiveOpen = this.#connectionTarget;
    return increment;
  }

  /** The window of a new stream. Until the peer knows this side's, it may count on the default. */
  get streamBytes(): number {
    return this.#acknowledged ? this.#firstBytes : Math.max(this.#firstBytes, windowBytesDefault);
  }

  /** The peer knows our window. Returns what the streams opened before lose by that. */
  acknowledge(): number {
    const before = this.streamBytes;
    this.#acknowledged = true;
    return before - this.streamBytes;
  }

  /**
   * Counts DATA against the connection's window and credits it at once, so that what one reader
   * leaves lying holds up no one else, unless too much lies. Returns the WINDOW_UPDATE due, -1 for
   * more DATA than was allowed.
   */
  received(bytes: number): number {
    if (!receive(this.#connection, bytes)) return -1;
    if (this.#estimator?.sampling) this.#estimator.add(bytes);
    return this.#credit(bytes);
  }

  /** Whether the peer may send something on this connection. */
  get isOpen(): boolean {
    return this.#connection.receiveOpen > 0;
  }

  /** Counts DATA that no reader has asked for. */
  lay(bytes: number): void {
    this.#unreadBytes += bytes;
  }

  /** Counts what a reader asked for, or no one ever will. Returns the WINDOW_UPDATE of the connection due. */
  lift(bytes: number): number {
    this.#unreadBytes -= bytes;
    return this.#credit(0);
  }

  #credit(bytes: number): number {
    const isTooMuch = this.#unreadBytes > this.#unreadBytesMax || this.#account.isPressed;
    if (!isTooMuch) return giveBack(this.#connection, bytes, this.#connectionTarget);
    this.#connection.receiveOwed += bytes;
    return 0;
  }

  /**
   * Counts what was read of a stream. Returns the WINDOW_UPDATE due, with what more is lent to it:
   * half of what is left at most, so that something is left for others.
   */
  consumed(stream: StreamWindow, bytes: number): number {
    const windowBytes = this.#windowOf(stream);
    const increment = giveBack(stream, bytes, windowBytes);
    if (increment === 0 || windowBytes >= this.#streamTarget || !this.#keepsUp(stream)) {
      return increment;
    }
    const leftBytes = Math.floor((this.#lentBytesMax - this.#lentBytes) / 2);
    const lentBytes = Math.min(this.#streamTarget - windowBytes, leftBytes);
    stream.receiveLent += lentBytes;
    stream.receiveOpen += lentBytes;
    this.#lentBytes += lentBytes;
    return increment + lentBytes;
  }

  /** The stream is over. */
  ended(stream: StreamWindow): void {
    this.#lentBytes -= stream.receiveLent;
    stream.receiveLent = 0;
  }

  #windowOf(stream: StreamWindow): number {
    return this.#firstBytes + stream.receiveLent;
  }

  /** A larger window helps a fast reader; a slow one would only have more lying about. */
  #keepsUp(stream: StreamWindow): boolean {
    return stream.unreadBytes <= this.#windowOf(stream) / 2;
  }

  /**
   * Whether to send a PING that measures, now that DATA of a stream came: only large bodies, which
   * use up a good part of their window, can be held up by it.
   */
  startMeasuring(stream: StreamWindow, nowMs: number): boolean {
    if (stream.receiveOpen > measuredShare * this.#windowOf(stream)) return false;
    if (this.#streamTarget >= this.#bytesMax) return false;
    this.#estimator ??= new BandwidthEstimator(this.#streamTarget, this.#bytesMax);
    if (!this.#estimator.isDue(nowMs)) return false;
    this.#estimator.start(nowMs);
    this.#measured = stream;
    return true;
  }

  /**
   * The acknowledgement of the measuring PING has come: streams may be lent more from now on if the
   * path held so much. Returns the WINDOW_UPDATE of the connection due.
   */
  finishMeasuring(nowMs: number): number {
    const stream = this.#measured;
    if (stream === undefined || !this.#estimator?.sampling) return 0;
    this.#measured = undefined;
    const target = this.#estimator.finish(nowMs);
    if (!this.#keepsUp(stream) || target <= this.#streamTarget) return 0;
    const connectionBytes = Math.max(0, target - this.#connectionTarget);
    this.#streamTarget = target;
    this.#connectionTarget += connectionBytes;
    this.#connection.receiveOpen += connectionBytes;
    return connectionBytes;
  }
}
