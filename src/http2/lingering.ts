/** Streams whose response is whole before their request: the rest is discarded for a while, then they are reset. Pure. */

import { type ErrorCode, errorCode } from "./error-code.ts";
import { windowBytesMax } from "./flow.ts";

/** How long, and how much, a peer may go on sending. */
export interface LingerRule {
  /** Time without anything of the rest. */
  readonly silenceMsMax: number;
  /** Time in all. */
  readonly msMax: number;
  readonly bytesMax: number;
}

/** What such a stream may still do. */
interface Lingering {
  readonly sinceMs: number;
  heardMs: number;
  bytes: number;
  /** What the peer still let us send, to no purpose: its rules hold all the same. */
  sendWindow: number;
  /** What it is reset with in the end. */
  readonly code: ErrorCode;
}

/**
 * A reset at once would overtake the response in clients that are still sending: they take it for a
 * failure, and the response is lost.
 */
export class LingeringStreams {
  readonly #rule: LingerRule;
  readonly #streams = new Map<number, Lingering>();

  constructor(rule: LingerRule) {
    this.#rule = rule;
  }

  /** Streams that linger. */
  get size(): number {
    return this.#streams.size;
  }

  /** The one that has lingered longest. */
  get oldest(): number | undefined {
    return this.#streams.keys().next().value;
  }

  has(id: number): boolean {
    return this.#streams.has(id);
  }

  add(id: number, how: Pick<Lingering, "sendWindow" | "code">, nowMs: number): void {
    this.#streams.set(id, { ...how, sinceMs: nowMs, heardMs: nowMs, bytes: 0 });
  }

  /** What it is to be reset with. */
  codeOf(id: number): ErrorCode {
    return this.#streams.get(id)?.code ?? errorCode.noError;
  }

  /** Takes over a WINDOW_UPDATE. False when it is none that a stream can have. */
  growWindow(id: number, increment: number): boolean {
    const stream = this.#streams.get(id);
    if (stream !== undefined) stream.sendWindow += increment;
    return (stream?.sendWindow ?? 0) <= windowBytesMax;
  }

  /** Counts what came of the rest. False when it is too much. */
  discard(id: number, bytes: number, nowMs: number): boolean {
    const stream = this.#streams.get(id);
    if (stream === undefined) return true;
    stream.heardMs = nowMs;
    stream.bytes += bytes;
    return stream.bytes <= this.#rule.bytesMax;
  }

  /** The peer has ended it, or it is reset. False when it did not linger. */
  delete(id: number): boolean {
    return this.#streams.delete(id);
  }

  /** Those whose time is over. */
  due(nowMs: number): number[] {
    const ids: number[] = [];
    for (const [id, { sinceMs, heardMs }] of this.#streams) {
      const isOver = nowMs - heardMs >= this.#rule.silenceMsMax;
      if (isOver || nowMs - sinceMs >= this.#rule.msMax) ids.push(id);
    }
    return ids;
  }
}
