/** Reloads run one after another, the newest reading wins, and what is not sound leaves the last good one. */

import { expect, test } from "vitest";
import type { Settings } from "#config/settings.ts";
import { sourceFacts } from "#config/source-facts.ts";
import { createMetrics } from "#metrics.ts";
import { createLogger } from "#observability/logger.ts";
import { type Reading, Reloads } from "#reload/reloads.ts";
import { loadYaml } from "../../support/config-folder.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const clock = createManualClock();

/** A reading of this text, as of a file that is not watched. */
function readingOf(yaml: string): Reading {
  const { sources, ...loaded } = loadYaml(yaml);
  return { ...loaded, facts: { ...sourceFacts(sources, clock.wallMs()), files: [] } };
}

const ttl = (seconds: number) => readingOf(`cache: { ttl: ${seconds}s }`);
const ttlOf = (settings: Settings) => settings.cache.ttlMs / 1000;

/** An owner over a source that a test sets, and a gateway that prepares when a test lets it. */
function started(files: readonly string[] = []) {
  const first = ttl(1);
  if (!first.ok) throw new Error("not sound");
  const metrics = createMetrics();
  const state = {
    now: first as Reading,
    taken: [] as number[],
    dropped: 0,
    gates: [] as PromiseWithResolvers<void>[],
    closing: [] as PromiseWithResolvers<void>[],
    isSlow: false,
    fixed: [] as string[],
    lines: [] as Record<string, unknown>[],
    renewals: 0,
    reads: 0,
  };
  const reloads = new Reloads(first.settings, {
    source: {
      started: { ...first.facts, files },
      read() {
        state.reads += 1;
        return state.now;
      },
    },
    fixedChanges: () => state.fixed,
    renewCertificates() {
      state.renewals += 1;
    },
    async prepare(settings) {
      const gate = Promise.withResolvers<void>();
      state.gates.push(gate);
      if (!state.isSlow) gate.resolve();
      await gate.promise;
      let isTaken = false;
      return {
        async take() {
          isTaken = true;
          state.taken.push(ttlOf(settings));
          const closed = Promise.withResolvers<void>();
          state.closing.push(closed);
          await closed.promise;
        },
        async [Symbol.asyncDispose]() {
          if (!isTaken) state.dropped += 1;
        },
      };
    },
    ...{ clock, metrics },
    logger: createLogger(
      { level: "debug", format: "json", output: "stdout" },
      { write: (line) => state.lines.push(JSON.parse(line)) },
    ),
  });
  return { state, reloads, metrics };
}

test("who asks while one runs waits for one more, which reads what is newest", async () => {
  const { state, reloads } = started();
  state.isSlow = true;
  state.now = ttl(2);
  const running = reloads.reload("call");
  await expect.poll(() => state.gates.length).toBe(1);
  state.now = ttl(3);
  const next = reloads.reload("call");
  expect(reloads.reload("signal")).toBe(next);
  state.now = ttl(4);
  state.gates[0]?.resolve();
  expect((await running).result).toBe("ok");
  await expect.poll(() => state.gates.length).toBe(2);
  state.gates[1]?.resolve();
  expect((await next).result).toBe("ok");
  expect(state.taken).toEqual([2, 4]);
  expect(reloads.inForce.generation).toBe(3);
});

test("a call that asks is answered while it is itself one of those that are waited for", async () => {
  const { state, reloads } = started();
  state.now = ttl(2);
  expect((await reloads.reload("call")).result).toBe("ok");
  expect(state.closing).toHaveLength(1);
});

test("from the start it is told what is in force, and since when", async () => {
  const { reloads, metrics } = started();
  const { hash } = reloads.inForce;
  expect(reloads.inForce).toMatchObject({
    ...{ file: "gateway.yaml", generation: 1, wallMs: clock.wallMs() },
    settings: { cache: { ttlMs: 1_000 } },
  });
  const text = await metrics.registry.metrics();
  expect(text).toContain("config_last_reload_successful 1");
  expect(text).toContain(
    `config_last_reload_success_timestamp_seconds ${Math.round(clock.wallMs() / 1_000)}`,
  );
  expect(text).toContain(`config_hash ${Number.parseInt(hash.slice(0, 12), 16)}`);
});

test("files are watched from the start", async () => {
  await using folder = await temporaryFolder();
  const file = await folder.write("gateway.yaml", "");
  const { state, reloads } = started([file]);
  await folder.write("gateway.yaml", "# changed");
  await expect
    .poll(async () => {
      await clock.advance(250);
      return state.reads;
    })
    .toBeGreaterThan(0);
  await reloads[Symbol.asyncDispose]();
});

test("settings that cannot be closed are told, and hold up nothing", async () => {
  const { state, reloads } = started();
  state.now = ttl(2);
  await reloads.reload("call");
  state.closing[0]?.reject(new Error("a bug"));
  await expect
    .poll(() => state.lines.map(({ msg }) => msg))
    .toContain("the settings before could not be closed");
  expect(state.lines.find(({ msg }) => String(msg).includes("before"))).toMatchObject({
    err: expect.objectContaining({ message: "a bug" }),
  });
  state.now = ttl(3);
  expect((await reloads.reload("call")).result).toBe("ok");
});

test("what is the same is not built again, but certificates are looked at", async () => {
  const { state, reloads } = started();
  expect(await reloads.reload("signal")).toMatchObject({
    ...{ result: "unchanged", problems: [], restart: [] },
  });
  expect([state.gates.length, state.renewals]).toEqual([0, 1]);
});

test("problems, settings that need a restart, and what cannot be built leave what is in force", async () => {
  const { state, reloads } = started();
  const { hash } = reloads.inForce;
  state.now = readingOf("cache: { ttl: soon }");
  expect(await reloads.reload("call")).toMatchObject({
    result: "invalid",
    problems: [expect.stringMatching(/^gateway\.yaml:1:15: cache\.ttl: /)],
  });
  state.now = ttl(2);
  state.fixed = ["history"];
  expect(reloads.check()).toMatchObject({ result: "restart_needed", restart: ["history"] });
  expect(await reloads.reload("call")).toMatchObject({ restart: ["history"], problems: [] });
  state.fixed = [];
  state.isSlow = true;
  const failing = reloads.reload("call");
  await expect.poll(() => state.gates.length).toBe(1);
  state.gates[0]?.reject(new Error("no hook: token=abcdefghijkl"));
  expect(await failing).toMatchObject({
    result: "failed",
    problems: ["no hook: token=[redacted]"],
  });
  expect([state.taken, reloads.inForce.hash]).toEqual([[], hash]);
  expect(reloads.check().result).toBe("ok");
});

test("no more than twenty problems of one reading are told", async () => {
  const { state, reloads } = started();
  state.now = readingOf(Array.from({ length: 50 }, (_, index) => `k${index}: 1`).join("\n"));
  expect((await reloads.reload("call")).problems).toHaveLength(20);
});

test("settings that were replaced and still have calls are bounded: a further reload waits", async () => {
  const { state, reloads } = started();
  for (let count = 2; count <= 5; count += 1) {
    state.now = ttl(count);
    await reloads.reload("call");
  }
  state.now = ttl(6);
  let isDone = false;
  const waiting = reloads.reload("call").then(() => {
    isDone = true;
  });
  state.closing[2]?.resolve();
  await waiting;
  expect([isDone, state.taken]).toEqual([true, [2, 3, 4, 5, 6]]);
});

test("a gateway that stops takes nothing any more, and drops what was being built", async () => {
  const { state, reloads } = started();
  state.isSlow = true;
  state.now = ttl(2);
  const running = reloads.reload("call");
  await expect.poll(() => state.gates.length).toBe(1);
  const stopped = reloads[Symbol.asyncDispose]();
  state.gates[0]?.resolve();
  await stopped;
  expect((await running).result).toBe("failed");
  expect((await reloads.reload("signal")).result).toBe("failed");
  expect([state.taken, state.dropped]).toEqual([[], 1]);
});
