/** One response in progress that several calls read: asked for once, pulled by whoever is ahead, kept while it is small. */

import { abortable } from "#core/abortable.ts";
import { fault, withMetadata } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { type Piece, type Source, sizeOf } from "./piece.ts";

/** What a flight needs. */
export interface FlightOptions {
  /** Opens the response; the signal aborts when no one reads it any more. */
  open(signal: AbortSignal): Source;
  /** A longer response is not kept; and a reader may be behind by so many bytes. */
  readonly bytesMax: number;
  /** No call may join any more: it has ended, was left by all, or is too long. Called once. */
  onClosed(): void;
  /** All was said, and fits. */
  onWhole(pieces: readonly Piece[], bytes: number): void;
}

/** Who reads, and how far it is. */
interface Reader {
  /** Pieces read, counted from the response's first. */
  at: number;
  isTooSlow: boolean;
}

/** A response in progress. */
export class Flight {
  readonly #options: FlightOptions;
  readonly #source: Source;
  readonly #leave = new AbortController();
  readonly #readers = new Set<Reader>();
  /** Pieces that are still held; the first of them is number `#dropped` of the response. */
  readonly #pieces: Piece[] = [];
  #dropped = 0;
  /** Bytes of the pieces that are held. */
  #bytes = 0;
  #isOpen = true;
  #pulling: Promise<void> | undefined;
  #ended: { readonly thrown?: unknown } | undefined;

  constructor(options: FlightOptions) {
    this.#options = options;
    this.#source = options.open(this.#leave.signal);
  }

  /** The response from its first piece on, for one call more. Only while no `onClosed` was called. */
  join(signal: AbortSignal): AsyncGenerator<Piece, void, undefined> {
    const reader: Reader = { at: 0, isTooSlow: false };
    this.#readers.add(reader);
    return this.#read(reader, signal);
  }

  async *#read(reader: Reader, signal: AbortSignal): AsyncGenerator<Piece, void, undefined> {
    try {
      for (;;) {
        if (reader.isTooSlow) {
          throw fault("OVERLOADED", "the response that this call shares is read too slowly");
        }
        const piece = this.#pieces[reader.at - this.#dropped];
        if (piece !== undefined) {
          reader.at += 1;
          this.#trim();
          yield piece;
        } else if (this.#ended === undefined) {
          this.#pulling ??= this.#pull();
          await abortable(this.#pulling, signal);
        } else if ("thrown" in this.#ended) {
          // A copy for each: on their ways out errors are given headers of their calls.
          throw withMetadata(faultFrom(this.#ended.thrown), {});
        } else return;
      }
    } finally {
      this.#left(reader);
    }
  }

  /** Takes the next piece; whoever waits for it looks again. Never rejects. */
  async #pull(): Promise<void> {
    try {
      const result = await this.#source.next();
      if (result.done) this.#end({}, result.value);
      else this.#add(result.value);
    } catch (thrown) {
      this.#end({ thrown }, false);
    } finally {
      this.#pulling = undefined;
    }
  }

  #add(piece: Piece): void {
    this.#pieces.push(piece);
    this.#bytes += sizeOf(piece);
    if (this.#bytes > this.#options.bytesMax) this.#close();
    this.#trim();
  }

  /** Lets go of what all have read, once it need not be kept; and of readers that hold too much back. */
  #trim(): void {
    if (this.#isOpen) return;
    for (;;) {
      const least = Math.min(...[...this.#readers].map(({ at }) => at), this.#next);
      for (; this.#dropped < least; this.#dropped += 1) {
        this.#bytes -= sizeOf(this.#pieces.shift() as Piece);
      }
      // One piece is always held for the reader that it was pulled for.
      if (this.#bytes <= this.#options.bytesMax || this.#pieces.length <= 1) return;
      for (const reader of this.#readers) {
        if (reader.at > least) continue;
        reader.isTooSlow = true;
        this.#readers.delete(reader);
      }
    }
  }

  /** Number of the piece that comes next. */
  get #next(): number {
    return this.#dropped + this.#pieces.length;
  }

  #end(ended: { readonly thrown?: unknown }, isWhole: boolean): void {
    this.#ended = ended;
    if (this.#isOpen && isWhole) this.#options.onWhole([...this.#pieces], this.#bytes);
    this.#close();
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#options.onClosed();
  }

  #left(reader: Reader): void {
    this.#readers.delete(reader);
    this.#trim();
    if (this.#readers.size > 0 || this.#ended !== undefined) return;
    this.#close();
    this.#leave.abort(new DOMException("no one reads the response any more", "AbortError"));
    // A source that is at work hears of it by its signal, and is closed after that.
    this.#source.return(false).catch(() => {});
  }
}
