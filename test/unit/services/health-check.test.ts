/** What a look at everything behind the gateway comes to: whose state counts, and how much. */

import { expect, test } from "vitest";
import { createMetrics } from "#metrics.ts";
import type { MemberSnapshot } from "#pool/member.ts";
import { createHealthCheck, type HealthCheckDeps } from "#services/health-check.ts";
import { createManualClock } from "../../support/manual-clock.ts";

type Kind = "healthy" | "unhealthy" | "unknown";

/** A pool whose members, by their ids, are so. */
function poolOf(name: string, members: Readonly<Record<string, Kind>>) {
  const snapshot = () =>
    Object.entries(members).map(([id, kind]) => ({
      ...{ id, isDraining: false },
      health: { kind, responseTimeMs: 3, error: `${id} is away` },
    })) as unknown as MemberSnapshot[];
  const candidates = () => snapshot().filter(({ health }) => health.kind !== "unhealthy");
  return { name, snapshot, candidates, refresh: async () => {} } as never;
}

interface Facts {
  readonly cores?: Readonly<Record<string, Kind>>;
  readonly providers?: Readonly<Record<string, Kind>>;
  readonly servers?: Readonly<Record<string, Kind>>;
  readonly models?: Readonly<Record<string, string>>;
  readonly twins?: readonly string[];
  readonly stores?: HealthCheckDeps["stores"];
  readonly chatKind?: string;
}

/** What is found where all is such; what is not named is not there. */
function look(facts: Facts = {}) {
  const { cores = { "core-1": "healthy" }, providers = {}, servers = {}, models = {} } = facts;
  const { twins = [], stores = () => new Map(), chatKind = "polyagent" } = facts;
  const localModels = () => Object.entries(models).map(([name, state]) => ({ name, state }));
  const groups = Object.entries(servers).map(([kind, health]) => ({
    kind,
    pool: poolOf(kind, { [`${kind}-1`]: health }),
  }));
  return createHealthCheck({
    predict: { kind: "onnx", localModels, groups } as never,
    ...{ pool: poolOf("cores", cores), chatKind, twins, queryPools: [], stores },
    providers: Object.entries(providers).map(([name, health]) => ({
      name,
      pool: poolOf(name, { [`${name}-1`]: health }),
    })),
    ...{ clock: createManualClock(), metrics: createMetrics() },
  })();
}

test("cores and models alone are all the services that there are, and nothing serves TensorFlow", async () => {
  const found = await look();
  expect(found.status).toBe("healthy");
  expect(Object.keys(found.services)).toEqual(["polyagent", "onnx"]);
  expect([found.servesTensorflow, found.predicts]).toEqual([false, true]);
  expect([found.coresAvailable, found.models]).toEqual([1, {}]);
});

test("providers and models are told by name, and each kind of server as a service", async () => {
  const found = await look({
    providers: { up: "healthy", down: "unhealthy" },
    models: { digits: "available", broken: "failed" },
    servers: { tensorflow: "healthy", oip: "unknown" },
  });
  expect(found.models).toEqual({
    ...{ up: "available", down: "unavailable" },
    ...{ digits: "available", broken: "failed" },
  });
  expect(found.services).toMatchObject({
    ...{ llm: { status: "degraded", responseTimeMs: 0 }, onnx: { status: "degraded" } },
    ...{ tensorflow: { status: "healthy" }, oip: { status: "healthy" } },
  });
  expect(found.servesTensorflow).toBe(true);
});

test("servers that are away serve no TensorFlow, and models of which none works predict nothing", async () => {
  const found = await look({ servers: { tensorflow: "unhealthy" }, models: { a: "failed" } });
  expect([found.servesTensorflow, found.predicts]).toEqual([false, false]);
  expect(found.status).toBe("unhealthy");
});

test("a twin is told as its own members are, those that DNS names among them; without one, as all cores", async () => {
  const cores = { "core-1": "healthy", "twin-1": "unhealthy", twinned: "healthy" } as const;
  expect((await look({ cores })).twin).toMatchObject({ status: "degraded" });
  expect((await look({ cores, twins: ["twin"] })).twin).toMatchObject({
    ...{ status: "unhealthy", error: "twin-1 is away" },
  });
  expect((await look({ cores, twins: ["core-1"] })).twin).toMatchObject({ status: "healthy" });
});

test.each([
  ["no provider answers, beside cores", { providers: { p: "unhealthy" } }, "degraded"],
  [
    "no provider answers, and nothing else does",
    { providers: { p: "unhealthy" }, chatKind: "embedded" },
    "unhealthy",
  ],
  ["servers of models are away", { servers: { oip: "unhealthy" } }, "degraded"],
  ["one of two cores is away", { cores: { a: "healthy", b: "unhealthy" } }, "degraded"],
  ["all cores are away", { cores: { a: "unhealthy" } }, "unhealthy"],
  ["nobody has been asked yet", { cores: { a: "unknown" } }, "healthy"],
] as const)("%s", async (_name, facts, status) => {
  expect((await look(facts)).status).toBe(status);
});
