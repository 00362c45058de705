/** The hooks and the dashboard of `polygate/react`: on a server, and over a gateway's services. */

import { createRouterTransport } from "@connectrpc/connect";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { describe, expect, test } from "vitest";
import { StatsService } from "../../gen/polygate/v1/stats_pb.js";
import { concernsOf, totalsOf } from "../../src/react/figures.ts";
import { GatewayStore } from "../../src/react/gateway-store.ts";
import {
  PerformanceDashboard,
  type PerformanceMonitoring,
  PolygateProvider,
  type ProviderSelection,
  usePerformanceMonitoring,
  useProviderSelection,
} from "../../src/react/index.ts";

const stats = { totalRequests: 4, successRate: 0.5, avgLatencyMs: 20, totalCost: 0.25 };

/** A gateway that counts calls, and fails where it is told to. */
function counting() {
  const seen = { calls: 0, fails: false };
  const transport = createRouterTransport(({ rpc }) => {
    rpc(StatsService.method.getPerformance, ({ hours }) => {
      seen.calls += 1;
      if (seen.fails) throw new Error("away");
      return { hours: hours ?? 24, providerStats: { openai: stats } };
    });
  });
  return { seen, transport };
}

/** What the hooks gave to `Page` at its last render. */
let given: Partial<ProviderSelection & PerformanceMonitoring> = {};

/** A component over both hooks. */
function Page() {
  const { provider, model, score, selectProvider } = useProviderSelection("chat");
  const { metrics, isLoading, refresh } = usePerformanceMonitoring(30_000);
  given = { provider, model, score, selectProvider, metrics, isLoading, refresh };
  return null;
}

describe("on a server", () => {
  test("the dashboard renders as it begins: no window, no call", () => {
    expect(globalThis.window).toBeUndefined();
    const { seen, transport } = counting();
    const props = { autoRefreshInterval: 30_000, className: "my-custom-class" };
    const dashboard = createElement(PerformanceDashboard, props);
    const html = renderToString(createElement(PolygateProvider, { transport }, dashboard));
    expect(html).toMatch(/^<section class="pg-dashboard my-custom-class"/);
    expect(html).toContain("Loading…");
    expect(seen.calls).toBe(0);
    expect(renderToString(dashboard)).toContain("Loading…");
  });

  test("the hooks give everything that is documented, and nothing is known yet", () => {
    renderToString(createElement(Page));
    expect(given).toEqual({
      ...{ provider: undefined, model: undefined, score: undefined, metrics: undefined },
      ...{ isLoading: true, selectProvider: expect.any(Function), refresh: expect.any(Function) },
    });
  });
});

describe("the last hours", () => {
  test("are asked for once for all who listen, and once more for each who refreshes later", async () => {
    const { seen, transport } = counting();
    const topic = new GatewayStore(transport).performance(24);
    const ends = [0, 0, 0].map(() => topic.subscribe(() => {}, 0));
    await Promise.all([topic.refresh(), topic.refresh()]);
    expect(seen.calls).toBe(1);
    expect(topic.snapshot()).toMatchObject({
      ...{ isLoading: false, error: undefined },
      metrics: { providerStats: { openai: stats } },
    });
    await topic.refresh();
    expect(seen.calls).toBe(2);
    for (const end of ends) end();
  });

  test("stay known when a call fails, with the error beside them", async () => {
    const { seen, transport } = counting();
    const topic = new GatewayStore(transport).performance(1);
    const end = topic.subscribe(() => {}, 0);
    await topic.refresh();
    seen.fails = true;
    await topic.refresh();
    expect(topic.snapshot()).toMatchObject({ metrics: { hours: 1 }, error: expect.any(Error) });
    end();
  });

  test("are asked for no more when nobody listens, and again when somebody does", async () => {
    const { seen, transport } = counting();
    const topic = new GatewayStore(transport).performance(24);
    // As React does in its strict mode: mounted, unmounted, mounted.
    topic.subscribe(() => {}, 10)();
    const told = Promise.withResolvers<void>();
    const end = topic.subscribe(() => {
      if (topic.snapshot().metrics !== undefined) told.resolve();
    }, 0);
    await told.promise;
    end();
    const { calls } = seen;
    expect(calls).toBeLessThanOrEqual(2);
    expect(topic.snapshot().metrics).toBeDefined();
  });

  test("of a snapshot are one object until something changes, as React needs it", async () => {
    const { transport } = counting();
    const topic = new GatewayStore(transport).performance(24);
    await topic.refresh();
    expect(topic.snapshot()).toBe(topic.snapshot());
    expect(topic.serverSnapshot()).toBe(topic.serverSnapshot());
  });
});

describe("the figures", () => {
  test("are summed over providers, each call alike", () => {
    const providerStats = {
      a: { ...stats, totalRequests: 1, avgLatencyMs: 100, successRate: 0, totalCost: 1 },
      b: { ...stats, totalRequests: 3, avgLatencyMs: 20, successRate: 1, totalCost: 2 },
    };
    expect(totalsOf({ providerStats } as never)).toEqual({
      ...{ requests: 4, avgLatencyMs: 40, successRate: 0.75, cost: 3 },
    });
    expect(totalsOf({ providerStats: {} })).toMatchObject({ requests: 0, successRate: 1 });
  });

  test("mark what should be looked at: failures above 5 %, 10 s, a provider that is away", () => {
    const sound = { ...stats, successRate: 0.95, avgLatencyMs: 10_000, availability: 1 };
    expect(concernsOf(sound as never)).toEqual([]);
    const ill = { ...stats, successRate: 0.94, avgLatencyMs: 10_001, availability: 0 };
    expect(concernsOf(ill as never)).toHaveLength(3);
    expect(concernsOf({ ...ill, totalRequests: 0 } as never)).toEqual([]);
  });
});
