/** Calls that have ended reach their readers off their path, and what is kept of them is bounded. */

import { describe, expect, test } from "vitest";
import { CallJournal, type EndedCall } from "#observability/call-journal.ts";
import type { CallRecord } from "#observability/call-record.ts";
import { RecentCalls } from "#observability/recent-calls.ts";
import { callRecord } from "../../support/call.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const outcome = { procedure: "polygate.v1.ChatService/Chat", code: "OK", level: "info" } as const;

test("the journal gives each call that ends to all its readers at once", async () => {
  const clock = createManualClock();
  const journal = new CallJournal(clock);
  journal.add(callRecord({ requestId: "before" }), outcome);
  const seen: string[] = [];
  for (const reader of ["one", "two"]) {
    journal.read(({ record, elapsedMs, endedWallMs }) => {
      expect(endedWallMs).toBe(clock.wallMs());
      seen.push(`${reader} ${record.requestId} ${elapsedMs}`);
    });
  }
  const startMs = clock.nowMs();
  await clock.advance(7);
  journal.add(callRecord({ requestId: "a", startMs }), outcome);
  expect(seen).toEqual(["one a 7", "two a 7"]);
});

describe("recent calls", () => {
  const ended = (facts: Partial<CallRecord> = {}): EndedCall => ({
    ...{ record: callRecord(facts), outcome, elapsedMs: 5, endedWallMs: 1_000 },
  });
  const idsOf = (calls: RecentCalls) =>
    [...calls.ring.newestFirst()].map(({ requestId }) => requestId);

  test("are as many as the bound says, newest first", () => {
    const calls = new RecentCalls({ countMax: 3, bytesMax: 1e9 });
    for (const requestId of ["a", "b", "c", "d", "e"]) calls.add(ended({ requestId }));
    expect([idsOf(calls), calls.ring.count]).toEqual([["e", "d", "c"], 3]);
  });

  test("take no more bytes than the bound says: those with large texts push out more", () => {
    const calls = new RecentCalls({ countMax: 1_000, bytesMax: 100_000 });
    for (let call = 0; call < 100; call += 1) calls.add(ended({ requestId: `small-${call}` }));
    expect(calls.ring.count).toBe(100);
    const json = "x".repeat(20_000);
    calls.add(ended({ requestId: "large", requestBody: { json, truncated: false } }));
    calls.add(ended({ requestId: "large", responseBody: { json, truncated: false } }));
    expect(calls.ring.bytes).toBeLessThanOrEqual(100_000);
    expect(calls.ring.count).toBeLessThan(60);
    expect(idsOf(calls).slice(0, 2)).toEqual(["large", "large"]);
  });

  test("of one second are 500 that went well and 500 that failed; the others are counted", () => {
    let told = 0;
    const calls = new RecentCalls({ countMax: 5_000, bytesMax: 1e9, onLost: () => (told += 1) });
    for (let call = 0; call < 600; call += 1) calls.add(ended());
    const failed = { ...outcome, code: "INTERNAL" };
    for (let call = 0; call < 700; call += 1) calls.add({ ...ended(), outcome: failed });
    expect([calls.ring.count, calls.lost, told]).toEqual([1_000, 300, 300]);
    calls.add({ ...ended({ requestId: "later" }), endedWallMs: 2_000 });
    expect(idsOf(calls)[0]).toBe("later");
  });

  test("are kept without one that is larger than all the room", () => {
    const calls = new RecentCalls({ countMax: 10, bytesMax: 10_000 });
    calls.add(ended({ requestId: "small" }));
    const json = "x".repeat(1_000_000);
    calls.add(ended({ requestId: "huge", requestBody: { json, truncated: false } }));
    expect([calls.ring.count, calls.ring.bytes]).toEqual([0, 0]);
    calls.add(ended({ requestId: "next" }));
    expect(idsOf(calls)).toEqual(["next"]);
  });

  test("count the endpoints of their decisions", () => {
    const decided = (size: number) => {
      const calls = new RecentCalls({ countMax: 10, bytesMax: 1e9 });
      const facts = { pool: "p", endpoint: "e", model: "m", algorithm: "scored", outcome: "OK" };
      const tries = [{ ...facts, startedMs: 0, elapsedMs: 1, decision: { size } }];
      calls.add(ended({ tries }));
      return calls.ring.bytes;
    };
    expect(decided(1_000) - decided(1)).toBeGreaterThan(500_000);
  });

  test("have texts of a bounded length, without what looks like a credential", () => {
    const calls = new RecentCalls({ countMax: 10, bytesMax: 1e9 });
    const message = `Incorrect API key provided: sk-abcdefghijklmnopqrstuvwx ${"x".repeat(5_000)}`;
    const failed = { ...outcome, code: "INTERNAL", reason: "BACKEND_CREDENTIAL", message };
    calls.add({ ...ended({ model: "m".repeat(100_000) }), outcome: failed });
    const [call] = calls.ring.newestFirst();
    expect(call?.model.length).toBe(1_024);
    expect(call?.error).toContain("[redacted]");
    expect(call?.error).not.toContain("sk-abc");
    expect(call?.error.length).toBeLessThanOrEqual(1_024);
  });
});
