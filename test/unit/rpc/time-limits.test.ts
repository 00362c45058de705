import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Limited, TimeLimits } from "#rpc/time-limits.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Calls that write down whose time was up, and when. */
function watched(limitMs: number) {
  const limits = new TimeLimits(limitMs);
  const beganMs = performance.now();
  const told: string[] = [];
  const call = (name: string): Limited => ({
    limitedBefore: undefined,
    limitedAfter: undefined,
    limitAtMs: 0,
    timeOut: (ms) => told.push(`${name} ${performance.now() - beganMs} ${ms}`),
  });
  return { limits, told, call };
}

test("each call has the whole limit, whenever it began, under one timer", () => {
  const { limits, told, call } = watched(100);
  limits.add(call("a"));
  vi.advanceTimersByTime(30);
  limits.add(call("b"));
  limits.add(call("c"));
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(99);
  expect(told).toEqual(["a 100 100"]);
  vi.advanceTimersByTime(1);
  expect(told).toEqual(["a 100 100", "b 130 100", "c 130 100"]);
  expect(vi.getTimerCount()).toBe(0);
});

test("a call that begins once no other is left is limited like the first", () => {
  const { limits, told, call } = watched(100);
  limits.add(call("a"));
  vi.advanceTimersByTime(150);
  limits.add(call("b"));
  vi.advanceTimersByTime(100);
  expect(told).toEqual(["a 100 100", "b 250 100"]);
});

test.each(["first", "middle", "last"])(
  "a call that is over is not told: the %s of three",
  (name) => {
    const { limits, told, call } = watched(100);
    const calls = new Map(["first", "middle", "last"].map((each) => [each, call(each)]));
    for (const each of calls.values()) limits.add(each);
    const over = calls.get(name);
    if (over !== undefined) limits.delete(over);
    vi.advanceTimersByTime(100);
    const others = [...calls.keys()].filter((each) => each !== name);
    expect(told).toEqual(others.map((each) => `${each} 100 100`));
    expect([over?.limitedBefore, over?.limitedAfter]).toEqual([undefined, undefined]);
  },
);

test("a call that begins after all others have ended has its whole time, too", () => {
  const { limits, told, call } = watched(100);
  const early = call("early");
  limits.add(early);
  limits.delete(early);
  vi.advanceTimersByTime(60);
  limits.add(call("late"));
  vi.advanceTimersByTime(99);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(told).toEqual(["late 160 100"]);
});

test("a call may begin and end others while it is told", () => {
  const { limits, told, call } = watched(100);
  const second = call("second");
  const first = call("first");
  limits.add({
    ...first,
    timeOut() {
      limits.delete(second);
      limits.add(call("third"));
    },
  });
  limits.add(second);
  vi.advanceTimersByTime(200);
  expect(told).toEqual(["third 200 100"]);
});

test("however many calls begin as others are told, there is one timer", () => {
  const { limits, told, call } = watched(100);
  const begin = (name: string): void => {
    limits.add({
      ...call(name),
      timeOut() {
        told.push(name);
        if (told.length < 10) begin(`${name}'`);
        expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
      },
    });
  };
  begin("a");
  vi.advanceTimersByTime(30);
  begin("b");
  vi.advanceTimersByTime(1_000);
  expect(told.length).toBeGreaterThanOrEqual(10);
  expect(vi.getTimerCount()).toBe(0);
});
