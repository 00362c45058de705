/** Image files that are small and expensive to decode, made by hand. */

import sharp, { type Sharp } from "sharp";

/** A picture of one colour. */
export function blank(width: number, height: number): Sharp {
  return sharp({ create: { width, height, channels: 3, background: "#808080" } });
}

interface Segment {
  readonly marker: number;
  readonly head: Buffer;
  readonly data: Buffer;
}

/** The segments of a JPEG up to its end, coded data with the scan that it belongs to. */
function segmentsOf(jpeg: Buffer): Segment[] {
  const segments: Segment[] = [];
  for (let at = 2; jpeg[at + 1] !== 0xd9; ) {
    const marker = jpeg[at + 1] ?? 0;
    const data = at + 2 + jpeg.readUInt16BE(at + 2);
    let end = data;
    if (marker === 0xda) {
      while (jpeg[end] !== 0xff || jpeg[end + 1] === 0) end += 1;
    }
    segments.push({ marker, head: jpeg.subarray(at, data), data: jpeg.subarray(data, end) });
    at = end;
  }
  return segments;
}

/** A valid progressive JPEG whose luminance comes in so many scans of one coefficient and one bit. */
export async function jpegOfScans(scans: number, size = 16): Promise<Buffer> {
  const jpeg = await blank(size, size).jpeg({ progressive: true }).toBuffer();
  const segments = segmentsOf(jpeg);
  const first = segments.findIndex(({ marker }) => marker === 0xda);
  const isOfLuma = ({ marker, head }: Segment) => marker === 0xda && head[4] === 1 && head[5] === 1;
  const at = segments.findIndex(isOfLuma);
  const table = segments.slice(0, at).findLast(({ marker }) => marker === 0xc4);
  const luma = segments[at];
  if (table === undefined || luma === undefined) throw new Error("no scan of luminance");
  const bits = 13;
  const more = Array.from({ length: scans - 1 }, (_, index) => {
    const coefficient = 1 + Math.floor(index / bits);
    const low = bits - 1 - (index % bits);
    const high = low === bits - 1 ? 0 : low + 1;
    const head = [0xff, 0xda, 0, 8, 1, 1, luma.head[6] ?? 0, coefficient, coefficient];
    return Buffer.concat([Buffer.from([...head, (high << 4) | low]), luma.data]);
  });
  const before = segments.slice(0, first + 1).flatMap(({ head, data }) => [head, data]);
  const end = Buffer.from([0xff, 0xd9]);
  return Buffer.concat([jpeg.subarray(0, 2), ...before, table.head, ...more, end]);
}

/** A GIF of so many frames of one pixel; `between` stands before each. */
export function gifOfFrames(frames: number, between = Buffer.alloc(0)): Buffer {
  const head = Buffer.from("47494638396101000100800000000000ffffff", "hex");
  const frame = Buffer.from("2c000000000100010000020244010000", "hex").subarray(0, 15);
  const frameAndBefore = Buffer.concat([between, frame]);
  return Buffer.concat([head, ...Array(frames).fill(frameAndBefore), Buffer.from(";")]);
}

/** A WebP of so many empty chunks of a kind. */
export function webpOfChunks(chunks: number, kind = "ANMF"): Buffer {
  const all = Buffer.concat(Array(chunks).fill(Buffer.from(`${kind}\0\0\0\0`, "latin1")));
  const head = Buffer.from("RIFF\0\0\0\0WEBP", "latin1");
  head.writeUInt32LE(4 + all.length, 4);
  return Buffer.concat([head, all]);
}

/** A TIFF whose list of so many pages ends, or goes back to its beginning. */
export function tiffOfPages(
  pages: number,
  { big = false, circle = false, order = "LE" as "LE" | "BE" } = {},
): Buffer {
  const [headBytes, pageBytes] = big ? [16, 16] : [8, 6];
  const tiff = Buffer.alloc(headBytes + pages * pageBytes);
  tiff.write(order === "LE" ? "II" : "MM", "latin1");
  const write = (value: number, at: number) => {
    if (big) tiff[`writeBigUInt64${order}`](BigInt(value), at);
    else tiff[`writeUInt32${order}`](value, at);
  };
  tiff[`writeUInt16${order}`](big ? 43 : 42, 2);
  if (big) tiff[`writeUInt16${order}`](8, 4);
  write(headBytes, big ? 8 : 4);
  for (let page = 0; page < pages; page += 1) {
    const isLast = page === pages - 1;
    const next = isLast ? (circle ? headBytes : 0) : headBytes + (page + 1) * pageBytes;
    write(next, headBytes + page * pageBytes + (big ? 8 : 2));
  }
  return tiff;
}

/** A TIFF that says it is of this size, three channels of 32-bit numbers a pixel; it has none of them. */
export function deepTiff(width: number, height: number): Buffer {
  const tags = [
    [256, 4, 1, width],
    [257, 4, 1, height],
    [258, 3, 3, 136],
    [259, 3, 1, 1],
    [262, 3, 1, 2],
    [273, 4, 1, 160],
    [277, 3, 1, 3],
    [278, 4, 1, height],
    [279, 4, 1, 8],
    [339, 3, 3, 142],
  ] as const;
  const tiff = Buffer.alloc(168);
  tiff.write("II*\0", "latin1");
  tiff.writeUInt32LE(8, 4);
  tiff.writeUInt16LE(tags.length, 8);
  for (const [index, [tag, type, count, value]] of tags.entries()) {
    const at = 10 + index * 12;
    tiff.writeUInt16LE(tag, at);
    tiff.writeUInt16LE(type, at + 2);
    tiff.writeUInt32LE(count, at + 4);
    tiff.writeUInt32LE(value, at + 8);
  }
  for (const channel of [0, 1, 2]) {
    tiff.writeUInt16LE(32, 136 + channel * 2);
    tiff.writeUInt16LE(3, 142 + channel * 2);
  }
  return tiff;
}

function box(type: string, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length);
  head.write(type, 4, "latin1");
  return Buffer.concat([head, body]);
}

/** Numbers of 8, 16 and 32 bits as bytes. */
const u8 = (...values: readonly number[]) => Buffer.from(values);
const u16 = (...values: readonly number[]) =>
  Buffer.from(values.flatMap((value) => [value >> 8, value & 255]));
const u32 = (...values: readonly number[]) =>
  Buffer.concat(
    values.map((value) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      return bytes;
    }),
  );

/** What an AVIF of one picture is made of. */
export interface AvifParts {
  readonly properties: readonly Buffer[];
  /** AV1 data of the picture. */
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
}

/** The parts of a picture as the library writes it. */
export async function avifParts(width: number, height: number): Promise<AvifParts> {
  const avif = await blank(width, height).avif({ effort: 0 }).toBuffer();
  const boxAt = (type: string) => {
    const at = avif.indexOf(type, 0, "latin1") - 4;
    return avif.subarray(at, at + avif.readUInt32BE(at));
  };
  const properties = ["av1C", "ispe", "pixi"].map(boxAt);
  return { properties, data: boxAt("mdat").subarray(8), width, height };
}

/** An item of an AVIF file: its type and where its bytes come from. */
interface Item {
  readonly type: string;
  /** Pieces of `payload` by start and length. */
  readonly extents: readonly (readonly [start: number, length: number])[];
}

/** What is in an AVIF file. */
export interface AvifFile {
  /** The first one is the image; the others are its parts in this order. */
  readonly items: readonly Item[];
  /** Numbers of the items that the first is put together from. */
  readonly parts?: readonly number[];
  readonly payload: Buffer;
  /** The item information box's own boxes have no type then. */
  readonly untyped?: boolean;
}

/** Puts a file together from items; their numbers count from 1. */
export function avifOf(from: AvifParts, { items, parts = [], payload, untyped }: AvifFile): Buffer {
  const head = box("ftyp", Buffer.from("avif\0\0\0\0avifmif1miaf", "latin1"));
  const types = items.map(({ type }, index) =>
    box("infe", u32(untyped ? 0 : 0x0200_0000), u16(index + 1, 0), Buffer.from(`${type}\0`)),
  );
  const size = box("ispe", u32(0, from.width, from.height));
  const associations = items.map(({ type }, index) => {
    const numbers = type === "av01" ? [0x81, 2, 3] : [4, 3];
    return Buffer.concat([u16(index + 1), u8(numbers.length, ...numbers)]);
  });
  const metaAt = (offset: number) => {
    const places = items.map(({ extents }, index) =>
      Buffer.concat([
        u16(index + 1, 0, extents.length),
        ...extents.map(([start, length]) => u32(offset + start, length)),
      ]),
    );
    return box(
      "meta",
      u32(0),
      box("hdlr", u32(0, 0), Buffer.from("pict"), u32(0, 0, 0), u8(0)),
      box("pitm", u32(0), u16(1)),
      box("iloc", u32(0), u8(0x44, 0), u16(items.length), ...places),
      box("iinf", u32(0), u16(items.length), ...types),
      ...(parts.length === 0
        ? []
        : [box("iref", u32(0), box("dimg", u16(1, parts.length, ...parts)))]),
      box(
        "iprp",
        box("ipco", ...from.properties, size),
        box("ipma", u32(0), u32(items.length), ...associations),
      ),
    );
  };
  const offset = head.length + metaAt(0).length + 8;
  return Buffer.concat([head, metaAt(offset), box("mdat", payload)]);
}

/** A file of one coded image whose data is `data`. */
export function avifOfData(from: AvifParts, data: Buffer): Buffer {
  return avifOf(from, { items: [{ type: "av01", extents: [[0, data.length]] }], payload: data });
}

/** A file that is a grid of `side` × `side` times the same picture. */
export function avifGrid(from: AvifParts, side: number): Buffer {
  const { width, height, data } = from;
  const grid = Buffer.concat([u8(0, 1, side - 1, side - 1), u32(width, height)]);
  return avifOf(from, {
    items: [
      { type: "grid", extents: [[0, grid.length]] },
      { type: "av01", extents: [[grid.length, data.length]] },
    ],
    parts: Array(side * side).fill(2),
    payload: Buffer.concat([grid, data]),
  });
}
