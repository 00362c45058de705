import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { createBell } from "#backends/onnx/bell.ts";
import { createInferenceQueue, type Inference } from "#backends/onnx/inference-queue.ts";
import { createManualClock } from "../../../support/manual-clock.ts";
import { refusal, tensor } from "../../../support/predict.ts";

const { signal } = new AbortController();

function inference(key: string, rows = 1, rowsMax = 4): Inference {
  const numbers = Array.from({ length: rows }, () => 0);
  return { key, inputs: [tensor("x", "FP32", [rows], numbers)], rowsMax };
}

function bench(queueMax = 16) {
  const clock = createManualClock();
  const bell = createBell();
  const queue = createInferenceQueue(queueMax, clock, bell);
  /** Adds and forgets the answer. */
  const add = (one: Inference) => void queue.add(one, signal).catch(() => undefined);
  const take = (...keys: string[]) =>
    queue
      .take((key) => keys.includes(key))
      .map((job) => `${job.inference.key}${job.rows === undefined ? "" : job.rows.count}`);
  return { clock, bell, queue, add, take };
}

describe("what is taken", () => {
  const rows = [
    {
      name: "the oldest first",
      waiting: [inference("a", 1, 1), inference("a", 1, 1)],
      takes: [["a"], ["a"]],
    },
    {
      name: "like ones with it, past others",
      waiting: [inference("a"), inference("b"), inference("a"), inference("b")],
      takes: [
        ["a1", "a1"],
        ["b1", "b1"],
      ],
    },
    {
      name: "no more rows than the oldest allows",
      waiting: [inference("a", 2), inference("a", 1), inference("a", 1), inference("a", 1)],
      takes: [["a2", "a1", "a1"], ["a1"]],
    },
    {
      name: "a smaller one in the place of one that does not fit",
      waiting: [inference("a", 3), inference("a", 2), inference("a", 1)],
      takes: [["a3", "a1"], ["a2"]],
    },
    {
      name: "one with too many rows alone",
      waiting: [inference("a", 9), inference("a", 1)],
      takes: [["a9"], ["a1"]],
    },
  ];
  for (const { name, waiting, takes } of rows) {
    test(name, () => {
      const { add, take } = bench();
      for (const one of waiting) add(one);
      expect(takes.map(() => take("a", "b"))).toEqual(takes);
      expect(take("a", "b")).toEqual([]);
    });
  }

  test("only what the taker can run", () => {
    const { add, take } = bench();
    add(inference("a"));
    add(inference("b"));
    expect(take("b")).toEqual(["b1"]);
    expect(take("b")).toEqual([]);
    expect(take("a")).toEqual(["a1"]);
  });
});

describe("time and count", () => {
  test("waiting time ends when the inference is taken", async () => {
    const { clock, queue } = bench();
    const answer = queue.add(inference("a"), signal);
    await clock.advance(30);
    const [job] = queue.take(() => true);
    await clock.advance(500);
    job?.answer([], 450);
    expect(await answer).toEqual({ outputs: [], queueMs: 30, computeMs: 450 });
  });

  test("one is queued, then running, then gone", () => {
    const { queue, add } = bench();
    add(inference("a"));
    expect(queue.stats()).toEqual({ queued: 1, running: 0, orphans: 0 });
    expect([queue.has("a"), queue.has("b")]).toEqual([true, false]);
    const [job] = queue.take(() => true);
    expect(queue.stats()).toEqual({ queued: 0, running: 1, orphans: 0 });
    expect(queue.has("a")).toBe(false);
    job?.answer([], 1);
    expect(queue.stats()).toEqual({ queued: 0, running: 0, orphans: 0 });
  });

  test("one whose caller left is an orphan until it is released, and late answers are ignored", async () => {
    const { queue } = bench();
    const controller = new AbortController();
    const answer = refusal(queue.add(inference("a"), controller.signal));
    const jobs = queue.take(() => true);
    controller.abort();
    expect(await answer).toMatchObject({ reason: "CANCELLED" });
    expect(queue.stats()).toEqual({ queued: 0, running: 0, orphans: 1 });
    expect(jobs[0]?.wanted).toBe(false);
    jobs[0]?.answer([], 1);
    queue.release(jobs);
    expect(queue.stats()).toEqual({ queued: 0, running: 0, orphans: 0 });
  });

  test("one that is over, however it ended, leaves nothing on its caller's signal", async () => {
    const { queue } = bench();
    const { signal: long } = new AbortController();
    const listeners = () => getEventListeners(long, "abort").length;
    const answers = ["answered", "failed", "rejected"].map((key) =>
      queue.add(inference(key), long).catch(() => undefined),
    );
    expect(listeners()).toBe(3);
    queue.take((key) => key === "answered")[0]?.answer([], 1);
    expect(listeners()).toBe(2);
    queue.take((key) => key === "failed")[0]?.fail(new Error("no"));
    expect(listeners()).toBe(1);
    queue.reject(
      () => true,
      () => new Error("no"),
    );
    expect(listeners()).toBe(0);
    await Promise.all(answers);
  });

  test("the limit counts those that wait, not those that run", async () => {
    const { queue, add } = bench(1);
    add(inference("a"));
    queue.take(() => true);
    add(inference("a"));
    expect(await refusal(queue.add(inference("a"), signal))).toMatchObject({
      reason: "OVERLOADED",
    });
  });
});

describe("the bell", () => {
  test("rings when one comes, is answered or gives up", async () => {
    const { bell, queue } = bench();
    const controller = new AbortController();
    const came = bell.rung();
    const gaveUp = refusal(queue.add(inference("a"), controller.signal));
    await came;
    const left = bell.rung();
    controller.abort();
    await left;
    await gaveUp;
    const answer = queue.add(inference("a"), signal);
    const answered = bell.rung();
    queue.take(() => true)[0]?.answer([], 1);
    await answered;
    await answer;
  });
});

test("what nobody can run is failed by its key, the rest waits on", async () => {
  const { queue, add } = bench();
  const lost = refusal(queue.add(inference("a"), signal));
  add(inference("b"));
  queue.reject(
    (key) => key === "a",
    (key) => new Error(`lost ${key}`),
  );
  expect(await lost).toEqual(new Error("lost a"));
  expect(queue.stats().queued).toBe(1);
});

describe("turns", () => {
  test("go by the time that models have had, however much each is asked", async () => {
    const { queue, add } = bench(100);
    for (let at = 0; at < 20; at++) add({ ...inference("heavy", 1, 1), group: "heavy" });
    const order: string[] = [];
    const run = () => {
      const [job] = queue.take(() => true);
      const key = job?.inference.key ?? "";
      order.push(key);
      job?.answer([], key === "heavy" ? 10 : 1);
    };
    run();
    for (let at = 0; at < 20; at++) add({ ...inference("light", 1, 1), group: "light" });
    for (let at = 0; at < 12; at++) run();
    // Ten milliseconds of the one are worth ten runs of the other, which take one each.
    expect(order.filter((key) => key === "heavy")).toHaveLength(2);
    expect(order.filter((key) => key === "light")).toHaveLength(11);
  });

  test("come to a model that is asked once while another floods the queue", () => {
    const { add, take } = bench(100);
    for (let at = 0; at < 50; at++) add({ ...inference("flood", 1, 1), group: "flood" });
    expect(take("flood", "once")).toEqual(["flood"]);
    add({ ...inference("once", 1, 1), group: "once" });
    expect(take("flood", "once")).toEqual(["once"]);
  });
});

describe("bounds", () => {
  test("count rows and not calls", async () => {
    const { queue, add } = bench(4);
    add(inference("a", 3, 8));
    expect(await refusal(queue.add(inference("a", 2, 8), signal))).toMatchObject({
      reason: "OVERLOADED",
      message: "3 inferences wait for a worker, and 2 more are over the limit of 4",
    });
    add(inference("a", 1, 8));
    expect(await refusal(queue.add(inference("a", 1, 8), signal))).toMatchObject({
      message: "4 inferences wait for a worker, which is the limit",
    });
    expect(queue.take(() => true)).toHaveLength(2);
    add(inference("a", 4, 8));
    expect(queue.stats()).toMatchObject({ queued: 1 });
  });

  test("are each model's own: one that fills its queue keeps no other out", async () => {
    const { queue, add } = bench(1);
    add({ ...inference("a#1"), group: "a" });
    expect(await refusal(queue.add({ ...inference("a#2"), group: "a" }, signal))).toMatchObject({
      reason: "OVERLOADED",
    });
    add({ ...inference("b#1"), group: "b" });
    expect(queue.stats()).toMatchObject({ queued: 2 });
  });

  test("let one alone pass that has more rows than may wait", () => {
    const { queue, add } = bench(2);
    add(inference("a", 8, 8));
    expect(queue.stats()).toMatchObject({ queued: 1 });
  });
});

describe("deadlines", () => {
  test("that have passed are seen when it would be begun: it never runs", async () => {
    const { clock, queue, add } = bench();
    const late = refusal(queue.add({ ...inference("a"), deadlineMs: 30 }, signal));
    add(inference("a"));
    await clock.advance(30);
    const batch = queue.take(() => true);
    expect(batch).toHaveLength(1);
    expect(await late).toMatchObject({ reason: "DEADLINE_EXCEEDED" });
  });

  test("of all that wait leave the turn to the next model", async () => {
    const { clock, queue, add } = bench();
    const late = refusal(queue.add({ ...inference("a"), deadlineMs: 30 }, signal));
    add(inference("b"));
    await clock.advance(31);
    expect(queue.take(() => true).map(({ inference: { key } }) => key)).toEqual(["b"]);
    expect(queue.take(() => true)).toEqual([]);
    expect(await late).toMatchObject({ reason: "DEADLINE_EXCEEDED" });
  });
});
