/** Copies are bounded by number and by bytes, and whoever offers one never waits or fails. */

import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { ChatMirror } from "#catalog/chat-catalog.ts";
import { ByteBudget } from "#core/byte-budget.ts";
import type { CallRecord } from "#observability/call-record.ts";
import type { AttemptCall, Dispatch } from "#routing/dispatch.ts";
import { type Copy, type MirroredChat, Mirrors } from "#services/mirrors.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const record: CallRecord = {
  ...{ requestId: "r", listener: "l", port: 1, clientAddress: "::1", httpMethod: "POST" },
  ...{ httpVersion: "2", startMs: 0, endpoint: "/x", status: 200, called: true },
};

function mirrors({ bytesMax = 1_000, draw = 0 } = {}) {
  const results: string[] = [];
  const records: CallRecord[] = [];
  const buffers = new ByteBudget(bytesMax);
  const stopping = new AbortController();
  const made = new Mirrors({
    clock: createManualClock(),
    rng: { next: () => draw },
    metrics: {
      mirrored: { inc: ({ result }: { result: string }) => results.push(result) },
    } as never,
    journal: { add: (one) => records.push(one) },
    buffers,
    dispatch: {} as Dispatch,
    catalog: { priceOf: () => undefined, genAiNameOf: (pool) => pool, knows: () => true },
    stopping: stopping.signal,
  });
  return { made, results, records, buffers, stopping };
}

const mirror = (share: number): ChatMirror => ({ share, route: {} as never });

function chat(read: MirroredChat["read"], bytes = 10): MirroredChat {
  return { procedure: "p", record, bytes: () => bytes, read };
}

/** Reads a copy that was answered. */
async function answered({ routed }: Copy): Promise<void> {
  const { watch } = routed(() => ({ model: "m", usage: undefined }));
  watch?.answered({ pool: "p", endpoint: "e", model: "m" } as AttemptCall);
  watch?.used?.();
}

describe("copies", () => {
  test("are made of the share that chance hits", async () => {
    const { made, results } = mirrors({ draw: 0.3 });
    made.offer(mirror(0.3), chat(answered));
    made.offer(mirror(0.31), chat(answered));
    await turn();
    await turn();
    expect(results).toEqual(["ok"]);
  });

  test("begin behind the call that they are copies of", async () => {
    const { made } = mirrors();
    let began = false;
    made.offer(
      mirror(1),
      chat(async () => {
        began = true;
      }),
    );
    await Promise.resolve();
    expect(began).toBe(false);
    await turn();
    expect(began).toBe(true);
  });

  test("beyond a hundred at one time are left out, and made again when one has ended", async () => {
    const { made, results } = mirrors();
    const ends: (() => void)[] = [];
    const read = () => new Promise<void>((resolve) => ends.push(resolve));
    for (let count = 0; count < 130; count += 1) made.offer(mirror(1), chat(read));
    await turn();
    expect([ends.length, results.length]).toEqual([100, 30]);
    expect(new Set(results)).toEqual(new Set(["skipped"]));
    ends[0]?.();
    await turn();
    made.offer(mirror(1), chat(read));
    await turn();
    expect(ends.length).toBe(101);
  });

  test("whose requests have no room are left out; each gives its bytes back when it has ended, however", async () => {
    const { made, results, buffers } = mirrors({ bytesMax: 25 });
    const ends: ((thrown?: Error) => void)[] = [];
    const read = () =>
      new Promise<void>((resolve, reject) =>
        ends.push((thrown) => (thrown === undefined ? resolve() : reject(thrown))),
      );
    for (let count = 0; count < 3; count += 1) made.offer(mirror(1), chat(read));
    await turn();
    expect([ends.length, results, buffers.heldBytes]).toEqual([2, ["skipped"], 20]);
    ends[0]?.();
    ends[1]?.(new Error("no"));
    await turn();
    expect([results.length, new Set(results)]).toEqual([3, new Set(["failed", "ok", "skipped"])]);
    expect(buffers.heldBytes).toBe(0);
  });

  test("have records of their own, which say that they are copies and how they ended", async () => {
    const { made, records } = mirrors();
    made.offer(mirror(1), chat(answered));
    await turn();
    expect(records).toMatchObject([{ requestId: "r-mirror", surface: "mirror", model: "m" }]);
    expect(record).not.toHaveProperty("surface");
  });

  test("end when the gateway stops, and none is made then", async () => {
    const { made, results, stopping } = mirrors();
    made.offer(
      mirror(1),
      chat(
        ({ routed }) =>
          new Promise((_, reject) => {
            const { signal } = routed(() => undefined);
            signal.addEventListener("abort", () => reject(signal.reason));
          }),
      ),
    );
    await turn();
    stopping.abort();
    made.offer(mirror(1), chat(answered));
    await turn();
    await turn();
    expect([results.length, new Set(results)]).toEqual([2, new Set(["failed", "skipped"])]);
  });
});
