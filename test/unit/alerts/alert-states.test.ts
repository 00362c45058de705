/** An alert is told once it has held for its time, again after the repeat, and once that it is over. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { AlertStates } from "#alerts/alert-states.ts";
import type { AlertName, Reading } from "#alerts/conditions.ts";

const wallMs = Date.UTC(2026, 0, 1);
const at = (nowMs: number) => ({ nowMs, wallMs: wallMs + nowMs });
const reading = (isAbove: boolean, forMs = 0, provider = "gpu"): Reading => ({
  ...{ alert: "PolygateProviderDown", labels: { provider }, isAbove, forMs, summary: "s" },
});
const known = (...readings: Reading[]) => ({ readings, unknown: new Set<AlertName>() });
const repeatMs = 1_000;

/** Statuses that are told at moments a tenth of a second apart. */
function told(holds: readonly boolean[], forMs: number): (string | undefined)[] {
  const states = new AlertStates();
  return holds.map((isAbove, index) => {
    const notices = states.take(known(reading(isAbove, forMs)), at(index * 100), repeatMs);
    expect(notices.length).toBeLessThanOrEqual(1);
    return notices[0]?.status;
  });
}

test("what holds at once is told at once where no time is asked for, and then that it is over", () => {
  expect(told([false, true, true, false, false], 0)).toEqual([
    ...[undefined, "firing", undefined, "resolved", undefined],
  ]);
});

test("what does not hold for its time is not told at all", () => {
  expect(told([true, true, false, true, true, false], 200)).toEqual(Array(6).fill(undefined));
});

test("what holds for its time is told then", () => {
  expect(told([true, true, true, true], 200)).toEqual([undefined, undefined, "firing", undefined]);
});

test("what goes on is told again after the repeat", () => {
  const statuses = told(Array(25).fill(true), 0);
  expect(statuses.flatMap((status, index) => (status === undefined ? [] : index))).toEqual([
    0, 10, 20,
  ]);
});

test("a notice says since when, and until when, it was so", () => {
  const states = new AlertStates();
  states.take(known(reading(true, 50)), at(0), repeatMs);
  const [firing] = states.take(known(reading(true, 50)), at(100), repeatMs);
  expect(firing).toMatchObject({ startsMs: wallMs });
  expect(firing?.endsMs).toBeUndefined();
  const [over] = states.take(known(reading(false)), at(700), repeatMs);
  expect(over).toMatchObject({ startsMs: wallMs, endsMs: wallMs + 700, key: firing?.key });
});

test("what cannot be measured stays as it is, and what is gone is over", () => {
  const states = new AlertStates();
  states.take(known(reading(true)), at(0), repeatMs);
  const unknown = new Set<AlertName>(["PolygateProviderDown"]);
  expect(states.take({ readings: [], unknown }, at(100), repeatMs)).toEqual([]);
  expect(states.firing).toBe(1);
  expect(states.take(known(), at(200), repeatMs)).toMatchObject([{ status: "resolved" }]);
  expect(states.firing).toBe(0);
});

test("alerts of several are told apart", () => {
  const states = new AlertStates();
  const both = [reading(true, 0, "a"), reading(true, 0, "b")];
  expect(states.take(known(...both), at(0), repeatMs)).toHaveLength(2);
  const left = states.take(known(reading(false, 0, "a"), reading(true, 0, "b")), at(1), repeatMs);
  expect(left).toMatchObject([{ status: "resolved", labels: { provider: "a" } }]);
});

test("whatever comes, firing and resolved take turns", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 60 }), fc.nat(500), (holds, forMs) => {
      const statuses = told(holds, forMs).filter((status) => status !== undefined);
      for (const [index, status] of statuses.entries()) {
        if (status === "resolved") expect(statuses[index - 1]).toBe("firing");
      }
    }),
  );
});
