/** The watch: what counts within its window, what it keeps, and what becomes of measures that cannot be had. */

import { expect, test } from "vitest";
import type { AlertSettings } from "#alerts/alert-settings.ts";
import { type AlertSources, AlertWatch, type KeptAlerts } from "#alerts/alert-watch.ts";
import { seededRng } from "#core/rng.ts";
import { createMetrics } from "#metrics.ts";
import { createLogger } from "#observability/logger.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const windowMs = 360_000;
const settings: AlertSettings = {
  ...{ webhooks: [], source: "here", intervalMs: 500, windowMs, callsMin: 10 },
  repeatMs: 3_600_000,
  errorRate: { above: 0.5, forMs: 0 },
  down: { forMs: 0 },
  budget: { above: 0.8, forMs: 0 },
};

/** A watch over numbers that the test sets, what the log says of alerts, and what is kept. */
function watched(more: Partial<AlertSettings> = {}, sources: Partial<AlertSources> = {}) {
  const clock = createManualClock();
  const metrics = createMetrics();
  const calls = { requests: 0, errors: 0 };
  const lines: { msg: string; status?: string; alert?: string }[] = [];
  const kept: KeptAlerts = {};
  const write = (line: string) => lines.push(JSON.parse(line)) > 0;
  const watch = new AlertWatch(
    { ...settings, ...more },
    {
      ...{ clock, metrics, kept, rng: seededRng(1) },
      logger: createLogger({ level: "debug", format: "json", output: "stdout" }, { write }),
      sources: {
        calls: () => ({ ...calls }),
        history: { async *read() {} },
        pools: () => [],
        budgets: async () => [],
        ...sources,
      },
    },
  );
  const told = () =>
    lines.flatMap(({ msg, status, alert }) => (msg === "alert" ? [`${status} ${alert}`] : []));
  return { watch, clock, metrics, calls, lines, kept, told };
}

test("counts are kept no closer than a 360th of the window, and no longer than it", async () => {
  const { watch, clock, kept } = watched();
  watch.start();
  await clock.advance(2_500);
  expect(kept.counts?.map(({ atMs }) => atMs)).toEqual([0, 1_000, 2_000]);
  await clock.advance(windowMs);
  expect(kept.counts?.[0]?.atMs).toBe(2_000);
  expect(kept.counts).toHaveLength(361);
  await watch[Symbol.asyncDispose]();
});

test("failures count while they are within the window, and those from before the start never", async () => {
  const { watch, clock, calls, told, metrics } = watched();
  Object.assign(calls, { requests: 100, errors: 100 });
  watch.start();
  await clock.advance(10_000);
  expect(told()).toEqual([]);
  Object.assign(calls, { requests: 120, errors: 120 });
  await clock.advance(500);
  expect(told()).toEqual(["firing PolygateErrorRateHigh"]);
  expect(await metrics.registry.metrics()).toContain("gateway_alerts_firing 1");
  await clock.advance(windowMs - 1_000);
  expect(told()).toHaveLength(1);
  await clock.advance(2_000);
  expect(told().slice(1)).toEqual(["resolved PolygateErrorRateHigh"]);
  expect(await metrics.registry.metrics()).toContain("gateway_alerts_firing 0");
  await watch[Symbol.asyncDispose]();
});

test("what is kept outlives the watch: the next one goes on with its counts and alerts", async () => {
  const first = watched();
  first.watch.start();
  first.calls.requests = first.calls.errors = 20;
  await first.clock.advance(500);
  await first.watch[Symbol.asyncDispose]();
  const { clock, kept, metrics } = first;
  const lines: string[] = [];
  const second = new AlertWatch(settings, {
    ...{ clock, metrics, kept, rng: seededRng(1) },
    logger: createLogger(
      { level: "info", format: "json", output: "stdout" },
      { write: (line: string) => lines.push(line) > 0 },
    ),
    sources: {
      calls: () => ({ requests: 20, errors: 20 }),
      history: { async *read() {} },
      pools: () => [],
      budgets: async () => [],
    },
  });
  second.start();
  await clock.advance(windowMs - 1_000);
  expect(lines).toEqual([]);
  await clock.advance(2_000);
  expect(lines.map((line) => JSON.parse(line).status)).toEqual(["resolved"]);
  await second[Symbol.asyncDispose]();
});

test("an alert stays while its measures cannot be had; the others are looked at all the same", async () => {
  let isAway = false;
  let isUp = true;
  const { watch, clock, told, lines } = watched(
    {},
    {
      async budgets() {
        if (isAway) throw new Error("the store is away");
        return [{ tier: "key", name: "app", usd: 1, used: 0.9 }];
      },
      pools: () => [{ name: "cores", kind: "core", endpoints: [{ id: "core-1", isUp }] }],
    },
  );
  watch.start();
  await clock.advance(500);
  isAway = true;
  isUp = false;
  await clock.advance(500);
  expect(told()).toEqual(["firing PolygateBudgetUsed", "firing PolygateCoreDown"]);
  expect(lines).toContainEqual(expect.objectContaining({ msg: "alerts cannot be measured" }));
  await watch[Symbol.asyncDispose]();
});

test("a look that fails is told, and the next one comes; none comes after the stop", async () => {
  let looks = 0;
  const { watch, clock, lines } = watched(
    {},
    {
      pools() {
        looks += 1;
        throw new Error("a bug");
      },
    },
  );
  watch.start();
  watch.start();
  await clock.advance(1_000);
  expect(looks).toBe(2);
  expect(lines.filter(({ msg }) => msg === "alerts")).toHaveLength(2);
  watch.stop();
  await clock.advance(5_000);
  expect(looks).toBe(2);
  await watch[Symbol.asyncDispose]();
});

test("the page of metrics says how many alerts hold, and what became of messages to each webhook", async () => {
  const { metrics } = watched();
  metrics.alertNotices.inc({ webhook: "ops", result: "sent" });
  const text = await metrics.registry.metrics();
  expect(text).toContain(
    "# HELP gateway_alert_notices_total Messages to webhooks about alerts: sent, failed after all tries, or dropped because too many waited.",
  );
  expect(text).toContain('gateway_alert_notices_total{webhook="ops",result="sent"} 1');
});
