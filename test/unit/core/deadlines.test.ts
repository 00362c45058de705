/** Each deadline passes at its own moment or not at all, whatever became of those before it. */

import { expect, test } from "vitest";
import { Deadlines } from "#core/deadlines.ts";
import { createManualClock } from "../../support/manual-clock.ts";

function setting(lengthMs: number) {
  const clock = createManualClock();
  const passed: string[] = [];
  const deadlines = new Deadlines(lengthMs, clock);
  const begin = (name: string) => deadlines.begin(() => passed.push(`${name} ${clock.nowMs()}`));
  return { clock, passed, begin };
}

test("deadlines that begin at different times pass at different times", async () => {
  const { clock, passed, begin } = setting(100);
  begin("a");
  await clock.advance(30);
  begin("b");
  begin("c");
  await clock.advance(69);
  expect(passed).toEqual([]);
  await clock.advance(1);
  expect(passed).toEqual(["a 100"]);
  await clock.advance(30);
  expect(passed).toEqual(["a 100", "b 130", "c 130"]);
});

test("one that is stopped never passes, and delays nobody", async () => {
  const { clock, passed, begin } = setting(100);
  const stop = begin("a");
  await clock.advance(40);
  begin("b");
  stop();
  await clock.advance(200);
  expect(passed).toEqual(["b 140"]);
  begin("c");
  await clock.advance(100);
  expect(passed).toEqual(["b 140", "c 340"]);
});

test("a thousand take one sleep of the clock, and none when all are over", async () => {
  const { clock, begin } = setting(100);
  const stops = Array.from({ length: 1_000 }, (_, index) => begin(`${index}`));
  expect(clock.sleeping()).toBe(1);
  for (const stop of stops) stop();
  await clock.advance(100);
  expect(clock.sleeping()).toBe(0);
});
