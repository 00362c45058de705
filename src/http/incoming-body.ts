/** A body that comes in: kept as it came, read whole or in pieces, slowly when its reader is slow. */

import { BodyTooLargeError } from "./body-too-large.ts";

/** The stream behind a body. */
export interface BodySource {
  /** Lets the peer send as many bytes more. */
  consumed(bytes: number): void;
  /** Why no more comes; undefined while more may come, or when the body is whole. */
  broken(): Error | undefined;
}

/** Smaller pieces that have to wait are copied, or each would hold on to a whole read. */
const copiedBytesMax = 2048;
/** Pieces up to this many bytes are put together: each by itself costs hundreds of bytes beside its own. */
const tinyBytesMax = 256;
const gatheredBytes = 4096;
const empty = Buffer.alloc(0);

/** The body of one message. It has one reader. */
export class IncomingBody {
  /** The peer has sent all of it. */
  ended = false;
  /** The usual body is one piece, so the first is held without a list. */
  #first: Buffer | undefined;
  #rest: Buffer[] | undefined;
  /** Tiny pieces behind all others, one behind the other in one buffer. */
  #gathered: Buffer | undefined;
  #gatheredAt = 0;
  #waitingBytes = 0;
  readonly #joinsTiny: boolean;
  /** The reader wants all of it, and lets its sender go on for so many bytes; -1: it reads pieces. */
  #wholeBytesMax = -1;
  #whole: PromiseWithResolvers<Buffer> | undefined;
  /** It is larger than who wanted all of it takes: what still comes is dropped, and no more granted. */
  #isRefused = false;
  /** A reader of pieces waits for the next. */
  #wake: (() => void) | undefined;

  /** `joinsTiny` is for who does not hold tiny pieces against their sender otherwise. */
  constructor(joinsTiny = false) {
    this.#joinsTiny = joinsTiny;
  }

  /** Adds a piece. */
  add(piece: Buffer, source: BodySource): void {
    if (this.#isRefused) return;
    const isWhole = this.#wholeBytesMax >= 0;
    if (isWhole) source.consumed(piece.length);
    this.#waitingBytes += piece.length;
    if (this.#first === undefined) this.#first = piece;
    else if (this.#joinsTiny && piece.length <= tinyBytesMax) this.#gather(piece);
    else {
      this.#closeGathered();
      this.#rest ??= [];
      this.#rest.push(piece);
    }
    // Who wants all of it need not wake for a part.
    if (!isWhole) this.#signal();
    else if (this.#waitingBytes > this.#wholeBytesMax) this.#refuseWhole();
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
    this.#whole?.reject(source.broken());
    this.#whole = undefined;
    this.#signal();
  }

  /** Copies pieces that outlive the turn in which they came. */
  settle(): void {
    if (this.#first !== undefined) this.#first = own(this.#first);
    if (this.#rest !== undefined) this.#rest = this.#rest.map(own);
  }

  /** The whole body if it is here already; else undefined, and nothing has happened. */
  takeWhole(): Buffer | undefined {
    return this.ended ? this.#takeAll() : undefined;
  }

  /** The whole body. Rejects with BodyTooLargeError past `bytesMax` and with what broke the stream. */
  read(bytesMax: number, source: BodySource): Promise<Buffer> {
    this.#wholeBytesMax = bytesMax;
    source.consumed(this.#waitingBytes);
    // One promise, settled by who brings the last piece: every answer to a call of ours comes by here.
    const whole = Promise.withResolvers<Buffer>();
    const broken = this.ended ? undefined : source.broken();
    if (this.#waitingBytes > bytesMax) {
      this.#whole = whole;
      this.#refuseWhole();
    } else if (this.ended) whole.resolve(this.#takeAll());
    else if (broken !== undefined) whole.reject(broken);
    else this.#whole = whole;
    return whole.promise;
  }

  /** The body in pieces; what was not asked for yet is not granted to its sender. */
  async *pieces(bytesMax: number, source: BodySource): AsyncGenerator<Buffer> {
    for (let seen = 0; ; ) {
      const piece = this.#takeFirst();
      if (piece !== undefined) {
        seen += piece.length;
        if (seen > bytesMax) throw new BodyTooLargeError(bytesMax);
        source.consumed(piece.length);
        yield piece;
      } else if (this.ended) {
        return;
      } else {
        await this.#more(source);
      }
    }
  }

  #gather(piece: Buffer): void {
    if (this.#gatheredAt + piece.length > gatheredBytes) this.#closeGathered();
    this.#gathered ??= Buffer.allocUnsafe(gatheredBytes);
    this.#gathered.set(piece, this.#gatheredAt);
    this.#gatheredAt += piece.length;
  }

  /** What was gathered is a piece like the others. */
  #closeGathered(): void {
    if (this.#gathered === undefined) return;
    this.#rest ??= [];
    this.#rest.push(this.#gathered.subarray(0, this.#gatheredAt));
    this.#gathered = undefined;
    this.#gatheredAt = 0;
  }

  async #more(source: BodySource): Promise<void> {
    const broken = source.broken();
    if (broken !== undefined) throw broken;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  #refuseWhole(): void {
    this.#whole?.reject(new BodyTooLargeError(this.#wholeBytesMax));
    this.#whole = undefined;
    this.#isRefused = true;
    this.#first = this.#rest = this.#gathered = undefined;
    this.#gatheredAt = this.#waitingBytes = 0;
  }

  #signal(): void {
    const wake = this.#wake;
    if (wake === undefined) return;
    this.#wake = undefined;
    wake();
  }

  #takeFirst(): Buffer | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    this.#waitingBytes -= first.length;
    if (this.#rest === undefined || this.#rest.length === 0) this.#closeGathered();
    this.#first = this.#rest?.shift();
    return first;
  }

  #takeAll(): Buffer {
    this.#closeGathered();
    const first = this.#first ?? empty;
    const rest = this.#rest;
    this.#first = this.#rest = undefined;
    this.#waitingBytes = 0;
    return rest === undefined || rest.length === 0 ? first : Buffer.concat([first, ...rest]);
  }
}

/** The piece itself, or a copy when it is a small part of something larger. */
export function own(piece: Buffer): Buffer {
  const isSmallPart = piece.length <= copiedBytesMax && piece.buffer.byteLength > 2 * piece.length;
  return isSmallPart ? Buffer.from(piece) : piece;
}
