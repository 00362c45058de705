/** A call finds an endpoint that answers, never twice the same, and tells of every try. */

import { getEventListeners } from "node:events";
import type { ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import { fault, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { Reason } from "#errors/reason.ts";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import type { PooledBackend } from "#pool/member.ts";
import { Pool } from "#pool/pool.ts";
import type { AttemptReport } from "#routing/attempt.ts";
import { roundRobin } from "#routing/balancers/round-robin.ts";
import { Decision } from "#routing/decision.ts";
import { type AttemptCall, createDispatch, type RoutedCall } from "#routing/dispatch.ts";
import { poolRoute } from "#routing/pool-route.ts";
import { unlimitedBudgets } from "../../support/budgets.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { eventLoopTurn } from "../../support/predict.ts";

interface NamedBackend extends PooledBackend {
  readonly name: string;
}

function settingOf(count: number, retryAttempts = count - 1, budgets = unlimitedBudgets()) {
  const clock = createManualClock();
  const reports: AttemptReport[] = [];
  let probes = 0;
  const members = Array.from({ length: count }, (_, index) => {
    const id = `core-${index + 1}`;
    const backend: NamedBackend = {
      name: id,
      check: async () => {
        probes += 1;
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
    return { id, weight: 1, backend };
  });
  const pool = new Pool(
    { name: "chat", members, healthIntervalMs: 10_000, healthTimeoutMs: 1_000 },
    { clock, rng: seededRng(1) },
  );
  const rng = seededRng(1);
  const extra: string[] = [];
  const dispatch = createDispatch({
    clock,
    rng,
    budgets,
    onAttempt: () => (report) => reports.push(report),
    onExtra: (kind, denied) => extra.push(denied ? `${kind} denied` : kind),
  });
  const options = { pool, balancer: roundRobin(), algorithm: "round_robin", retryAttempts, rng };
  const route = poolRoute(options);
  const inFlight = () => pool.snapshot().reduce((sum, member) => sum + member.inFlight, 0);
  const outcomes = () => reports.map(({ endpoint, outcome }) => `${endpoint}:${outcome}`);
  return { pool, clock, dispatch, route, reports, extra, inFlight, outcomes, probes: () => probes };
}

function callWith(signal = new AbortController().signal): RoutedCall {
  return { signal, requestId: "request-1" };
}

async function faultOf(promise: Promise<unknown>): Promise<ConnectError> {
  return await promise.then(
    () => expect.unreachable("it should have failed"),
    (error: unknown) => faultFrom(error),
  );
}

function attemptsOf(error: ConnectError): string | undefined {
  return error.findDetails(ErrorInfoSchema)[0]?.metadata.attempts;
}

/** Fails on the endpoints named, with their reason; answers with its name elsewhere. */
function failing(reasonById: Readonly<Record<string, Reason>>) {
  return async (backend: NamedBackend): Promise<string> => {
    const reason = reasonById[backend.name];
    if (reason !== undefined) throw fault(reason, "as the test says");
    return backend.name;
  };
}

describe("unary", () => {
  test("the first endpoint that answers is the only one that is asked", async () => {
    const { pool, dispatch, route, reports, inFlight } = settingOf(3);
    await using _ = pool;
    expect(await dispatch.call(route, failing({}), callWith())).toBe("core-1");
    expect(reports).toEqual([
      {
        requestId: "request-1",
        pool: "chat",
        endpoint: "core-1",
        algorithm: "round_robin",
        model: "",
        outcome: "OK",
        elapsedMs: 0,
        startedMs: 0,
        firstMs: undefined,
        retryAfterMs: undefined,
        tokens: 0,
        cost: 0,
        attempt: 1,
        decision: expect.any(Decision),
      },
    ]);
    expect(inFlight()).toBe(0);
  });

  test("a call goes on to the next endpoint when one is lost, and never back", async () => {
    const { pool, dispatch, route, outcomes, inFlight } = settingOf(3);
    await using _ = pool;
    const work = failing({ "core-1": "BACKEND_LOST", "core-2": "BACKEND_FAILED" });
    expect(await dispatch.call(route, work, callWith())).toBe("core-3");
    expect(outcomes()).toEqual(["core-1:BACKEND_LOST", "core-2:BACKEND_FAILED", "core-3:OK"]);
    expect(pool.snapshot().map(({ errors }) => errors)).toEqual([1, 1, 0]);
    expect(inFlight()).toBe(0);
  });

  test("when the tries are used up the last fault stands, with every attempt in it", async () => {
    const { pool, dispatch, route } = settingOf(2);
    await using _ = pool;
    const work = failing({ "core-1": "BACKEND_LOST", "core-2": "OVERLOADED" });
    const error = await faultOf(dispatch.call(route, work, callWith()));
    expect(reasonOf(error)).toBe("OVERLOADED");
    expect(attemptsOf(error)).toBe("core-1:BACKEND_LOST,core-2:OVERLOADED");
  });

  test("the number of retries is a bound, and zero means one attempt", async () => {
    const { pool, dispatch, route, outcomes } = settingOf(3);
    await using _ = pool;
    const work = failing({ "core-1": "BACKEND_LOST" });
    const error = await faultOf(dispatch.call({ ...route, retryAttempts: 0 }, work, callWith()));
    expect(reasonOf(error)).toBe("BACKEND_LOST");
    expect(outcomes()).toEqual(["core-1:BACKEND_LOST"]);
  });

  test("a request goes elsewhere while it is whole, and nowhere once part of it is used up", async () => {
    const { pool, dispatch, route, outcomes } = settingOf(3);
    await using _ = pool;
    let isSpent = false;
    const work = failing({ "core-1": "BACKEND_LOST", "core-2": "BACKEND_LOST" });
    const upload = (backend: NamedBackend) => {
      isSpent = backend.name === "core-2";
      return work(backend);
    };
    const call = { ...callWith(), isSpent: () => isSpent };
    const error = await faultOf(dispatch.call(route, upload, call));
    expect(reasonOf(error)).toBe("BACKEND_LOST");
    expect(outcomes()).toEqual(["core-1:BACKEND_LOST", "core-2:BACKEND_LOST"]);
  });

  test("a refusal is final and no error of the endpoint", async () => {
    const { pool, dispatch, route } = settingOf(3);
    await using _ = pool;
    const work = failing({ "core-1": "BACKEND_REFUSED" });
    const error = await faultOf(dispatch.call(route, work, callWith()));
    expect(attemptsOf(error)).toBe("core-1:BACKEND_REFUSED");
    expect(pool.snapshot()[0]).toMatchObject({ requests: 1, errors: 0 });
  });

  test("what is thrown without a reason is INTERNAL, and is not repeated elsewhere", async () => {
    const { pool, dispatch, route } = settingOf(3);
    await using _ = pool;
    const work = () => Promise.reject(new TypeError("x is undefined"));
    const error = await faultOf(dispatch.call(route, work, callWith()));
    expect(attemptsOf(error)).toBe("core-1:INTERNAL");
    expect(error.rawMessage).toBe("internal error");
  });

  test("without a healthy endpoint the pool is named as empty", async () => {
    const { pool, dispatch, route, reports } = settingOf(0);
    await using _ = pool;
    const error = await faultOf(dispatch.call(route, failing({}), callWith()));
    expect(reasonOf(error)).toBe("POOL_EMPTY");
    expect(error.rawMessage).toBe('no endpoint of pool "chat" is healthy');
    expect(reports).toEqual([]);
  });

  test("each attempt is given the time that is left, and none is made without time", async () => {
    const { pool, clock, dispatch, route, outcomes } = settingOf(3);
    await using _ = pool;
    const timeouts: (number | undefined)[] = [];
    const work = async (_backend: NamedBackend, call: AttemptCall) => {
      timeouts.push(call.timeoutMs);
      await clock.sleep(60);
      throw fault("BACKEND_LOST", "lost");
    };
    const probes = clock.sleeping();
    const ended = faultOf(dispatch.call(route, work, { ...callWith(), timeoutMs: 100 }));
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await clock.untilSleeping(probes + 1);
      await clock.advance(60);
    }
    expect(attemptsOf(await ended)).toBe("core-1:BACKEND_LOST,core-2:BACKEND_LOST");
    expect(timeouts).toEqual([100, 40]);
    expect(outcomes()).toHaveLength(2);
  });

  test("times count from the call's and the try's own beginnings", async () => {
    const { pool, clock, dispatch, route, reports } = settingOf(2);
    await using _ = pool;
    await clock.advance(5_000);
    const timeouts: (number | undefined)[] = [];
    const work = async ({ name }: NamedBackend, call: AttemptCall) => {
      timeouts.push(call.timeoutMs);
      if (name === "core-2") return name;
      await clock.sleep(60);
      throw fault("BACKEND_LOST", "lost");
    };
    const ended = dispatch.call(route, work, { ...callWith(), timeoutMs: 100 });
    await clock.advance(60);
    expect(await ended).toBe("core-2");
    expect(timeouts).toEqual([100, 40]);
    expect(reports.map(({ elapsedMs }) => elapsedMs)).toEqual([60, 0]);
  });

  const ends = [
    { reason: "BACKEND_LOST", errors: 1, isSuspect: true },
    { reason: "SHUTTING_DOWN", errors: 1, isSuspect: true },
    { reason: "BACKEND_TIMEOUT", errors: 1, isSuspect: false },
    { reason: "INTERNAL", errors: 1, isSuspect: false },
    { reason: "REQUEST_INVALID", errors: 0, isSuspect: false },
  ] as const;
  test.each(ends)(
    "an endpoint that fails with $reason has $errors errors; probed at once: $isSuspect",
    async ({ reason, errors, isSuspect }) => {
      const { pool, clock, dispatch, route, probes } = settingOf(1);
      await using _ = pool;
      await clock.advance(5_000);
      const before = probes();
      await faultOf(dispatch.call(route, failing({ "core-1": reason }), callWith()));
      await clock.advance(0);
      expect(pool.snapshot()).toMatchObject([{ requests: 1, errors, inFlight: 0 }]);
      expect(probes() - before).toBe(isSuspect ? 1 : 0);
    },
  );

  test("an aborted call is not begun", async () => {
    const { pool, dispatch, route, reports } = settingOf(1);
    await using _ = pool;
    const error = await faultOf(dispatch.call(route, failing({}), callWith(AbortSignal.abort())));
    expect(reasonOf(error)).toBe("CANCELLED");
    expect(reports).toEqual([]);
  });

  test("nothing stays on the caller's signal, however often a call was tried", async () => {
    const { pool, dispatch, route } = settingOf(3);
    await using _ = pool;
    const { signal } = new AbortController();
    const reasons = { "core-1": "BACKEND_LOST", "core-2": "BACKEND_LOST" } as const;
    await dispatch.call(route, failing(reasons), callWith(signal));
    const open = async function* (backend: NamedBackend) {
      yield await failing(reasons)(backend);
      yield "more";
    };
    await Array.fromAsync(dispatch.stream(route, open, callWith(signal)));
    for await (const _message of dispatch.stream(route, open, callWith(signal))) break;
    const bounded = { ...route, attemptTimeoutMs: 100 };
    await faultOf(
      dispatch.call(
        bounded,
        failing({
          "core-1": "REQUEST_INVALID",
          "core-2": "REQUEST_INVALID",
          "core-3": "REQUEST_INVALID",
        }),
        callWith(signal),
      ),
    );
    expect(getEventListeners(signal, "abort").length).toBe(0);
  });

  test("an abort ends the attempt at once, and no other follows", async () => {
    const { pool, dispatch, route, outcomes, inFlight } = settingOf(3);
    await using _ = pool;
    const abort = new AbortController();
    const work = (_: NamedBackend, { signal }: AttemptCall) =>
      new Promise<never>((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(fault("BACKEND_LOST", "the wire broke")));
      });
    const ended = faultOf(dispatch.call(route, work, callWith(abort.signal)));
    abort.abort();
    await ended;
    expect(outcomes()).toEqual(["core-1:CANCELLED"]);
    expect(inFlight()).toBe(0);
  });
});

describe("streams", () => {
  /** Yields the numbers below `count`, then fails where it is told to. */
  const counting = (count: number, reasonById: Readonly<Record<string, Reason>>) =>
    async function* (backend: NamedBackend) {
      for (let i = 0; i < count; i += 1) yield `${backend.name}/${i}`;
      const reason = reasonById[backend.name];
      if (reason !== undefined) throw fault(reason, "as the test says");
    };

  test("all messages of one endpoint arrive, in order", async () => {
    const { pool, dispatch, route, outcomes, inFlight } = settingOf(2);
    await using _ = pool;
    const stream = dispatch.stream(route, counting(3, {}), callWith());
    expect(await Array.fromAsync(stream)).toEqual(["core-1/0", "core-1/1", "core-1/2"]);
    expect(outcomes()).toEqual(["core-1:OK"]);
    expect(inFlight()).toBe(0);
  });

  test("before the first message a stream goes elsewhere", async () => {
    const { pool, dispatch, route, outcomes } = settingOf(3);
    await using _ = pool;
    const open = (backend: NamedBackend) =>
      counting(backend.name === "core-1" ? 0 : 1, { "core-1": "BACKEND_LOST" })(backend);
    const messages = await Array.fromAsync(dispatch.stream(route, open, callWith()));
    expect(messages).toEqual(["core-2/0"]);
    expect(outcomes()).toEqual(["core-1:BACKEND_LOST", "core-2:OK"]);
  });

  test("after the first message it ends with the fault", async () => {
    const { pool, dispatch, route, inFlight } = settingOf(3);
    await using _ = pool;
    const messages: string[] = [];
    const reading = async () => {
      const open = counting(2, { "core-1": "BACKEND_LOST" });
      for await (const message of dispatch.stream(route, open, callWith())) messages.push(message);
    };
    const error = await faultOf(reading());
    expect(messages).toEqual(["core-1/0", "core-1/1"]);
    expect(attemptsOf(error)).toBe("core-1:BACKEND_LOST");
    expect(inFlight()).toBe(0);
  });

  test("leaving the iteration closes the backend's stream and counts as cancelled", async () => {
    const { pool, dispatch, route, outcomes, inFlight } = settingOf(1);
    await using _ = pool;
    let closed = false;
    const open = async function* () {
      try {
        for (;;) yield inFlight();
      } finally {
        closed = true;
      }
    };
    for await (const counted of dispatch.stream(route, open, callWith())) {
      expect(counted).toBe(1);
      break;
    }
    expect(closed).toBe(true);
    expect(outcomes()).toEqual(["core-1:CANCELLED"]);
    expect(inFlight()).toBe(0);
  });

  test("an abort releases the endpoint even when nobody pulls or closes the stream", async () => {
    const { pool, dispatch, route, outcomes, inFlight } = settingOf(1);
    await using _ = pool;
    const abort = new AbortController();
    const stream = dispatch.stream(route, counting(9, {}), callWith(abort.signal));
    expect(await stream.next()).toEqual({ value: "core-1/0", done: false });
    expect(inFlight()).toBe(1);
    abort.abort();
    expect(inFlight()).toBe(0);
    expect(outcomes()).toEqual(["core-1:CANCELLED"]);
  });

  test("an endpoint is taken when the first message is asked for, not before", async () => {
    const { pool, dispatch, route, inFlight } = settingOf(1);
    await using _ = pool;
    dispatch.stream(route, counting(1, {}), callWith());
    expect(inFlight()).toBe(0);
  });
});

describe("the time of one try", () => {
  /** Never answers by itself; ends with its signal. */
  const hang = (signal: AbortSignal) =>
    new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason)),
    );

  test("an endpoint that does not answer in time is told to stop, and the call goes elsewhere", async () => {
    const { clock, dispatch, route, outcomes, inFlight } = settingOf(2);
    const stopped: string[] = [];
    const answer = dispatch.call(
      { ...route, attemptTimeoutMs: 100 },
      async (backend, { signal }) => {
        if (backend.name === "core-2") return backend.name;
        signal.addEventListener("abort", () => stopped.push(backend.name));
        return await hang(signal);
      },
      callWith(),
    );
    await clock.advance(100);
    expect(await answer).toBe("core-2");
    expect([stopped, outcomes(), inFlight()]).toEqual([
      ["core-1"],
      ["core-1:BACKEND_TIMEOUT", "core-2:OK"],
      0,
    ]);
  });

  test("when every endpoint is too slow the fault names the limit", async () => {
    const { clock, dispatch, route } = settingOf(2);
    const failed = faultOf(
      dispatch.call(
        { ...route, attemptTimeoutMs: 100 },
        (_backend, { signal }) => hang(signal),
        callWith(),
      ),
    );
    await clock.advance(200);
    const error = await failed;
    expect([reasonOf(error), error.rawMessage]).toEqual([
      "BACKEND_TIMEOUT",
      "no response within 100 ms (load_balancer.timeout)",
    ]);
    expect(attemptsOf(error)).toBe("core-1:BACKEND_TIMEOUT,core-2:BACKEND_TIMEOUT");
  });

  test("a stream is bounded until its first message only", async () => {
    const { pool, clock, dispatch, route, outcomes } = settingOf(1);
    await using _ = pool;
    const next = Promise.withResolvers<void>();
    const told: unknown[] = [];
    const stream = dispatch.stream(
      { ...route, attemptTimeoutMs: 100 },
      async function* (_backend, { signal }) {
        signal.addEventListener("abort", () => told.push(signal.reason));
        yield 1;
        // As a backend does that heeds its signal.
        await Promise.race([next.promise, hang(signal)]);
        signal.throwIfAborted();
        yield 2;
      },
      callWith(),
    );
    expect((await stream.next()).value).toBe(1);
    const second = stream.next();
    await clock.advance(1_000);
    next.resolve();
    expect((await second).value).toBe(2);
    expect((await stream.next()).done).toBe(true);
    expect(told).toEqual([]);
    expect(outcomes()).toEqual(["core-1:OK"]);
  });

  test("a stream whose first message does not come in time goes elsewhere", async () => {
    const { pool, clock, dispatch, route, outcomes } = settingOf(2);
    await using _ = pool;
    const stream = dispatch.stream(
      { ...route, attemptTimeoutMs: 100 },
      async function* ({ name }, { signal }) {
        if (name === "core-1") await hang(signal);
        yield name;
      },
      callWith(),
    );
    const first = stream.next();
    await clock.advance(100);
    expect((await first).value).toBe("core-2");
    expect((await stream.next()).done).toBe(true);
    expect(outcomes()).toEqual(["core-1:BACKEND_TIMEOUT", "core-2:OK"]);
  });

  describe("is nobody's once the try has ended:", () => {
    const bounded = { attemptTimeoutMs: 60_000 };

    /** What sleeps beside the probes of the pool. */
    async function settingWithSleepers() {
      const setting = settingOf(2);
      await setting.clock.advance(0);
      const probes = setting.clock.sleeping();
      return { ...setting, sleepers: () => setting.clock.sleeping() - probes };
    }

    test("well", async () => {
      const { pool, dispatch, route, sleepers } = await settingWithSleepers();
      await using _ = pool;
      const work = async () => {
        expect(sleepers()).toBe(1);
        return "done";
      };
      await dispatch.call({ ...route, ...bounded }, work, callWith());
      await eventLoopTurn();
      expect(sleepers()).toBe(0);
    });

    test("with a failure, on every endpoint", async () => {
      const { pool, dispatch, route, sleepers } = await settingWithSleepers();
      await using _ = pool;
      const work = failing({ "core-1": "BACKEND_REFUSED" });
      await faultOf(dispatch.call({ ...route, ...bounded }, work, callWith()));
      await eventLoopTurn();
      expect(sleepers()).toBe(0);
    });

    test("a stream's at its first message, its failure, or when its reader leaves", async () => {
      const { pool, dispatch, route, sleepers } = await settingWithSleepers();
      await using _ = pool;
      const streamOf = (open: () => AsyncGenerator<number>) =>
        dispatch.stream({ ...route, ...bounded }, open, callWith());
      const open = streamOf(async function* () {
        yield sleepers();
        yield sleepers();
      });
      expect((await open.next()).value).toBe(1);
      await eventLoopTurn();
      expect(sleepers()).toBe(0);
      await open.return();
      const failed = streamOf(() => {
        throw fault("BACKEND_REFUSED", "no");
      });
      await faultOf(failed.next());
      await eventLoopTurn();
      expect(sleepers()).toBe(0);
    });
  });

  test("a caller that leaves meanwhile is the one who ended it", async () => {
    const { clock, dispatch, route, outcomes } = settingOf(2);
    const caller = new AbortController();
    const failed = faultOf(
      dispatch.call(
        { ...route, attemptTimeoutMs: 100 },
        (_backend, { signal }) => hang(signal),
        callWith(caller.signal),
      ),
    );
    await clock.advance(50);
    caller.abort(fault("CANCELLED", "gone"));
    expect(reasonOf(await failed)).toBe("CANCELLED");
    expect(outcomes()).toEqual(["core-1:CANCELLED"]);
  });
});
