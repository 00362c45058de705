/** A second endpoint is asked beside a silent one: the first answer wins, the other is told to stop, the budget bounds it. */

import { describe, expect, test } from "vitest";
import { fault } from "#errors/fault.ts";
import type { AttemptCall } from "#routing/dispatch.ts";
import { RetryBudget } from "#routing/retry-budget.ts";
import { unlimitedBudgets } from "../../support/budgets.ts";
import {
  type DispatchSettings,
  dispatchSetting,
  endOf,
  type TestBackend,
} from "../../support/dispatch.ts";

const hedgeMs = 100;

/** What each endpoint does: answers after so long, or fails after so long. */
type Manners = Readonly<Record<string, number | { readonly failsAfterMs: number }>>;

function hedgeSetting(manners: Manners, more: DispatchSettings = {}) {
  const setting = dispatchSetting({ hedgeMs, ...more });
  const { clock } = setting;
  const stopped: string[] = [];
  const work = async ({ name }: TestBackend, { signal }: AttemptCall) => {
    signal.addEventListener("abort", () => stopped.push(name));
    const manner = manners[name] ?? 0;
    if (typeof manner === "number") {
      await clock.sleep(manner, signal);
      return name;
    }
    await clock.sleep(manner.failsAfterMs, signal);
    throw fault("BACKEND_LOST", "as the test says");
  };
  const open = async function* (backend: TestBackend, asked: AttemptCall) {
    yield await work(backend, asked);
    await clock.sleep(50, asked.signal);
    yield "end";
  };
  return { ...setting, work, open, stopped };
}

const unary = ({ dispatch, route, work, call }: ReturnType<typeof hedgeSetting>) =>
  endOf(dispatch.call(route, work, call()));
const streamed = ({ dispatch, route, open, call }: ReturnType<typeof hedgeSetting>) =>
  endOf(Array.fromAsync(dispatch.stream(route, open, call())));

describe.each([
  ["a unary call", unary, ""],
  ["a stream", streamed, ",end"],
] as const)("%s", (_name, run, tail) => {
  test("that is answered before the silence is over asks nobody else", async () => {
    const setting = hedgeSetting({ "gpu-1": 99 });
    await using _ = setting.pool;
    const end = run(setting);
    await setting.clock.advance(1_000);
    expect(await end).toBe(`gpu-1${tail}`);
    expect(setting.outcomes()).toEqual(["gpu-1:OK"]);
    expect(setting.extra).toEqual([]);
  });

  test("goes to a second endpoint after the silence; the loser is stopped at once, and is nobody's failure", async () => {
    const setting = hedgeSetting({ "gpu-1": 10_000, "gpu-2": 20 });
    await using _ = setting.pool;
    const { clock, pool } = setting;
    const end = run(setting);
    await clock.advance(119);
    expect(setting.stopped).toEqual([]);
    await clock.advance(1);
    expect(setting.stopped).toEqual(["gpu-1"]);
    await clock.advance(50);
    expect(await end).toBe(`gpu-2${tail}`);
    expect(setting.outcomes()).toEqual(["gpu-1:CANCELLED", "gpu-2:OK"]);
    expect(setting.answered).toEqual(["gpu-2"]);
    expect(setting.extra).toEqual(["hedge"]);
    expect(setting.inFlight()).toBe(0);
    expect(pool.snapshot().map(({ errors }) => errors)).toEqual([0, 0]);
    // It is known now to be that slow at least.
    expect(pool.endpoints("m").map(({ latencyMs }) => latencyMs)).toEqual([120, 20]);
  });

  test("is answered by the first when that is faster after all, and the second is stopped", async () => {
    const setting = hedgeSetting({ "gpu-1": 150, "gpu-2": 10_000 });
    await using _ = setting.pool;
    const end = run(setting);
    await setting.clock.advance(200);
    expect(await end).toBe(`gpu-1${tail}`);
    expect(setting.outcomes()).toEqual(["gpu-2:CANCELLED", "gpu-1:OK"]);
    expect(setting.answered).toEqual(["gpu-1"]);
    expect(setting.stopped).toEqual(["gpu-2"]);
  });

  test("is answered by the one while the other fails, whichever", async () => {
    const setting = hedgeSetting({ "gpu-1": { failsAfterMs: 150 }, "gpu-2": 200 });
    await using _ = setting.pool;
    const end = run(setting);
    await setting.clock.advance(350);
    expect(await end).toBe(`gpu-2${tail}`);
    expect(setting.outcomes()).toEqual(["gpu-1:BACKEND_LOST", "gpu-2:OK"]);
    expect(setting.extra).toEqual(["hedge"]);
  });

  test("goes on as any other when both fail", async () => {
    const setting = hedgeSetting(
      { "gpu-1": { failsAfterMs: 150 }, "gpu-2": { failsAfterMs: 100 }, "gpu-3": 10 },
      { endpoints: 3 },
    );
    await using _ = setting.pool;
    const end = run(setting);
    await setting.clock.advance(1_000);
    expect(await end).toBe(`gpu-3${tail}`);
    expect(setting.extra).toEqual(["hedge", "retry"]);
    expect(setting.inFlight()).toBe(0);
  });

  test("fails over at once when the first fails before the silence is over", async () => {
    const setting = hedgeSetting({ "gpu-1": { failsAfterMs: 10 }, "gpu-2": 10 });
    await using _ = setting.pool;
    const end = run(setting);
    await setting.clock.advance(100);
    expect(await end).toBe(`gpu-2${tail}`);
    expect(setting.extra).toEqual(["retry"]);
  });

  test("asks nobody else when the budget is used up, and waits for the first", async () => {
    const budgets = {
      ...unlimitedBudgets(),
      hedge: new RetryBudget({ share: 0, perSecondMin: 0, windowSeconds: 10 }),
    };
    const setting = hedgeSetting({ "gpu-1": 500 }, { budgets });
    await using _ = setting.pool;
    const end = run(setting);
    await setting.clock.advance(1_000);
    expect(await end).toBe(`gpu-1${tail}`);
    expect(setting.extra).toEqual(["hedge denied"]);
  });

  test("asks nobody else when there is nobody else", async () => {
    const setting = hedgeSetting({ "gpu-1": 500 }, { endpoints: 1 });
    await using _ = setting.pool;
    const end = run(setting);
    await setting.clock.advance(1_000);
    expect(await end).toBe(`gpu-1${tail}`);
    expect(setting.outcomes()).toEqual(["gpu-1:OK"]);
  });
});

test("a client that leaves stops both, and nothing follows", async () => {
  const setting = hedgeSetting({ "gpu-1": 10_000, "gpu-2": 10_000 });
  await using _ = setting.pool;
  const { clock, dispatch, route, work, call, stopped, outcomes, inFlight } = setting;
  const gone = new AbortController();
  const end = endOf(dispatch.call(route, work, call({ signal: gone.signal })));
  await clock.advance(150);
  expect(inFlight()).toBe(2);
  gone.abort();
  expect(await end).toMatch(/^CANCELLED/);
  expect(new Set(stopped)).toEqual(new Set(["gpu-1", "gpu-2"]));
  expect(new Set(outcomes())).toEqual(new Set(["gpu-1:CANCELLED", "gpu-2:CANCELLED"]));
  expect(inFlight()).toBe(0);
});

test("a stream that fails after its first message is not taken elsewhere, and its timer is gone", async () => {
  const setting = hedgeSetting({});
  await using _ = setting.pool;
  const { clock, dispatch, route, call, outcomes } = setting;
  await clock.advance(0);
  const before = clock.sleeping();
  const open = async function* () {
    yield 1;
    throw fault("BACKEND_LOST", "as the test says");
  };
  expect(await endOf(Array.fromAsync(dispatch.stream(route, open, call())))).toBe(
    "BACKEND_LOST (gpu-1:BACKEND_LOST)",
  );
  expect(outcomes()).toEqual(["gpu-1:BACKEND_LOST"]);
  await clock.advance(0);
  expect(clock.sleeping()).toBe(before);
});

test("a stream that is left early closes the winner's stream and counts as cancelled", async () => {
  const setting = hedgeSetting({});
  await using _ = setting.pool;
  const { dispatch, route, call, outcomes, inFlight } = setting;
  let closed = false;
  const open = async function* () {
    try {
      for (;;) yield 1;
    } finally {
      closed = true;
    }
  };
  for await (const message of dispatch.stream(route, open, call())) {
    expect(message).toBe(1);
    break;
  }
  expect([closed, outcomes(), inFlight()]).toEqual([true, ["gpu-1:CANCELLED"], 0]);
});
