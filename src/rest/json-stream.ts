/** Cuts a body that holds many JSON values into their bytes while it arrives. */

import type { ConnectError } from "@connectrpc/connect";
import { GatheredBytes } from "#core/gathered-bytes.ts";
import { fault } from "#errors/fault.ts";
import { mark } from "#json/cursor.ts";
import { jsonLimits } from "#json/limits.ts";
import { tooDeep } from "#json/problem.ts";
import { refuse } from "#rpc/json-fault.ts";

/** How far the reading of a stream has come. */
export class StreamProgress {
  /** Values that were read. */
  messages = 0;
  /** No value has begun that is not whole. */
  isBetween = true;
}

const lineFeed = 0x0a;
const byteOrderMark = [0xef, 0xbb, 0xbf];

function malformed(problem: string): ConnectError {
  return fault("BODY_MALFORMED", `the body is not a stream of JSON values: ${problem}`);
}

function requireWithin(length: number, bytesMax: number): void {
  if (length > bytesMax) {
    throw fault("BODY_TOO_LARGE", `a message of the stream exceeds ${bytesMax} bytes`);
  }
}

/** JSON's own blanks, and no others. */
function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === lineFeed || byte === 0x0d || byte === 0x09;
}

/** The lines that are not blank, none longer than `bytesMax`. */
export async function* jsonLinesFrom(
  chunks: AsyncIterable<Uint8Array>,
  bytesMax: number,
  progress: StreamProgress,
): AsyncIterable<Uint8Array> {
  const open = new GatheredBytes();
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, from)) {
      requireWithin(open.length + end - from, bytesMax);
      const line = open.take(chunk.subarray(from, end));
      from = end + 1;
      progress.isBetween = from === chunk.length;
      if (line.every(isBlank)) continue;
      progress.messages += 1;
      yield line;
    }
    requireWithin(open.length + chunk.length - from, bytesMax);
    open.add(chunk.subarray(from));
    progress.isBetween = open.length === 0;
  }
  const last = open.take(new Uint8Array(0));
  if (last.every(isBlank)) return;
  progress.messages += 1;
  yield last;
}

/** Where the reading of an array stands. */
class ArrayCutter {
  /** What closes each list and object that is open; the array's own is the first. */
  readonly #closers: number[] = [];
  #inString = false;
  #escaped = false;
  readonly #item = new GatheredBytes();
  #items = 0;
  /** Bytes so far of the mark that a body may begin with; undefined after its place. */
  #markBytes: number | undefined = 0;
  #closed = false;
  readonly #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The items that end within `chunk`. Throws BODY_MALFORMED where it cannot be an array. */
  *push(chunk: Uint8Array): Iterable<Uint8Array> {
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (this.#inString) {
        this.#inStringByte(byte);
        continue;
      }
      const depth = this.#closers.length;
      if (depth === 0) {
        this.#outside(byte);
        from = at + 1;
        continue;
      }
      this.#structure(byte);
      if (this.#closed || (depth === 1 && byte === mark.comma)) {
        const item = this.#take(chunk.subarray(from, at));
        if (item !== undefined) yield item;
        from = at + 1;
      }
    }
    if (this.#closers.length === 0) return;
    requireWithin(this.#item.length + chunk.length - from, this.#bytesMax);
    this.#item.add(chunk.subarray(from));
  }

  /** No item has begun that is known not to be whole: its comma may come with the next one. */
  get isBetween(): boolean {
    return this.#closers.length <= 1 && !this.#inString;
  }

  /** Throws BODY_MALFORMED when the array is not whole. */
  end(): void {
    if (!this.#closed) throw malformed("the array is cut off");
  }

  #inStringByte(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === mark.backslash) this.#escaped = true;
    else if (byte === mark.quote) this.#inString = false;
  }

  #outside(byte: number): void {
    if (this.#markBytes !== undefined && byte === byteOrderMark[this.#markBytes]) {
      this.#markBytes += 1;
      return;
    }
    const isCutMark = (this.#markBytes ?? 0) % byteOrderMark.length !== 0;
    this.#markBytes = undefined;
    if (isBlank(byte) && !isCutMark) return;
    if (byte !== mark.openList || isCutMark || this.#closed) throw malformed("expected one array");
    this.#closers.push(mark.closeList);
  }

  #structure(byte: number): void {
    switch (byte) {
      case mark.quote:
        this.#inString = true;
        break;
      case mark.openList:
        this.#open(mark.closeList);
        break;
      case mark.openObject:
        this.#open(mark.closeObject);
        break;
      case mark.closeList:
      case mark.closeObject:
        if (this.#closers.pop() !== byte) throw malformed("a bracket closes what another opened");
        this.#closed = this.#closers.length === 0;
        break;
    }
  }

  #open(closer: number): void {
    // The array itself is no part of any message.
    if (this.#closers.length > jsonLimits.depthMax) refuse(tooDeep(jsonLimits.depthMax));
    this.#closers.push(closer);
  }

  /** An item's bytes; undefined for the nothing within an empty array. */
  #take(end: Uint8Array): Uint8Array | undefined {
    requireWithin(this.#item.length + end.length, this.#bytesMax);
    const item = this.#item.take(end);
    if (!item.every(isBlank)) {
      this.#items += 1;
      return item;
    }
    if (this.#items > 0 || !this.#closed) throw malformed("the array has an empty item");
    return undefined;
  }
}

/** The bytes of an array's items, none longer than `bytesMax`. */
export async function* jsonItemsFrom(
  chunks: AsyncIterable<Uint8Array>,
  bytesMax: number,
  progress: StreamProgress,
): AsyncIterable<Uint8Array> {
  const cutter = new ArrayCutter(bytesMax);
  for await (const chunk of chunks) {
    for (const item of cutter.push(chunk)) {
      progress.messages += 1;
      yield item;
    }
    progress.isBetween = cutter.isBetween;
  }
  cutter.end();
}
