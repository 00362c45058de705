/** What threads find of endpoints and budgets as one. */

import { expect, test } from "vitest";
import type { WatchedPool } from "#alerts/conditions.ts";
import { mergedBudgets, mergedPools, unreachedPools } from "#workers/watched-merge.ts";

const pool = (name: string, up: Readonly<Record<string, boolean>>): WatchedPool => ({
  ...{ name, kind: "provider" },
  endpoints: Object.entries(up).map(([id, isUp]) => ({ id, isUp })),
});

test("an endpoint is down when no thread reaches it", () => {
  const one = [pool("p", { a: true, b: false })];
  const other = [pool("p", { a: false, b: false, c: true }), pool("q", { d: false })];
  expect(mergedPools([one, other])).toEqual([
    pool("p", { a: true, b: false, c: true }),
    pool("q", { d: false }),
  ]);
});

test("a budget that threads spend from together is told once", () => {
  const budget = (name: string, used: number) => ({ tier: "principal", name, usd: 1, used });
  const all = [[budget("ann", 0.5), budget("bob", 0.1)], [budget("ann", 0.6)]];
  expect(mergedBudgets(all)).toEqual([budget("ann", 0.6), budget("bob", 0.1)]);
});

test("a thread reaches what the one before reaches when each of its pools has an endpoint that answers", () => {
  const old = [pool("p", { a: true, b: true }), pool("q", { c: false }), pool("r", { d: true })];
  const fresh = [
    pool("p", { a: false, b: true }),
    pool("q", { c: false }),
    pool("r", { d: false }),
  ];
  expect(unreachedPools(old, fresh)).toEqual(["r"]);
  expect(unreachedPools(old, old)).toEqual([]);
});
