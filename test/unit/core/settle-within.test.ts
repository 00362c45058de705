import { expect, test } from "vitest";
import { settleWithin } from "#core/settle-within.ts";
import { createManualClock } from "../../support/manual-clock.ts";

test.each([
  { name: "done", work: () => Promise.resolve() },
  { name: "failed", work: () => Promise.reject(new Error("broken")) },
])("work that is $name ends the wait, and its timer", async ({ work }) => {
  const clock = createManualClock();
  await settleWithin(work(), 100, clock);
  expect(clock.nowMs()).toBe(0);
  expect(clock.sleeping()).toBe(0);
});

test("work that does not end is waited for so long and no longer", async () => {
  const clock = createManualClock();
  let waited = false;
  const waiting = settleWithin(new Promise(() => {}), 100, clock).then(() => {
    waited = true;
  });
  await clock.untilSleeping(1);
  await clock.advance(99);
  expect(waited).toBe(false);
  await clock.advance(1);
  await waiting;
});
