import { describe, expect, test } from "vitest";
import { systemClock, timeLimit } from "#core/clock.ts";

describe("sleep", () => {
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
    expect(limit.signal.reason).toMatchObject({ name: "TimeoutError" });
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

  test("no longer follows once its scope has ended", () => {
    const parent = new AbortController();
    const limit = timeLimit(60_000, parent.signal);
    limit[Symbol.dispose]();
    parent.abort("gone");
    expect(limit.signal.aborted).toBe(false);
  });
});
