/** Decisions tell what they rested on, dry runs rank by the same scores, and what is kept of both is bounded. */

import { describe, expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import type { EndpointState } from "#pool/endpoint-snapshot.ts";
import type { PooledBackend } from "#pool/member.ts";
import { Pool } from "#pool/pool.ts";
import type { AttemptStart } from "#routing/attempt.ts";
import { Decision } from "#routing/decision.ts";
import { DecisionLog } from "#routing/decision-log.ts";
import { select } from "#routing/selection.ts";
import { defaultWeights } from "#routing/strategies/scored.ts";
import {
  type RouteStrategy,
  StrategyNode,
  type StrategyRouteOptions,
} from "#routing/strategy-route.ts";
import { inTurn, type SurveyOption, sideBySide } from "#routing/survey.ts";
import { FallbackNode, SplitNode } from "#routing/tree.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { observed } from "../../support/observed.ts";

const ask = { promptTokens: 500, outputTokens: 500 };
const wishes = { weights: defaultWeights };

/** A pool of so many endpoints, and a node over it and others. */
function setting() {
  const clock = createManualClock();
  const rng = seededRng(5);
  const pool = (name: string, ids: readonly string[], priority = 1) =>
    new Pool<PooledBackend>(
      {
        ...{ name, priority, healthIntervalMs: 3_600_000, healthTimeoutMs: 1_000 },
        members: ids.map((id) => ({
          ...{ id, weight: 1 },
          backend: { check: async () => {}, [Symbol.asyncDispose]: async () => {} },
        })),
      },
      { clock, rng },
    );
  const node = (
    pools: readonly Pool<PooledBackend>[],
    more: Partial<StrategyRouteOptions<PooledBackend>> = {},
  ) =>
    new StrategyNode<PooledBackend>({
      ...{ name: "route", strategy: "scored" as RouteStrategy, wishes, hasAffinity: true, rng },
      targets: pools.map((one, index) => ({
        ...{ pool: one, model: `m-${one.name}`, weight: 1 },
        costOf: (read: number, write: number) => (index + 1) * (read + write),
      })),
      ...more,
    });
  return { clock, rng, pool, node };
}

describe("a decision", () => {
  test("has every candidate with the score that decided, and who was out", () => {
    const { pool, node } = setting();
    const [one, two] = [pool("one", ["one-1", "one-2"]), pool("two", ["two-1"])];
    one.drain(true, "one-2");
    for (let call = 0; call < 10; call += 1) {
      two.lease("two-1", "m-two").settle("failed", observed("m-two", 5));
    }
    const choice = node([one, two, pool("three", ["three-1"])])
      .walk(ask)
      .next();
    const { decision } = choice!;
    expect(
      decision.candidates().map(({ provider, endpoint, model }) => [provider, endpoint, model]),
    ).toEqual([
      ["one", "one-1", "m-one"],
      ["three", "three-1", "m-three"],
    ]);
    expect(decision.excluded.map(({ endpoint, reason }) => [endpoint, reason])).toEqual([
      ["one-2", "draining"],
      ["two-1", "breaker_open"],
    ]);
    expect([decision.route, decision.size, decision.by]).toEqual(["route", 4, "strategy"]);
    const scores = decision.candidates().map(({ scored }) => scored?.score);
    expect(decision.score).toBe(Math.max(...(scores as number[])));
  });

  test("says what decided: the only one, affinity, the strategy, or chance", () => {
    const { pool, node } = setting();
    const pools = [pool("one", ["one-1"]), pool("two", ["two-1"])];
    const by = (walk: ReturnType<ReturnType<typeof node>["walk"]>) => walk.next()?.decision.by;
    expect(by(node(pools.slice(0, 1)).walk(ask))).toBe("only_one");
    expect(by(node(pools).walk({ ...ask, affinityKey: "session" }))).toBe("affinity");
    const round = node(pools, { strategy: "round_robin" }).walk(ask).next();
    expect([round?.decision.by, round?.decision.score]).toEqual(["strategy", undefined]);
    expect(by(node(pools, { rng: { next: () => 0 } }).walk(ask))).toBe("exploration");
  });

  test("of a second try names the endpoint of the first as tried", () => {
    const { pool, node } = setting();
    const walk = node([pool("one", ["one-1"]), pool("two", ["two-1"])]).walk(ask);
    const first = walk.next()!;
    walk.failed(first, "BACKEND_LOST");
    const second = walk.next()!;
    expect(second.decision.excluded).toMatchObject([{ endpoint: first.lease.id, reason: "tried" }]);
  });

  test("names the bounds of the route that an endpoint breaks, with the numbers", () => {
    const { pool, node } = setting();
    const [one, two] = [pool("one", ["one-1"]), pool("two", ["two-1"])];
    one.lease("one-1", "m-one").settle("ok", observed("m-one", 900));
    const bounded = node([one, two, pool("three", ["three-1"])], {
      latencyMsMax: 500,
      costMax: 2_500,
    });
    expect(bounded.walk(ask).next()?.decision.excluded).toEqual([
      {
        provider: "one",
        endpoint: "one-1",
        model: "m-one",
        reason: "max_latency",
        value: 900,
        limit: 500,
      },
      {
        provider: "three",
        endpoint: "three-1",
        model: "m-three",
        reason: "max_cost",
        value: 3_000,
        limit: 2_500,
      },
    ]);
  });
});

describe("a dry run", () => {
  const wanted = { ...wishes, tokens: 1_000 };

  test("chooses whom a call of `scored` is given to, and claims nothing", () => {
    const { pool, node } = setting();
    const pools = [pool("one", ["one-1"], 2), pool("two", ["two-1"]), pool("three", ["three-1"])];
    const route = node(pools, { rng: { next: () => 0.5 } });
    const { ranked } = select(route.survey(ask), wanted);
    expect(pools.flatMap((one) => one.snapshot()).map(({ requests }) => requests)).toEqual([
      0, 0, 0,
    ]);
    const choice = route.walk(ask).next()!;
    expect(ranked[0]?.endpoint.id).toBe(choice.lease.id);
    expect(ranked[0]?.scored.score).toBe(choice.decision.score);
    expect(ranked.map(({ scored }) => scored.score)).toEqual(
      ranked.map(({ scored }) => scored.score).toSorted((a, b) => b - a),
    );
  });

  test("takes steps of a fallback in their order, and sides of a split together", () => {
    const { pool, node, rng } = setting();
    const [dear, cheap] = [
      node([pool("x", []), pool("dear", ["dear-1"])]),
      node([pool("cheap", ["cheap-1"])]),
    ];
    const idsOf = (route: Pick<typeof dear, "survey">) =>
      select(route.survey(ask), wanted).ranked.map(({ endpoint }) => endpoint.id);
    expect(idsOf(new FallbackNode("f", [{ node: dear }, { node: cheap }]))).toEqual([
      "dear-1",
      "cheap-1",
    ]);
    expect(idsOf(new FallbackNode("f", [{ node: cheap }, { node: dear }]))).toEqual([
      "cheap-1",
      "dear-1",
    ]);
    const shares = [dear, cheap].map((one) => ({ node: one, weight: 1 }));
    expect(idsOf(new SplitNode("s", shares, rng))).toEqual(["cheap-1", "dear-1"]);
    // The same endpoint on both sides is there once for each.
    const twice = [cheap, cheap].map((one) => ({ node: one, weight: 1 }));
    expect(idsOf(new SplitNode("s", twice, rng))).toEqual(["cheap-1", "cheap-1"]);
  });

  test("leaves out who is slower or more expensive than wished; what nobody knows is no obstacle", () => {
    const { pool, node } = setting();
    const [one, two] = [pool("one", ["one-1"]), pool("two", ["two-1"])];
    one.lease("one-1", "m-one").settle("ok", observed("m-one", 900));
    const survey = node([one, two]).survey(ask);
    const slow = select(survey, { ...wanted, latencyMsMax: 100 });
    expect([slow.ranked.map(({ endpoint }) => endpoint.id), slow.excluded]).toMatchObject([
      ["two-1"],
      [{ endpoint: "one-1", reason: "max_latency", value: 900, limit: 100 }],
    ]);
    const dear = select(survey, { ...wanted, tokenCostMax: 1.5 });
    expect(dear.excluded).toMatchObject([{ endpoint: "two-1", reason: "max_cost", value: 2 }]);
  });
});

test("decisions are kept within their number, bytes and 500 a second; the newest is passed on", async () => {
  const clock = createManualClock();
  const log = new DecisionLog(clock, { countMax: 5, bytesMax: 9_500 });
  const decision = (size: number) =>
    new Decision({
      ...{ route: "r", by: "strategy" as const, chosen: "k", scores: undefined, options: [] },
      excluded: Array.from({ length: size }, () => ({
        ...{ provider: "p", endpoint: "e", model: "m", reason: "draining" as const },
      })),
    });
  const start = (requestId: string, size = 0): AttemptStart => ({
    ...{ requestId, pool: "p", endpoint: "e", algorithm: "scored", model: "m", attempt: 1 },
    decision: decision(size),
  });
  const ids = () => [...log.ring.newestFirst()].map(({ start: { requestId } }) => requestId);
  for (const id of ["a", "b", "c", "d", "e", "f"]) log.add(start(id));
  expect(ids()).toEqual(["f", "e", "d", "c", "b"]);
  log.add(start("large", 15));
  expect(ids()).toEqual(["large"]);
  const watch = log.feed.watch(() => true, new AbortController().signal);
  await watch.next();
  log.add(start("watched"));
  expect((await watch.next()).value?.item?.start.requestId).toBe("watched");
  const busy = new DecisionLog(clock, { countMax: 5_000, bytesMax: 1e9 });
  for (let call = 0; call < 600; call += 1) busy.add(start("r"));
  expect(busy.ring.count).toBe(500);
  await clock.advance(1_000);
  busy.add(start("r"));
  expect(busy.ring.count).toBe(501);
});

describe("who is left of a survey", () => {
  const option = (id: string, state: Partial<EndpointState> = {}): SurveyOption => ({
    key: id,
    model: "m",
    endpoint: {
      ...{ id, provider: "p", weight: 1, priority: 1, inFlight: 0, concurrentMax: 10 },
      ...{ latencyMs: 100, leastMs: 100, successRate: 1, cost: 10, warmth: 1 },
      ...{ fitness: "fit", restMs: 0 },
      ...state,
    } as EndpointState,
  });
  const about = (endpoint: string) => ({ provider: "p", endpoint, model: "m" });
  const draining = { ...about("gone"), reason: "draining" as const };
  const selected = (options: readonly SurveyOption[], more = {}) => {
    const survey = { strategy: "scored", steps: [options], excluded: [draining] };
    const { ranked, excluded } = select(survey, { ...wishes, tokens: 10, ...more });
    return { ids: ranked.map(({ key }) => key), excluded: excluded.slice(1), first: excluded[0] };
  };

  test("are the fit ones and those on trial; the others are named with why, behind who was out before", () => {
    const states = ["fit", "trial", "ejected", "resting"] as const;
    const options = states.map((fitness) => option(fitness, { fitness, restMs: 7 }));
    expect(selected(options)).toEqual({
      ids: ["fit", "trial"],
      first: draining,
      excluded: [
        { ...about("ejected"), reason: "breaker_open" },
        { ...about("resting"), reason: "resting", value: 7 },
      ],
    });
  });

  test.each([
    ["the latency wished for", { latencyMsMax: 100 }],
    ["the price wished for", { tokenCostMax: 1 }],
  ])("are those that have just %s, or are better, or unknown", (_name, more) => {
    const better = option("better", { latencyMs: 50, cost: 5 });
    const unknown = option("unknown", { latencyMs: undefined, cost: undefined });
    const { ids, excluded } = selected([option("just"), better, unknown], more);
    expect([new Set(ids), excluded]).toEqual([new Set(["just", "better", "unknown"]), []]);
  });

  test("are not those that are slower or more expensive than wished, with the numbers", () => {
    expect(selected([option("a")], { latencyMsMax: 99 }).excluded).toEqual([
      { ...about("a"), reason: "max_latency", value: 100, limit: 99 },
    ]);
    expect(selected([option("a")], { tokenCostMax: 0.9 }).excluded).toEqual([
      { ...about("a"), reason: "max_cost", value: 1, limit: 0.9 },
    ]);
  });

  test("of surveys in turn or side by side are all of theirs, and those that are out of any", () => {
    const survey = (id: string, depth: number) => ({
      strategy: id,
      steps: Array.from({ length: depth }, (_, step) => [option(`${id}${step}`)]),
      excluded: [{ ...about(id), reason: "draining" as const }],
    });
    const keysOf = ({ steps }: { readonly steps: readonly (readonly SurveyOption[])[] }) =>
      steps.map((step) => step.map(({ key }) => key));
    const [one, two] = [survey("a", 1), survey("b", 2)];
    expect(keysOf(inTurn([one, two]))).toEqual([["a0"], ["b0"], ["b1"]]);
    expect(keysOf(sideBySide([one, two]))).toEqual([["0 a0", "1 b0"], ["1 b1"]]);
    for (const joined of [inTurn([one, two]), sideBySide([one, two])]) {
      expect(joined.strategy).toBe("a");
      expect(joined.excluded.map(({ endpoint }) => endpoint)).toEqual(["a", "b"]);
    }
  });
});

test("a decision counts 400 bytes, two a character of its model and 600 an endpoint", () => {
  const log = new DecisionLog(createManualClock());
  const excluded = [{ provider: "p", endpoint: "e", model: "m", reason: "draining" as const }];
  const facts = {
    route: "r",
    by: "strategy" as const,
    chosen: "k",
    scores: undefined,
    options: [],
  };
  log.add({
    ...{ requestId: "r", pool: "p", endpoint: "e", algorithm: "scored", attempt: 1 },
    ...{ model: "model", decision: new Decision({ ...facts, excluded }) },
  });
  expect(log.ring.bytes).toBe(400 + 2 * 5 + 600);
});
