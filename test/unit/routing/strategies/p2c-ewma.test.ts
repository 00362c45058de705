import { describe, expect, it } from "vitest";
import { seededRng } from "#core/rng.ts";
import type { EndpointSnapshot } from "#pool/endpoint-snapshot.ts";
import { p2cEwma } from "#routing/strategies/p2c-ewma.ts";

const endpoint = (id: string, more: Partial<EndpointSnapshot> = {}): EndpointSnapshot => ({
  id,
  provider: id,
  weight: 1,
  priority: 1,
  inFlight: 0,
  concurrentMax: 10,
  latencyMs: 100,
  successRate: 1,
  cost: undefined,
  ...more,
});

function shares(endpoints: EndpointSnapshot[], calls = 20_000): Record<string, number> {
  const rng = seededRng(7);
  const counts: Record<string, number> = {};
  for (let call = 0; call < calls; call += 1) {
    const { id } = p2cEwma(endpoints, rng);
    counts[id] = (counts[id] ?? 0) + 1 / calls;
  }
  return counts;
}

describe("power of two choices", () => {
  it("gives equals equal shares", () => {
    const counts = shares(["a", "b", "c", "d"].map((id) => endpoint(id)));
    for (const share of Object.values(counts)) expect(Math.abs(share - 0.25)).toBeLessThan(0.015);
  });

  it("never gives the worst of all a call, and the best 1 - (1 - 1/n)(1 - 1/(n-1))", () => {
    const endpoints = ["a", "b", "c", "d"].map((id, index) =>
      endpoint(id, { latencyMs: 100 + index }),
    );
    const counts = shares(endpoints);
    expect(counts.d).toBeUndefined();
    expect(Math.abs((counts.a ?? 0) - 0.5)).toBeLessThan(0.015);
    // Of the six pairs, each as likely as the others, b is the better one in two and c in one.
    expect(Math.abs((counts.b ?? 0) - 1 / 3)).toBeLessThan(0.015);
    expect(Math.abs((counts.c ?? 0) - 1 / 6)).toBeLessThan(0.015);
  });

  it("weighs calls under way and weights beside latency", () => {
    expect(
      shares([endpoint("busy", { inFlight: 3 }), endpoint("idle", { latencyMs: 300 })]),
    ).toEqual({ idle: expect.closeTo(1, 5) });
    expect(shares([endpoint("heavy", { weight: 4, latencyMs: 300 }), endpoint("light")])).toEqual({
      heavy: expect.closeTo(1, 5),
    });
  });

  it("tries whoever was never called, without flooding it", () => {
    const counts = shares([endpoint("seen"), endpoint("new", { latencyMs: undefined })]);
    expect(Math.abs((counts.new ?? 0) - 0.5)).toBeLessThan(0.02);
    expect(
      shares([endpoint("seen"), endpoint("new", { latencyMs: undefined, inFlight: 1 })]),
    ).toEqual({ seen: expect.closeTo(1, 5) });
  });

  it("gives the only one every call", () => {
    expect(shares([endpoint("a")], 100)).toEqual({ a: expect.closeTo(1, 5) });
  });

  it("takes whoever was never called for as fast as the fastest", () => {
    const unseen = endpoint("new", { latencyMs: undefined });
    const counts = shares([endpoint("fast"), endpoint("slow", { latencyMs: 1_000 }), unseen]);
    expect(Math.abs((counts.new ?? 0) - 0.5)).toBeLessThan(0.015);
    expect(counts.slow).toBeUndefined();
  });

  it("goes by load where nobody was ever called", () => {
    const unseen = { latencyMs: undefined };
    expect(
      shares([endpoint("busy", { ...unseen, inFlight: 3 }), endpoint("idle", unseen)]),
    ).toEqual({ idle: expect.closeTo(1, 5) });
  });
});
