/** Pieces of a body that a client streams: as they come, and not for ever. */

import { expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { paced } from "#services/paced.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const piece = (bytes: number) => ({ data: new Uint8Array(bytes) });

async function failureOf(pieces: AsyncIterable<unknown>): Promise<string | undefined> {
  try {
    for await (const _piece of pieces);
    return undefined;
  } catch (thrown) {
    return reasonOf(faultFrom(thrown));
  }
}

test("pieces pass in their order", async () => {
  const clock = createManualClock();
  async function* three() {
    yield* [piece(1), piece(2), piece(3)];
  }
  const sizes: number[] = [];
  for await (const { data } of paced(three(), { clock, signal: AbortSignal.any([]) })) {
    sizes.push(data.length);
  }
  expect(sizes).toEqual([1, 2, 3]);
  expect(clock.sleeping()).toBe(0);
});

test("a sender that rests for 30 s is given up", async () => {
  const clock = createManualClock();
  async function* resting() {
    yield piece(100_000);
    await new Promise(() => {});
  }
  const failure = failureOf(paced(resting(), { clock, signal: AbortSignal.any([]) }));
  await clock.untilSleeping(1);
  await clock.advance(29_999);
  expect(clock.sleeping()).toBe(1);
  await clock.advance(1);
  expect(await failure).toBe("BODY_TIMEOUT");
});

test("so is one that sends a byte now and then", async () => {
  const clock = createManualClock();
  async function* trickling() {
    for (;;) {
      await clock.sleep(10_000);
      yield piece(1);
    }
  }
  const failure = failureOf(paced(trickling(), { clock, signal: AbortSignal.any([]) }));
  await clock.advance(40_000);
  expect(await failure).toBe("BODY_TIMEOUT");
});

test("the time that its reader takes is not the sender's", async () => {
  const clock = createManualClock();
  async function* two() {
    yield piece(1);
    yield piece(1);
  }
  let count = 0;
  for await (const _piece of paced(two(), { clock, signal: AbortSignal.any([]) })) {
    count += 1;
    await clock.advance(40_000);
  }
  expect(count).toBe(2);
});

test("a call that ends is waited for no longer", async () => {
  const clock = createManualClock();
  const ending = new AbortController();
  async function* never() {
    await new Promise(() => {});
    yield piece(1);
  }
  const failure = failureOf(paced(never(), { clock, signal: ending.signal }));
  ending.abort();
  expect(await failure).toBe("CANCELLED");
});
