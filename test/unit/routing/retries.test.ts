/** What can save a call is tried: elsewhere at once, on the same endpoint after a pause, never more than the budget has. */

import { describe, expect, test } from "vitest";
import type { Standing } from "#core/fitness.ts";
import { fault } from "#errors/fault.ts";
import type { Reason } from "#errors/reason.ts";
import type { AttemptCall } from "#routing/dispatch.ts";
import { RetryBudget } from "#routing/retry-budget.ts";
import { unlimitedBudgets } from "../../support/budgets.ts";
import { dispatchSetting, endOf, type TestBackend } from "../../support/dispatch.ts";

/** Fails with these in turn, whoever is asked, then answers with the endpoint's name. */
function failingWith(...failures: (Reason | Error)[]) {
  return async ({ name }: TestBackend): Promise<string> => {
    const next = failures.shift();
    if (next === undefined) return name;
    throw next instanceof Error ? next : fault(next, "as the test says");
  };
}

describe("the same endpoint", () => {
  test.each([
    "BACKEND_LOST",
    "BACKEND_FAILED",
    "BACKEND_OVERLOADED",
    "BACKEND_MALFORMED",
    "BACKEND_TIMEOUT",
  ] as const)(
    "is asked once more after %s, when no other is left, after a pause that doubles",
    async (reason) => {
      const { clock, pool, dispatch, route, call, outcomes } = dispatchSetting({ endpoints: 1 });
      await using _ = pool;
      const startedMs = clock.nowMs();
      const end = endOf(dispatch.call(route, failingWith(reason, reason), call()));
      await clock.advance(99);
      expect(outcomes()).toEqual([`gpu-1:${reason}`]);
      await clock.advance(1);
      expect(outcomes()).toEqual([`gpu-1:${reason}`, `gpu-1:${reason}`]);
      await clock.advance(200);
      expect(await end).toBe("gpu-1");
      expect(clock.nowMs() - startedMs).toBe(300);
    },
  );

  test("is not asked once more after OVERLOADED: it has a queue, and the call would wait in memory", async () => {
    const { pool, dispatch, route, call, outcomes } = dispatchSetting({ endpoints: 1 });
    await using _ = pool;
    const end = endOf(dispatch.call(route, failingWith("OVERLOADED"), call()));
    expect(await end).toBe("OVERLOADED (gpu-1:OVERLOADED)");
    expect(outcomes()).toEqual(["gpu-1:OVERLOADED"]);
  });

  test("that is at its limit is asked by the next call at once, whatever it said of waiting", async () => {
    const { pool, dispatch, route, call } = dispatchSetting({ endpoints: 1 });
    await using _ = pool;
    const full = fault("OVERLOADED", "full", { retryAfterMs: 5_000 });
    expect(await endOf(dispatch.call(route, failingWith(full), call()))).toContain("OVERLOADED");
    expect(await endOf(dispatch.call(route, failingWith(), call()))).toBe("gpu-1");
  });

  test.each(["BACKEND_CREDENTIAL", "BACKEND_QUOTA"] as const)(
    "is not asked once more after %s, when it has no other key",
    async (reason) => {
      let standing: Standing = { fitness: "fit", restMs: 0 };
      const { pool, dispatch, route, call } = dispatchSetting({
        endpoints: 1,
        standing: () => standing,
      });
      await using _ = pool;
      const work = async () => {
        standing = { fitness: "ejected", restMs: 300_000 };
        throw fault(reason, "as the test says");
      };
      expect(await endOf(dispatch.call(route, work, call()))).toBe(`${reason} (gpu-1:${reason})`);
    },
  );

  test("is asked once more when its key was refused and another one is only limited for a moment", async () => {
    let standing: Standing = { fitness: "fit", restMs: 0 };
    const { clock, pool, dispatch, route, call } = dispatchSetting({
      endpoints: 1,
      standing: () => standing,
    });
    await using _ = pool;
    const work = async ({ name }: TestBackend) => {
      if (standing.fitness === "ejected") return name;
      standing = { fitness: "ejected", restMs: 1_000 };
      throw fault("BACKEND_CREDENTIAL", "as the test says");
    };
    const end = endOf(dispatch.call(route, work, call()));
    await clock.advance(100);
    expect(await end).toBe("gpu-1");
  });

  test("is asked last of all when it was too slow before, and who was asked least comes first", async () => {
    const { clock, pool, dispatch, route, call, outcomes } = dispatchSetting({
      endpoints: 3,
      retryAttempts: 5,
    });
    await using _ = pool;
    const work = failingWith(
      "BACKEND_TIMEOUT",
      "BACKEND_FAILED",
      "BACKEND_TIMEOUT",
      "BACKEND_FAILED",
      "BACKEND_LOST",
    );
    const end = endOf(dispatch.call(route, work, call()));
    await clock.advance(1_000);
    const last = await end;
    expect(outcomes().slice(0, 4)).toEqual([
      "gpu-1:BACKEND_TIMEOUT",
      "gpu-2:BACKEND_FAILED",
      "gpu-3:BACKEND_TIMEOUT",
      "gpu-2:BACKEND_FAILED",
    ]);
    expect(new Set([outcomes()[4]?.split(":")[0], last])).toEqual(new Set(["gpu-1", "gpu-3"]));
  });

  test.each(["CONTEXT_WINDOW_EXCEEDED", "CONTENT_POLICY_REFUSED", "REQUEST_INVALID"] as const)(
    "nor any other is asked after %s",
    async (reason) => {
      const { pool, dispatch, route, call } = dispatchSetting();
      await using _ = pool;
      expect(await endOf(dispatch.call(route, failingWith(reason), call()))).toBe(
        `${reason} (gpu-1:${reason})`,
      );
    },
  );

  test("is asked at once when a key was refused and it has another", async () => {
    const { clock, pool, dispatch, route, call, outcomes } = dispatchSetting({
      endpoints: 1,
      standing: () => ({ fitness: "fit", restMs: 0 }),
    });
    await using _ = pool;
    const startedMs = clock.nowMs();
    const work = failingWith("BACKEND_CREDENTIAL", "BACKEND_RATE_LIMITED");
    expect(await endOf(dispatch.call(route, work, call()))).toBe("gpu-1");
    expect(outcomes()).toEqual([
      "gpu-1:BACKEND_CREDENTIAL",
      "gpu-1:BACKEND_RATE_LIMITED",
      "gpu-1:OK",
    ]);
    expect(clock.nowMs()).toBe(startedMs);
  });
});

test("another endpoint is asked at once, before the same one after a pause", async () => {
  const { clock, pool, dispatch, route, call, outcomes } = dispatchSetting();
  await using _ = pool;
  const work = failingWith("BACKEND_FAILED", "BACKEND_FAILED");
  const end = endOf(dispatch.call(route, work, call()));
  await clock.advance(0);
  expect(outcomes()).toEqual(["gpu-1:BACKEND_FAILED", "gpu-2:BACKEND_FAILED"]);
  await clock.advance(100);
  expect(await end).toMatch(/^gpu-/);
});

test("a stream is opened once more in the same way, and pulled from one endpoint only", async () => {
  const { clock, pool, dispatch, route, call, answered } = dispatchSetting({ endpoints: 1 });
  await using _ = pool;
  const work = failingWith("BACKEND_LOST");
  const open = async function* (backend: TestBackend) {
    yield await work(backend);
    yield "end";
  };
  const end = Array.fromAsync(dispatch.stream(route, open, call()));
  await clock.advance(100);
  expect(await end).toEqual(["gpu-1", "end"]);
  expect(answered).toEqual(["gpu-1"]);
});

describe("the time of a call", () => {
  test.each(["timeoutMs", "answerWithinMs"] as const)(
    "%s is not spent on a pause that leaves nothing",
    async (limit) => {
      const { clock, pool, dispatch, route, call } = dispatchSetting({ endpoints: 1 });
      await using _ = pool;
      const startedMs = clock.nowMs();
      const end = endOf(dispatch.call(route, failingWith("BACKEND_LOST"), call({ [limit]: 100 })));
      expect(await end).toBe("BACKEND_LOST (gpu-1:BACKEND_LOST)");
      expect(clock.nowMs()).toBe(startedMs);
    },
  );

  test.each([
    [81, "gpu-2"],
    [80, "BACKEND_FAILED (gpu-1:BACKEND_FAILED)"],
  ])(
    "with %d ms left an endpoint that never took less than 80: %s",
    async (timeoutMs, expected) => {
      const { clock, pool, dispatch, route, call } = dispatchSetting();
      await using _ = pool;
      const slowly = async ({ name }: TestBackend) => {
        await clock.sleep(name === "gpu-1" ? 40 : 80);
        return name;
      };
      const warm = [0, 1, 2, 3].map(() => dispatch.call(route, slowly, call()));
      await clock.advance(80);
      await Promise.all(warm);
      const work = failingWith("BACKEND_FAILED");
      expect(await endOf(dispatch.call(route, work, call({ timeoutMs })))).toBe(expected);
    },
  );

  test("a client that leaves in a pause ends it, and nothing is tried any more", async () => {
    const { clock, pool, dispatch, route, call, outcomes, inFlight } = dispatchSetting({
      endpoints: 1,
    });
    await using _ = pool;
    const gone = new AbortController();
    const work = failingWith("BACKEND_LOST");
    const end = endOf(dispatch.call(route, work, call({ signal: gone.signal })));
    await clock.advance(50);
    gone.abort();
    expect(await end).toBe("CANCELLED ()");
    await clock.advance(10_000);
    expect(outcomes()).toEqual(["gpu-1:BACKEND_LOST"]);
    expect(inFlight()).toBe(0);
  });
});

describe("Retry-After", () => {
  const limited = (retryAfterMs: number) => fault("BACKEND_OVERLOADED", "later", { retryAfterMs });

  test("is waited for when nobody else is there, and not a millisecond less", async () => {
    const { clock, pool, dispatch, route, call, outcomes } = dispatchSetting({
      endpoints: 1,
      jitter: 0,
    });
    await using _ = pool;
    const end = endOf(dispatch.call(route, failingWith(limited(2_000)), call()));
    await clock.advance(1_999);
    expect(outcomes()).toHaveLength(1);
    await clock.advance(1);
    expect(await end).toBe("gpu-1");
  });

  test("holds for other calls too, and they wait for it as well", async () => {
    const { clock, pool, dispatch, route, call, outcomes } = dispatchSetting({
      endpoints: 1,
      jitter: 0,
    });
    await using _ = pool;
    const first = endOf(dispatch.call(route, failingWith(limited(2_000)), call()));
    await clock.advance(10);
    const second = endOf(dispatch.call(route, failingWith(), call()));
    await clock.advance(1_989);
    expect(outcomes()).toHaveLength(1);
    await clock.advance(1);
    expect(await Promise.all([first, second])).toEqual(["gpu-1", "gpu-1"]);
  });

  test("keeps the endpoint in peace while others answer", async () => {
    const { clock, pool, dispatch, route, call, outcomes } = dispatchSetting();
    await using _ = pool;
    await dispatch.call(route, failingWith(limited(30_000)), call());
    for (let count = 0; count < 4; count += 1) await dispatch.call(route, failingWith(), call());
    expect(outcomes().filter((outcome) => outcome.startsWith("gpu-1"))).toHaveLength(1);
    await clock.advance(30_000);
    await dispatch.call(route, failingWith(), call());
    expect(outcomes().at(-1)).toBe("gpu-1:OK");
  });

  test("is not waited for beyond the deadline, nor beyond ten seconds: the client is told when", async () => {
    const { pool, dispatch, route, call } = dispatchSetting({ endpoints: 1 });
    await using _ = pool;
    const work = failingWith(limited(9_000));
    expect(await endOf(dispatch.call(route, work, call({ timeoutMs: 9_000 })))).toBe(
      "BACKEND_OVERLOADED (gpu-1:BACKEND_OVERLOADED)",
    );
    const next = dispatch.call(route, failingWith(), call({ timeoutMs: 9_000 }));
    await expect(next).rejects.toMatchObject({
      rawMessage: 'every endpoint of "route" asked for a pause',
    });
    const other = dispatchSetting({ endpoints: 1 });
    await using _other = other.pool;
    expect(
      await endOf(other.dispatch.call(other.route, failingWith(limited(10_001)), other.call())),
    ).toBe("BACKEND_OVERLOADED (gpu-1:BACKEND_OVERLOADED)");
  });
});

describe("an ejected endpoint", () => {
  const ejected = async (endpoints: number) => {
    const setting = dispatchSetting({ endpoints, retryAttempts: 0 });
    const { dispatch, route, call } = setting;
    for (let count = 0; count < 5 * endpoints; count += 1) {
      await endOf(dispatch.call(route, failingWith("BACKEND_FAILED"), call()));
    }
    expect(setting.pool.endpoints("m").map(({ fitness }) => fitness)).toEqual(
      Array(endpoints).fill("ejected"),
    );
    return setting;
  };

  test("is asked all the same when there is no other: nobody is turned away for the sake of a breaker", async () => {
    const { pool, dispatch, route, call } = await ejected(2);
    await using _ = pool;
    expect(await endOf(dispatch.call(route, failingWith(), call()))).toMatch(/^gpu-/);
    // That went well: it is fit again, and the other one still waits.
    expect(pool.endpoints("m").filter(({ fitness }) => fitness === "fit")).toHaveLength(1);
  });

  test("is given one call when its time is over, and a growing share of them after that", async () => {
    const { clock, pool, dispatch, route, call } = await ejected(2);
    await using _ = pool;
    await clock.advance(5_000);
    const asked: string[] = [];
    const held = Promise.withResolvers<void>();
    const work = async ({ name }: TestBackend) => {
      asked.push(name);
      await held.promise;
    };
    const testing = [0, 1].map(() => dispatch.call(route, work, call()));
    expect(new Set(asked)).toEqual(new Set(["gpu-1", "gpu-2"]));
    held.resolve();
    await Promise.all(testing);
    expect(pool.endpoints("m").map(({ fitness, warmth }) => [fitness, warmth])).toEqual([
      ["fit", 0.1],
      ["fit", 0.1],
    ]);
  });
});

describe("the budget", () => {
  const budgets = () => ({
    ...unlimitedBudgets(),
    retry: new RetryBudget({ share: 0.2, perSecondMin: 0, windowSeconds: 10 }),
  });
  const down = () => failingWith("BACKEND_LOST");
  type Setting = ReturnType<typeof dispatchSetting>;

  const callsOf = async ({ dispatch, route, call }: Setting, count: number) => {
    const ends: string[] = [];
    for (let at = 0; at < count; at += 1) {
      ends.push(await endOf(dispatch.call(route, down(), call({ answerWithinMs: 50 }))));
    }
    return ends;
  };

  test("allows a retry for every fifth call, and no more however many fail", async () => {
    const setting = dispatchSetting({ endpoints: 20, budgets: budgets() });
    await using _ = setting.pool;
    const ends = await callsOf(setting, 100);
    expect(setting.extra.filter((each) => each === "retry")).toHaveLength(20);
    expect(setting.extra.filter((each) => each === "retry denied")).toHaveLength(80);
    expect(ends.filter((end) => end.startsWith("gpu-"))).toHaveLength(20);
    expect(setting.outcomes()).toHaveLength(120);
  });

  test("counts retries of streams in the same way", async () => {
    const { pool, dispatch, route, call, extra } = dispatchSetting({ budgets: budgets() });
    await using _ = pool;
    const read = async () => {
      const work = down();
      const open = async function* (backend: TestBackend, _call: AttemptCall) {
        yield await work(backend);
      };
      return await endOf(Array.fromAsync(dispatch.stream(route, open, call())));
    };
    for (let at = 0; at < 5; at += 1) await read();
    expect(extra.filter((each) => each === "retry")).toHaveLength(1);
  });

  const scarce = () => ({
    ...unlimitedBudgets(),
    // One is there, and one comes each second.
    retry: new RetryBudget({ share: 0, perSecondMin: 1, windowSeconds: 1 }),
  });

  test("that is used up has calls wait for their turn which somebody else may answer", async () => {
    const setting = dispatchSetting({ endpoints: 20, budgets: scarce() });
    const { clock, pool, dispatch, route, call, extra } = setting;
    await using _ = pool;
    const answered: string[] = [];
    for (const name of ["first", "second", "third"]) {
      void endOf(dispatch.call(route, down(), call())).then((end) =>
        answered.push(`${name} ${end} ${clock.nowMs()}`),
      );
    }
    await clock.advance(10_000);
    expect(answered).toEqual([
      expect.stringMatching(/^first gpu-\d+ 0$/),
      expect.stringMatching(/^second gpu-\d+ 1000/),
      expect.stringMatching(/^third gpu-\d+ 2000/),
    ]);
    expect(extra).toEqual(["retry", "retry", "retry"]);
  });

  test("that is used up fails calls that cannot wait so long, and has nobody wait beyond 10 s", async () => {
    const setting = dispatchSetting({ endpoints: 20, budgets: scarce() });
    const { clock, pool, dispatch, route, call, extra } = setting;
    await using _ = pool;
    const ends: string[] = [];
    for (let count = 0; count < 20; count += 1) {
      void endOf(dispatch.call(route, down(), call())).then((end) => ends.push(end));
    }
    const hasty = await endOf(dispatch.call(route, down(), call({ answerWithinMs: 500 })));
    expect(hasty).toMatch(/^BACKEND_LOST \(gpu-\d+:BACKEND_LOST\)$/);
    await clock.advance(10_001);
    // One at once, ten in ten seconds; the others failed as they did.
    expect(ends).toHaveLength(20);
    expect(ends.filter((end) => end.startsWith("gpu-"))).toHaveLength(11);
    expect(extra.filter((each) => each === "retry denied")).toHaveLength(10);
  });

  test("has one again that a call which left meanwhile had waited for", async () => {
    const setting = dispatchSetting({ endpoints: 20, budgets: scarce() });
    const { clock, pool, dispatch, route, call, extra } = setting;
    await using _ = pool;
    const leave = new AbortController();
    expect(await endOf(dispatch.call(route, down(), call()))).toMatch(/^gpu-/);
    const left = endOf(dispatch.call(route, down(), call({ signal: leave.signal })));
    await clock.advance(500);
    leave.abort(new DOMException("left", "AbortError"));
    expect(await left).toMatch(/^CANCELLED/);
    const next = endOf(dispatch.call(route, down(), call()));
    await clock.advance(501);
    expect(await next).toMatch(/^gpu-/);
    expect(extra).toEqual(["retry", "retry"]);
  });

  test("keeps nobody waiting for a failure that would be the same everywhere", async () => {
    const setting = dispatchSetting({ endpoints: 20, budgets: scarce() });
    const { pool, dispatch, route, call } = setting;
    await using _ = pool;
    expect(await endOf(dispatch.call(route, down(), call()))).toMatch(/^gpu-/);
    const refused = failingWith("REQUEST_INVALID");
    expect(await endOf(dispatch.call(route, refused, call()))).toMatch(/^REQUEST_INVALID/);
  });
});
