/** A ring keeps the newest within its number and its bytes, under numbers that never change. */

import { describe, expect, test } from "vitest";
import { Ring } from "#core/ring.ts";

interface Item {
  readonly name: string;
}

function ringOf(countMax: number, bytesMax: number, ...sizes: readonly number[]): Ring<Item> {
  const ring = new Ring<Item>({ countMax, bytesMax });
  for (const bytes of sizes) ring.add({ name: String(ring.next) }, bytes);
  return ring;
}

const namesOf = (ring: Ring<Item>) => [...ring.newestFirst()].map(({ name }) => name);

describe("a ring", () => {
  test("keeps as many as it may, newest first", () => {
    expect(namesOf(ringOf(3, 100))).toEqual([]);
    expect(namesOf(ringOf(3, 100, 1, 1, 1))).toEqual(["3", "2", "1"]);
    expect(namesOf(ringOf(3, 100, 1, 1, 1, 1, 1))).toEqual(["5", "4", "3"]);
  });

  test("keeps as many bytes as it may, and tells how many those are", () => {
    const full = ringOf(10, 100, 40, 30, 30);
    expect([full.count, full.bytes]).toEqual([3, 100]);
    full.add({ name: "4" }, 1);
    expect([namesOf(full), full.count, full.bytes]).toEqual([["4", "3", "2"], 3, 61]);
    full.add({ name: "5" }, 95);
    expect([namesOf(full), full.count, full.bytes]).toEqual([["5", "4"], 2, 96]);
  });

  test("takes bytes off when number, not size, pushes an item out", () => {
    const ring = ringOf(2, 100, 10, 20, 30, 40);
    expect([ring.count, ring.bytes]).toEqual([2, 70]);
  });

  test("is empty behind an item that is larger than all its room, and goes on", () => {
    const ring = ringOf(5, 100, 10, 101);
    expect([namesOf(ring), ring.count, ring.bytes]).toEqual([[], 0, 0]);
    ring.add({ name: "3" }, 100);
    expect([namesOf(ring), ring.bytes]).toEqual([["3"], 100]);
  });

  test("numbers its items from 1 on, whatever was pushed out", () => {
    expect([ringOf(2, 100).next, ringOf(2, 100, 1, 1, 1).next]).toEqual([1, 4]);
  });

  test("goes on where it is while it is read, without those that were pushed out meanwhile", () => {
    const ring = ringOf(3, 100, 1, 1, 1);
    const reading = ring.newestFirst();
    expect(reading.next().value?.name).toBe("3");
    ring.add({ name: "4" }, 1);
    ring.add({ name: "5" }, 1);
    expect([...reading]).toEqual([]);
  });
});
