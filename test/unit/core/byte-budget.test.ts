import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { ByteBudget } from "#core/byte-budget.ts";

const never = new AbortController().signal;

describe("a byte budget", () => {
  it("is taken up to its bound and no further", () => {
    const budget = new ByteBudget(10);
    expect(budget.take(10)).toBe(true);
    expect(budget.take(1)).toBe(false);
    expect(budget.heldBytes).toBe(10);
    budget.release(1);
    expect(budget.take(1)).toBe(true);
  });

  it("counts what is in memory already past its bound, and says so", () => {
    const budget = new ByteBudget(10);
    budget.add(11);
    expect(budget.isExceeded).toBe(true);
    budget.release(1);
    expect(budget.isExceeded).toBe(false);
  });

  it("serves those who wait in order of their arrival", async () => {
    const budget = new ByteBudget(10);
    budget.take(10);
    const order: string[] = [];
    const first = budget.takeInTurn(6, never).then(() => order.push("first"));
    const second = budget.takeInTurn(2, never).then(() => order.push("second"));
    budget.release(4);
    expect(budget.heldBytes).toBe(6);
    budget.release(6);
    await Promise.all([first, second]);
    expect(order).toEqual(["first", "second"]);
    expect(budget.heldBytes).toBe(8);
  });

  it("lets nobody pass those who wait", async () => {
    const budget = new ByteBudget(10);
    budget.take(10);
    const waiting = budget.takeInTurn(8, never);
    budget.release(4);
    expect(budget.take(1)).toBe(false);
    budget.release(6);
    expect(await waiting).toBe(true);
  });

  it("takes nothing for whoever gives up, and serves those after it", async () => {
    const budget = new ByteBudget(10);
    budget.take(6);
    const leaving = new AbortController();
    const large = budget.takeInTurn(9, leaving.signal);
    const small = budget.takeInTurn(3, never);
    leaving.abort();
    expect(await large).toBe(false);
    expect(await small).toBe(true);
    expect(budget.heldBytes).toBe(9);
  });

  it("refuses at once what can never be granted, and whoever comes aborted", async () => {
    const budget = new ByteBudget(10);
    expect(await budget.takeInTurn(11, never)).toBe(false);
    expect(await budget.takeInTurn(1, AbortSignal.abort())).toBe(false);
    expect(budget.heldBytes).toBe(0);
  });

  it("leaves nothing behind on the signal of whoever was served", async () => {
    const budget = new ByteBudget(10);
    budget.take(10);
    const { signal } = new AbortController();
    const waiting = budget.takeInTurn(5, signal);
    expect(getEventListeners(signal, "abort").length).toBe(1);
    budget.release(5);
    expect(await waiting).toBe(true);
    expect(getEventListeners(signal, "abort").length).toBe(0);
  });

  it("lets nobody pass those who wait, in the line either", async () => {
    const budget = new ByteBudget(10);
    budget.take(8);
    const order: string[] = [];
    const large = budget.takeInTurn(5, never).then(() => order.push("large"));
    const small = budget.takeInTurn(2, never).then(() => order.push("small"));
    expect(budget.heldBytes).toBe(8);
    budget.release(8);
    await Promise.all([large, small]);
    expect(order).toEqual(["large", "small"]);
  });

  it("refuses at once whoever comes aborted, though there is room", async () => {
    const budget = new ByteBudget(10);
    expect(await budget.takeInTurn(1, AbortSignal.abort())).toBe(false);
    expect(budget.heldBytes).toBe(0);
  });

  it("lets a thousand wait, and refuses more at once", async () => {
    const budget = new ByteBudget(1);
    budget.take(1);
    const waiting = Array.from({ length: 1000 }, () => budget.takeInTurn(1, never));
    expect(await budget.takeInTurn(1, never)).toBe(false);
    for (const taken of waiting) {
      budget.release(1);
      expect(await taken).toBe(true);
    }
    expect(budget.heldBytes).toBe(1);
  });
});
