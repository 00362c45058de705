/** A dispatch over one pool in virtual time, whose endpoints do as a test says. */

import type { Standing } from "#core/fitness.ts";
import { seededRng } from "#core/rng.ts";
import { reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import type { PooledBackend } from "#pool/member.ts";
import type { PlaceQueueOptions } from "#pool/place-queue.ts";
import { Pool } from "#pool/pool.ts";
import type { AttemptReport } from "#routing/attempt.ts";
import { createDispatch, type DispatchDeps, type RoutedCall } from "#routing/dispatch.ts";
import { type RouteStrategy, StrategyNode } from "#routing/strategy-route.ts";
import { treeRoute } from "#routing/tree.ts";
import { unlimitedBudgets } from "./budgets.ts";
import { createManualClock } from "./manual-clock.ts";

/** An endpoint of the test's. */
export interface TestBackend extends PooledBackend {
  readonly name: string;
}

/** What a setting is made of. */
export interface DispatchSettings {
  readonly endpoints?: number;
  readonly retryAttempts?: number;
  readonly hedgeMs?: number;
  readonly strategy?: RouteStrategy;
  readonly budgets?: DispatchDeps["budgets"];
  /** What every pause takes of its bound; 1 makes it the whole. */
  readonly jitter?: number;
  /** How the keys of an endpoint stand. */
  standing?(name: string): Standing;
  /** Calls that each endpoint may have at one time, and those that may wait for it. */
  readonly concurrentMax?: number;
  readonly queue?: PlaceQueueOptions;
}

/** A pool `gpu` of endpoints gpu-1, gpu-2, … and a route over it for the model `m`. */
export function dispatchSetting({
  endpoints = 2,
  retryAttempts = 3,
  hedgeMs,
  strategy = "round_robin",
  budgets = unlimitedBudgets(),
  jitter = 1,
  standing,
  concurrentMax,
  queue,
}: DispatchSettings = {}) {
  const clock = createManualClock();
  const reports: AttemptReport[] = [];
  const extra: string[] = [];
  const answered: string[] = [];
  const queueEnds: string[] = [];
  const memberOf = (name: string) => {
    const backend: TestBackend = {
      name,
      check: async () => {},
      ...(standing === undefined ? {} : { standing: () => standing(name) }),
      [Symbol.asyncDispose]: async () => {},
    };
    return { id: name, weight: 1, backend };
  };
  const members = Array.from({ length: endpoints }, (_, index) => memberOf(`gpu-${index + 1}`));
  const rng = seededRng(7);
  const pool = new Pool(
    {
      ...{ name: "gpu", members, healthIntervalMs: 3_600_000, healthTimeoutMs: 1_000 },
      ...(concurrentMax === undefined ? {} : { concurrentMax }),
      ...(queue === undefined ? {} : { queue }),
    },
    {
      ...{ clock, rng },
      queueWatch: {
        onChange() {},
        onEnd: (end) => queueEnds.push(end),
        onFull: () => queueEnds.push("full"),
      },
    },
  );
  const dispatch = createDispatch({
    clock,
    rng: { next: () => jitter },
    budgets,
    onAttempt: () => (report) => reports.push(report),
    onExtra: (kind, denied) => extra.push(denied ? `${kind} denied` : kind),
  });
  const node = new StrategyNode({
    name: "route",
    strategy,
    targets: [{ pool, model: "m", weight: 1, costOf: () => undefined }],
    wishes: { weights: { cost: 1, latency: 1, reliability: 1, load: 1, priority: 1 } },
    hasAffinity: false,
    rng,
    ...(hedgeMs === undefined ? {} : { hedgeMs }),
  });
  const route = treeRoute(node, { promptTokens: 1, outputTokens: 1 }, { retryAttempts });
  const call = (more: Partial<RoutedCall> = {}): RoutedCall => ({
    signal: new AbortController().signal,
    requestId: "r",
    watch: { answered: ({ endpoint }) => answered.push(endpoint) },
    ...more,
  });
  return {
    clock,
    pool,
    dispatch,
    route,
    call,
    extra,
    answered,
    queueEnds,
    memberOf,
    reports,
    outcomes: () => reports.map(({ endpoint, outcome }) => `${endpoint}:${outcome}`),
    inFlight: () => pool.snapshot().reduce((sum, { inFlight }) => sum + inFlight, 0),
  };
}

/** What a promise comes to, as text: its value, or the reason and the attempts of its fault. */
export async function endOf(work: Promise<unknown>): Promise<string> {
  return await work.then(String, (thrown: unknown) => {
    const error = faultFrom(thrown);
    const attempts = error.findDetails(ErrorInfoSchema)[0]?.metadata.attempts;
    return `${reasonOf(error)} (${attempts ?? ""})`;
  });
}
