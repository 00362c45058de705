/** The threads of a gateway, whatever ends while others start: in the end as many serve as are to, and no other exists. */

import { EventEmitter } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Crew, type CrewDeps } from "#workers/crew.ts";
import { LoadBoard } from "#workers/load-board.ts";
import type { GenerationFacts } from "#workers/messages.ts";
import type { PortMessage } from "#workers/port-calls.ts";
import { emptyStats } from "#workers/stats-merge.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const workers = 2;
/** Longer than any pause after a crash, and than all that a round of replacing waits for. */
const longMs = 60_000;

/** What a thread that has nothing to tell answers, where that is not nothing. */
const answers: Readonly<Record<string, unknown>> = { metrics: [], stats: emptyStats, pools: [] };

/** A thread that answers as it is told to: the start when `load` says so, all else at once. */
class ThreadDouble extends EventEmitter {
  readonly asked: string[] = [];
  isLoaded = false;
  isEnded = false;
  readonly #refused: ReadonlySet<string>;
  readonly #start = Promise.withResolvers<void>();

  constructor(refused: ReadonlySet<string>) {
    super();
    this.#refused = refused;
  }

  /** It has loaded. */
  load(): void {
    this.isLoaded = true;
    this.#start.resolve();
  }

  crash(): void {
    if (this.isEnded) return;
    this.emit("error", new Error("a fault that nobody catches"));
    this.#exit();
  }

  async postMessage({ kind, id, what }: PortMessage & { kind: "ask" }): Promise<void> {
    if (kind !== "ask") return;
    this.asked.push(what);
    if (what !== "metrics" && what !== "stats") await this.#start.promise;
    const error = { name: "Error", message: `${what} is refused` };
    const answer = this.#refused.has(what)
      ? { kind: "failure", id, error }
      : { kind: "answer", id, value: answers[what] };
    this.emit("message", answer);
  }

  async terminate(): Promise<number> {
    await turn();
    this.#exit();
    return 1;
  }

  #exit(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.emit("exit", 1);
  }
}

/** A crew over such threads, and what it reported. */
function setting() {
  const clock = createManualClock();
  const threads: ThreadDouble[] = [];
  const told: string[] = [];
  /** What threads that start from now on refuse. */
  const refused = new Set<string>();
  const note = (...words: readonly unknown[]) => void told.push(String(words.at(-1)));
  const starts: string[] = [];
  const failures: unknown[] = [];
  const ignored = { ended() {} };
  const metrics = {
    workers: { set() {} },
    workerStarts: { inc: ({ cause }: { cause: string }) => void starts.push(cause) },
    workerHandoverFailures: { inc: (labels: unknown) => void failures.push(labels) },
  };
  const deps = {
    clock,
    logger: { info: note, error: note, fatal: note },
    metrics,
    board: new LoadBoard(2 * workers),
    limits: { slots: 2 * workers },
    ...{ sessions: ignored, history: ignored, places: ignored },
    uploads: { ...ignored, answersFor: () => ({}) },
    onGivenUp: () => void told.push("given up"),
    startWorker() {
      const thread = new ThreadDouble(new Set(refused));
      threads.push(thread);
      return thread;
    },
  } as unknown as CrewDeps;
  const facts = { settings: { workers }, generation: 1 } as unknown as GenerationFacts;
  const crew = new Crew(facts, deps);
  return {
    ...{ clock, crew, threads, told, starts, failures, refused, facts },
    living: () => threads.filter(({ isEnded }) => !isEnded),
    /** So much time that all comes to rest that can. */
    async settle() {
      for (let step = 0; step < 20; step += 1) {
        await clock.advance(longMs / 20);
        await turn();
      }
    },
  };
}

/** The same, where the threads serve, and one that is to take the place of the first is loading. */
async function replacing() {
  const made = setting();
  const starting = made.crew.start();
  for (const thread of made.threads) thread.load();
  await starting;
  const [old] = made.threads as [ThreadDouble];
  const restarting = made.crew.restart();
  await turn();
  const successor = made.threads[2] as ThreadDouble;
  return { ...made, old, successor, restarting };
}

/** Whatever starts has loaded: as many serve as are to, and nobody else exists. */
async function expectWhole({ crew, living, settle }: ReturnType<typeof setting>) {
  await settle();
  for (let waiting = living(); waiting.some(({ isLoaded }) => !isLoaded); waiting = living()) {
    for (const thread of waiting) thread.load();
    await settle();
  }
  expect([crew.serving.length, living().length]).toEqual([workers, workers]);
}

test("a thread that crashes while its successor loads has that one in its place, and no other", async () => {
  const made = await replacing();
  made.old.crash();
  await made.clock.advance(0);
  expect(made.threads).toHaveLength(3);
  expect(made.told).toContain("thread crashed");
  await expectWhole(made);
  await made.restarting;
  expect(made.told).toContain("all threads are new");
  expect(made.starts).toEqual(["restart", "restart"]);
});

test("a successor that crashes is missed by nobody while the one before serves", async () => {
  const made = await replacing();
  made.successor.crash();
  await made.restarting;
  await expectWhole(made);
  expect(made.threads).toHaveLength(3);
  expect(made.told).not.toContain("thread crashed");
  expect(made.failures).toHaveLength(1);
});

test.each(["the one before", "the successor"])(
  "where a thread and its successor crash, %s first, one thread takes their place",
  async (first) => {
    const made = await replacing();
    const { old, successor } = made;
    for (const thread of first === "the successor" ? [successor, old] : [old, successor]) {
      thread.crash();
      await turn();
    }
    await made.restarting;
    await expectWhole(made);
    expect(made.threads).toHaveLength(4);
    expect(made.starts).toEqual(["crash"]);
  },
);

test("a successor that cannot start is a crash once the one before has crashed", async () => {
  const made = setting();
  const starting = made.crew.start();
  for (const thread of made.threads) thread.load();
  await starting;
  made.refused.add("ready");
  const restarting = made.crew.restart();
  await turn();
  made.threads[0]?.crash();
  made.refused.clear();
  made.threads[2]?.load();
  await restarting;
  await expectWhole(made);
  expect(made.told.filter((one) => one === "thread crashed")).toHaveLength(2);
  expect(made.failures).toEqual([]);
});

test("a stop while a successor loads waits for no load: that one is ended, those that serve drain", async () => {
  const made = await replacing();
  made.crew.stopStarting();
  await made.crew.askAll("finish");
  await made.restarting;
  expect(made.successor.isEnded).toBe(true);
  expect(made.old.asked).toContain("finish");
  expect(made.told).toEqual([]);
  expect(made.crew.serving).toHaveLength(workers);
  await made.crew[Symbol.asyncDispose]();
  expect(made.living()).toEqual([]);
});

test("a stop after a crash starts no thread", async () => {
  const made = await replacing();
  made.old.crash();
  made.crew.stopStarting();
  await made.settle();
  expect(made.threads).toHaveLength(3);
  await made.crew[Symbol.asyncDispose]();
  expect(made.living()).toEqual([]);
});

test("a thread that comes during a reload and cannot take the new settings does not serve by the old ones", async () => {
  const made = setting();
  const starting = made.crew.start();
  for (const thread of made.threads) thread.load();
  await starting;
  const next = { ...made.facts, generation: 2 };
  const prepared = await made.crew.prepare(next);
  made.refused.add("prepare");
  made.threads[0]?.crash();
  await made.clock.advance(0);
  made.refused.clear();
  const taking = made.crew.takePrepared(next, prepared);
  made.threads[2]?.load();
  await taking;
  await expectWhole(made);
  expect(made.crew.serving.map(({ generation }) => generation)).toEqual([2, 2]);
});

/** What may happen between two turns of the loop. */
const event = fc.oneof(
  fc.record({ do: fc.constantFrom("crash" as const, "load" as const), thread: fc.nat(9) }),
  fc.record({ do: fc.constantFrom("restart" as const, "wait" as const), thread: fc.constant(0) }),
);

test("whatever crashes, loads and is replaced in whatever order, as many threads serve in the end as are to", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 14 }), async (events) => {
      const made = setting();
      const starting = made.crew.start();
      for (const thread of made.threads) thread.load();
      await starting;
      let crashes = 0;
      for (const { do: act, thread } of events) {
        const living = made.living();
        if (act === "restart") void made.crew.restart();
        else if (act === "wait") await made.clock.advance(1_000);
        else if (act === "load") living[thread % living.length]?.load();
        // One more, and the process would give up.
        else if (crashes < 5) {
          crashes += 1;
          living[thread % living.length]?.crash();
        }
        await turn();
        expect(made.living().length).toBeLessThanOrEqual(2 * workers);
      }
      await expectWhole(made);
      await made.crew[Symbol.asyncDispose]();
    }),
    { numRuns: 200 },
  );
});
