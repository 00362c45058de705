/** Frames come whole out of pieces of any size, and memory goes back when nobody keeps a part of it. */

import { describe, expect, test } from "vitest";
import { errorCode } from "#http2/error-code.ts";
import { FrameReader } from "#http2/frame-reader.ts";
import { frameType } from "#http2/frames.ts";

const frameBytesMax = 16_384;

function dataFrame(id: number, bytes: number): Buffer {
  const frame = Buffer.alloc(9 + bytes, id);
  frame.writeUIntBE(bytes, 0, 3);
  frame[3] = frameType.data;
  frame[4] = 0;
  frame.writeUInt32BE(id, 5);
  return frame;
}

/** Input with memory of its own, as a socket gives it. */
function read(...frames: readonly Buffer[]): Buffer {
  const all = Buffer.concat(frames);
  const bytes = Buffer.allocUnsafeSlow(all.length);
  all.copy(bytes);
  return bytes;
}

/** Reads all frames that are there, and keeps or forgets each. */
function drained(reader: FrameReader, keeps: (id: number) => boolean = () => true): Buffer[] {
  const payloads: Buffer[] = [];
  while (reader.next()) {
    const { bytes, start, end, streamId } = reader.frame;
    const payload = bytes.subarray(start, end);
    if (keeps(streamId)) payloads.push(payload);
    else reader.forget();
  }
  return payloads;
}

describe("frames of any cut", () => {
  const sizes = [0, 1, 30, 9, 100, 0];
  const input = Buffer.concat(sizes.map((bytes, index) => dataFrame(index + 1, bytes)));

  test.each([1, 2, 8, 9, 10, 11, 19, 50, 1_000])(
    "come whole out of pieces of %d bytes",
    (piece) => {
      const reader = new FrameReader(frameBytesMax);
      const payloads: Buffer[] = [];
      for (let at = 0; at < input.length; at += piece) {
        reader.push(read(input.subarray(at, at + piece)), 0);
        payloads.push(...drained(reader));
        expect(reader.pending).toBe(false);
      }
      expect(payloads.map(({ length }) => length)).toEqual(sizes);
      for (const [index, payload] of payloads.entries()) {
        expect(payload.every((byte) => byte === index + 1)).toBe(true);
      }
    },
  );

  test("are read from the place on that is named, behind what is still to be read", () => {
    const reader = new FrameReader(frameBytesMax);
    reader.push(Buffer.concat([Buffer.from("xyz"), dataFrame(1, 5), dataFrame(2, 5)]), 3);
    expect(reader.pending).toBe(true);
    expect(reader.next()).toBe(true);
    expect([reader.frame.streamId, reader.pending]).toEqual([1, true]);
    reader.push(Buffer.concat([Buffer.from("xy"), dataFrame(3, 5)]), 2);
    const ids: number[] = [];
    while (reader.next()) ids.push(reader.frame.streamId);
    expect(ids).toEqual([2, 3]);
  });
});

describe("a frame that is wrong by its head", () => {
  test.each(["at once", "byte by byte"])("is told before its payload has come, %s", (way) => {
    const reader = new FrameReader(10);
    const head = dataFrame(1, 11).subarray(0, 9);
    const pieces = way === "at once" ? [head] : [...head].map((byte) => Buffer.of(byte));
    const told = pieces.map((piece) => {
      reader.push(read(piece), 0);
      return reader.next();
    });
    expect(told.at(-1)).toBe(true);
    expect(told.slice(0, -1).includes(true)).toBe(false);
    expect(reader.flaw).toBe(errorCode.frameSizeError);
  });

  test("is no worse than the largest that may be when it is as large as that", () => {
    const reader = new FrameReader(10);
    reader.push(dataFrame(1, 10), 0);
    expect([reader.next(), reader.flaw]).toEqual([true, errorCode.noError]);
  });
});

/** Input of more than is worth a call to free it. */
const large = () => read(dataFrame(1, 9_000), dataFrame(2, 9_000));

describe("the memory of input", () => {
  test("goes back once everybody has forgotten all of its frames", () => {
    const reader = new FrameReader(frameBytesMax);
    const bytes = large();
    reader.push(bytes, 0);
    drained(reader, () => false);
    expect(bytes.length).toBe(0);
  });

  test.each([1, 2])("stays while somebody keeps frame %d of it", (kept) => {
    const reader = new FrameReader(frameBytesMax);
    const bytes = large();
    reader.push(bytes, 0);
    const [payload] = drained(reader, (id) => id === kept);
    expect(bytes.length).toBe(18_018);
    expect(payload?.length).toBe(9_000);
  });

  test("goes back although input before it was kept", () => {
    const reader = new FrameReader(frameBytesMax);
    reader.push(large(), 0);
    drained(reader);
    const bytes = large();
    reader.push(bytes, 0);
    drained(reader, () => false);
    expect(bytes.length).toBe(0);
  });

  test("goes back when its last frame is cut, whose beginning is held elsewhere", () => {
    const reader = new FrameReader(frameBytesMax);
    const frame = dataFrame(3, 12_000);
    const bytes = read(dataFrame(1, 9_000), frame.subarray(0, 8_000));
    reader.push(bytes, 0);
    drained(reader, () => false);
    expect(bytes.length).toBe(0);
    reader.push(read(frame.subarray(8_000)), 0);
    const [payload] = drained(reader);
    expect([payload?.length, payload?.every((byte) => byte === 3)]).toEqual([12_000, true]);
  });

  test("is held by nobody while a connection is idle", () => {
    const reader = new FrameReader(frameBytesMax);
    reader.push(large(), 0);
    drained(reader);
    expect([reader.frame.bytes.length, reader.pending]).toEqual([0, false]);
  });
});

describe("the memory of a frame that came in pieces", () => {
  test.each([0, 1, 100, 5_000, frameBytesMax])(
    "of %d bytes is its own: a pool's would be kept with it while its peer lets it wait",
    (bytes) => {
      const frame = dataFrame(1, bytes);
      for (const cutAt of [5, 9 + (bytes >> 1)]) {
        const reader = new FrameReader(frameBytesMax);
        reader.push(read(frame.subarray(0, cutAt)), 0);
        if (reader.next()) continue;
        reader.push(read(frame.subarray(cutAt)), 0);
        expect(reader.next()).toBe(true);
        expect(reader.frame.bytes.buffer.byteLength).toBe(frame.length);
      }
    },
  );

  const cut = (reader: FrameReader) => {
    const frame = dataFrame(1, frameBytesMax);
    reader.push(read(frame.subarray(0, 10_000)), 0);
    reader.next();
    reader.push(read(frame.subarray(10_000)), 0);
    expect(reader.next()).toBe(true);
    return reader.frame.bytes;
  };

  test("goes back when it was forgotten", () => {
    const reader = new FrameReader(frameBytesMax);
    const bytes = cut(reader);
    reader.forget();
    expect(reader.next()).toBe(false);
    expect(bytes.length).toBe(0);
  });

  test("stays while it is kept, though the input behind it is forgotten", () => {
    const reader = new FrameReader(frameBytesMax);
    const bytes = cut(reader);
    reader.next();
    const behind = large();
    reader.push(behind, 0);
    drained(reader, () => false);
    expect([bytes.length, behind.length]).toEqual([9 + frameBytesMax, 0]);
  });
});
