/** Counts what a decoder goes through in one file: scans of a JPEG, frames of a GIF or WebP, pages of a TIFF. Pure. */

import { ByteView } from "./byte-view.ts";

/**
 * Counts up to `max + 1`, and yields now and then, so that others have their turn while a large file
 * is gone through. What cannot be read ends the count, for the decoder refuses it.
 */
type Count = (bytes: Uint8Array, max: number) => Generator<void, number, void>;

/** Bytes that are gone through at a time: some four milliseconds. */
const sliceBytes = 4 * 1024 * 1024;

/** Where the next marker's code stands; `at` itself, or beyond it, when there is none up to `end`. */
function markerAt(bytes: Uint8Array, at: number, end: number): number {
  let next = at;
  while (next < end && bytes[next] !== 0xff) next += 1;
  while (next < end && bytes[next] === 0xff) next += 1;
  return next;
}

/** Stuffing in coded data, and markers without a segment. */
function standsAlone(marker: number): boolean {
  return marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8);
}

/** Where the segment ends whose marker's code stands at `at`. */
function afterSegment(bytes: Uint8Array, at: number): number {
  const length = ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
  return at + 1 + (standsAlone(bytes[at] ?? 0) ? 0 : length);
}

const startOfScan = 0xda;
const endOfImage = 0xd9;

/** Scans of the first image of a JPEG: each may go over all of its pixels. */
export const jpegScans: Count = function* countScans(bytes, max) {
  let scans = 0;
  let pause = sliceBytes;
  let at = 2;
  while (at < bytes.length && scans <= max) {
    if (at >= pause) {
      yield;
      pause = at + sliceBytes;
    }
    at = markerAt(bytes, at, Math.min(bytes.length, pause));
    // A slice may end before a marker, or between its two bytes: then the next one finds it.
    if (bytes[at - 1] !== 0xff || bytes[at] === 0xff) continue;
    if (bytes[at] === endOfImage) break;
    if (bytes[at] === startOfScan) scans += 1;
    at = afterSegment(bytes, at);
  }
  return scans;
};

/** Bytes of a colour table that a GIF's flags announce. */
function tableBytes(flags = 0): number {
  return (flags & 0x80) === 0 ? 0 : 3 << ((flags & 0x07) + 1);
}

const imageBlock = 0x2c;
const extensionBlock = 0x21;

/** Where the sub-blocks begin of the block at a place; undefined when nothing follows that would be read. */
function subBlocksOf(bytes: Uint8Array, at: number): number | undefined {
  if (bytes[at] === imageBlock) return at + 11 + tableBytes(bytes[at + 9]);
  return bytes[at] === extensionBlock ? at + 2 : undefined;
}

/** Frames of a GIF. */
export const gifFrames: Count = function* countFrames(bytes, max) {
  let frames = 0;
  let pause = sliceBytes;
  let at = 13 + tableBytes(bytes[10]);
  let isInBlock = false;
  while (at < bytes.length && frames <= max) {
    if (at >= pause) {
      yield;
      pause = at + sliceBytes;
    }
    const byte = bytes[at] ?? 0;
    if (isInBlock || byte === 0) {
      // A sub-block, whose last one is empty; between blocks readers pass over zeros.
      at += 1 + byte;
      isInBlock = byte > 0;
      continue;
    }
    const first = subBlocksOf(bytes, at);
    if (first === undefined) break;
    if (byte === imageBlock) frames += 1;
    at = first;
    isInBlock = true;
  }
  return frames;
};

/** `ANMF` as a number. */
const frameChunk = 0x464d4e41;

/** Frames of an animated WebP. */
export const webpFrames: Count = function* countFrames(bytes, max) {
  const view = new ByteView(bytes, true);
  let frames = 0;
  let pause = sliceBytes;
  for (let at = 12; frames <= max; ) {
    const size = view.uint(at + 4, 4);
    if (size === undefined) break;
    if (view.uint(at, 4) === frameChunk) frames += 1;
    at += 8 + size + (size % 2);
    if (at < pause) continue;
    yield;
    pause = at + sliceBytes;
  }
  return frames;
};

/** Pages of a TIFF, whose list may also run in a circle. */
export function tiffPages(bytes: Uint8Array, max: number): number {
  const view = new ByteView(bytes, bytes[0] === 0x49);
  const isBig = view.uint(2, 2) === 43;
  const [offset, count, entry] = isBig ? ([8, 8, 20] as const) : ([4, 2, 12] as const);
  let pages = 0;
  let at = view.uint(isBig ? 8 : 4, offset) ?? 0;
  while (at !== 0 && pages <= max) {
    const entries = view.uint(at, count);
    if (entries === undefined) break;
    pages += 1;
    at = view.uint(at + count + entries * entry, offset) ?? 0;
  }
  return pages;
}
