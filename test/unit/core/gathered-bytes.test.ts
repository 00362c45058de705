import { describe, expect, test } from "vitest";
import { GatheredBytes } from "#core/gathered-bytes.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe("gathered bytes", () => {
  test("are what was added, in order, and nothing is left behind", () => {
    const gathered = new GatheredBytes();
    for (const piece of ["ab", "", "c", "defgh"]) gathered.add(bytesOf(piece));
    expect([gathered.length, textOf(gathered.bytes)]).toEqual([8, "abcdefgh"]);
    expect(textOf(gathered.take(bytesOf("ij")))).toBe("abcdefghij");
    expect([gathered.length, gathered.roomBytes]).toEqual([0, 0]);
    gathered.add(bytesOf("x"));
    expect(textOf(gathered.take())).toBe("x");
  });

  test("a last piece alone is not copied", () => {
    const last = bytesOf("abc");
    expect(new GatheredBytes().take(last)).toBe(last);
  });

  test("copy what is added: a piece may change after that", () => {
    const gathered = new GatheredBytes();
    const piece = bytesOf("abc");
    gathered.add(piece);
    piece.fill(0);
    expect(textOf(gathered.bytes)).toBe("abc");
  });

  test("take no more memory than twice their bytes, and tell beforehand how much", () => {
    const gathered = new GatheredBytes();
    for (let count = 1; count <= 3000; count += 1) {
      const roomBytes = gathered.roomBytesWith(1);
      gathered.add(bytesOf("a"));
      expect(gathered.roomBytes).toBe(roomBytes);
      expect(roomBytes).toBeLessThanOrEqual(2 * count);
    }
  });

  test("fill their memory to the last byte before they take more", () => {
    const gathered = new GatheredBytes();
    for (const piece of ["abcd", "e", "fgh"]) gathered.add(bytesOf(piece));
    expect([gathered.length, gathered.roomBytes]).toEqual([8, 8]);
  });

  test("stay where they are while there is room", () => {
    const gathered = new GatheredBytes();
    for (const piece of ["abcd", "e"]) gathered.add(bytesOf(piece));
    const { buffer } = gathered.bytes;
    gathered.add(bytesOf("fgh"));
    expect(gathered.bytes.buffer).toBe(buffer);
    expect(gathered.takeOwn().buffer).toBe(buffer);
  });

  test("more than what was said grow by doubling: each byte is moved a few times, not by every one that follows", () => {
    const gathered = new GatheredBytes(10, true);
    let rooms = 0;
    for (let count = 1; count <= 100_000; count += 1) {
      const { roomBytes } = gathered;
      gathered.add(bytesOf("a"));
      expect(gathered.roomBytes).toBeLessThanOrEqual(2 * Math.max(10, count));
      if (gathered.roomBytes !== roomBytes) rooms += 1;
    }
    expect(rooms).toBeLessThan(25);
    expect(gathered.takeOwn().length).toBe(100_000);
  });

  test("with all of the bytes that are expected, no byte of room is left", () => {
    const gathered = new GatheredBytes(100);
    for (let count = 0; count < 100; count += 7) {
      gathered.add(new Uint8Array(Math.min(7, 100 - count)));
    }
    expect(gathered.roomBytes).toBe(100);
  });

  test("taken as their own, they span their memory", () => {
    const gathered = new GatheredBytes();
    for (const piece of ["abcd", "e"]) gathered.add(bytesOf(piece));
    expect(gathered.roomBytes).toBe(8);
    const own = gathered.takeOwn();
    expect([own.toString(), own.buffer.byteLength]).toEqual(["abcde", 5]);
    expect([gathered.length, gathered.roomBytes]).toEqual([0, 0]);
  });

  test("outgrown and forgotten memory is freed at once", () => {
    const gathered = new GatheredBytes();
    gathered.add(new Uint8Array(20_000));
    const outgrown = gathered.bytes;
    gathered.add(new Uint8Array(1));
    const forgotten = gathered.bytes;
    expect([outgrown.length, forgotten.length]).toEqual([0, 20_001]);
    gathered.clear();
    expect([forgotten.length, gathered.length, gathered.roomBytes]).toEqual([0, 0, 0]);
  });

  test("of megabytes grow where they are by steps, when they are known to end, and are plain memory when they are taken", () => {
    const bytesMax = 5_000_000;
    const gathered = new GatheredBytes(bytesMax);
    const piece = Uint8Array.from({ length: 65_536 }, (_, at) => at % 251);
    while (gathered.length + piece.length <= bytesMax) {
      const roomBytes = gathered.roomBytesWith(piece.length);
      gathered.add(piece);
      expect(gathered.roomBytes).toBe(roomBytes);
      expect(roomBytes - gathered.length).toBeLessThan(1.5 * 1024 * 1024);
    }
    const { length } = gathered;
    const all = gathered.takeOwn();
    expect([all.length, all.buffer.byteLength, (all.buffer as ArrayBuffer).resizable]).toEqual([
      length,
      length,
      false,
    ]);
    for (let at = 0; at < length; at += piece.length) {
      expect(all.subarray(at, at + piece.length).equals(piece)).toBe(true);
    }
    expect([gathered.length, gathered.roomBytes]).toEqual([0, 0]);
  });

  test("of a known number are copied once more when a good part has come, and not at each doubling", () => {
    const gathered = new GatheredBytes(640 * 1024, true);
    const rooms = new Set<number>();
    for (let count = 0; count < 80; count += 1) {
      gathered.add(new Uint8Array(8 * 1024));
      rooms.add(gathered.roomBytes / 1024);
    }
    expect([...rooms]).toEqual([8, 16, 32, 64, 128, 640]);
  });

  test("of a limit that is not their number take one step at most before so many have come", () => {
    const gathered = new GatheredBytes(100_000_000);
    gathered.add(new Uint8Array(128 * 1024));
    expect(gathered.roomBytesWith(1)).toBe(1024 * 1024);
    gathered.add(new Uint8Array(1));
    expect((gathered.bytes.buffer as ArrayBuffer).resizable).toBe(false);
  });

  test("of a known large number are in the system's own memory from a good part on", () => {
    const gathered = new GatheredBytes(1_000_000, true);
    gathered.add(new Uint8Array(128 * 1024));
    expect((gathered.bytes.buffer as ArrayBuffer).resizable).toBe(false);
    gathered.add(new Uint8Array(1));
    expect((gathered.bytes.buffer as ArrayBuffer).resizable).toBe(true);
    expect(gathered.roomBytes).toBe(1_000_000);
    expect(gathered.takeOwn().length).toBe(128 * 1024 + 1);
  });

  test("are extended by bytes that the caller writes", () => {
    const gathered = new GatheredBytes();
    gathered.add(bytesOf("ab"));
    gathered.extend(3).write("cde");
    gathered.add(bytesOf("f"));
    expect(textOf(gathered.take())).toBe("abcdef");
  });
});
