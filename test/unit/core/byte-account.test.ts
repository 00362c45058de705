import { describe, expect, test } from "vitest";
import { ByteAccount } from "#core/byte-account.ts";
import { ByteBudget } from "#core/byte-budget.ts";

/** An account whose owner gives up what it is asked for, and a record of that. */
function accountOf(budget: ByteBudget, owner: string, { bytesMax = 1e9, gives = true } = {}) {
  const asked: { bytes: number; sparesLargest: boolean }[] = [];
  const account: ByteAccount = new ByteAccount(budget, {
    owner,
    bytesMax,
    shed: (bytes, sparesLargest) => {
      asked.push({ bytes, sparesLargest });
      if (gives) account.release(Math.min(bytes, account.heldBytes));
    },
  });
  return { account, asked };
}

describe("an account", () => {
  test("counts for the budget, and gives all back when it is closed", () => {
    const budget = new ByteBudget(100);
    const { account } = accountOf(budget, "a");
    account.add(70);
    account.release(20);
    expect([account.heldBytes, budget.heldBytes]).toEqual([50, 50]);
    account.close();
    expect([account.heldBytes, budget.heldBytes, budget.holders.size]).toEqual([0, 0, 0]);
  });

  test("that gives back serves those who wait for the budget", async () => {
    const budget = new ByteBudget(100);
    const { account } = accountOf(budget, "a");
    account.add(100);
    const waiting = budget.takeInTurn(40, new AbortController().signal);
    account.release(40);
    expect(await waiting).toBe(true);
    expect(budget.heldBytes).toBe(100);
  });

  test("is pressed while the budget is exceeded, and no longer", () => {
    const budget = new ByteBudget(100);
    const { account } = accountOf(budget, "a");
    account.add(100);
    expect(account.isPressed).toBe(false);
    budget.add(1);
    expect(account.isPressed).toBe(true);
    budget.release(1);
    expect(account.isPressed).toBe(false);
  });

  test("past its own bound gives up what is too much, but for the largest", () => {
    const budget = new ByteBudget(100);
    const { account, asked } = accountOf(budget, "a", { bytesMax: 30 });
    account.add(30);
    account.relieve();
    account.add(5);
    account.relieve();
    expect(asked).toEqual([{ bytes: 5, sparesLargest: true }]);
  });
});

describe("when the budget is exceeded", () => {
  test("the owner that holds most gives up first, until an eighth is free", () => {
    const budget = new ByteBudget(800);
    const honest = accountOf(budget, "honest");
    const attackers = [1, 2, 3, 4].map(() => accountOf(budget, "attacker"));
    honest.account.add(250);
    for (const { account } of attackers) account.add(150);
    honest.account.relieve();
    expect(honest.asked).toEqual([]);
    expect(attackers.map(({ account }) => account.heldBytes)).toEqual([0, 150, 150, 150]);
    expect(budget.heldBytes).toBe(700);
  });

  test("of one owner the largest holder gives up first", () => {
    const budget = new ByteBudget(800);
    const [small, large] = [accountOf(budget, "a"), accountOf(budget, "a")];
    small.account.add(390);
    large.account.add(411);
    small.account.relieve();
    expect([small.account.heldBytes, large.account.heldBytes]).toEqual([390, 310]);
  });

  test("whoever gives nothing up is passed over", () => {
    const budget = new ByteBudget(800);
    const stubborn = accountOf(budget, "a", { gives: false });
    const other = accountOf(budget, "b");
    stubborn.account.add(500);
    other.account.add(301);
    other.account.relieve();
    expect([stubborn.asked.length, other.account.heldBytes]).toEqual([1, 200]);
  });

  test("whoever says with bytes that it gives up asks nobody else to", () => {
    const budget = new ByteBudget(800);
    const other = accountOf(budget, "b");
    const account: ByteAccount = new ByteAccount(budget, {
      owner: "a",
      bytesMax: 1e9,
      shed: () => {
        account.add(10);
        account.relieve();
        account.release(300);
      },
    });
    account.add(600);
    other.account.add(201);
    account.relieve();
    expect([account.heldBytes, other.asked.length]).toEqual([310, 0]);
  });

  test("nobody is asked again and again who had nothing to give", () => {
    const budget = new ByteBudget(800);
    const { account, asked } = accountOf(budget, "a", { gives: false });
    account.add(801);
    for (let count = 0; count < 1000; count += 1) account.relieve();
    expect(asked.length).toBe(1);
    for (let count = 0; count < 2; count += 1) account.relieve();
    expect(asked.length).toBe(2);
  });

  test("nobody is asked as long as all is within the bound", () => {
    const budget = new ByteBudget(800);
    const { account, asked } = accountOf(budget, "a");
    account.add(800);
    account.relieve();
    expect(asked).toEqual([]);
  });

  test("who is asked is asked for all that is wanted, its largest included", () => {
    const budget = new ByteBudget(800);
    const { account, asked } = accountOf(budget, "a");
    account.add(801);
    account.relieve();
    expect(asked).toEqual([{ bytes: 101, sparesLargest: false }]);
  });

  test("each is asked for what is still wanted after those before", () => {
    const budget = new ByteBudget(800);
    const [first, second] = [accountOf(budget, "a"), accountOf(budget, "a")];
    const others = accountOf(budget, "b");
    first.account.add(60);
    second.account.add(50);
    others.account.add(100);
    budget.add(700);
    first.account.relieve();
    expect(first.asked.map(({ bytes }) => bytes)).toEqual([110]);
    expect(second.asked).toEqual([]);
    expect(others.asked.map(({ bytes }) => bytes)).toEqual([50]);
  });

  test("it is the owner of most that pays, though another has the largest holder", () => {
    const budget = new ByteBudget(800);
    const many = [1, 2].map(() => accountOf(budget, "many"));
    const one = accountOf(budget, "one");
    for (const { account } of many) account.add(250);
    one.account.add(301);
    one.account.relieve();
    expect([many[0]?.asked.length, many[1]?.asked.length, one.asked.length]).toEqual([1, 0, 0]);
  });

  test("one owner's holders give up one after the other, as many as it takes", () => {
    const budget = new ByteBudget(800);
    const all = Array.from({ length: 10 }, () => accountOf(budget, "a"));
    for (const { account } of all) account.add(90);
    all[0]?.account.relieve();
    const held = all.map(({ account }) => account.heldBytes);
    expect(held.slice(0, 4)).toEqual([0, 0, 70, 90]);
    expect(budget.heldBytes).toBe(700);
  });

  test("whoever has given up is no longer the one that holds most", () => {
    const budget = new ByteBudget(640);
    const many = [1, 2].map(() => accountOf(budget, "many"));
    const one = accountOf(budget, "one");
    for (const { account } of many) account.add(250);
    one.account.add(400);
    one.account.relieve();
    expect([...many, one].map(({ account }) => account.heldBytes)).toEqual([0, 250, 310]);
  });

  test("whoever holds nothing is not asked", () => {
    const budget = new ByteBudget(800);
    const stubborn = accountOf(budget, "a", { gives: false });
    const empty = accountOf(budget, "a");
    stubborn.account.add(801);
    stubborn.account.relieve();
    expect([stubborn.asked.length, empty.asked.length]).toEqual([1, 0]);
  });

  test("at most 64 are asked at one time", () => {
    const budget = new ByteBudget(800);
    const all = Array.from({ length: 100 }, () => accountOf(budget, "a", { gives: false }));
    for (const { account } of all) account.add(10);
    all[0]?.account.relieve();
    expect(all.filter(({ asked }) => asked.length > 0).length).toBe(64);
  });

  test("each time that it is, somebody gives up, as long as there is something to give", () => {
    const budget = new ByteBudget(800);
    const { account, asked } = accountOf(budget, "a");
    for (let time = 1; time <= 3; time += 1) {
      account.add(801 - account.heldBytes);
      account.relieve();
      expect([asked.length, account.heldBytes]).toEqual([time, 700]);
    }
  });

  test("an eighth of it stays with the holders, whatever others hold", () => {
    const budget = new ByteBudget(800);
    const { account } = accountOf(budget, "a");
    account.add(150);
    budget.add(700);
    account.relieve();
    expect(account.heldBytes).toBe(100);
  });

  test("holders that have little are safe from what others hold", () => {
    const budget = new ByteBudget(800);
    const { account, asked } = accountOf(budget, "a");
    account.add(100);
    budget.add(701);
    account.relieve();
    expect(asked).toEqual([]);
    account.add(1);
    account.relieve();
    expect(asked.length).toBe(1);
  });
});
