import { expect, test } from "vitest";
import { ByteBudget } from "#core/byte-budget.ts";
import { HeldBytes } from "#core/held-bytes.ts";

test("what is added counts for the holder and for the budget, and goes with the holder", () => {
  const budget = new ByteBudget(100);
  const other = new HeldBytes(budget);
  other.add(10);
  const held = new HeldBytes(budget);
  held.add(20);
  held.add(30);
  expect([held.bytes, budget.heldBytes]).toEqual([50, 60]);
  held[Symbol.dispose]();
  expect([held.bytes, budget.heldBytes]).toEqual([0, 10]);
  held[Symbol.dispose]();
  expect(budget.heldBytes).toBe(10);
});

test("what was taken of the budget before is adopted, not counted again", () => {
  const budget = new ByteBudget(100);
  expect(budget.take(40)).toBe(true);
  const held = new HeldBytes(budget);
  held.adopt(40);
  expect([held.bytes, budget.heldBytes]).toEqual([40, 40]);
  held[Symbol.dispose]();
  expect(budget.heldBytes).toBe(0);
});

test("all but a part is given back; a part that is larger than all changes nothing", () => {
  const budget = new ByteBudget(100);
  const held = new HeldBytes(budget);
  held.add(50);
  held.keepOnly(60);
  expect([held.bytes, budget.heldBytes]).toEqual([50, 50]);
  held.keepOnly(15);
  expect([held.bytes, budget.heldBytes]).toEqual([15, 15]);
});

test("a holder that is over holds nothing, and what comes too late is given back", () => {
  const budget = new ByteBudget(100);
  const held = new HeldBytes(budget);
  held[Symbol.dispose]();
  held.add(10);
  expect([held.bytes, budget.heldBytes]).toEqual([0, 0]);
  budget.add(25);
  held.adopt(25);
  expect([held.bytes, budget.heldBytes]).toEqual([0, 0]);
});
