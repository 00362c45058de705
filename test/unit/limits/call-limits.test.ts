/** One call's limits: what it takes, what comes back, and what it holds. */

import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { CallLimits, Pass, Refusal } from "#limits/call-limits.ts";
import { type LimitOptions, ownLimitsOnly } from "#limits/limit-options.ts";
import { type LimitStore, MemoryLimits } from "#limits/limit-store.ts";
import { type Caller, Limiter } from "#limits/limiter.ts";
import type { BudgetLimit } from "#limits/owner.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const perMinute = (count: number) => ({ capacity: count, perSecond: count / 60 });

/** The buckets of this process as a store elsewhere would give them: later. */
function elsewhere(store: MemoryLimits): LimitStore {
  return {
    reserve: async (asks) => store.reserve(asks),
    adjust: (changes) => store.adjust(changes),
    read: async (key, limits) => store.read(key, limits),
    reset: async (key) => store.reset(key),
  };
}

function limited(options: Partial<LimitOptions>, isElsewhere = false) {
  const clock = createManualClock(Date.UTC(2026, 0, 31, 23, 0, 0));
  const memory = new MemoryLimits(1_000, clock);
  const spent: BudgetLimit[] = [];
  const limiter = new Limiter(
    { ...ownLimitsOnly, ...options },
    {
      store: isElsewhere ? elsewhere(memory) : memory,
      clock,
      onSpent: (limit) => spent.push(limit),
    },
  );
  const call = (facts: Partial<Caller> = {}) =>
    limiter.of({
      ...{ name: "key:a", address: "192.0.2.1", terms: limiter.options.client },
      routes: ["polygate.v1.ChatService/Chat", "/v1/chat/completions"],
      ...facts,
    });
  const left = async (
    tier: "principal" | "group" | "model" | "provider" | "route",
    name: string,
  ) => {
    const owner = limiter.find(tier, name);
    const states = owner === undefined ? [] : await limiter.states(owner);
    return Object.fromEntries(states.map(({ unit, tokens }) => [unit, tokens]));
  };
  return { limiter, call, left, clock, spent };
}

const target = { provider: "openai", model: "gpt-4o" };
const use = (tokens: number, microUsd = 0) => ({ tokens, microUsd });

async function entered(call: CallLimits, ...asked: Parameters<CallLimits["enter"]>): Promise<Pass> {
  const outcome = await call.enter(...asked);
  if (outcome.kind !== "granted") throw new Error(`refused by ${outcome.kind}`);
  return outcome;
}

async function refused(outcome: unknown): Promise<Refusal & { kind: "bucket" }> {
  const refusal = (await outcome) as Refusal;
  if (refusal.kind !== "bucket") throw new Error(`it was ${refusal.kind}`);
  return refusal;
}

describe.each([
  ["here", false],
  ["elsewhere", true],
] as const)("buckets that are %s", (_, isElsewhere) => {
  test("give of all tiers or of none, and what arrived comes back when a try is refused", async () => {
    const { call, left } = limited(
      {
        client: { requests: perMinute(10), tokens: perMinute(1_000) },
        routes: [{ match: "/v1/", by: "all", terms: { requests: perMinute(5) } }],
        models: [{ match: "gpt-*", by: "all", terms: { tokens: perMinute(500) } }],
        providers: new Map([["openai", { requests: perMinute(3), tokens: perMinute(400) }]]),
      },
      isElsewhere,
    );
    const group = { id: "g", terms: { tokens: perMinute(300) } };
    const one = call({ group });
    expect(await one.arrive()).toMatchObject({ kind: "granted" });
    const all = async () => [
      await left("principal", "key:a"),
      await left("group", "g"),
      await left("route", "/v1/"),
      await left("model", "gpt-4o"),
      await left("provider", "openai"),
    ];
    const pass = await entered(one, target, use(200));
    expect(await all()).toEqual([
      { requests: 9, tokens: 800 },
      { tokens: 100 },
      { requests: 4 },
      { tokens: 300 },
      { requests: 2, tokens: 200 },
    ]);
    pass.ended(use(50));
    pass.ended(use(0));
    one.end();
    const two = call({ group });
    await two.arrive();
    const before = await all();
    const refusal = await refused(two.enter(target, use(260)));
    expect([refusal.limit.owner.tier, refusal.limit.unit, refusal.isTarget]).toEqual([
      "group",
      "tokens",
      false,
    ]);
    expect(await all()).toEqual(before);
    two.giveBack();
    two.giveBack();
    expect(await all()).toEqual([
      { requests: 9, tokens: 950 },
      { tokens: 250 },
      { requests: 4 },
      { tokens: 450 },
      { requests: 2, tokens: 350 },
    ]);
  });

  test("of a model or provider that are empty say that another may be asked", async () => {
    const { call } = limited(
      {
        client: { tokens: perMinute(100) },
        models: [{ match: "*", by: "client", terms: { tokens: perMinute(10) } }],
      },
      isElsewhere,
    );
    (await entered(call(), target, use(10))).ended();
    const refusal = await refused(call().enter(target, use(10)));
    expect([refusal.isTarget, refusal.limit.owner.name, refusal.waitMs]).toEqual([
      true,
      "gpt-4o key:a",
      60_000,
    ]);
    await entered(call(), { provider: "openai", model: "other" }, use(10));
    await entered(call({ name: "key:b" }), target, use(10));
  });

  test("of a budget that blocks hold for the period, and are full in the next", async () => {
    const { call, clock, spent } = limited(
      { client: { budget: { usd: 0.001, period: "month", onExceeded: "block" } } },
      isElsewhere,
    );
    (await entered(call(), target, use(1, 600))).ended(use(1, 900));
    const refusal = await refused(call().enter(target, use(1, 200)));
    // The month ends in an hour.
    expect([refusal.limit.unit, refusal.waitMs]).toEqual(["micro_usd", 3_600_000]);
    await refused(call().enter(target, use(1, 200)));
    expect(spent.map(({ period }) => period.name)).toEqual(["month 2026-01"]);
    await clock.advance(3_600_000);
    await entered(call(), target, use(1, 200));
  });

  test("of a budget that warns never refuse, and warn once a period", async () => {
    const { call, spent, clock } = limited(
      { client: { budget: { usd: 0.001, period: "day", onExceeded: "warn" } } },
      isElsewhere,
    );
    const warned = [];
    for (let turn = 0; turn < 4; turn += 1) {
      const pass = await entered(call(), target, use(1, 600));
      warned.push(pass.warnings.length);
      pass.ended(use(1, 600));
    }
    expect([warned, spent.length]).toEqual([[0, 0, 1, 1], 1]);
    await clock.advance(3_600_000);
    expect((await entered(call(), target, use(1))).warnings).toEqual([]);
  });
});

test.each([
  ["at once", false],
  ["later", true],
] as const)("what was spent before this process is asked once a period, %s", async (_, isLate) => {
  const clock = createManualClock(Date.UTC(2026, 0, 31, 23, 0, 0));
  const asked: string[] = [];
  const limiter = new Limiter(
    {
      ...ownLimitsOnly,
      clientsMax: 1,
      client: { budget: { usd: 0.001, period: "month", onExceeded: "block" } },
    },
    {
      store: new MemoryLimits(10, clock),
      clock,
      spentBefore({ owner, period }) {
        asked.push(`${owner.name} ${period.name}`);
        return isLate ? Promise.resolve(900) : 900;
      },
    },
  );
  const call = (name: string) =>
    limiter.of({ name, address: "", terms: limiter.options.client, routes: [] });
  (await entered(call("key:a"), target, use(1, 1))).ended();
  await refused(call("key:a").enter(target, use(1, 200)));
  // The owner is forgotten for another; its bucket is not, and is not charged again.
  (await entered(call("key:b"), target, use(1, 1))).ended();
  (await entered(call("key:a"), target, use(1, 50))).ended();
  await clock.advance(3_600_000);
  await entered(call("key:a"), target, use(1, 50));
  expect(asked).toEqual(["key:a month 2026-01", "key:b month 2026-01", "key:a month 2026-02"]);
});

describe("a call whose budget is being counted", () => {
  const rates = { period: "month", onExceeded: "block" } as const;
  function counting() {
    const clock = createManualClock();
    const answer = Promise.withResolvers<number>();
    let asked = 0;
    const limiter = new Limiter(
      { ...ownLimitsOnly, clientsMax: 1 },
      {
        ...{ store: new MemoryLimits(10, clock), clock },
        spentBefore() {
          asked += 1;
          return answer.promise;
        },
      },
    );
    const call = () =>
      limiter.of({
        ...{ name: "key:a", address: "", routes: [] },
        // Another object each time, as each token of one subject has.
        terms: { budget: { usd: 0.001, ...rates } },
      });
    return { clock, call, answer, asked: () => asked };
  }

  test("waits for what was spent before, however many come, and it is asked once", async () => {
    const { call, answer, asked } = counting();
    const outcomes = [1, 2, 3].map(() => call().enter(target, use(1, 200)));
    answer.resolve(700);
    const kinds = (await Promise.all(outcomes)).map(({ kind }) => kind);
    expect([kinds, asked()]).toEqual([["granted", "bucket", "bucket"], 1]);
  });

  test("waits for a second at most, and it counts later", async () => {
    const { clock, call, answer } = counting();
    const outcome = Promise.resolve(call().enter(target, use(1, 200)));
    await clock.advance(1_000);
    expect((await outcome).kind).toBe("granted");
    answer.resolve(700);
    await turn();
    await refused(call().enter(target, use(1, 200)));
  });
});

test("money that comes back over thirty days is a thirtieth a day", async () => {
  const { call, left, clock } = limited({
    client: { budget: { usd: 30, period: "30d", onExceeded: "block" } },
  });
  (await entered(call(), target, use(1, 1))).ended(use(1, 30_000_000));
  expect((await left("principal", "key:a")).micro_usd).toBe(0);
  await clock.advance(86_400_000);
  expect((await left("principal", "key:a")).micro_usd).toBeCloseTo(1_000_000, 3);
});

test("what is expected to cost nothing passes a spent limit, and is charged for what it cost", async () => {
  const { call, left } = limited({ client: { tokens: perMinute(10) } });
  (await entered(call(), target, use(10))).ended();
  (await entered(call(), target, use(0))).ended(use(5));
  expect((await left("principal", "key:a")).tokens).toBe(-5);
});

test.each([Number.NaN, -5])("a try that is said to have used %s has used nothing", async (said) => {
  const budget = { usd: 1, period: "day", onExceeded: "block" } as const;
  const { call, left } = limited({ client: { tokens: perMinute(10), budget } });
  (await entered(call(), target, use(4, 4))).ended(use(said, said));
  expect(await left("principal", "key:a")).toMatchObject({ tokens: 10, micro_usd: 1_000_000 });
});

test.each(["at once", "later"])("a store that fails %s leaves no place taken", async (when) => {
  const reserve = () => {
    if (when === "later") return Promise.reject(new Error("it is away"));
    throw new Error("it is away");
  };
  const clock = createManualClock();
  const store: LimitStore = Object.assign(new MemoryLimits(10, clock), { reserve });
  const limiter = new Limiter(
    {
      ...ownLimitsOnly,
      providers: new Map([["first", { tokens: perMinute(10), concurrentMax: 1 }]]),
    },
    { store, clock },
  );
  const call = limiter.of({ name: "key:a", address: "", terms: {}, routes: [] });
  const enter = async () => await call.enter({ provider: "first", model: "m" }, use(1));
  await expect(enter()).rejects.toThrow("it is away");
  await expect(enter()).rejects.toThrow("it is away");
  expect(limiter.inProgress.owners).toBe(0);
});

test("places are taken of all owners or of none, and given back once", async () => {
  const { call, limiter } = limited({
    client: { concurrentMax: 2 },
    models: [{ match: "*", by: "all", terms: { concurrentMax: 1 } }],
  });
  const group = { id: "g", terms: { concurrentMax: 1 } };
  const first = call({ group });
  await first.arrive();
  const second = call({ group });
  expect(await second.arrive()).toMatchObject({ kind: "in_progress", owner: { tier: "group" } });
  second.end();
  const pass = await entered(first, target, use(1));
  expect(await call().enter(target, use(1))).toMatchObject({ kind: "in_progress", isTarget: true });
  expect(
    ["principal:key:a", "group:g", "model:gpt-4o"].map((key) => limiter.inProgress.of(key)),
  ).toEqual([1, 1, 1]);
  pass.ended();
  pass.ended();
  first.end();
  first.end();
  expect(limiter.inProgress.owners).toBe(0);
});

test("a call that ended before its limits were asked holds no place", async () => {
  const { call, limiter } = limited({ client: { concurrentMax: 1 } });
  const late = call();
  late.end();
  await late.arrive();
  expect(limiter.inProgress.owners).toBe(0);
});

test("so many owners are remembered, and what is in progress is counted beyond them", async () => {
  const { call, limiter } = limited({ client: { concurrentMax: 1 }, clientsMax: 2 });
  const held = call({ name: "key:held" });
  await held.arrive();
  for (let caller = 0; caller < 10; caller += 1) {
    const one = call({ name: `key:${caller}` });
    await one.arrive();
    one.end();
  }
  expect([...limiter.owners()]).toHaveLength(2);
  expect(await call({ name: "key:held" }).arrive()).toMatchObject({ kind: "in_progress" });
  held.end();
  expect(limiter.inProgress.owners).toBe(0);
});

test("addresses without end push out no money that was spent", async () => {
  const { call, left } = limited({
    client: {
      requests: perMinute(10),
      budget: { usd: 0.001, period: "month", onExceeded: "block" },
    },
    clientsMax: 1_000,
  });
  (await entered(call(), target, use(1, 700))).ended();
  for (let address = 0; address < 5_000; address += 1) {
    await call({ name: `ip:${address}` }).arrive();
  }
  await call().arrive();
  expect((await left("principal", "key:a")).micro_usd).toBe(300);
});

test("an address has its own limit, whatever keys its calls come with", async () => {
  const { call } = limited({
    client: { requests: perMinute(10) },
    address: { requests: { capacity: 2, perSecond: 1 } },
  });
  await call({ name: "key:a" }).arrive();
  await call({ name: "key:b" }).arrive();
  const refusal = await refused(call({ name: "key:c" }).arrive());
  expect(refusal.limit.owner.tier).toBe("address");
  expect(await call({ name: "key:c", address: "192.0.2.2" }).arrive()).toMatchObject({
    kind: "granted",
  });
});

test("a store that fails leaves no place taken, and one that refuses without a word refuses", async () => {
  const clock = createManualClock();
  const memory = new MemoryLimits(10, clock);
  let isDown = true;
  const store: LimitStore = {
    ...elsewhere(memory),
    reserve: async () => {
      if (isDown) throw new Error("the store is gone");
      return { takes: [], waitMs: 700 };
    },
  };
  const options = {
    ...ownLimitsOnly,
    client: { requests: perMinute(5) },
    models: [
      { match: "*", by: "all" as const, terms: { requests: perMinute(5), concurrentMax: 1 } },
    ],
  };
  const limiter = new Limiter(options, { store, clock });
  const { client: terms } = options;
  const call = limiter.of({ name: "key:a", address: "", terms, routes: [] });
  await expect(call.enter(target, use(1))).rejects.toThrow("the store is gone");
  await expect(call.arrive()).rejects.toThrow("the store is gone");
  isDown = false;
  expect(await refused(call.arrive())).toMatchObject({ waitMs: 700, isTarget: false });
  expect(await refused(call.enter(target, use(1)))).toMatchObject({ waitMs: 700, isTarget: true });
  call.end();
  expect(limiter.inProgress.owners).toBe(0);
});
