import { describe, expect, test } from "vitest";
import { ByteBudget } from "#core/byte-budget.ts";
import { type Holder, Holdings } from "#http1/holdings.ts";

const kib = 1024;

/** Holders that let go of all that they hold when they are asked, and note it. */
function holders(holdings: Holdings, count: number) {
  const gone: number[] = [];
  const all = Array.from({ length: count }, (_, index): Holder => {
    const holder: Holder = {
      heldBytes: 0,
      giveWay() {
        gone.push(index);
        holdings.update(holder, 0);
      },
    };
    return holder;
  });
  const hold = (index: number, bytes: number) => {
    const holder = all[index];
    if (holder !== undefined) holdings.update(holder, bytes);
  };
  return { gone, hold };
}

describe("what connections hold", () => {
  test("counts against the budget as it grows and shrinks", () => {
    const buffers = new ByteBudget(1000 * kib);
    const holdings = new Holdings(buffers);
    const { hold } = holders(holdings, 2);
    hold(0, 300);
    hold(1, 200);
    hold(0, 100);
    expect([holdings.heldBytes, buffers.heldBytes]).toEqual([300, 300]);
    hold(0, 0);
    hold(1, 0);
    expect([holdings.heldBytes, buffers.heldBytes]).toEqual([0, 0]);
  });

  test("past it the oldest give way, however lately they made progress, until it fits", () => {
    const buffers = new ByteBudget(100 * kib);
    const { gone, hold } = holders(new Holdings(buffers), 4);
    for (const index of [0, 1, 2]) hold(index, 32 * kib);
    hold(0, 33 * kib);
    hold(3, 64 * kib);
    expect(gone).toEqual([0, 1]);
    expect(buffers.heldBytes).toBe(96 * kib);
  });

  test("who is rid of it all is young again", () => {
    const { gone, hold } = holders(new Holdings(new ByteBudget(100 * kib)), 3);
    hold(0, 32 * kib);
    hold(1, 32 * kib);
    hold(0, 0);
    hold(0, 32 * kib);
    hold(2, 64 * kib);
    expect(gone).toEqual([1]);
  });

  test("little is left alone: it would free nothing", () => {
    const { gone, hold } = holders(new Holdings(new ByteBudget(100 * kib)), 3);
    hold(0, kib);
    hold(1, 64 * kib);
    hold(2, 64 * kib);
    expect(gone).toEqual([1]);
  });

  test("an eighth of the budget is safe from what others hold", () => {
    const buffers = new ByteBudget(800 * kib);
    buffers.add(900 * kib);
    const holdings = new Holdings(buffers);
    const { gone, hold } = holders(holdings, 3);
    hold(0, 50 * kib);
    hold(1, 50 * kib);
    expect(gone).toEqual([]);
    hold(2, 50 * kib);
    expect(gone).toEqual([0]);
  });
});
