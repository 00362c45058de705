/** Thresholds are crossed from above them on, with calls enough to say so, by what is its own fault. */

import { expect, test } from "vitest";
import type { AlertSettings } from "#alerts/alert-settings.ts";
import { type Measured, readingsOf } from "#alerts/conditions.ts";
import { HistorySums } from "#history/bucket.ts";

const settings: AlertSettings = {
  ...{ webhooks: [], source: "here", intervalMs: 1, windowMs: 1, callsMin: 20, repeatMs: 1 },
  errorRate: { above: 0.05, forMs: 0 },
  latency: { above: 10_000, forMs: 0 },
  down: { forMs: 0 },
  budget: { above: 0.8, forMs: 0 },
};
const quiet: Measured = {
  calls: { requests: 0, errors: 0 },
  providers: new Map(),
  pools: [],
  budgets: [],
};

/** Sums of so many calls of a provider. */
function sums(calls: { ok?: number; latencyMs?: number; upstream?: number; caller?: number }) {
  const all = new HistorySums();
  const add = (count: number, blame: "upstream" | "caller" | undefined) => {
    const facts = { wallMs: 0, provider: "gpu", model: "", firstMs: undefined, tokens: 0, cost: 0 };
    for (let call = 0; call < count; call += 1) {
      all.add({ ...facts, blame, latencyMs: calls.latencyMs ?? 5 });
    }
  };
  add(calls.ok ?? 0, undefined);
  add(calls.upstream ?? 0, "upstream");
  add(calls.caller ?? 0, "caller");
  return all;
}

function above(measured: Partial<Measured>, more: Partial<AlertSettings> = {}) {
  return readingsOf({ ...quiet, ...measured }, { ...settings, ...more })
    .readings.filter(({ isAbove }) => isAbove)
    .map(({ alert, labels }) => [alert, ...Object.values(labels)].join(" "));
}

test.each([
  [{ requests: 100, errors: 5 }, []],
  [{ requests: 100, errors: 6 }, ["PolygateErrorRateHigh"]],
  [{ requests: 19, errors: 19 }, []],
  [{ requests: 0, errors: 0 }, []],
])("of all calls: %o", (calls, expected) => {
  expect(above({ calls })).toEqual(expected);
});

test.each([
  [{ ok: 95, upstream: 5 }, []],
  [{ ok: 94, upstream: 6 }, ["PolygateErrorRateHigh gpu"]],
  [{ ok: 50, caller: 50 }, []],
  [{ ok: 30, latencyMs: 9_000 }, []],
  [{ ok: 30, latencyMs: 12_000 }, ["PolygateLatencyHigh gpu"]],
  [{ ok: 19, latencyMs: 12_000 }, []],
])("of a provider: %o", (calls, expected) => {
  expect(above({ providers: new Map([["gpu", sums(calls)]]) })).toEqual(expected);
});

test("a provider is down when none of its endpoints is up, a core by itself; what was taken out is not down", () => {
  const [up, out] = [
    { id: "a", isUp: true },
    { id: "b", isUp: false },
  ];
  const pools = [
    { name: "half", kind: "provider", endpoints: [up, out] },
    { name: "gone", kind: "provider", endpoints: [out, out] },
    { name: "drained", kind: "provider", endpoints: [] },
    { name: "polyagent", kind: "core", endpoints: [up, out] },
  ] as const;
  expect(above({ pools })).toEqual(["PolygateProviderDown gone", "PolygateCoreDown b"]);
});

test("a budget counts by the share that is spent", () => {
  const budget = (used: number) => ({ tier: "principal", name: "ann", usd: 5, used });
  expect(above({ budgets: [budget(0.8)] })).toEqual([]);
  expect(above({ budgets: [budget(0.81)] })).toEqual(["PolygateBudgetUsed principal ann"]);
});

test("what is not watched is not read, and what could not be measured is told to be unknown", () => {
  const calls = { requests: 100, errors: 100 };
  const off = { ...settings };
  delete (off as { errorRate?: unknown }).errorRate;
  expect(readingsOf({ ...quiet, calls }, off).readings).toEqual([]);
  const { unknown } = readingsOf({ ...quiet, providers: undefined, budgets: undefined }, settings);
  expect(unknown).toEqual(
    new Set(["PolygateBudgetUsed", "PolygateErrorRateHigh", "PolygateLatencyHigh"]),
  );
});
