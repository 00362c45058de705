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

/** How much windows have grown. */
export interface WindowGrowth {
  /** The new SETTINGS_INITIAL_WINDOW_SIZE. */
  readonly streamWindowBytes: number;
  /** Bytes that every stream's window gains. */
  readonly streamBytes: number;
  /** Bytes that the connection's window gains. */
  readonly connectionBytes: number;
}

/** The receiving half of flow control. */
export class ReceiveWindows {
  readonly #bytesMax: number;
  readonly #unreadBytesMax: number;
  readonly #account: ByteAccount;
  /** DATA that came and that no reader asked for yet. */
  #unreadBytes = 0;
  readonly #connection: ReceiveWindow = { receiveOpen: windowBytesDefault, receiveOwed: 0 };
  #connectionTarget: number;
  #streamTarget: number;
  #acknowledged = false;
  #estimator: BandwidthEstimator | undefined;

  constructor(limits: ConnectionLimits, account: ByteAccount) {
    this.#account = account;
    this.#unreadBytesMax = limits.unreadBytesMax;
    this.#connectionTarget = Math.max(limits.connectionWindowBytes, windowBytesDefault);
    this.#streamTarget = limits.streamWindowBytes;
    this.#bytesMax = limits.windowBytesMax;
  }

  /** The WINDOW_UPDATE that a connection begins with. */
  open(): number {
    const increment = this.#connectionTarget - this.#connection.receiveOpen;
    this.#connection.receiveOpen = this.#connectionTarget;
    return increment;
  }

  /** The window of a new stream. Until the peer knows ours, it may count on the default. */
  get streamBytes(): number {
    return this.#acknowledged
      ? this.#streamTarget
      : Math.max(this.#streamTarget, windowBytesDefault);
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

  /** Counts what was read of a stream. Returns the WINDOW_UPDATE due. */
  consumed(stream: ReceiveWindow, bytes: number): number {
    return giveBack(stream, bytes, this.#streamTarget);
  }

  /**
   * Whether to send a PING that measures, now that DATA of a stream came: only large bodies, which
   * use up a good part of their window, can be held up by it.
   */
  startMeasuring(stream: ReceiveWindow, nowMs: number): boolean {
    if (stream.receiveOpen > measuredShare * this.#streamTarget) return false;
    if (this.#streamTarget >= this.#bytesMax) return false;
    this.#estimator ??= new BandwidthEstimator(this.#streamTarget, this.#bytesMax);
    if (!this.#estimator.isDue(nowMs)) return false;
    this.#estimator.start(nowMs);
    return true;
  }

  /** The acknowledgement of the measuring PING has come. Returns by how much to grow, if at all. */
  finishMeasuring(nowMs: number): WindowGrowth | undefined {
    if (!this.#estimator?.sampling) return undefined;
    const target = this.#estimator.finish(nowMs);
    // A larger window helps a fast reader; a slow one would only have more lying about.
    if (this.#unreadBytes > this.#streamTarget / 2) return undefined;
    const streamBytes = target - this.#streamTarget;
    if (streamBytes <= 0) return undefined;
    const connectionBytes = Math.max(0, target - this.#connectionTarget);
    this.#streamTarget = target;
    this.#connectionTarget += connectionBytes;
    this.#connection.receiveOpen += connectionBytes;
    return { streamWindowBytes: target, streamBytes, connectionBytes };
  }
}
