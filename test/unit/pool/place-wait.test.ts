/** A wait for a place comes to one end, which one queue reports once, and leaves nothing behind. */

import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { type Place, PlaceQueue } from "#pool/place-queue.ts";
import { waitForPlace } from "#pool/place-wait.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const place: Place = { use: (choose) => choose() };

/** A call that begins to wait in two queues, of a second and of two, when 500 ms have passed. */
async function setUp() {
  const clock = createManualClock();
  await clock.advance(500);
  const reports: string[] = [];
  const queueOf = (pool: string, waitMs: number, callsMax = 10) =>
    new PlaceQueue(
      pool,
      { callsMax, waitMs },
      {
        onChange() {},
        onEnd: (end, waitedMs) => reports.push(`${pool}: ${end} after ${waitedMs} ms`),
        onFull: () => reports.push(`${pool}: full`),
      },
    );
  const queues = [queueOf("one", 1_000), queueOf("two", 2_000)] as const;
  const leaving = new AbortController();
  const ask = {
    priority: "normal" as const,
    signal: leaving.signal,
    clock,
    accepts: (_pool: string, member: string) => member === "a",
  };
  const waited = waitForPlace(queues, ask);
  /** All that could end it once more happens. */
  const goOn = async () => {
    leaving.abort();
    await clock.advance(10_000);
    for (const queue of queues) queue.dismiss();
  };
  return { clock, reports, queues, queueOf, leaving, ask, waited, goOn };
}

test("one that is served is told by the queue that serves, and is over for both", async () => {
  const { clock, reports, queues, leaving, waited, goOn } = await setUp();
  await clock.advance(300);
  const [, two] = queues;
  expect(two.next("b")).toBeUndefined();
  two.next("a")?.serve(two, place);
  expect(await waited).toEqual({ end: "served", place });
  expect(queues.map(({ length }) => length)).toEqual([0, 0]);
  expect(getEventListeners(leaving.signal, "abort")).toEqual([]);
  await goOn();
  expect(reports).toEqual(["two: served after 300 ms"]);
});

test("one that is in vain lasts as long as the most patient queue, and the first one tells", async () => {
  const { clock, reports, queues, leaving, waited, goOn } = await setUp();
  await clock.advance(1_999);
  expect(queues.map(({ length }) => length)).toEqual([1, 1]);
  await clock.advance(1);
  expect(await waited).toEqual({ end: "late" });
  expect(getEventListeners(leaving.signal, "abort")).toEqual([]);
  await goOn();
  expect(reports).toEqual(["one: late after 2000 ms"]);
});

test("one whose call leaves ends at once", async () => {
  const { clock, reports, queues, leaving, waited, goOn } = await setUp();
  await clock.advance(40);
  leaving.abort();
  expect(await waited).toEqual({ end: "left" });
  expect(queues.map(({ length }) => length)).toEqual([0, 0]);
  await goOn();
  expect(reports).toEqual(["one: left after 40 ms"]);
});

test("one that a queue puts out goes on in the other, and ends with the last", async () => {
  const { clock, reports, queues, waited, goOn } = await setUp();
  const [one, two] = queues;
  one.dismiss();
  expect([one.length, two.length, reports]).toEqual([0, 1, []]);
  await clock.advance(70);
  two.dismiss();
  expect(await waited).toEqual({ end: "dismissed" });
  await goOn();
  expect(reports).toEqual(["two: dismissed after 70 ms"]);
});

test("where every queue is full, or the call is over, it does not begin", async () => {
  const { reports, queueOf, leaving, ask } = await setUp();
  const full = queueOf("full", 1_000, 0);
  expect(await waitForPlace([full], ask)).toEqual({ end: "full" });
  expect(await waitForPlace([], ask)).toEqual({ end: "full" });
  leaving.abort();
  reports.length = 0;
  const open = queueOf("open", 1_000);
  expect(await waitForPlace([open], ask)).toEqual({ end: "left" });
  expect([open.length, reports]).toEqual([0, []]);
});
