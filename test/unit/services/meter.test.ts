/** A measure ends once: by its caller's word, or when nobody waits any more. */

import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { createMetrics } from "#metrics.ts";
import { createStats } from "#observability/stats.ts";
import { createMeter } from "#services/meter.ts";
import { callRecord } from "../../support/call.ts";
import { createManualClock } from "../../support/manual-clock.ts";

function setting() {
  const clock = createManualClock();
  const [metrics, stats] = [createMetrics(), createStats(clock)];
  const meter = createMeter({ clock, metrics, stats });
  const caller = new AbortController();
  const record = callRecord({});
  const measured = { backend: "embedded", record, signal: caller.signal };
  const counted = async () => {
    const text = await metrics.registry.metrics();
    return text.split("\n").filter((line) => line.startsWith("ai_gateway_requests_total{"));
  };
  return { clock, meter, caller, record, measured, counted };
}

test("an end leaves nothing on the caller's signal, and an abort after it says nothing", async () => {
  const { clock, meter, caller, record, measured, counted } = setting();
  const end = meter.begin(measured);
  await clock.advance(40);
  end();
  expect(getEventListeners(caller.signal, "abort")).toEqual([]);
  await clock.advance(60);
  caller.abort();
  expect(record.upstreamMs).toBe(40);
  expect(await counted()).toEqual(['ai_gateway_requests_total{backend="embedded",status="OK"} 1']);
});

test("an abort ends it, once, under the signal's reason", async () => {
  const { clock, meter, caller, record, measured, counted } = setting();
  const end = meter.begin(measured);
  await clock.advance(40);
  caller.abort();
  await clock.advance(60);
  end();
  expect(record.upstreamMs).toBe(40);
  expect(await counted()).toEqual([
    'ai_gateway_requests_total{backend="embedded",status="CANCELLED"} 1',
  ]);
});
