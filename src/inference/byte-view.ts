/** Reads numbers of a file's structure; what lies beyond its end reads as nothing. Pure. */

/** The bytes of a file, and numbers in them. */
export class ByteView {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #littleEndian: boolean;

  constructor(bytes: Uint8Array, littleEndian = false) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#littleEndian = littleEndian;
  }

  get length(): number {
    return this.bytes.length;
  }

  /** An unsigned integer of so many bytes; undefined beyond the end. Above 2^53 it may round. */
  uint(at: number, size: 1 | 2 | 4 | 8): number | undefined {
    if (at < 0 || at + size > this.bytes.length) return undefined;
    switch (size) {
      case 1:
        return this.#view.getUint8(at);
      case 2:
        return this.#view.getUint16(at, this.#littleEndian);
      case 4:
        return this.#view.getUint32(at, this.#littleEndian);
      case 8:
        return Number(this.#view.getBigUint64(at, this.#littleEndian));
    }
  }

  /** Four bytes as text, such as the type of a chunk or box. */
  name(at: number): string {
    return String.fromCharCode(...this.bytes.subarray(at, at + 4));
  }
}
