/** What an AVIF file has its decoder do, read off its boxes (ISO/IEC 14496-12, 23008-12) and its AV1 units. Pure. */

import { ByteView } from "./byte-view.ts";

/** Boxes, items, pieces of items and AV1 units that are looked at; files of one image have a few dozen. */
const partsMax = 1024;
/** Frames in the data of one image: as many as AV1 has layers for. */
const framesMax = 4;

/** Coded images, and what is no image. All others are put together from images, in any number. */
const plainItems: ReadonlySet<string> = new Set(["av01", "Exif", "mime", "uri ", "tmap"]);

/** Thrown for bytes that are no such structure. */
class StructureError extends Error {}

interface Box {
  readonly type: string;
  /** Where its content begins and ends in the file. */
  readonly start: number;
  readonly end: number;
}

function need<T>(value: T | undefined): T {
  if (value === undefined) throw new StructureError("beyond the end");
  return value;
}

/** The boxes between two places. */
function boxesIn(view: ByteView, start: number, end: number): Box[] {
  const boxes: Box[] = [];
  let at = start;
  while (at + 8 <= end) {
    const size = need(view.uint(at, 4));
    const isLarge = size === 1;
    const whole = size === 0 ? end - at : isLarge ? need(view.uint(at + 8, 8)) : size;
    const head = isLarge ? 16 : 8;
    if (whole < head || at + whole > end) throw new StructureError("a box of no size that can be");
    boxes.push({ type: view.name(at + 4), start: at + head, end: at + whole });
    if (boxes.length > partsMax) throw new StructureError("too many boxes");
    at += whole;
  }
  return boxes;
}

/** The only box of a type; undefined when there is none. */
function onlyBox(boxes: readonly Box[], type: string): Box | undefined {
  const found = boxes.filter((box) => box.type === type);
  if (found.length > 1) throw new StructureError(`more than one ${type}`);
  return found[0];
}

/** Types of all items by their number. */
function itemTypes(view: ByteView, { start, end }: Box): Map<number, string> {
  const types = new Map<number, string>();
  const countBytes = view.uint(start, 1) === 0 ? 2 : 4;
  for (const box of boxesIn(view, start + 4 + countBytes, end)) {
    const version = need(view.uint(box.start, 1));
    if (box.type !== "infe" || version < 2) throw new StructureError("an item without a type");
    const idBytes = version === 2 ? 2 : 4;
    const id = need(view.uint(box.start + 4, idBytes));
    types.set(id, view.name(box.start + 4 + idBytes + 2));
  }
  return types;
}

type Extent = readonly [start: number, end: number];

/** Reads one number after another. */
class Cursor {
  readonly #view: ByteView;
  #at: number;

  constructor(view: ByteView, at: number) {
    this.#view = view;
    this.#at = at;
  }

  next(size: number): number {
    if (size === 0) return 0;
    if (size !== 1 && size !== 2 && size !== 4 && size !== 8) throw new StructureError("a size");
    const value = need(this.#view.uint(this.#at, size));
    this.#at += size;
    return value;
  }
}

/** How wide the numbers of an item location box are, in bytes. */
interface Widths {
  readonly version: number;
  readonly offset: number;
  readonly length: number;
  readonly base: number;
  readonly index: number;
  /** Of item numbers and of their count. */
  readonly id: number;
}

function widthsOf(cursor: Cursor): Widths {
  const version = cursor.next(1);
  cursor.next(1);
  cursor.next(2);
  const sizes = cursor.next(1);
  const others = cursor.next(1);
  return {
    version,
    offset: sizes >> 4,
    length: sizes & 15,
    base: others >> 4,
    index: version === 0 ? 0 : others & 15,
    id: version < 2 ? 2 : 4,
  };
}

/** Where the bytes of each item lie. */
function itemExtents(view: ByteView, iloc: Box, idat: Box | undefined): Map<number, Extent[]> {
  const cursor = new Cursor(view, iloc.start);
  const { version, offset, length, base, index, id } = widthsOf(cursor);
  const all = new Map<number, Extent[]>();
  let parts = 0;
  const extentAfter = (from: number): Extent => {
    parts += 1;
    cursor.next(index);
    const start = from + cursor.next(offset);
    const end = start + cursor.next(length);
    const isWithin = start < end && end <= view.length;
    if (parts > partsMax || !isWithin) throw new StructureError("an extent");
    return [start, end];
  };
  for (let items = cursor.next(id); items > 0; items -= 1) {
    const item = cursor.next(id);
    const method = version === 0 ? 0 : cursor.next(2) & 15;
    cursor.next(2);
    const from = method === 0 ? 0 : need(method === 1 ? idat?.start : undefined);
    const first = from + cursor.next(base);
    const extents = Array.from({ length: cursor.next(2) }, () => extentAfter(first));
    if (all.has(item)) throw new StructureError("an item in two places");
    all.set(item, extents);
  }
  return all;
}

/** The extents as one run of bytes; copied only when there are several, and no more than the file has. */
function joined({ bytes }: ByteView, extents: readonly Extent[]): Uint8Array {
  const total = extents.reduce((sum, [start, end]) => sum + end - start, 0);
  if (total > bytes.length) throw new StructureError("pieces that overlap");
  const [first] = extents;
  if (first !== undefined && extents.length === 1) return bytes.subarray(...first);
  return Buffer.concat(extents.map(([start, end]) => bytes.subarray(start, end)));
}

/** A number in AV1's leb128 (AV1 §4.10.5), and where it ends. */
function leb128(bytes: Uint8Array, start: number): readonly [value: number, end: number] {
  let value = 0;
  for (let index = 0; index < 8; index += 1) {
    const byte = need(bytes[start + index]);
    value += (byte & 0x7f) * 2 ** (7 * index);
    if ((byte & 0x80) === 0) return [value, start + index + 1];
  }
  throw new StructureError("a length");
}

const unit = { sequenceHeader: 1, frameHeader: 3, frame: 6 } as const;

/** Whether AV1 data has one sequence header at most, and few frames (AV1 §5.3). */
function isOneImage(data: Uint8Array): boolean {
  let frames = 0;
  let headers = 0;
  let at = 0;
  for (let units = 0; at < data.length; units += 1) {
    if (units > partsMax) return false;
    const head = need(data[at]);
    at += (head & 0x04) === 0 ? 1 : 2;
    const hasSize = (head & 0x02) !== 0;
    const [size, start] = hasSize ? leb128(data, at) : [data.length - at, at];
    const type = (head >> 3) & 15;
    if (type === unit.sequenceHeader) headers += 1;
    if (type === unit.frame || type === unit.frameHeader) frames += 1;
    at = start + size;
  }
  return frames <= framesMax && headers <= 1;
}

function problemIn(view: ByteView): string | undefined {
  const meta = onlyBox(boxesIn(view, 0, view.length), "meta");
  // Without one there are no items: a still image of the short form, or nothing.
  if (meta === undefined) return undefined;
  const boxes = boxesIn(view, meta.start + 4, meta.end);
  const types = itemTypes(view, need(onlyBox(boxes, "iinf")));
  const other = types.values().find((type) => !plainItems.has(type));
  if (other !== undefined) {
    const kind = other.replace(/[^\w ]/g, "?").trim();
    return `the AVIF file has parts of the kind ${kind}: only a single coded image is read`;
  }
  const extents = itemExtents(view, need(onlyBox(boxes, "iloc")), onlyBox(boxes, "idat"));
  for (const [id, type] of types) {
    if (type !== "av01") continue;
    if (!isOneImage(joined(view, need(extents.get(id))))) {
      return `the AVIF file has more than ${framesMax} frames in one image`;
    }
  }
  return undefined;
}

/** Why an AVIF file is not decoded although it may be a valid one, in words; undefined when it may be. */
export function heifProblem(bytes: Uint8Array): string | undefined {
  try {
    return problemIn(new ByteView(bytes));
  } catch (error) {
    if (error instanceof StructureError) return "the AVIF file's structure is damaged";
    throw error;
  }
}
