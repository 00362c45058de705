/** The vectors that every store of buckets passes, held against the buckets of this process. */

import { expect, test } from "vitest";
import { MemoryLimits } from "#limits/limit-store.ts";
import { expectVector, limitVectors } from "../../support/limit-vectors.ts";

for (const vector of limitVectors) {
  test(`buckets of this process: ${vector.name}`, async () => {
    const time = { nowMs: 1_000_000 };
    const store = new MemoryLimits(100, { nowMs: () => time.nowMs });
    await expectVector(vector, {
      store,
      moveTo(atMs) {
        time.nowMs = 1_000_000 + atMs;
      },
    });
  });
}

test("a store that is off by a token, or by the wait, does not pass", async () => {
  const [vector] = limitVectors.filter(({ name }) => name.startsWith("what is refused"));
  if (vector === undefined) throw new TypeError("the vector is gone");
  const time = { nowMs: 0 };
  const clock = { nowMs: () => time.nowMs };
  const moveTo = (atMs: number) => {
    time.nowMs = atMs;
  };
  const greedy = new MemoryLimits(100, clock);
  const reserve = greedy.reserve.bind(greedy);
  greedy.reserve = (asks) => reserve(asks.map((ask) => ({ ...ask, cost: ask.cost + 1 })));
  await expect(expectVector(vector, { store: greedy, moveTo })).rejects.toThrow("has 0");
  const late = new MemoryLimits(100, clock);
  const slow = late.reserve.bind(late);
  late.reserve = (asks) => {
    const { takes, waitMs } = slow(asks);
    return { takes, waitMs: waitMs === 0 ? 0 : waitMs + 2 };
  };
  await expect(expectVector(vector, { store: late, moveTo })).rejects.toThrow("2002");
});
