/** How spans wait, are sent, sent again, and lost: bounded and counted. */

import { expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import { createMetrics } from "#metrics.ts";
import { Exporter, type SpanEnd } from "#tracing/exporter.ts";
import { retryAfterMsOf } from "#tracing/otlp-http.ts";
import type { SendEnd } from "#tracing/otlp-sender.ts";
import { SpanQueue } from "#tracing/span-queue.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const sent: SendEnd = { kind: "sent", rejected: 0, words: "" };
const busy = (afterMs?: number): SendEnd => ({ kind: "busy", afterMs, words: "away" });

function exporter({
  ends = [],
  queue = { spansMax: 1_000, bytesMax: 1_000_000 },
  sendMs = 0,
}: {
  readonly ends?: readonly SendEnd[];
  readonly queue?: { readonly spansMax: number; readonly bytesMax: number };
  /** How long the collector takes. */
  readonly sendMs?: number;
} = {}) {
  const clock = createManualClock();
  const next = [...ends];
  const requests: { readonly atMs: number; readonly bytes: number }[] = [];
  const counts: Partial<Record<SpanEnd, number>> = {};
  const states: string[] = [];
  const startMs = clock.nowMs();
  const made = new Exporter(
    { queue, timeoutMs: 1_000 },
    {
      clock,
      rng: seededRng(1),
      sender: {
        async send(pieces, signal) {
          const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
          requests.push({ atMs: clock.nowMs() - startMs, bytes });
          if (sendMs > 0) await clock.sleep(sendMs, signal).catch(() => {});
          if (signal.aborted) return busy();
          return next.shift() ?? sent;
        },
        async [Symbol.asyncDispose]() {
          states.push("let go");
        },
      },
      onEnd(end, spans) {
        counts[end] = (counts[end] ?? 0) + spans;
      },
      onState: (state, words) => states.push(words === "" ? state : `${state}: ${words}`),
    },
  );
  return { made, clock, requests, counts, states };
}

const span = (bytes = 100) => new Uint8Array(bytes);

test("spans wait for others for a second, and go together", async () => {
  const { made, clock, requests, counts } = exporter();
  made.add(span(), 2);
  made.add(span(50), 1);
  await clock.advance(999);
  expect(requests).toEqual([]);
  await clock.advance(1);
  expect(requests).toEqual([{ atMs: 1_000, bytes: 150 }]);
  expect(counts).toEqual({ exported: 3 });
  await clock.advance(10_000);
  expect(requests).toHaveLength(1);
});

test("many bytes go at once", async () => {
  const { made, clock, requests } = exporter();
  for (let at = 0; at < 9; at += 1) made.add(span(60_000), 1);
  await clock.advance(0);
  expect(requests[0]?.atMs).toBe(0);
});

test("a busy collector is asked again, later each time or when it says; in the end spans are given up", async () => {
  const { made, clock, requests, counts, states } = exporter({
    ends: [busy(), busy(7_000), busy(3_600_000), busy(), busy(), sent],
  });
  made.add(span(), 2);
  for (let second = 0; second < 60; second += 1) await clock.advance(1_000);
  const pauses = requests.slice(1).map(({ atMs }, at) => atMs - (requests[at]?.atMs ?? 0));
  expect(pauses[0]).toBeLessThanOrEqual(1_000);
  expect(pauses[1]).toBe(7_000);
  // No collector makes it wait for an hour.
  expect(pauses[2]).toBe(30_000);
  expect(requests).toHaveLength(5);
  expect(counts).toEqual({ failed: 2 });
  made.add(span(), 1);
  await clock.advance(1_000);
  expect(counts).toEqual({ failed: 2, exported: 1 });
  expect(states).toEqual(["failing: away", "working"]);
});

test("a refusal is final, and what a collector rejects is counted", async () => {
  const { made, clock, counts, states } = exporter({
    ends: [
      { kind: "refused", words: "HTTP status 400" },
      { kind: "sent", rejected: 2, words: "too old" },
    ],
  });
  made.add(span(), 4);
  await clock.advance(1_000);
  made.add(span(), 5);
  await clock.advance(1_000);
  expect(counts).toEqual({ failed: 4, rejected: 2, exported: 3 });
  expect(states).toEqual(["failing: HTTP status 400"]);
});

test("rejected spans are a failure in the collector's words, told once until it takes all again", async () => {
  const rejecting: SendEnd = { kind: "sent", rejected: 9, words: "too old" };
  const { made, clock, counts, states } = exporter({ ends: [rejecting, rejecting, sent, sent] });
  const sendOne = async () => {
    made.add(span(), 5);
    await clock.advance(1_000);
  };
  await sendOne();
  await sendOne();
  expect(counts).toEqual({ rejected: 10 });
  await sendOne();
  await sendOne();
  // No more are rejected than were sent.
  expect(counts).toEqual({ rejected: 10, exported: 10 });
  expect(states).toEqual(["failing: the collector rejected spans: too old", "working"]);
});

test("no time is left for what waits behind a collector that takes five seconds at the end", async () => {
  const { made, clock, counts, requests, states } = exporter({ sendMs: 5_000 });
  for (let at = 0; at < 3; at += 1) made.add(span(300_000), 1);
  const closed = made[Symbol.asyncDispose]();
  await clock.advance(5_000);
  await closed;
  // The first batch came to its usual limit, and is tried once more.
  expect(requests.map(({ atMs }) => atMs)).toEqual([0, 1_000]);
  expect(counts).toEqual({ failed: 3 });
  expect(states).toEqual(["failing: away", "let go"]);
});

test("a stop leaves no timer behind", async () => {
  const { made, clock, counts } = exporter();
  made.add(span(), 1);
  expect(clock.sleeping()).toBe(1);
  await made[Symbol.asyncDispose]();
  await clock.advance(0);
  expect([clock.sleeping(), counts]).toEqual([0, { exported: 1 }]);
});

test("while a collector is away spans are dropped beyond either bound, and counted", async () => {
  const spans = exporter({ queue: { spansMax: 10, bytesMax: 1_000_000 } });
  for (let at = 0; at < 15; at += 1) spans.made.add(span(), 1);
  expect(spans.counts).toEqual({ dropped: 5 });
  const bytes = exporter({ queue: { spansMax: 1_000, bytesMax: 1_000 } });
  for (let at = 0; at < 15; at += 1) bytes.made.add(span(), 1);
  expect(bytes.counts).toEqual({ dropped: 5 });
});

test("what waits is sent when the gateway stops, and one try ends a pause", async () => {
  const { made, clock, requests, counts } = exporter({ ends: [busy(20_000)] });
  made.add(span(), 1);
  await clock.advance(1_000);
  made.add(span(), 2);
  await made[Symbol.asyncDispose]();
  expect(requests).toHaveLength(3);
  expect(counts).toEqual({ exported: 3 });
  made.add(span(), 1);
  expect(counts).toEqual({ exported: 3, dropped: 1 });
});

test("a queue keeps what it was given, whatever becomes of the memory that it came in", () => {
  const queue = new SpanQueue({ spansMax: 10, bytesMax: 1_000_000 });
  const bytes = Uint8Array.of(1, 2, 3);
  queue.add(bytes, 1);
  bytes.fill(9);
  expect(queue.add(span(100_000), 1)).toBe(true);
  const first = queue.take(1_000);
  expect(first?.pieces.map((piece) => [...piece])).toEqual([[1, 2, 3]]);
  // One page is taken however large it is.
  expect(queue.take(1_000)).toMatchObject({ spans: 1, bytes: 100_000 });
  expect(queue.take(1_000)).toBeUndefined();
  expect([queue.spans, queue.bytes]).toEqual([0, 0]);
});

test("retry-after is seconds or a date", () => {
  const nowMs = Date.UTC(2026, 10, 30);
  expect(retryAfterMsOf("7", nowMs)).toBe(7_000);
  expect(retryAfterMsOf(new Date(nowMs + 5_000).toUTCString(), nowMs)).toBe(5_000);
  expect(retryAfterMsOf(new Date(nowMs - 5_000).toUTCString(), nowMs)).toBe(0);
  for (const field of [undefined, "soon", "-1x"]) {
    expect(retryAfterMsOf(field, nowMs)).toBeUndefined();
  }
});

test("the page of metrics says what became of spans, and how many parents were not followed", async () => {
  const metrics = createMetrics();
  metrics.traceSpans.inc({ result: "dropped" }, 3);
  metrics.traceParentsLimited.inc();
  const text = await metrics.registry.metrics();
  expect(text).toContain('gateway_trace_spans_total{result="dropped"} 3');
  expect(text).toContain("gateway_trace_parents_limited_total 1");
  expect(text).toContain(
    "# HELP gateway_trace_parents_limited_total Requests whose caller wants them sampled, beyond `tracing.sampled_parents`: the ratio decided.",
  );
});
