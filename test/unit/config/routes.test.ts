import { describe, expect, it } from "vitest";
import { routesFrom, routesSchema } from "#config/routes.ts";

function load(file: unknown) {
  const problems: string[] = [];
  const routes = routesFrom(
    routesSchema.parse(file),
    new Set(["openai", "gpu"]),
    (path, message) => {
      problems.push(`${path.join(".")}: ${message}`);
    },
  );
  return { routes, problems };
}

describe("routes", () => {
  it("are strategies, fallbacks, splits and aliases, and lead to each other by name", () => {
    const { routes, problems } = load({
      fast: {
        scored: [
          { provider: "openai", model: "small" },
          { provider: "gpu", weight: 2 },
        ],
        max_latency: "2s",
      },
      careful: {
        fallback: [
          { provider: "openai", model: "large" },
          { provider: "openai", model: "huge", on: ["context_window"] },
          { to: "canary", on: ["content_policy"] },
          "fast",
        ],
        on: ["overload", "context_window"],
        hedge: "800ms",
        mirror: { to: "fast", share: "1%" },
        on_client_disconnect: "drain",
        drain_time: "5s",
        drain_calls: 4,
      },
      canary: {
        split: [
          { weight: 95, to: "fast" },
          { weight: 5, to: "gpu/qwen3" },
        ],
      },
      alias: "careful",
    });
    expect(problems).toEqual([]);
    expect(routes).toMatchObject({
      fast: {
        kind: "strategy",
        strategy: "scored",
        targets: [{ model: "small" }, { weight: 2 }],
        latencyMsMax: 2000,
      },
      careful: {
        kind: "fallback",
        steps: [
          { child: { targets: [{ model: "large" }] } },
          { child: { targets: [{ model: "huge" }] }, on: ["context_window"] },
          { child: { kind: "reference", to: "canary" }, on: ["content_policy"] },
          { child: { kind: "reference", to: "fast" } },
        ],
        on: ["overload", "context_window"],
        hedgeMs: 800,
        mirror: { child: { kind: "reference", to: "fast" }, share: 0.01 },
        drain: { timeMs: 5_000, callsMax: 4 },
      },
      canary: {
        kind: "split",
        shares: [{ weight: 95 }, { child: { targets: [{ provider: "gpu", model: "qwen3" }] } }],
      },
      alias: { kind: "reference", to: "careful" },
    });
  });

  it("drain for a minute, 32 calls at one time, unless they say otherwise", () => {
    const { routes } = load({
      a: { scored: [{ provider: "gpu" }], on_client_disconnect: "drain" },
      b: { scored: [{ provider: "gpu" }], on_client_disconnect: "cancel" },
    });
    expect(routes).toMatchObject({ a: { drain: { timeMs: 60_000, callsMax: 32 } } });
    expect(routes.b).not.toHaveProperty("drain");
  });

  it.each([
    [
      "an unknown provider",
      { a: { scored: [{ provider: "opnai" }] } },
      'routes.a.scored.0.provider: there is no provider "opnai"',
    ],
    [
      "an unknown step",
      { a: { fallback: ["gpu", { to: "b", on: ["quota"] }] } },
      'routes.a.fallback.1.to: "b" is neither a route nor a provider',
    ],
    [
      "an unknown name",
      { a: "nobody/model" },
      'routes.a: "nobody/model" is neither a route nor a provider',
    ],
    [
      "two forms at once",
      { a: { scored: [{ provider: "gpu" }], fallback: ["gpu"] } },
      "routes.a: takes exactly one of",
    ],
    ["none of them", { a: {} }, "routes.a: takes exactly one of"],
    [
      "`on` without a fallback",
      { a: { scored: [{ provider: "gpu" }], on: ["overload"] } },
      "routes.a.on: belongs to `fallback`",
    ],
    [
      "a time to drain of a route that cancels",
      { a: { scored: [{ provider: "gpu" }], on_client_disconnect: "cancel", drain_time: "5s" } },
      "routes.a.drain_time: belongs to `on_client_disconnect: drain`",
    ],
    [
      "calls to drain of a route that says nothing",
      { a: { scored: [{ provider: "gpu" }], drain_calls: 5 } },
      "routes.a.drain_calls: belongs to `on_client_disconnect: drain`",
    ],
    [
      "an unknown mirror",
      { a: { scored: [{ provider: "gpu" }], mirror: { to: "b", share: 0.5 } } },
      'routes.a.mirror.to: "b" is neither a route nor a provider',
    ],
    [
      "a circle through a mirror",
      { a: { scored: [{ provider: "gpu" }], mirror: { to: "b", share: "1%" } }, b: "a" },
      "routes.a: leads back to itself",
    ],
    [
      "a circle",
      { a: { fallback: ["b"] }, b: { fallback: ["a"] } },
      "routes.a: leads back to itself",
    ],
  ])("name %s with its place", (_name, file, problem) => {
    expect(load(file).problems.join("\n")).toContain(problem);
  });
});
