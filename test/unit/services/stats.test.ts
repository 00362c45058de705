/** Watching statistics costs what one watcher costs, and as many watch as may. */

import { createContextValues, type HandlerContext } from "@connectrpc/connect";
import { describe, expect, test, vi } from "vitest";
import { callRecordKey, principalKey } from "#interceptors/context.ts";
import { createStats } from "#observability/stats.ts";
import { createStatsService } from "#services/stats.ts";
import { callRecord } from "../../support/call.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { refusal } from "../../support/predict.ts";

function served(watchLimits = { totalMax: 100, perCallerMax: 100 }) {
  const clock = createManualClock();
  const stats = createStats(clock);
  const stopping = new AbortController();
  const service = createStatsService({
    ...{ stats, clock, version: "1", startedMs: 0, rateLimiting: false, predict: {} },
    ...{ stopping: stopping.signal, watchLimits },
    performance: { getPerformance: () => ({}), getHistory: () => ({}), getForecast: () => ({}) },
  });
  const watch = (intervalMs: number, context: Partial<HandlerContext> = {}) => {
    const { signal } = new AbortController();
    const values = createContextValues();
    const messages = service.watchStats(
      { intervalMs } as Parameters<typeof service.watchStats>[0],
      { signal, values, ...context } as HandlerContext,
    );
    return messages[Symbol.asyncIterator]();
  };
  return { clock, stats, stopping, watch };
}

/** How many of these messages arrive while `step` happens. */
async function arrivals(watches: ReturnType<ReturnType<typeof served>["watch"]>[]) {
  const times = watches.map(() => 0);
  const seen: unknown[][] = watches.map(() => []);
  for (const [index, watch] of watches.entries()) {
    void (async () => {
      for (let next = await watch.next(); !next.done; next = await watch.next()) {
        times[index] = (times[index] ?? 0) + 1;
        seen[index]?.push(next.value);
      }
    })();
  }
  await Promise.resolve();
  return { times, seen };
}

test("one timer and one measurement per interval serve all watchers", async () => {
  const { clock, stats, watch } = served();
  const totals = vi.spyOn(stats, "totals");
  const measured = () => totals.mock.calls.filter(([kind]) => kind === "gateway").length;
  const { times, seen } = await arrivals(Array.from({ length: 50 }, () => watch(100)));
  await clock.untilSleeping(1);
  for (let tick = 0; tick < 10; tick += 1) await clock.advance(100);
  expect(new Set(times)).toEqual(new Set([11]));
  expect(clock.sleeping()).toBe(1);
  expect(measured()).toBe(11);
  for (const one of seen)
    for (const [at, value] of one.entries()) expect(value).toBe(seen[0]?.[at]);
  expect(new Set(seen[0]).size).toBe(11);
});

test("each watcher has the interval that it asked for", async () => {
  const { clock, watch } = served();
  const { times } = await arrivals([100, 200, 500, 1000].map((intervalMs) => watch(intervalMs)));
  await clock.untilSleeping(1);
  for (let tick = 0; tick < 20; tick += 1) await clock.advance(100);
  expect(times).toEqual([21, 11, 5, 3]);
});

test("nobody's timer runs when nobody watches, and it runs again for the next one", async () => {
  const { clock, stopping, watch } = served();
  const leaving = new AbortController();
  const one = watch(100, { signal: leaving.signal });
  await one.next();
  const next = one.next().catch((thrown: unknown) => thrown);
  await clock.untilSleeping(1);
  leaving.abort(new Error("left"));
  expect(await next).toMatchObject({ message: "left" });
  await clock.advance(100);
  expect(clock.sleeping()).toBe(0);
  const other = watch(100);
  await other.next();
  const again = other.next();
  await clock.untilSleeping(1);
  await clock.advance(100);
  expect((await again).done).toBe(false);
  const last = other.next();
  stopping.abort();
  expect((await last).done).toBe(true);
});

describe("watches are bounded", () => {
  const by = (clientAddress: string, key?: string): Partial<HandlerContext> => {
    const values = createContextValues().set(callRecordKey, callRecord({ clientAddress }));
    if (key !== undefined) {
      values.set(principalKey, { id: key, authenticated: true, scopes: new Set<string>() });
    }
    return { values };
  };
  const refused = { reason: "OVERLOADED", message: "too many watches are open" };

  test("per caller, whom its key or else its network tells, and in total", async () => {
    const { watch } = served({ totalMax: 5, perCallerMax: 2 });
    const mine = [watch(100, by("192.0.2.1", "a")), watch(100, by("192.0.2.2", "a"))];
    for (const one of mine) await one.next();
    expect(await refusal(watch(100, by("192.0.2.3", "a")).next())).toMatchObject(refused);
    await watch(100, by("2001:db8::1")).next();
    await watch(100, by("2001:db8::2")).next();
    expect(await refusal(watch(100, by("2001:db8::3")).next())).toMatchObject(refused);
    await watch(100, by("192.0.2.1")).next();
    expect(await refusal(watch(100, by("192.0.2.9")).next())).toMatchObject(refused);
    await mine[0]?.return?.();
    expect((await watch(100, by("192.0.2.9")).next()).done).toBe(false);
  });
});
