/** The body of one request (RFC 9112 §6.3): by its length or in chunks, trailers read and dropped. */

import { ChunkedReader } from "./chunked-reader.ts";
import { fieldKind } from "./field-name.ts";
import { FieldSection, isRefused, needsMore, type Reading } from "./field-section.ts";
import { notHttp, type Refusal } from "./refusal.ts";
import { inChunks } from "./request-facts.ts";

/** Reads one body off the input. */
export class BodyReader {
  /** Why it was refused. */
  refusal: Refusal | undefined;
  /** All of it is read. */
  isOver = false;
  /** Where the data that the last `read` found ends; it begins where that read began. */
  dataEnd = 0;
  readonly #reading: Reading;
  readonly #chunks: ChunkedReader | undefined;
  #trailers: FieldSection | undefined;
  #leftBytes: number;

  /** `bodyBytes` is more than 0, or `inChunks`. */
  constructor(bodyBytes: number, reading: Reading) {
    this.#reading = reading;
    this.#leftBytes = bodyBytes;
    if (bodyBytes === inChunks) {
      this.#chunks = new ChunkedReader(reading.limits.chunkExtensionBytesMax);
    }
  }

  /**
   * Reads on at `start` and returns where it stopped: before the end of `bytes` when the body is
   * over or refused, or when trailers have begun, which are read again with what comes after them.
   */
  read(bytes: Buffer, start: number): number {
    const chunks = this.#chunks;
    if (chunks === undefined) return this.#readSized(bytes, start);
    const at = chunks.read(bytes, start);
    this.dataEnd = chunks.dataEnd;
    this.refusal = chunks.refusal;
    return chunks.isOver ? this.#readTrailers(bytes, at) : at;
  }

  #readSized(bytes: Buffer, start: number): number {
    const count = Math.min(this.#leftBytes, bytes.length - start);
    this.#leftBytes -= count;
    this.isOver = this.#leftBytes === 0;
    this.dataEnd = start + count;
    return this.dataEnd;
  }

  #readTrailers(bytes: Buffer, start: number): number {
    if (this.#trailers === undefined) this.#trailers = new FieldSection(bytes, start);
    else this.#trailers.move(bytes, start);
    const outcome = this.#trailers.readFields(this.#reading);
    if (outcome === needsMore) return start;
    // A field that frames or routes has no business there; somebody after could believe it.
    const isOdd = this.#trailers.names.some(({ kind }) => kind !== fieldKind.regular);
    if (outcome === isRefused) this.refusal = this.#trailers.refusal;
    else if (isOdd) this.refusal = notHttp;
    else this.isOver = true;
    return outcome === isRefused ? start : outcome;
  }
}
