/** A gate decides about each try before it begins: what it turns away costs nothing, and each exit is told of its try's end. */

import type { ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import { fault, infoMetadataOf, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { PooledBackend } from "#pool/member.ts";
import { Pool } from "#pool/pool.ts";
import { roundRobin } from "#routing/balancers/round-robin.ts";
import { createDispatch, type Gate, type RoutedCall } from "#routing/dispatch.ts";
import { poolNode } from "#routing/pool-route.ts";
import { FallbackNode, treeRoute } from "#routing/tree.ts";
import { unlimitedBudgets } from "../../support/budgets.ts";
import { createManualClock } from "../../support/manual-clock.ts";

interface NamedBackend extends PooledBackend {
  readonly name: string;
}

/** Two providers of two endpoints each, the second a fallback of the first; `refused` are turned away. */
function gated(refused: readonly string[], isLate: boolean, hedgeMs?: number) {
  const clock = createManualClock();
  const rng = seededRng(1);
  const extra: string[] = [];
  const pools = ["first", "second"].map((name) => {
    const members = [1, 2].map((index) => {
      const id = `${name}-${index}`;
      const backend: NamedBackend = {
        name: id,
        check: async () => {},
        [Symbol.asyncDispose]: async () => undefined,
      };
      return { id, weight: 1, backend };
    });
    const options = { name, members, healthIntervalMs: 10_000, healthTimeoutMs: 1_000 };
    return new Pool(options, { clock, rng });
  });
  const steps = pools.map((pool) => ({
    node: poolNode({ pool, balancer: roundRobin(), algorithm: "round_robin", rng }, "model"),
  }));
  const node = new FallbackNode("both", steps, hedgeMs === undefined ? {} : { hedgeMs });
  const route = treeRoute(node, { promptTokens: 1, outputTokens: 1 }, { retryAttempts: 1 });
  const dispatch = createDispatch({
    ...{ clock, rng, budgets: unlimitedBudgets() },
    onExtra: (kind, denied) => extra.push(denied ? `${kind} denied` : kind),
  });
  const asked: string[] = [];
  const exits: string[] = [];
  let isRefused = false;
  const gate: Gate = {
    enter(pool, model) {
      asked.push(`${pool}/${model}`);
      if (refused.includes("all")) throw fault("RATE_LIMITED", "nowhere");
      const isTurnedAway = refused.includes(pool);
      isRefused ||= isTurnedAway;
      const exit = isTurnedAway
        ? undefined
        : ({ endpoint, outcome }: { endpoint: string; outcome: string }) =>
            exits.push(`${endpoint}:${outcome}`);
      return isLate ? Promise.resolve(exit) : exit;
    },
    refusal: () => (isRefused ? fault("RATE_LIMITED", "no one is left") : undefined),
  };
  const leaving = new AbortController();
  const call: RoutedCall = { signal: leaving.signal, requestId: "r", gate };
  const inFlight = () =>
    pools.flatMap((pool) => pool.snapshot()).reduce((sum, member) => sum + member.inFlight, 0);
  const failures = () =>
    pools.flatMap((pool) => pool.members()).reduce((sum, { errors }) => sum + errors, 0);
  return { clock, route, dispatch, asked, exits, extra, call, leaving, inFlight, failures };
}

const named = async (backend: NamedBackend) => backend.name;

async function* streamed(backend: NamedBackend) {
  yield backend.name;
  yield "more";
}

describe.each([
  ["at once", false],
  ["later", true],
] as const)("a gate that decides %s", (_, isLate) => {
  test("sends a call past a provider that it turns away, without a retry or a failure", async () => {
    const { dispatch, route, call, asked, exits, extra, inFlight, failures } = gated(
      ["first"],
      isLate,
    );
    expect(await dispatch.call(route, named, call)).toBe("second-1");
    expect(asked).toEqual(["first/model", "first/model", "second/model"]);
    expect([exits, extra, inFlight(), failures()]).toEqual([["second-1:OK"], [], 0, 0]);
    expect(await Array.fromAsync(dispatch.stream(route, streamed, call))).toHaveLength(2);
    expect(exits).toEqual(["second-1:OK", "second-2:OK"]);
  });

  test("fails a call with its own refusal when it has turned away everybody", async () => {
    const { dispatch, route, call, exits, inFlight } = gated(["first", "second"], isLate);
    const error = await dispatch.call(route, named, call).catch(faultFrom);
    expect(error).toMatchObject({ rawMessage: "no one is left" });
    expect([exits, inFlight()]).toEqual([[], 0]);
  });

  test("fails a call that may go nowhere, and leaves no claim behind", async () => {
    const { dispatch, route, call, asked, inFlight } = gated(["all"], isLate);
    const error = await dispatch.call(route, named, call).catch(faultFrom);
    expect(error).toMatchObject({ rawMessage: "nowhere" });
    expect([asked, inFlight()]).toEqual([["first/model"], 0]);
  });

  test("is asked about each try, and told of each one's end", async () => {
    const { dispatch, route, call, asked, exits } = gated([], isLate);
    const work = async (backend: NamedBackend) => {
      if (backend.name.startsWith("first-1")) throw fault("BACKEND_LOST", "as the test says");
      return backend.name;
    };
    expect(await dispatch.call(route, work, call)).toBe("first-2");
    expect(asked).toHaveLength(2);
    expect(exits).toEqual(["first-1:BACKEND_LOST", "first-2:OK"]);
  });

  test.each([["all"], ["first", "second"]])(
    "ends a call whose retry it turns away (%s) with the fault that the try before had",
    async (...names) => {
      const refused: string[] = [];
      const { dispatch, route, call, exits, inFlight } = gated(refused, isLate);
      const work = async () => {
        refused.push(...names);
        throw fault("BACKEND_LOST", "as the test says");
      };
      const error = await dispatch.call(route, work, call).catch(faultFrom);
      expect(error).toMatchObject({ rawMessage: "as the test says" });
      expect(infoMetadataOf(error as ConnectError)).toMatchObject({
        attempts: "first-1:BACKEND_LOST",
      });
      expect([exits, inFlight()]).toEqual([["first-1:BACKEND_LOST"], 0]);
    },
  );

  test("is told of the end of a stream that its reader leaves", async () => {
    const { dispatch, route, call, exits, inFlight } = gated([], isLate);
    for await (const message of dispatch.stream(route, streamed, call)) {
      expect(message).toBe("first-1");
      break;
    }
    expect([exits, inFlight()]).toEqual([["first-1:CANCELLED"], 0]);
  });
});

test("a call that is left while its gate decides is let in and ended", async () => {
  const { dispatch, route, call, leaving, exits, inFlight } = gated([], true);
  const work = dispatch.call(route, named, call).catch(faultFrom);
  leaving.abort(new DOMException("the client left", "AbortError"));
  const error = await work;
  expect(error).not.toBe("first-1");
  expect(reasonOf(faultFrom(error))).toBe("CANCELLED");
  expect([exits, inFlight()]).toEqual([["first-1:CANCELLED"], 0]);
});

test.each([
  ["turns away", ["second"], false, ["first-1:OK"]],
  ["decides later about", [], true, []],
] as const)(
  "a hedge that its gate %s is left, and the call's own try goes on",
  async (_, refused, isLate, exits) => {
    const setting = gated(refused, isLate, 50);
    const { dispatch, route, clock } = setting;
    const hold = Promise.withResolvers<string>();
    const work = dispatch.call(route, () => hold.promise, setting.call);
    await clock.untilSleeping(1);
    await clock.advance(60);
    hold.resolve("own");
    expect(await work).toBe("own");
    await clock.advance(1);
    expect(setting.exits.filter((exit) => exit.endsWith(":OK")).length).toBe(1);
    expect(setting.exits).toEqual(expect.arrayContaining([...exits]));
    expect(setting.inFlight()).toBe(0);
  },
);
