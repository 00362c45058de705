import { create } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import { afterEach, describe, expect, test, vi } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { ActiveCalls } from "#rpc/active-calls.ts";
import { createCallPath } from "#rpc/call.ts";
import { workSignalOf } from "#rpc/call-context.ts";
import { CallScope } from "#rpc/call-scope.ts";
import { TimeLimits } from "#rpc/time-limits.ts";
import {
  SimpleRequestSchema,
  StreamingOutputCallRequestSchema,
  TestService,
} from "../../gen/grpc/testing/test_pb.js";
import { asIs, callInit, rejection } from "../../support/call.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const { unaryCall } = TestService.method;
const request = create(SimpleRequestSchema);

afterEach(() => {
  vi.useRealTimers();
});

function scope(terms: { timeoutMs?: number; limitMs?: number } = {}, init = callInit()) {
  const activeCalls = new ActiveCalls();
  const { timeoutMs, limitMs } = terms;
  const limits = limitMs === undefined ? undefined : new TimeLimits(limitMs);
  return { activeCalls, call: new CallScope(init, activeCalls, { timeoutMs, limits }) };
}

describe("work that a handler waits for", () => {
  const served = (work: (signal: AbortSignal, context: HandlerContext) => Promise<void>) =>
    createCallPath((router) => {
      router.rpc(unaryCall, async (_request, context) => {
        await work(workSignalOf(context), context);
        return {};
      });
    }, []);

  test("is told nothing when its call ends by itself", async () => {
    let seen: AbortSignal | undefined;
    const calls = served(async (signal) => {
      seen = signal;
    });
    await calls.unary(unaryCall, request, callInit(), asIs);
    expect(seen?.aborted).toBe(false);
  });

  test("shares the signal of the handler, which is told of the end where it was looked at", async () => {
    let seen: readonly AbortSignal[] = [];
    const calls = served(async (signal, context) => {
      seen = [signal, context.signal];
    });
    await calls.unary(unaryCall, request, callInit(), asIs);
    expect(seen[0]).toBe(seen[1]);
    expect(seen[0]?.reason).toMatchObject({ name: "AbortError" });
  });

  test("is stopped when the client leaves", async () => {
    const client = new AbortController();
    const left = new Error("left");
    let seen: AbortSignal | undefined;
    const calls = served(async (signal) => {
      seen = signal;
      client.abort(left);
      throw signal.reason;
    });
    const call = calls.unary(unaryCall, request, callInit({ signal: client.signal }), asIs);
    await expect(call).rejects.toBe(left);
    expect(seen?.reason).toBe(left);
  });

  test("is stopped when its time is up", async () => {
    const stopped = Promise.withResolvers<unknown>();
    const calls = served((signal) => {
      signal.addEventListener("abort", () => stopped.resolve(signal.reason));
      return new Promise(() => {});
    });
    const call = calls.unary(unaryCall, request, callInit({ timeoutMs: 5 }), asIs);
    await expect(call).rejects.toMatchObject({ name: "TimeoutError" });
    expect(await stopped.promise).toMatchObject({ name: "TimeoutError" });
  });

  test("hears of the end of a stream, which may be left in the middle of it", async () => {
    const signals: AbortSignal[] = [];
    const calls = createCallPath((router) => {
      router.rpc(TestService.method.streamingOutputCall, async function* (_request, context) {
        signals.push(workSignalOf(context));
        yield {};
        yield {};
      });
    }, []);
    const input = createAsyncIterable([create(StreamingOutputCallRequestSchema)]);
    const { messages } = calls.stream(
      TestService.method.streamingOutputCall,
      input,
      callInit(),
      asIs,
    );
    for await (const _message of messages) break;
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  test("has the signal that an interceptor put in the place of the call's", async () => {
    const own = new AbortController();
    let seen: AbortSignal | undefined;
    const calls = createCallPath(
      (router) => {
        router.rpc(unaryCall, (_request, context) => {
          own.abort();
          seen = workSignalOf(context);
          return {};
        });
      },
      [(next) => (asked) => next({ ...asked, signal: own.signal } as typeof asked)],
    );
    await calls.unary(unaryCall, request, callInit(), asIs);
    expect(seen?.aborted).toBe(true);
  });
});

describe("a handler that looks at its signal late", () => {
  test("finds it aborted when the call has ended, and is not kept", async () => {
    let context: HandlerContext | undefined;
    const calls = createCallPath((router) => {
      router.rpc(unaryCall, (_request, given) => {
        context = given;
        return {};
      });
    }, []);
    await calls.unary(unaryCall, request, callInit(), asIs);
    expect(context?.signal.reason).toMatchObject({ name: "AbortError" });
  });

  test("is told why: its time was up", async () => {
    let context: HandlerContext | undefined;
    const calls = createCallPath((router) => {
      router.rpc(unaryCall, (_request, given) => {
        context = given;
        return new Promise(() => {});
      });
    }, []);
    const call = calls.unary(unaryCall, request, callInit({ timeoutMs: 5 }), asIs);
    await expect(call).rejects.toMatchObject({ name: "TimeoutError" });
    expect(context?.signal.reason).toMatchObject({ name: "TimeoutError" });
  });

  test("is not among those under way", () => {
    const { call, activeCalls } = scope();
    const ended: unknown[] = [];
    call.end();
    call.watch({ activeAt: -1, stop: (reason) => ended.push(reason) });
    activeCalls.cutOff("closing");
    expect(ended).toEqual([expect.objectContaining({ name: "AbortError" })]);
  });
});

describe("once a call has ended, nothing of it is left", () => {
  test("a message that comes too late sets no timer", () => {
    vi.useFakeTimers();
    const { call } = scope({ timeoutMs: 60_000, limitMs: 1_000 });
    expect(vi.getTimerCount()).toBe(1);
    call.end();
    call.lift();
    // The one of all limits finds nothing to do.
    vi.advanceTimersByTime(1_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("the timer of its deadline is stopped, whichever way it ended", () => {
    vi.useFakeTimers();
    for (const failure of [undefined, new Error("failed")]) {
      const { call } = scope({ timeoutMs: 60_000 });
      expect(vi.getTimerCount()).toBe(1);
      call.end(failure);
      expect(vi.getTimerCount()).toBe(0);
    }
  });

  test("whole calls with a deadline leave no timer", async () => {
    vi.useFakeTimers();
    const { streamingOutputCall } = TestService.method;
    const calls = createCallPath((router) => {
      router.rpc(unaryCall, ({ responseSize }) => {
        if (responseSize > 0) throw new Error("failed");
        return {};
      });
      router.rpc(streamingOutputCall, async function* streamed() {
        yield {};
        yield {};
      });
    }, []);
    const init = () => callInit({ timeoutMs: 60_000 });
    await calls.unary(unaryCall, request, init(), asIs);
    const failing = create(SimpleRequestSchema, { responseSize: 1 });
    await expect(calls.unary(unaryCall, failing, init(), asIs)).rejects.toThrow("failed");
    const input = () => createAsyncIterable([create(StreamingOutputCallRequestSchema)]);
    const stream = () => calls.stream(streamingOutputCall, input(), init(), asIs).messages;
    expect(await Array.fromAsync(stream())).toHaveLength(2);
    for await (const _ of stream()) break;
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a signal that is looked at too late does not listen for its client", () => {
    const client = new AbortController();
    const listen = vi.spyOn(client.signal, "addEventListener");
    const { call } = scope({}, callInit({ signal: client.signal }));
    call.end();
    expect(call.signal.reason).toMatchObject({ message: "the call has ended" });
    expect(listen).not.toHaveBeenCalled();
  });

  test("nor does one that was looked at in time", () => {
    const client = new AbortController();
    const unlisten = vi.spyOn(client.signal, "removeEventListener");
    const { call } = scope({}, callInit({ signal: client.signal }));
    const { signal } = call;
    call.end();
    client.abort();
    expect(signal.reason).toMatchObject({ message: "the call has ended" });
    expect(unlisten).toHaveBeenCalledTimes(1);
  });
});

describe("the time that a call has", () => {
  test.each([
    { name: "the client's deadline", terms: { timeoutMs: 10, limitMs: 20 } },
    { name: "the server's limit", terms: { timeoutMs: 20, limitMs: 10 } },
    { name: "the server's limit alone", terms: { limitMs: 10 } },
    { name: "the client's deadline alone", terms: { timeoutMs: 10 } },
  ])("is up with the shorter one: $name", async ({ terms }) => {
    vi.useFakeTimers();
    const { call } = scope(terms);
    const work = call.within(new Promise(() => {}));
    vi.advanceTimersByTime(9);
    expect(call.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    await expect(work).rejects.toMatchObject({ name: "TimeoutError" });
    expect(call.signal.reason).toMatchObject({ name: "TimeoutError" });
  });

  test("is the client's alone once the server's limit is lifted", () => {
    vi.useFakeTimers();
    const { call } = scope({ timeoutMs: 20, limitMs: 10 });
    const { signal } = call;
    vi.advanceTimersByTime(5);
    call.lift();
    vi.advanceTimersByTime(14);
    expect(signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(signal.aborted).toBe(true);
  });
});

test("a handler that looks at its signal after the server was cut off finds it aborted", async () => {
  const begun = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const calls = createCallPath((router) => {
    router.rpc(unaryCall, async (_request, context) => {
      begun.resolve();
      await release.promise;
      context.signal.throwIfAborted();
      return {};
    });
  }, []);
  const call = calls.unary(unaryCall, request, callInit(), asIs);
  await begun.promise;
  calls.cutOff(faultFrom(new DOMException("closing", "AbortError")));
  release.resolve();
  expect(reasonOf(await rejection(call))).toBe("CANCELLED");
});

test.each([
  { name: "the server's limit", terms: { limitMs: 1_000 } },
  { name: "the client's deadline", terms: { timeoutMs: 1_000 } },
  { name: "the earlier of both", terms: { timeoutMs: 5_000, limitMs: 1_000 } },
])("$name ends a call by the clock that the path was given", async ({ terms }) => {
  const clock = createManualClock();
  const { timeoutMs, limitMs = 0 } = terms;
  const calls = createCallPath(
    (router) => {
      router.rpc(unaryCall, () => new Promise<never>(() => {}));
    },
    [],
    { clock, timeoutMs: limitMs, translate: faultFrom },
  );
  const init = callInit(timeoutMs === undefined ? {} : { timeoutMs });
  const ended = rejection(calls.unary(unaryCall, request, init, asIs));
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  await clock.advance(999);
  expect(isOver).toBe(false);
  await clock.advance(1);
  expect(reasonOf(await ended)).toBe("DEADLINE_EXCEEDED");
});
