/** What a connection keeps of its responses: one for each lane, within bounds, and nothing once it has ended. */

import { expect, test } from "vitest";
import { ByteBudget } from "#core/byte-budget.ts";
import { joinedItems, ResponseChain } from "#surfaces/response-chain.ts";

function chainOf({ itemsBytesMax = 100, bytesMax = 1_000 } = {}) {
  const held = new ByteBudget(bytesMax);
  return { held, chain: new ResponseChain({ itemsBytesMax, held }) };
}

test("the last response of each lane is known to all lanes", () => {
  const { chain } = chainOf();
  chain.keep("a", "r1", "1");
  chain.keep("b", "r2", "2");
  expect([chain.itemsOf("r1"), chain.itemsOf("r2"), chain.itemsOf("r3")]).toEqual([
    "1",
    "2",
    undefined,
  ]);
  chain.keep("a", "r3", "1,3");
  expect([chain.itemsOf("r1"), chain.itemsOf("r3")]).toEqual([undefined, "1,3"]);
});

test("a lane forgets what it failed to go on from, and that of no other lane", () => {
  const { chain, held } = chainOf();
  chain.keep("a", "r1", "1");
  chain.evict("b", "r1");
  chain.evict("a", "r0");
  expect(chain.itemsOf("r1")).toBe("1");
  chain.evict("a", "r1");
  expect([chain.itemsOf("r1"), held.heldBytes]).toEqual([undefined, 0]);
});

test("one that is too long is not kept, and the one before it is gone", () => {
  const { chain, held } = chainOf();
  chain.keep("a", "r1", "1");
  chain.keep("a", "r2", "x".repeat(100));
  expect([chain.itemsOf("r2")?.length, held.heldBytes]).toEqual([100, 100]);
  chain.keep("a", "r3", "x".repeat(101));
  expect([chain.itemsOf("r2"), chain.itemsOf("r3"), held.heldBytes]).toEqual([
    undefined,
    undefined,
    0,
  ]);
});

test("all connections together hold no more than they may; bytes are counted, not characters", () => {
  const held = new ByteBudget(10);
  const one = new ResponseChain({ itemsBytesMax: 100, held });
  const other = new ResponseChain({ itemsBytesMax: 100, held });
  one.keep("a", "r1", "éééé");
  expect(held.heldBytes).toBe(8);
  other.keep("a", "r2", "123");
  expect([one.itemsOf("r1"), other.itemsOf("r2")]).toEqual(["éééé", undefined]);
  one[Symbol.dispose]();
  expect([one.itemsOf("r1"), held.heldBytes]).toEqual([undefined, 0]);
  other.keep("a", "r2", "123");
  expect(other.itemsOf("r2")).toBe("123");
  // A turn that ends after its connection has nothing to keep.
  one.keep("a", "r3", "1");
  expect([one.itemsOf("r3"), held.heldBytes]).toEqual([undefined, 3]);
});

test("elements are joined without empty ones between", () => {
  expect([joinedItems(), joinedItems("", "1", "", "2,3"), joinedItems("", "")]).toEqual([
    "",
    "1,2,3",
    "",
  ]);
});
