/** Flow control (RFC 9113 §5.2): receive windows with their two accounts, and how far they should grow. Pure. */

/** The largest window. */
export const windowBytesMax = 0x7fff_ffff;

/** The window that both sides begin with. */
export const windowBytesDefault = 65_535;

/** One direction's allowance to a peer, of a stream or of a connection. */
export interface ReceiveWindow {
  /** Bytes that the peer may still send, as far as it knows. */
  receiveOpen: number;
  /** Bytes that were read and that the peer has not been notified of yet. */
  receiveOwed: number;
}

/** Counts a payload that came in. False when the peer was not allowed to send it. */
export function receive(window: ReceiveWindow, bytes: number): boolean {
  window.receiveOpen -= bytes;
  return window.receiveOpen >= 0;
}

/** Updates are held back until they are worth a quarter of the window and so many bytes, or half of it. */
const updateBytes = 128 * 1024;

/** Counts `bytes` as read and returns the WINDOW_UPDATE to send, 0 for none yet. */
export function giveBack(window: ReceiveWindow, bytes: number, target: number): number {
  window.receiveOwed += bytes;
  if (window.receiveOwed < Math.min(target / 2, Math.max(target / 4, updateBytes))) return 0;
  const increment = window.receiveOwed;
  window.receiveOwed = 0;
  window.receiveOpen += increment;
  return increment;
}

/** Round trips that are averaged evenly before older ones fade. */
const evenSamples = 10;
const fading = 0.9;
/**
 * A sample that fills this share of the window says that the window was what held the sender: one
 * that waits for windows sends all but the share whose coming let the PING out.
 */
const fullShare = 2 / 3;
const growth = 2;

/** PINGs leave no sooner one after the other: on short paths nothing is learnt by more. */
const pauseMs = 10;

/**
 * Finds the bandwidth-delay product: a PING goes out, and what comes in until its response is what
 * the path holds. When that nearly fills the window at a new record of bandwidth, the window is
 * too small.
 */
export class BandwidthEstimator {
  readonly #bytesMax: number;
  #windowBytes: number;
  #sampleBytes = 0;
  #startedMs = Number.NEGATIVE_INFINITY;
  #roundTripMs = 0;
  #samples = 0;
  #bytesPerMsMax = 0;
  /** A PING is on its way. */
  sampling = false;

  constructor(windowBytes: number, bytesMax: number) {
    this.#windowBytes = windowBytes;
    this.#bytesMax = bytesMax;
  }

  /** Whether a PING should leave now. */
  isDue(nowMs: number): boolean {
    return !this.sampling && nowMs - this.#startedMs >= pauseMs;
  }

  /** The PING leaves. */
  start(nowMs: number): void {
    this.sampling = true;
    this.#startedMs = nowMs;
    this.#sampleBytes = 0;
  }

  /** DATA came in. */
  add(bytes: number): void {
    this.#sampleBytes += bytes;
  }

  /** The PING was acknowledged: the window to have from now on. */
  finish(nowMs: number): number {
    this.sampling = false;
    const elapsedMs = Math.max(nowMs - this.#startedMs, 0.01);
    this.#samples += 1;
    this.#roundTripMs +=
      (elapsedMs - this.#roundTripMs) *
      (this.#samples <= evenSamples ? 1 / this.#samples : 1 - fading);
    const bytesPerMs = this.#sampleBytes / (1.5 * this.#roundTripMs);
    if (this.#sampleBytes >= fullShare * this.#windowBytes && bytesPerMs > this.#bytesPerMsMax) {
      this.#bytesPerMsMax = bytesPerMs;
      this.#windowBytes = Math.min(this.#bytesMax, growth * this.#sampleBytes);
    }
    return this.#windowBytes;
  }
}
