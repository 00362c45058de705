/** Asking for what was spent before: until there is an answer, in bounds, until it is disposed of. */

import { expect, test } from "vitest";
import { SpentBefore } from "#keys/spent-before.ts";
import type { HourSpent } from "#keys/usage.ts";
import { createManualClock } from "../../support/manual-clock.ts";

function asking(spent: () => Promise<readonly HourSpent[]>) {
  const clock = createManualClock();
  const states: string[] = [];
  const before = new SpentBefore({
    ...{ clock, store: { spent }, recorder: { openHours: () => [] } },
    onStore: (state) => states.push(state),
  });
  return { clock, before, states };
}

test("a store that fails is asked again until it answers, which is told once", async () => {
  let failures = 3;
  const { clock, before, states } = asking(async () => {
    failures -= 1;
    if (failures >= 0) throw new Error("it is away");
    return [{ startMs: 0, microUsd: 5 }];
  });
  const asked = before.of("key", "a", 0);
  for (let second = 0; second < 3; second += 1) {
    await clock.untilSleeping(1);
    await clock.advance(1_000);
  }
  expect(await asked).toEqual([{ untilMs: 3_600_000, microUsd: 5 }]);
  expect(states).toEqual(["failing", "failing", "failing", "working"]);
});

test("eight ask at one time, ten thousand wait, and who comes then is told nothing", async () => {
  let asked = 0;
  const answer = Promise.withResolvers<readonly HourSpent[]>();
  const { before } = asking(() => {
    asked += 1;
    return answer.promise;
  });
  const all = Array.from({ length: 10_000 }, (_, at) => before.of("key", `k${at}`, 0));
  expect(await before.of("key", "one more", 0)).toEqual([]);
  expect(asked).toBe(8);
  answer.resolve([{ startMs: 0, microUsd: 1 }]);
  expect((await Promise.all(all)).every((hours) => hours.length === 1)).toBe(true);
  expect(asked).toBe(10_000);
});

test("who waits in line when it is disposed of is let go, and who comes later does not wait", async () => {
  const { before } = asking(() => new Promise(() => {}));
  const all = Array.from({ length: 9 }, (_, at) => before.of("key", `k${at}`, 0));
  before[Symbol.dispose]();
  expect(await all[8]).toEqual([]);
  expect(await before.of("key", "late", 0)).toEqual([]);
});

test("who waits between two tries when it is disposed of is let go", async () => {
  const { clock, before } = asking(() => Promise.reject(new Error("it is away")));
  const asked = before.of("key", "a", 0);
  await clock.untilSleeping(1);
  before[Symbol.dispose]();
  expect(await asked).toEqual([]);
});
