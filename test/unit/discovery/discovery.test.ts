/** A name is asked for again when its answer ends; a failure changes nothing and is told once. */

import { expect, test } from "vitest";
import { type Answer, startDiscovery } from "#discovery/discovery.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const answer = (ttlMs: number | undefined, ...addresses: string[]): Answer => ({
  ...(ttlMs === undefined ? {} : { ttlMs }),
  places: addresses.map((address) => ({ address, port: 80, weight: 1 })),
});

/** A discovery whose name server answers with `says`. */
function discover(says: () => Answer | Error, endpointsMax = 8) {
  const clock = createManualClock();
  const told: string[] = [];
  const askedMs: number[] = [];
  const double = { applyFails: false };
  const discovery = startDiscovery(
    { intervalMs: 30_000, pauseMsMin: 1_000, retryMs: () => 5_000, endpointsMax },
    {
      clock,
      async resolve() {
        askedMs.push(clock.nowMs());
        const said = says();
        if (said instanceof Error) throw said;
        return said;
      },
      async apply({ joined, left }) {
        if (double.applyFails) throw new Error("cannot be opened");
        told.push(
          [
            ...joined.map((one) => `+${one.address}`),
            ...left.map((one) => `-${one.address}`),
          ].join(),
        );
      },
      onState: (state, cause) => told.push(cause instanceof Error ? cause.message : state),
      onBeyond: (count) => told.push(`beyond ${count}`),
    },
  );
  return { clock, told, askedMs, discovery, double };
}

test("what has changed is told, and what has not is not", async () => {
  let says = answer(undefined, "a", "b");
  const { clock, told, discovery } = discover(() => says);
  await using _ = discovery;
  await discovery.first;
  expect(told).toEqual(["+a,+b"]);
  await clock.advance(30_000);
  expect(told).toHaveLength(1);
  says = answer(undefined, "b", "c");
  await clock.advance(30_000);
  expect(told.slice(1)).toEqual(["+c,-a"]);
});

test("asks again when the answer ends: at most once a second, and at least once an interval", async () => {
  let says = answer(undefined, "a");
  const { clock, askedMs, discovery } = discover(() => says);
  await using _ = discovery;
  await clock.advance(0);
  says = answer(4_000, "a");
  await clock.advance(30_000);
  says = answer(0, "a");
  await clock.advance(4_000);
  says = answer(86_400_000, "a");
  await clock.advance(1_000);
  await clock.advance(30_000);
  expect(askedMs).toEqual([0, 30_000, 34_000, 35_000, 65_000]);
});

test.each([
  ["a failure", new Error("no name server answers")],
  ["an empty answer", answer(1_000)],
])("%s keeps what is known, and is told once until it has ended", async (_name, trouble) => {
  let says: Answer | Error = answer(undefined, "a");
  const { clock, told, askedMs, discovery } = discover(() => says);
  await using _ = discovery;
  await clock.advance(0);
  says = trouble;
  await clock.advance(30_000);
  await clock.advance(20_000);
  expect(askedMs).toEqual([0, 30_000, 35_000, 40_000, 45_000, 50_000]);
  expect(told).toEqual([
    "+a",
    trouble instanceof Error ? trouble.message : "the answer has no addresses",
  ]);
  says = answer(undefined, "a");
  await clock.advance(5_000);
  expect(told.slice(2)).toEqual(["working"]);
});

test("a change that could not be made is made the next time", async () => {
  const { clock, told, discovery, double } = discover(() => answer(undefined, "a"));
  await using _ = discovery;
  double.applyFails = true;
  await clock.advance(0);
  double.applyFails = false;
  await clock.advance(5_000);
  expect(told).toEqual(["cannot be opened", "+a", "working"]);
});

test("addresses beyond the bound are told once, and again after there was room", async () => {
  let says = answer(undefined, "a", "b", "c");
  const { clock, told, discovery } = discover(() => says, 2);
  await using _ = discovery;
  await clock.advance(60_000);
  expect(told).toEqual(["+a,+b", "beyond 1"]);
  says = answer(undefined, "a");
  await clock.advance(30_000);
  says = answer(undefined, "a", "b", "c", "d");
  await clock.advance(30_000);
  expect(told.slice(2)).toEqual(["-b", "+b", "beyond 2"]);
});

test("disposing of it ends its wait, and nothing is asked any more", async () => {
  const { clock, askedMs, discovery } = discover(() => answer(undefined, "a"));
  await discovery.first;
  await discovery[Symbol.asyncDispose]();
  await clock.advance(120_000);
  expect(askedMs).toEqual([0]);
});
