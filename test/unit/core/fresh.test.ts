/** What is expensive is made once for all who ask in a while. */

import { expect, test } from "vitest";
import { Fresh } from "#core/fresh.ts";
import { createManualClock } from "../../support/manual-clock.ts";

function setting(keptMs: number) {
  const clock = createManualClock();
  const fresh = new Fresh<number, string>(clock, keptMs);
  let made = 0;
  const get = (key: number) =>
    fresh.get(key, async () => {
      made += 1;
      return `${key}-${made}`;
    });
  return { clock, fresh, get, made: () => made };
}

test("one making serves all who ask at once, and after it until its time is over", async () => {
  const { clock, get, made } = setting(1_000);
  await clock.advance(5_000);
  expect(await Promise.all([get(1), get(1), get(2)])).toEqual(["1-1", "1-1", "2-2"]);
  await clock.advance(999);
  expect(await get(1)).toBe("1-1");
  await clock.advance(1);
  expect(await get(1)).toBe("1-3");
  expect(made()).toBe(3);
});

test("without a time everything is made anew", async () => {
  const { get } = setting(0);
  expect([await get(1), await get(1)]).toEqual(["1-1", "1-2"]);
});

test("a failure is told to those who wait for it, and not kept", async () => {
  const { fresh, get } = setting(1_000);
  await expect(fresh.get(1, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await get(1)).toBe("1-1");
});

test("a failure takes nothing away that was made behind it", async () => {
  const { clock, fresh, get } = setting(1_000);
  const late = Promise.withResolvers<string>();
  const failing = fresh.get(1, () => late.promise);
  await clock.advance(1_000);
  expect(await get(1)).toBe("1-1");
  late.reject(new Error("no"));
  await expect(failing).rejects.toThrow("no");
  expect(await get(1)).toBe("1-1");
});

test("32 keys are kept, and one that was made again counts as new", async () => {
  const { clock, get, made } = setting(1_000);
  for (let key = 0; key < 32; key += 1) await get(key);
  await get(0);
  expect(made()).toBe(32);
  await clock.advance(1_000);
  await get(0);
  await get(32);
  await get(0);
  expect(made()).toBe(34);
});

test("of many keys the ones made first go first", async () => {
  const { get, made } = setting(1_000);
  for (let key = 0; key < 40; key += 1) await get(key);
  await get(39);
  expect(made()).toBe(40);
  await get(0);
  expect(made()).toBe(41);
});
