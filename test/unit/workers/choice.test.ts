/** Which thread gets a connection, and how long a crashed one is waited for. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { leastLoaded } from "#workers/choice.ts";
import { CrashPauses } from "#workers/crash-pauses.ts";

test("as connections come in, no thread ever has two more than another", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.nat({ max: 20 }), { maxLength: 200 }),
      (threads, arrivals) => {
        const loads = Array.from({ length: threads }, () => ({ connections: 0, requests: 0 }));
        for (const requests of arrivals) {
          const chosen = loads[leastLoaded(loads) ?? -1];
          if (chosen === undefined) throw new Error("nobody was chosen");
          chosen.connections += 1;
          chosen.requests = requests;
        }
        const counts = loads.map(({ connections }) => connections);
        return Math.max(...counts) - Math.min(...counts) <= 1;
      },
    ),
  );
});

test("of threads with as many connections the one with fewest requests is chosen, and of equals the first", () => {
  const load = (connections: number, requests: number) => ({ connections, requests });
  expect(leastLoaded([load(2, 0), load(1, 9), load(1, 3), load(1, 3)])).toBe(2);
  expect(leastLoaded([])).toBeUndefined();
});

test("the first crash is mended at once, the wait doubles with each further one, and the sixth within a minute is the last", () => {
  const pauses = new CrashPauses();
  expect([0, 1, 2, 3, 4, 5].map((second) => pauses.next(second * 1_000))).toEqual([
    ...[0, 1_000, 2_000, 4_000, 8_000],
    undefined,
  ]);
  const spread = new CrashPauses();
  expect([0, 70, 140].map((second) => spread.next(second * 1_000))).toEqual([0, 0, 0]);
});
