/** Places keep their numbers while they are there, and numbers stay few. */

import { expect, test } from "vitest";
import { nextSlots, type Place, type Slot } from "#discovery/slots.ts";

const at = (address: string, weight = 1): Place => ({ address, port: 80, weight });
const told = (slots: readonly Slot[]) => slots.map(({ number, address }) => `${number} ${address}`);

test("new places are numbered in the order of their addresses, whatever order they came in", () => {
  const change = nextSlots([], [at("b"), at("c"), at("a"), at("b")], 10);
  expect(told(change.slots)).toEqual(["1 a", "2 b", "3 c"]);
  expect(change.joined).toEqual(change.slots);
  expect(change.left).toEqual([]);
});

test("who stays keeps its number, who leaves frees it, and who comes takes the lowest", () => {
  const { slots } = nextSlots([], [at("b"), at("c"), at("d")], 10);
  const change = nextSlots(slots, [at("d"), at("a"), at("c"), at("e")], 10);
  expect(told(change.slots)).toEqual(["1 a", "2 c", "3 d", "4 e"]);
  expect(told(change.joined)).toEqual(["1 a", "4 e"]);
  expect(told(change.left)).toEqual(["1 b"]);
  expect(change.weighed).toEqual([]);
});

test("another port is another place; another weight is the same one", () => {
  const { slots } = nextSlots([], [at("a"), at("b")], 10);
  const change = nextSlots(slots, [at("a", 5), { ...at("b"), port: 81 }], 10);
  expect(change.weighed).toEqual([{ number: 1, address: "a", port: 80, weight: 5 }]);
  expect(told(change.left)).toEqual(["2 b"]);
  expect(change.joined).toEqual([{ number: 2, address: "b", port: 81, weight: 1 }]);
  expect(change.slots[0]?.weight).toBe(5);
});

test("of 10,000 places only so many are taken; those that are known stay, the others are counted", () => {
  const many = Array.from({ length: 10_000 }, (_, index) => at(`z${index}`));
  const { slots } = nextSlots([], [at("zz1"), at("zz2")], 3);
  const change = nextSlots(slots, [...many, at("zz1"), at("zz2")], 3);
  expect(told(change.slots)).toEqual(["1 zz1", "2 zz2", "3 z0"]);
  expect(change.beyond).toBe(9_999);
});

test("numbers never exceed the most places, however often all places change", () => {
  let slots: readonly Slot[] = [];
  const numbers = new Set<number>();
  for (let round = 0; round < 100; round += 1) {
    const places = Array.from({ length: 5 }, (_, index) => at(`${round + index * 7}`));
    slots = nextSlots(slots, places, 4).slots;
    expect(new Set(slots.map(({ number }) => number)).size).toBe(4);
    for (const { number } of slots) numbers.add(number);
  }
  expect(numbers).toEqual(new Set([1, 2, 3, 4]));
});
