/** A body that comes in: kept as it came, read whole or in pieces, slowly when its reader is slow. */

import { type BodyProgress, type LengthFrom, partsOfOne } from "#core/body-progress.ts";
import { GatheredBytes } from "#core/gathered-bytes.ts";
import { isSmallPart, owned, PieceList } from "#core/piece-list.ts";
import { BodyTooLargeError } from "./body-too-large.ts";

/** The stream that carries a body. */
export interface BodySource {
  /** A reader wants bytes, but only with others: they are in memory on, and the peer may send as many more. */
  kept(bytes: number): void;
  /** Messages were made of bytes that were kept, or never will be: those are held no more. */
  understood(messages: number, bytes: number): void;
  /** Bytes are gone that no one will read: the peer gets no more in their place. */
  dropped(bytes: number): void;
  /** Why no more comes; undefined while more may come, or when the body is whole. */
  broken(): Error | undefined;
}

/** Parts of one thing wait until they are worth so many bytes, unless no more come. */
const worthBytes = 4096;
const empty = Buffer.alloc(0);

/** The body of one message. It has one reader. */
export class IncomingBody {
  /** The peer has sent all of it. */
  ended = false;
  /** The usual body is one piece, so the first is held without a list. */
  #first: Buffer | undefined;
  #rest: PieceList | undefined;
  /** What follows the first, once a reader waits for all of it. */
  #gathered: GatheredBytes | undefined;
  #waitingBytes = 0;
  /** The reader wants all of it, and lets its sender go on for so many bytes; -1: it reads pieces. */
  #wholeBytesMax = -1;
  /** Its length, as far as that is known. */
  #wholeBytes = 0;
  /** Who knows it from the first bytes, until those have come. */
  #lengthFrom: LengthFrom | undefined;
  #whole: PromiseWithResolvers<Buffer> | undefined;
  /** Why its reader gets no more: what still comes is dropped, and no more granted. */
  #failure: Error | undefined;
  /** A reader of pieces waits for the next. */
  #wake: (() => void) | undefined;
  #progress: BodyProgress | undefined;
  /** Messages that it had made at the last look, and bytes that it has taken since. */
  #messages = 0;
  #takenBytes = 0;

  /** Bytes that wait for a reader. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** A reader cannot go on until more has come: of the whole, or of a message that has begun. */
  get isAwaited(): boolean {
    if (this.#whole !== undefined) return true;
    return this.#wake !== undefined && this.#progress?.isBetween === false;
  }

  /**
   * Adds a piece; one that `outlives` the turn in which it came may be part of a larger read. False
   * when the memory that it lies in is not used on.
   */
  add(piece: Buffer, source: BodySource, outlives: boolean): boolean {
    if (this.#failure !== undefined) {
      source.dropped(piece.length);
      return false;
    }
    if (this.#wholeBytesMax >= 0) return this.#addToWhole(piece, source, outlives);
    const isFirst = this.#waitingBytes === 0;
    this.#waitingBytes += piece.length;
    if (isFirst) {
      this.#first = outlives ? this.#copied(piece) : piece;
    } else {
      this.#rest ??= new PieceList();
      this.#rest.push(piece);
    }
    this.#signal();
    return true;
  }

  /** Who wants all of it need not wake for a part. */
  #addToWhole(piece: Buffer, source: BodySource, outlives: boolean): boolean {
    source.kept(piece.length);
    const isFirst = this.#waitingBytes === 0;
    this.#waitingBytes += piece.length;
    if (this.#waitingBytes > this.#wholeBytesMax) {
      this.#fail(new BodyTooLargeError(this.#wholeBytesMax), source);
      return false;
    }
    if (isFirst && (piece.length < worthBytes || piece.length === this.#wholeBytes)) {
      this.#first = outlives ? this.#copied(piece) : piece;
      return true;
    }
    this.#gathered ??= this.#gather(piece);
    this.#gathered.add(piece);
    return false;
  }

  /** Puts what has come before `next` where the rest will follow it. */
  #gather(next: Buffer): GatheredBytes {
    const told = this.#lengthFrom?.(this.#first ?? next) ?? this.#wholeBytes;
    this.#wholeBytes = Math.min(told, this.#wholeBytesMax);
    const isExact = this.#wholeBytes < this.#wholeBytesMax;
    const gathered = new GatheredBytes(this.#wholeBytes, isExact);
    for (let piece = this.#takeFirst(); piece !== undefined; piece = this.#takeFirst()) {
      gathered.add(piece);
      this.#waitingBytes += piece.length;
    }
    return gathered;
  }

  /** The peer has ended: the body is whole. */
  end(): void {
    this.ended = true;
    this.#whole?.resolve(this.#takeAll());
    this.#whole = undefined;
    this.#signal();
  }

  /** The stream is broken: nothing more comes. */
  break(source: BodySource): void {
    if (this.#whole !== undefined) this.#clear();
    this.#whole?.reject(source.broken());
    this.#whole = undefined;
    this.#signal();
  }

  /** Fails its reader with `error`, now or when one comes. False when it is whole, or failed already. */
  refuse(error: Error, source: BodySource): boolean {
    if (this.ended || this.#failure !== undefined) return false;
    this.#fail(error, source);
    return true;
  }

  /** The turn in which pieces came is over: what still waits may not hold on to its read. */
  settle(): void {
    if (this.#first !== undefined) this.#first = owned(this.#first);
  }

  /** The whole body if it is here already; else undefined, and nothing has happened. */
  takeWhole(): Buffer | undefined {
    return this.ended && this.#failure === undefined ? this.#takeAll() : undefined;
  }

  /**
   * The whole body, of `bytesAll` bytes where its head says so, or `lengthFrom` its start. Rejects with
   * BodyTooLargeError past `bytesMax` and with what broke the stream.
   */
  read(
    bytesMax: number,
    source: BodySource,
    bytesAll = bytesMax,
    lengthFrom?: LengthFrom,
  ): Promise<Buffer> {
    // One promise, settled by who brings the last piece: every response to a call of this project comes by here.
    const whole = Promise.withResolvers<Buffer>();
    const broken = this.#failure ?? (this.ended ? undefined : source.broken());
    if (broken !== undefined) {
      whole.reject(broken);
    } else {
      this.#wholeBytesMax = bytesMax;
      this.#wholeBytes = bytesAll;
      this.#lengthFrom = lengthFrom;
      if (this.#waitingBytes > 0) source.kept(this.#waitingBytes);
      this.#whole = whole;
      if (this.#waitingBytes > bytesMax) this.#fail(new BodyTooLargeError(bytesMax), source);
      else if (this.ended) this.end();
    }
    return whole.promise;
  }

  /**
   * The body in pieces, each as soon as it is here; what was not asked for yet is not granted to its
   * sender. With `progress` pieces count as held until messages were made of them, and within a
   * message the sender may not rest; without, each piece is a message. Fails as `read` does.
   */
  async *pieces(
    bytesMax: number,
    source: BodySource,
    progress?: BodyProgress,
  ): AsyncGenerator<Buffer> {
    this.#progress = progress;
    try {
      for (let seen = 0; ; ) {
        this.#tellProgress(source);
        const piece = this.#isWorthTaking(source) ? this.#takeFirst() : undefined;
        if (piece !== undefined) {
          seen += piece.length;
          if (seen > bytesMax) throw new BodyTooLargeError(bytesMax);
          source.kept(piece.length);
          this.#takenBytes += piece.length;
          yield piece;
        } else if (this.ended && this.#failure === undefined) {
          return;
        } else {
          await this.#more(source);
        }
      }
    } finally {
      this.#leave(source);
    }
  }

  /** What a reader waits for is usually all of it, and taken at once: Node's pool will do. */
  #copied(piece: Buffer): Buffer {
    if (this.#wake === undefined && this.#wholeBytesMax < 0) return owned(piece);
    return isSmallPart(piece) ? Buffer.from(piece) : piece;
  }

  #tellProgress(source: BodySource): void {
    const all = this.#progress?.messages ?? this.#messages + (this.#takenBytes > 0 ? 1 : 0);
    const messages = all - this.#messages;
    if (messages === 0) return;
    this.#messages = all;
    source.understood(messages, this.#takenBytes);
    this.#takenBytes = 0;
  }

  #isWorthTaking(source: BodySource): boolean {
    if (this.#progress !== partsOfOne || this.#waitingBytes >= worthBytes) return true;
    return this.#waitingBytes > 0 && (this.ended || source.broken() !== undefined);
  }

  async #more(source: BodySource): Promise<void> {
    const broken = this.#failure ?? source.broken();
    if (broken !== undefined) throw broken;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  /** What a reader that leaves early has not read is no one's. */
  #leave(source: BodySource): void {
    if (!this.ended || this.#waitingBytes > 0) this.#fail(leftError, source);
  }

  #fail(error: Error, source: BodySource): void {
    this.#failure ??= error;
    const bytes = this.#waitingBytes;
    this.#clear();
    this.#whole?.reject(error);
    this.#whole = undefined;
    if (bytes > 0) source.dropped(bytes);
    if (this.#takenBytes > 0) source.understood(0, this.#takenBytes);
    this.#takenBytes = 0;
    this.#signal();
  }

  #clear(): void {
    this.#gathered?.clear();
    this.#first = this.#rest = this.#gathered = undefined;
    this.#waitingBytes = 0;
  }

  #signal(): void {
    const wake = this.#wake;
    if (wake === undefined) return;
    this.#wake = undefined;
    wake();
  }

  #takeFirst(): Buffer | undefined {
    const first = this.#first ?? this.#rest?.shift();
    this.#first = undefined;
    if (first !== undefined) this.#waitingBytes -= first.length;
    return first;
  }

  #takeAll(): Buffer {
    const first = this.#first ?? empty;
    const rest = this.#rest;
    const gathered = this.#gathered?.takeOwn();
    this.#clear();
    if (gathered !== undefined) return gathered;
    return rest === undefined || rest.bytes === 0 ? first : rest.takeAll(first);
  }
}

/** What a reader that left would fail with if it came back. */
const leftError = new Error("the reader of the body has left");
