/** Compresses bodies: small ones at once, large ones off the event loop and only so many at one time. */

import { promisify } from "node:util";
import {
  brotliCompress,
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  gzip,
  gzipSync,
  zstdCompress,
  zstdCompressSync,
} from "node:zlib";
import type { ContentCoding } from "./content-coding.ts";

/**
 * Largest body that is compressed on the calling thread, in bytes: that takes less than a
 * millisecond, while the way to another thread and back costs 0.15 ms.
 */
export const atOnceBytesMax = 32 * 1024;

/** More output at a time means fewer turns of the thread pool. */
const chunkSize = 64 * 1024;

/** For bodies that are sent once: a few percent larger than by the defaults, in half of their time. */
const fast = {
  gzip: { level: 4, chunkSize },
  br: { params: { [constants.BROTLI_PARAM_QUALITY]: 4 }, chunkSize },
  zstd: { params: { [constants.ZSTD_c_compressionLevel]: 3 }, chunkSize },
} as const;

/** For bodies that are compressed once and sent often. */
const thorough = {
  gzip: { level: constants.Z_BEST_COMPRESSION },
  br: { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } },
  zstd: { params: { [constants.ZSTD_c_compressionLevel]: 19 } },
} as const;

const gzipped = promisify(gzip);
const brotlied = promisify(brotliCompress);
const zstded = promisify(zstdCompress);

/** A coding at the time that there is for it. */
interface Engine {
  readonly atOnce: (bytes: Uint8Array) => Buffer;
  readonly stream: () => ReturnType<typeof createGzip>;
  readonly thorough: (bytes: Uint8Array) => Promise<Buffer>;
}

const engines: Readonly<Record<ContentCoding, Engine>> = {
  gzip: {
    atOnce: (bytes) => gzipSync(bytes, fast.gzip),
    stream: () => createGzip(fast.gzip),
    thorough: (bytes) => gzipped(bytes, thorough.gzip),
  },
  br: {
    atOnce: (bytes) => brotliCompressSync(bytes, fast.br),
    stream: () => createBrotliCompress(fast.br),
    thorough: (bytes) => brotlied(bytes, thorough.br),
  },
  zstd: {
    atOnce: (bytes) => zstdCompressSync(bytes, fast.zstd),
    stream: () => createZstdCompress(fast.zstd),
    thorough: (bytes) => zstded(bytes, thorough.zstd),
  },
};

/** As small as it gets, off the event loop: for bytes that are compressed once and sent often. */
export function compressThoroughly(coding: ContentCoding, bytes: Uint8Array): Promise<Buffer> {
  return engines[coding].thorough(bytes);
}

/** Calls a listener when no one waits for the bytes any more. */
export type OnGone = (listener: () => void) => void;

/** Compresses on the threads of the process, so a process has one. */
export class Compressor {
  readonly #runningMax: number;
  #running = 0;

  /** `runningMax`: bodies compressed off the event loop at one time. */
  constructor(runningMax: number) {
    this.#runningMax = runningMax;
  }

  /** Bodies compressed off the event loop at this moment. */
  get running(): number {
    return this.#running;
  }

  /**
   * The bytes in that coding: at once for small ones, later for large ones, whose compression ends
   * when `onGone` says so. Undefined when they had better go as they are: too many are compressed
   * already, or no one waits for these any more.
   */
  compress(
    coding: ContentCoding,
    bytes: Uint8Array,
    onGone?: OnGone,
  ): Buffer | undefined | Promise<Buffer | undefined> {
    if (bytes.length <= atOnceBytesMax) return engines[coding].atOnce(bytes);
    if (this.#running >= this.#runningMax) return undefined;
    return this.#compressBeside(coding, bytes, onGone);
  }

  async #compressBeside(coding: ContentCoding, bytes: Uint8Array, onGone?: OnGone) {
    const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
    const pieces: Buffer[] = [];
    const stream = engines[coding].stream();
    stream.on("data", (piece: Buffer) => pieces.push(piece));
    stream.once("end", () => resolve(Buffer.concat(pieces)));
    // Also without an end: destroyed, or out of memory.
    stream.once("error", () => resolve(undefined)).once("close", () => resolve(undefined));
    onGone?.(() => stream.destroy());
    this.#running += 1;
    stream.end(bytes);
    try {
      return await promise;
    } finally {
      this.#running -= 1;
    }
  }
}

/** As many as libuv has threads; others wait for a file or a name only as long as a chunk takes. */
const runningMax = 4;

/** The compressor of this process. */
export const compressor = new Compressor(runningMax);
