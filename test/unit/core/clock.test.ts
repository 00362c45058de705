import { describe, expect, test } from "vitest";
import { systemClock, timeLimit } from "#core/clock.ts";

/** Timers that keep the process alive. */
const timers = () => process.getActiveResourcesInfo().filter((each) => each === "Timeout").length;

describe("sleep", () => {
  test.each([
    ["with a signal", new AbortController().signal],
    ["without one", undefined],
  ])("does not keep the process alive, %s", (_, signal) => {
    const before = timers();
    void systemClock.sleep(60_000, signal);
    expect(timers()).toBe(before);
  });

  test("rejects with the signal's own reason", async () => {
    const reason = new Error("enough");
    await expect(systemClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  test("resolves when the time is over", async () => {
    await expect(systemClock.sleep(1)).resolves.toBeUndefined();
  });
});

describe("timeLimit", () => {
  test("aborts with a TimeoutError when the time is over", async () => {
    using limit = timeLimit(1, new AbortController().signal);
    await new Promise((resolve) => limit.signal.addEventListener("abort", resolve));
    expect(limit.signal.reason).toMatchObject({
      name: "TimeoutError",
      message: "the limit of 1 ms passed",
    });
  });

  test("follows its parent, with the parent's reason", () => {
    const parent = new AbortController();
    using limit = timeLimit(60_000, parent.signal);
    parent.abort("gone");
    expect(limit.signal.reason).toBe("gone");
  });

  test("begins aborted when its parent is", () => {
    using limit = timeLimit(60_000, AbortSignal.abort("gone"));
    expect(limit.signal.reason).toBe("gone");
  });

  test("leaves no timer once its scope has ended", () => {
    const before = timers();
    const limit = timeLimit(60_000, new AbortController().signal);
    expect(timers()).toBe(before + 1);
    limit[Symbol.dispose]();
    expect(timers()).toBe(before);
  });

  test("no longer follows once its scope has ended", () => {
    const parent = new AbortController();
    const limit = timeLimit(60_000, parent.signal);
    limit[Symbol.dispose]();
    parent.abort("gone");
    expect(limit.signal.aborted).toBe(false);
  });
});
