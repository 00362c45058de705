import { expect, test } from "vitest";
import { FairShare } from "#backends/onnx/fair-share.ts";

/** Runs whose turn it is, each for its own time; who had how many turns. */
function played(shares: FairShare, costs: Readonly<Record<string, number>>, turns: number) {
  const had: Record<string, number> = {};
  for (let at = 0; at < turns; at++) {
    const next = shares.next(Object.keys(costs));
    if (next === undefined) break;
    had[next.group] = (had[next.group] ?? 0) + 1;
    shares.settle(next.group, next.chargedMs, costs[next.group] ?? 0);
  }
  return had;
}

test("each has the same time, not the same number of turns", () => {
  const had = played(new FairShare(), { fast: 1, slow: 9 }, 1000);
  expect(had.fast).toBeGreaterThan(880);
  expect(had.slow).toBeGreaterThan(90);
});

test("who comes back after a pause has no time saved up", () => {
  const shares = new FairShare();
  shares.enter("busy");
  played(shares, { busy: 5 }, 100);
  shares.enter("back");
  const had = played(shares, { busy: 5, back: 5 }, 20);
  expect(had).toEqual({ busy: 10, back: 10 });
});

test("what is being run counts before it ends: two workers do not serve one alone", () => {
  const shares = new FairShare();
  const first = shares.next(["a", "b"]);
  const second = shares.next(["a", "b"]);
  expect([first?.group, second?.group]).toEqual(["a", "b"]);
});

test("no group has no turn", () => {
  expect(new FairShare().next([])).toBeUndefined();
});

test("more groups than are remembered are forgotten, those first that are owed nothing", () => {
  const shares = new FairShare();
  for (let at = 0; at < 3000; at++) shares.enter(`g${at}`);
  expect(played(shares, { g0: 1, g2999: 1 }, 10)).toEqual({ g0: 5, g2999: 5 });
});
