/** Whoever waits until no request is in progress is notified at the first such moment, and not before. */

import { expect, test } from "vitest";
import { Arrivals } from "#entry/arrivals.ts";

test("all who wait are notified when the last request has ended, whatever came meanwhile", async () => {
  const arrivals = new Arrivals();
  await arrivals.none();
  arrivals.begin();
  const waiting = [0, 0];
  const all = waiting.map((_, index) =>
    arrivals.none().then(() => {
      waiting[index] = 1;
    }),
  );
  arrivals.begin();
  arrivals.end();
  await Promise.resolve();
  expect(waiting).toEqual([0, 0]);
  arrivals.end();
  await Promise.all(all);
  expect(waiting).toEqual([1, 1]);
  arrivals.begin();
  arrivals.end();
  await arrivals.none();
});

test("those in progress are counted", () => {
  const arrivals = new Arrivals();
  arrivals.begin();
  arrivals.begin();
  expect(arrivals.count).toBe(2);
  arrivals.end();
  expect(arrivals.count).toBe(1);
  arrivals.end();
  expect(arrivals.count).toBe(0);
});
