/** Calls that wait for a place: each gets one when it is its turn, in time, and none is lost or given twice. */

import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import type { Standing } from "#core/fitness.ts";
import type { Priority } from "#core/priority.ts";
import { seededRng } from "#core/rng.ts";
import { fault, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { RoutedCall } from "#routing/dispatch.ts";
import { FallbackNode, treeRoute } from "#routing/tree.ts";
import { createCallPath } from "#rpc/call.ts";
import { SimpleRequestSchema, TestService } from "../../gen/grpc/testing/test_pb.js";
import { asIs, callInit } from "../../support/call.ts";
import { type DispatchSettings, dispatchSetting, endOf } from "../../support/dispatch.ts";

const queue = { callsMax: 100, waitMs: 1_000 };

/** A route over full endpoints, and calls that last until the test ends them. */
function setting(settings: DispatchSettings = {}) {
  const routed = dispatchSetting({ endpoints: 1, concurrentMax: 1, queue, ...settings });
  const { dispatch, route, call } = routed;
  /** Names of the calls at work, in the order in which they began. */
  const begun: string[] = [];
  const working = new Map<string, PromiseWithResolvers<string>>();
  const waitedMs: number[] = [];
  let most = 0;
  const start = (name: string, more: Partial<RoutedCall> = {}): Promise<string> => {
    const end = Promise.withResolvers<string>();
    const work = ({ name: endpoint }: { readonly name: string }) => {
      begun.push(name);
      working.set(name, end);
      most = Math.max(most, routed.inFlight());
      return end.promise.then(() => endpoint);
    };
    const watch = { answered() {}, waited: (ms: number) => waitedMs.push(ms) };
    return endOf(dispatch.call(route, work, call({ priority: "normal", watch, ...more })));
  };
  const finish = (name: string) => working.get(name)?.resolve(name);
  return { ...routed, start, begun, finish, waitedMs, most: () => most };
}

/** Lets everything that follows from what was done happen. */
const settled = ({ clock }: Pick<ReturnType<typeof setting>, "clock">) => clock.advance(0);

describe("a call that finds every endpoint full", () => {
  test("is refused at once where nothing may wait, and where it does not want to", async () => {
    const without = setting({ queue: { callsMax: 0, waitMs: 1_000 } });
    await using _ = without.pool;
    void without.start("first");
    expect(await without.start("second")).toBe("OVERLOADED ()");
    const within = setting();
    await using _within = within.pool;
    void within.start("first");
    expect(await within.start("copy", { priority: undefined })).toBe("OVERLOADED ()");
    expect(within.queueEnds).toEqual([]);
  });

  test("gets the next place that is free, one call a place, in the order of arrival", async () => {
    const one = setting();
    await using _ = one.pool;
    const ends = ["a", "b", "c", "d"].map((name) => one.start(name));
    await settled(one);
    expect(one.begun).toEqual(["a"]);
    for (const [index, name] of ["a", "b", "c"].entries()) {
      await one.clock.advance(10);
      one.finish(name);
      await settled(one);
      expect(one.begun.length).toBe(index + 2);
    }
    one.finish("d");
    expect(await Promise.all(ends)).toEqual(["gpu-1", "gpu-1", "gpu-1", "gpu-1"]);
    expect(one.begun).toEqual(["a", "b", "c", "d"]);
    expect(one.waitedMs).toEqual([10, 20, 30]);
    expect([one.most(), one.inFlight(), one.pool.queue?.length]).toEqual([1, 0, 0]);
  });

  test("goes before those that matter less", async () => {
    const one = setting();
    await using _ = one.pool;
    void one.start("first");
    const levels: readonly Priority[] = ["low", "normal", "high", "low", "high"];
    for (const [index, priority] of levels.entries()) {
      void one.start(`${priority} ${index}`, { priority });
      await one.clock.advance(1);
    }
    const order = ["first", "high 2", "high 4", "normal 1", "low 0", "low 3"];
    for (const name of order) {
      one.finish(name);
      await settled(one);
    }
    expect(one.begun).toEqual(order);
  });

  test("is not overtaken by one that comes when a place is free for a moment", async () => {
    const one = setting();
    await using _ = one.pool;
    void one.start("first");
    void one.start("second");
    await settled(one);
    one.finish("first");
    // In the same turn, before anybody has been woken; and once the place is promised.
    void one.start("third");
    await Promise.resolve();
    void one.start("fourth");
    await settled(one);
    expect(one.begun).toEqual(["first", "second"]);
    for (const name of ["second", "third"]) {
      one.finish(name);
      await settled(one);
    }
    expect(one.begun).toEqual(["first", "second", "third", "fourth"]);
  });

  test("is not overtaken either where a place is free since a moment that nothing marked", async () => {
    const one = setting({ concurrentMax: 2, queue: { callsMax: 10, waitMs: 600_000 } });
    await using _ = one.pool;
    one.pool.report(1);
    void one.start("first");
    void one.start("second");
    await settled(one);
    expect(one.begun).toEqual(["first"]);
    // What was reported is forgotten by then.
    await one.clock.advance(60_001);
    void one.start("third");
    await settled(one);
    expect(one.begun).toEqual(["first", "second"]);
  });

  test("waits no longer than the queue says, and is told which setting that is", async () => {
    const one = setting();
    await using _ = one.pool;
    void one.start("first");
    const { dispatch, route, call } = one;
    const second = dispatch.call(route, async () => "", call({ priority: "normal" }));
    const failed = expect(second).rejects.toThrow(
      'every endpoint of "route" has as many calls as it may have, and none had a place within 1000 ms (queue_wait)',
    );
    await one.clock.advance(999);
    expect(one.pool.queue?.length).toBe(1);
    await one.clock.advance(1);
    await failed;
    expect([one.pool.queue?.length, one.queueEnds]).toEqual([0, ["late"]]);
  });

  test("is refused at once when as many wait as may, and is told which setting that is", async () => {
    const one = setting({ queue: { callsMax: 2, waitMs: 1_000 } });
    await using _ = one.pool;
    for (const name of ["a", "b", "c"]) void one.start(name);
    const { dispatch, route, call } = one;
    await expect(
      dispatch.call(route, async () => "", call({ priority: "normal" })),
    ).rejects.toThrow("and no more calls may wait for a place (queue_max)");
    expect(one.queueEnds).toEqual(["full"]);
    // One that matters more takes the place of the latest, which is told the same.
    void one.start("d", { priority: "high" });
    await settled(one);
    expect(one.queueEnds).toEqual(["full", "displaced"]);
    expect(one.pool.queue?.length).toBe(2);
  });

  test("that is aborted, or out of time, leaves at once and takes nobody's place", async () => {
    const one = setting();
    await using _ = one.pool;
    const left = new AbortController();
    void one.start("first");
    const ends = [
      one.start("leaves", { signal: left.signal }),
      one.start("late", { signal: left.signal }),
      one.start("stays"),
    ];
    await settled(one);
    left.abort(new DOMException("the limit passed", "TimeoutError"));
    expect(one.pool.queue?.length).toBe(1);
    expect(await Promise.all(ends.slice(0, 2))).toEqual([
      "DEADLINE_EXCEEDED ()",
      "DEADLINE_EXCEEDED ()",
    ]);
    one.finish("first");
    await settled(one);
    expect(one.begun).toEqual(["first", "stays"]);
    expect(one.queueEnds).toEqual(["left", "left", "served"]);
  });

  test("that is aborted in the moment in which it is woken passes its place on", async () => {
    const one = setting();
    await using _ = one.pool;
    const left = new AbortController();
    void one.start("first");
    const second = one.start("second", { signal: left.signal });
    void one.start("third");
    await settled(one);
    const { queue: line } = one.pool;
    one.finish("first");
    // The lease ends a few turns of the microtask queue later; then the place is promised, and not yet taken.
    while (line?.length === 2) await Promise.resolve();
    left.abort(new DOMException("left", "AbortError"));
    expect(await second).toBe("CANCELLED ()");
    await settled(one);
    expect(one.begun).toEqual(["first", "third"]);
    one.finish("third");
    await settled(one);
    expect(one.inFlight()).toBe(0);
  });

  test("waits after a failure, too, when nothing else can save it and the only other endpoint is full", async () => {
    let standing: Standing = { fitness: "fit", restMs: 0 };
    const { pool, dispatch, route, call, clock } = dispatchSetting({
      ...{ endpoints: 2, concurrentMax: 1, queue },
      standing: (name) => (name === "gpu-1" ? standing : { fitness: "fit", restMs: 0 }),
    });
    await using _ = pool;
    const held = pool.lease("gpu-2", "m");
    const work = async ({ name }: { readonly name: string }) => {
      if (name === "gpu-2") return name;
      standing = { fitness: "ejected", restMs: 300_000 };
      throw fault("BACKEND_CREDENTIAL", "as the test says");
    };
    const end = endOf(dispatch.call(route, work, call({ priority: "normal" })));
    await clock.advance(10);
    expect(pool.queue?.length).toBe(1);
    held.settle("ok");
    expect(await end).toBe("gpu-2");
  });
});

describe("while calls wait", () => {
  test("an endpoint that joins serves them at once", async () => {
    const one = setting();
    await using _ = one.pool;
    for (const name of ["a", "b", "c"]) void one.start(name);
    await settled(one);
    one.pool.join(one.memberOf("gpu-9"));
    await settled(one);
    expect(one.begun).toEqual(["a", "b"]);
  });

  test("an endpoint that an operator resumes serves them at once", async () => {
    const one = setting({ endpoints: 2 });
    await using _ = one.pool;
    one.pool.drain(true, "gpu-2");
    for (const name of ["a", "b"]) void one.start(name);
    await settled(one);
    expect(one.begun).toEqual(["a"]);
    one.pool.drain(false, "gpu-2");
    await settled(one);
    expect(one.begun).toEqual(["a", "b"]);
  });

  test("reported load that ends gives them its place", async () => {
    const one = setting({ concurrentMax: 2 });
    await using _ = one.pool;
    one.pool.report(1);
    for (const name of ["a", "b"]) void one.start(name);
    await settled(one);
    expect(one.begun).toEqual(["a"]);
    one.pool.report(-1);
    await settled(one);
    expect(one.begun).toEqual(["a", "b"]);
  });

  test("one of two endpoints may leave, and the other one serves them", async () => {
    const one = setting({ endpoints: 2 });
    await using _ = one.pool;
    for (const name of ["a", "b", "c"]) void one.start(name);
    await settled(one);
    one.pool.leave("gpu-1");
    one.finish("a");
    await settled(one);
    expect(one.begun).toEqual(["a", "b"]);
    one.finish("b");
    await settled(one);
    expect(one.begun).toEqual(["a", "b", "c"]);
  });

  test.each([
    ["an operator drains", (pool: ReturnType<typeof setting>["pool"]) => pool.drain(true)],
    ["DNS takes away", (pool: ReturnType<typeof setting>["pool"]) => pool.leave("gpu-1")],
  ])("the last endpoint that %s lets them go at once", async (_name, act) => {
    const one = setting();
    await using _ = one.pool;
    void one.start("first");
    const ends = ["second", "third"].map((name) => one.start(name));
    await settled(one);
    act(one.pool);
    expect(await Promise.all(ends)).toEqual(["POOL_EMPTY ()", "POOL_EMPTY ()"]);
    expect(one.queueEnds).toEqual(["dismissed", "dismissed"]);
  });

  test("a pool that is closed lets them go", async () => {
    const one = setting();
    void one.start("first");
    const second = one.start("second");
    await settled(one);
    await one.pool[Symbol.asyncDispose]();
    expect(one.pool.queue?.length).toBe(0);
    expect(await second).toContain("OVERLOADED");
  });

  test("a generation that is cut off takes its calls out of line, and is idle", async () => {
    const one = setting();
    await using _ = one.pool;
    void one.start("first");
    const ends: string[] = [];
    const implementation: Partial<ServiceImpl<typeof TestService>> = {
      async unaryCall(_request, { signal }) {
        ends.push(await one.start("waits", { signal }));
        return {};
      },
    };
    const calls = createCallPath((router) => {
      router.service(TestService, implementation);
    }, []);
    const { unaryCall } = TestService.method;
    const waiting = calls
      .unary(unaryCall, create(SimpleRequestSchema), callInit(), asIs)
      .catch((thrown: unknown) => reasonOf(faultFrom(thrown)));
    await settled(one);
    expect(one.pool.queue?.length).toBe(1);
    calls.cutOff(fault("SHUTTING_DOWN", "replaced"));
    expect(one.pool.queue?.length).toBe(0);
    expect(await waiting).toBe("SHUTTING_DOWN");
    await calls.idle();
    await settled(one);
    expect([ends, one.begun]).toEqual([["SHUTTING_DOWN ()"], ["first"]]);
  });

  test("in two pools, the first place of either serves, and none is kept in the other", async () => {
    const [one, other] = [setting(), setting()];
    await using _ = one.pool;
    await using _other = other.pool;
    const ask = { promptTokens: 1, outputTokens: 1 };
    const step = ({ route }: ReturnType<typeof setting>) => ({
      node: { name: "step", serves: () => true, walk: () => route.begin(), survey: route.survey },
    });
    const node = new FallbackNode("both", [step(one), step(other)]);
    const route = treeRoute(node, ask, { retryAttempts: 0 });
    void one.start("a");
    void other.start("b");
    const call = one.call({ priority: "normal" });
    const either = endOf(one.dispatch.call(route, async () => "served", call));
    await settled(one);
    expect([one.pool.queue?.length, other.pool.queue?.length]).toEqual([1, 1]);
    other.finish("b");
    await settled(other);
    expect(await either).toBe("served");
    expect([one.pool.queue?.length, other.pool.queue?.length]).toEqual([0, 0]);
    expect([one.queueEnds, other.queueEnds]).toEqual([[], ["served"]]);
  });
});

test("ten thousand calls, of which some leave at any time, share ten places: all end, no place is lost or given twice", async () => {
  const one = setting({
    endpoints: 2,
    concurrentMax: 5,
    queue: { callsMax: 10_000, waitMs: 60_000 },
  });
  await using _ = one.pool;
  const rng = seededRng(11);
  const levels = ["high", "normal", "low"] as const;
  const count = 10_000;
  const leaving: AbortController[] = [];
  const ends = Array.from({ length: count }, (_value, index) => {
    const leave = new AbortController();
    leaving.push(leave);
    const priority = levels[Math.floor(rng.next() * 3)] ?? "low";
    return one.start(String(index), { signal: leave.signal, priority });
  });
  let open = count;
  const outcomes = new Map<string, number>();
  for (const end of ends) {
    void end.then((outcome) => {
      open -= 1;
      const kind = outcome.startsWith("gpu") ? "served" : outcome;
      outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
    });
  }
  await settled(one);
  expect(one.pool.queue?.length).toBe(count - 10);
  for (let finished = 0; open > 0; ) {
    // A call leaves in the moment in which a place becomes free, now and then the one that would get it.
    leaving[Math.floor(rng.next() * count)]?.abort(new DOMException("left", "AbortError"));
    for (; finished < one.begun.length; finished += 1) one.finish(one.begun[finished] ?? "");
    if (rng.next() < 0.1) await settled(one);
    else await Promise.resolve();
  }
  expect(one.most()).toBe(10);
  expect([one.inFlight(), one.pool.queue?.length]).toEqual([0, 0]);
  expect([...outcomes.values()].reduce((sum, some) => sum + some)).toBe(count);
  expect([...outcomes.keys()].every((kind) => /^(served|CANCELLED)/.test(kind))).toBe(true);
  expect(one.pool.snapshot().map(({ inFlight }) => inFlight)).toEqual([0, 0]);
}, 60_000);
