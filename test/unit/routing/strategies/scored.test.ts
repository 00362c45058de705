import { describe, expect, it } from "vitest";
import { seededRng } from "#core/rng.ts";
import type { EndpointSnapshot } from "#pool/endpoint-snapshot.ts";
import { defaultWeights, indexOfBest, scored } from "#routing/strategies/scored.ts";

const endpoint = (id: string, more: Partial<EndpointSnapshot> = {}): EndpointSnapshot => ({
  id,
  provider: id,
  weight: 1,
  priority: 1,
  inFlight: 0,
  concurrentMax: 10,
  latencyMs: 1000,
  successRate: 1,
  cost: 0.001,
  ...more,
});
const wishes = { weights: defaultWeights };
const order = (endpoints: EndpointSnapshot[], more = {}) =>
  scored(endpoints, { ...wishes, ...more }).map(({ id }) => id);
const scoreOf = (endpoints: EndpointSnapshot[], id: string) =>
  scored(endpoints, wishes).find((one) => one.id === id);

describe("a score", () => {
  it("is 1 for the perfect endpoint, and its terms' shares add up to 1", () => {
    const one = scoreOf([endpoint("a")], "a");
    expect(one?.score).toBe(1);
    const shares = Object.values(one?.terms ?? {}).map(({ weight }) => weight);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    expect(one?.terms.latency).toEqual({ raw: 1000, score: 1, weight: 40 / 120 });
  });

  it("falls with each term, and by that term's share", () => {
    const worst = [
      [{ latencyMs: 5000 }, 40],
      [{ successRate: 0 }, 30],
      [{ inFlight: 10 }, 10],
    ] as const;
    for (const [more, share] of worst) {
      expect(scoreOf([endpoint("a", more)], "a")?.score).toBeCloseTo(1 - share / 120, 12);
    }
    const priced = [endpoint("cheap"), endpoint("dear", { cost: 0.01 })];
    expect(scoreOf(priced, "dear")?.score).toBeCloseTo(1 - 30 / 120, 12);
    expect(scoreOf([endpoint("a", { priority: 4 })], "a")?.score).toBeCloseTo(1 - 7.5 / 120, 12);
  });

  it("takes whoever was never called for the median of its peers", () => {
    const peers = [endpoint("a", { latencyMs: 2000 }), endpoint("b", { latencyMs: 4000 })];
    const unseen = endpoint("new", {
      latencyMs: undefined,
      successRate: undefined,
      cost: undefined,
    });
    const terms = scoreOf([...peers, unseen], "new")?.terms;
    expect(terms?.latency).toEqual({ raw: undefined, score: 0.5, weight: 40 / 120 });
    expect(terms?.reliability.score).toBe(1);
  });

  it("takes what nobody knows of anybody for two seconds and 95 %", () => {
    const unseen = { latencyMs: undefined, successRate: undefined, cost: undefined };
    const terms = scoreOf([endpoint("a", unseen), endpoint("b", unseen)], "a")?.terms;
    expect([terms?.latency.score, terms?.reliability.score, terms?.cost.score]).toEqual([
      0.75, 0.95, 1,
    ]);
  });

  it("takes the middle one of an odd number of peers, not their mean", () => {
    const peers = [10_000, 2_000, 3_000].map((latencyMs, index) =>
      endpoint(`p${index}`, { latencyMs, cost: latencyMs }),
    );
    const unseen = endpoint("new", { latencyMs: undefined, cost: undefined });
    const terms = scoreOf([unseen, ...peers], "new")?.terms;
    expect([terms?.latency.score, terms?.cost.score]).toEqual([0.5, 7 / 8]);
  });

  it.each([
    ["latency", { latencyMs: 500 }, 1],
    ["latency", { latencyMs: 3_000 }, 0.5],
    ["latency", { latencyMs: 6_000 }, 0],
    ["reliability", { successRate: 0.7 }, 0.7],
    ["load", { inFlight: 3 }, 0.7],
    ["load", { inFlight: 11 }, 0],
    ["priority", { priority: 2 }, 0.5],
  ] as const)("has the term %s for %j: %d", (term, more, score) => {
    expect(scoreOf([endpoint("a", more)], "a")?.terms[term].score).toBeCloseTo(score, 12);
  });

  it("has the cheapest at 1, the most expensive at 0, and all at 1 where all cost the same", () => {
    const costs = (...of: readonly number[]) =>
      of.map((cost, index) => endpoint(`e${index}`, { cost }));
    const costScores = (all: EndpointSnapshot[]) =>
      all.map(({ id }) => scoreOf(all, id)?.terms.cost.score);
    expect(costScores(costs(2, 4, 3))).toEqual([1, 0, 0.5]);
    expect(costScores(costs(3, 3))).toEqual([1, 1]);
  });

  it("tells what each term rests on, and the bonus", () => {
    const one = endpoint("a", { inFlight: 2, priority: 3, successRate: 0.9, cost: 0.5 });
    const [scores] = scored([one], { ...wishes, preferredProvider: "a" });
    const raws = Object.entries(scores?.terms ?? {}).map(([term, { raw }]) => [term, raw]);
    expect(Object.fromEntries(raws)).toEqual({
      ...{ cost: 0.5, latency: 1000, reliability: 0.9, load: 2, priority: 3 },
    });
    expect(scores?.bonus).toBe(0.2);
    expect(scored([one], wishes)[0]?.bonus).toBe(0);
  });

  it("has a bonus for the preferred provider, and stays within 0 and 1", () => {
    const slow = endpoint("slow", { latencyMs: 2500 });
    expect(order([endpoint("fast"), slow])).toEqual(["fast", "slow"]);
    expect(
      order([endpoint("fast", { latencyMs: 1500 }), slow], { preferredProvider: "slow" }),
    ).toEqual(["slow", "fast"]);
    expect(scored([endpoint("a")], { ...wishes, preferredProvider: "a" })[0]?.score).toBe(1);
  });

  it("follows a provider's own weights", () => {
    const endpoints = [endpoint("a", { latencyMs: 5000 }), endpoint("b", { latencyMs: 4000 })];
    const weightsByProvider = new Map([["a", { latency: 0 }]]);
    expect(order(endpoints)).toEqual(["b", "a"]);
    expect(order(endpoints, { weightsByProvider })).toEqual(["a", "b"]);
  });

  it("is the terms' mean when all weights are 0", () => {
    const weights = { cost: 0, latency: 0, reliability: 0, load: 0, priority: 0 };
    expect(scored([endpoint("a", { latencyMs: 5000 })], { weights })[0]?.score).toBeCloseTo(
      0.8,
      12,
    );
  });
});

describe("the index of the best", () => {
  it("is that of the first of all scores, whatever is known of the endpoints", () => {
    const rng = seededRng(7);
    const maybe = (value: number) => (rng.next() < 0.2 ? undefined : value);
    for (let round = 0; round < 300; round += 1) {
      const endpoints = Array.from({ length: 1 + Math.floor(rng.next() * 6) }, (_, index) =>
        endpoint(`e${index}`, {
          provider: `p${Math.floor(rng.next() * 3)}`,
          priority: 1 + Math.floor(rng.next() * 3),
          inFlight: Math.floor(rng.next() * 10),
          latencyMs: maybe(6_000 * rng.next()),
          successRate: maybe(rng.next()),
          cost: maybe(rng.next()),
        }),
      );
      const wishes = {
        weights: defaultWeights,
        weightsByProvider: new Map([["p1", { cost: 90, latency: 0 }]]),
        preferredProvider: "p2",
      };
      const best = endpoints[indexOfBest(endpoints, wishes)];
      expect(best?.id).toBe(scored(endpoints, wishes)[0]?.id);
    }
    expect(indexOfBest([], wishes)).toBe(-1);
    expect(indexOfBest([endpoint("a"), endpoint("b")], wishes)).toBe(0);
  });
});
