/** A call that goes on without its client: in which bounds, and how it ends. */

import type { HandlerContext } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ByteBudget } from "#core/byte-budget.ts";
import { Places } from "#core/places.ts";
import type { CallRecord } from "#observability/call-record.ts";
import type { CallScope } from "#rpc/call-scope.ts";
import { LastingCall } from "#services/lasting-call.ts";
import { callRecord } from "../../support/call.ts";
import { createManualClock } from "../../support/manual-clock.ts";

/** Calls of one route that drains. */
function setting({ callsMax = 1, timeMs = 1_000, bytesMax = 100 } = {}) {
  const clock = createManualClock();
  const results: string[] = [];
  const draining = { now: 0 };
  const buffers = new ByteBudget(bytesMax);
  const drain = { timeMs, places: new Places({ totalMax: callsMax, perCallerMax: callsMax }) };
  const metrics = {
    drained: { inc: ({ result }: { result: string }) => results.push(result) },
    draining: { inc: () => (draining.now += 1), dec: () => (draining.now -= 1) },
  };
  /** A call that a backend is at work on; `facts` of its record say otherwise. */
  const begin = (facts: Partial<CallRecord> = { attempts: 1 }, bytes = 10) => {
    const client = new AbortController();
    const scope = { wasCut: false, isReleased: false, stop: (_reason: unknown) => {} };
    const record = callRecord(facts);
    const lasting = new LastingCall(
      { clock, metrics: metrics as never, buffers },
      {
        context: { signal: client.signal } as HandlerContext,
        scope: {
          get wasCut() {
            return scope.wasCut;
          },
          outlast(stop: (reason: unknown) => void) {
            scope.stop = stop;
            return () => {
              scope.isReleased = true;
            };
          },
        } as CallScope,
        ...{ record, drain, bytes: () => bytes },
      },
    );
    const work = Promise.withResolvers<string>();
    const signal = Promise.withResolvers<AbortSignal>();
    const ended = lasting
      .whole(async (context) => {
        signal.resolve(context.signal);
        return await work.promise;
      })
      .catch((thrown: unknown) => thrown);
    return { client, scope, record, lasting, work, ended, signal: signal.promise };
  };
  return { clock, results, draining, buffers, begin };
}

describe("a call whose client leaves", () => {
  test("ends for the client at once, and goes on until its backend has ended", async () => {
    const { clock, results, draining, buffers, begin } = setting();
    const call = begin();
    const signal = await call.signal;
    expect(draining.now).toBe(0);
    call.client.abort("left");
    expect(await call.ended).toBe("left");
    expect(draining.now).toBe(1);
    expect([signal.aborted, call.lasting.hasLeft, call.scope.isReleased]).toEqual([
      false,
      true,
      false,
    ]);
    expect(buffers.heldBytes).toBe(10);
    await clock.advance(400);
    call.work.resolve("done");
    await clock.advance(0);
    expect([call.record.drainedMs, call.scope.isReleased]).toEqual([400, true]);
    expect([results, draining.now, buffers.heldBytes]).toEqual([["whole"], 0, 0]);
    expect(clock.sleeping(), "its time is not waited for any more").toBe(0);
    await clock.advance(10_000);
    expect([signal.aborted, results]).toEqual([false, ["whole"]]);
  });

  test("is told to stop when the time is over, and reported when it has", async () => {
    const { clock, results, begin } = setting();
    const call = begin();
    const signal = await call.signal;
    call.client.abort("left");
    await clock.advance(999);
    expect(signal.aborted).toBe(false);
    await clock.advance(1);
    expect([signal.aborted, call.scope.isReleased]).toEqual([true, false]);
    call.work.reject(signal.reason);
    await clock.advance(0);
    expect([results, call.record.drainedMs, call.scope.isReleased]).toEqual([
      ["time_out"],
      1_000,
      true,
    ]);
  });

  test("is reported a second later where it never hears that it is to stop", async () => {
    const { clock, results, begin } = setting();
    const call = begin();
    await call.signal;
    call.client.abort("left");
    call.scope.stop("stopping");
    await clock.advance(999);
    expect(call.scope.isReleased).toBe(false);
    await clock.advance(1);
    expect([results, call.scope.isReleased]).toEqual([["stopped"], true]);
  });

  test.each([
    ["there is no room for one more", 1, 10],
    ["there is no room for its request", 0, 101],
  ])("is cancelled where %s, and counted", async (_name, before, bytes) => {
    const { results, buffers, begin } = setting();
    for (let count = 0; count < before; count += 1) begin().client.abort("left");
    const held = buffers.heldBytes;
    const call = begin({ attempts: 1 }, bytes);
    const signal = await call.signal;
    call.client.abort("left");
    expect([signal.aborted, signal.reason, call.scope.isReleased]).toEqual([true, "left", true]);
    expect([results, buffers.heldBytes]).toEqual([["no_room"], held]);
  });

  test("is one of so many again when another one has ended", async () => {
    const { clock, begin } = setting();
    const first = begin();
    first.client.abort("left");
    first.work.resolve("done");
    await clock.advance(0);
    const second = begin();
    second.client.abort("left");
    expect((await second.signal).aborted).toBe(false);
  });
});

describe("nothing goes on", () => {
  const tried = { pool: "p", endpoint: "e", model: "m", algorithm: "a", outcome: "BACKEND_LOST" };

  test.each([
    ["nobody has been asked yet: it waits for a place, or the cache answers", {}],
    [
      "its only try has failed: it pauses before the next one",
      { attempts: 1, tries: [{ ...tried, startedMs: 0, elapsedMs: 1 }] },
    ],
  ])("where %s", async (_name, facts) => {
    const { results, begin } = setting();
    const call = begin(facts);
    const signal = await call.signal;
    call.client.abort("left");
    expect([signal.aborted, results]).toEqual([true, []]);
  });

  test("for a deadline that passed, and a server that stops", async () => {
    const { results, begin } = setting();
    const call = begin();
    const signal = await call.signal;
    call.scope.wasCut = true;
    call.client.abort("late");
    expect([signal.reason, results]).toEqual(["late", []]);
  });
});

describe("a stream", () => {
  test("is read to its end for a client that left, also between two pieces", async () => {
    const clock = createManualClock();
    const read: number[] = [];
    const client = new AbortController();
    let isReleased = false;
    const lasting = new LastingCall(
      {
        clock,
        metrics: { drained: { inc() {} }, draining: { inc() {}, dec() {} } } as never,
        buffers: new ByteBudget(100),
      },
      {
        context: { signal: client.signal } as HandlerContext,
        scope: {
          wasCut: false,
          outlast: () => () => {
            isReleased = true;
          },
        } as unknown as CallScope,
        record: callRecord({ attempts: 1 }),
        drain: { timeMs: 1_000, places: new Places({ totalMax: 1, perCallerMax: 1 }) },
        bytes: () => 1,
      },
    );
    const pieces = lasting.stream(async function* () {
      for (let piece = 0; piece < 5; piece += 1) {
        read.push(piece);
        yield piece;
      }
    });
    expect((await pieces.next()).value).toBe(0);
    client.abort("left");
    await pieces.return();
    await clock.advance(0);
    expect([read, isReleased]).toEqual([[0, 1, 2, 3, 4], true]);
  });
});
