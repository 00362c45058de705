/** Batches between one who produces and one who takes. */

import { expect, test } from "vitest";
import { Batches } from "#workers/batches.ts";

async function* counting(count: number, seen: number[] = []) {
  for (let next = 0; next < count; next += 1) {
    seen.push(next);
    yield next;
  }
}

test("all that is produced is taken, in order, and then the end", async () => {
  const batches = new Batches<number>();
  void batches.addAll(counting(1_000));
  const taken: number[] = [];
  for (let batch = await batches.next(); batch !== undefined; batch = await batches.next()) {
    taken.push(...batch);
  }
  expect(taken).toEqual(Array.from({ length: 1_000 }, (_, at) => at));
});

test("who produces waits for who takes: no more than 64 are kept, and none when nobody takes any more", async () => {
  const batches = new Batches<number>();
  const produced: number[] = [];
  const ended = batches.addAll(counting(1_000, produced));
  await new Promise(setImmediate);
  expect(produced).toHaveLength(64);
  expect(await batches.next()).toHaveLength(64);
  batches.end();
  await ended;
  expect(produced.length).toBe(1_000);
  expect((await batches.next())?.length ?? 0).toBeLessThanOrEqual(64);
  expect(await batches.next()).toBeUndefined();
});

test("a failure is thrown once all before it was taken", async () => {
  const batches = new Batches<number>();
  await batches.add([1]);
  batches.end({ cause: new Error("gone") });
  expect(await batches.next()).toEqual([1]);
  await expect(batches.next()).rejects.toThrow("gone");
});
