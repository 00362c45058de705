/** Keys take turns; one that is refused or limited is left out, for itself or for a model alone. */

import { describe, expect, test } from "vitest";
import { KeyRing, tailOf } from "#backends/llm/key-ring.ts";
import { createManualClock } from "../../../support/manual-clock.ts";

const asideMs = 300_000;

function ringOf(...keys: string[]) {
  const clock = createManualClock();
  const ring = new KeyRing(keys, clock);
  /** Takes so many keys for a model, each of which does well. */
  const taken = (count: number, model = "m") =>
    Array.from({ length: count }, () => {
      const use = ring.take(model);
      use.end("OK");
      return use.key;
    });
  return { clock, ring, taken };
}

test("keys take turns", () => {
  expect(ringOf("a", "b", "c").taken(4)).toEqual(["a", "b", "c", "a"]);
});

test("a provider without keys has none to take, and is limited all the same", () => {
  const { ring } = ringOf();
  const use = ring.take("m");
  expect(use.key).toBeUndefined();
  use.end("BACKEND_RATE_LIMITED", 2_000);
  expect(ring.standing("m")).toEqual({ fitness: "resting", restMs: 2_000 });
});

describe.each(["BACKEND_CREDENTIAL", "BACKEND_QUOTA"] as const)("after %s", (reason) => {
  test("a key is left out for all models, tested by one call after a time, and longer when that fails", async () => {
    const { clock, ring, taken } = ringOf("a", "b");
    ring.take("m").end(reason);
    expect(taken(3, "other")).toEqual(["b", "b", "b"]);
    expect(ring.standing("m").fitness).toBe("fit");
    await clock.advance(asideMs);
    const testing = ["m", "m", "m"].map((model) => ring.take(model));
    expect(testing.map(({ key }) => key)).toEqual(["a", "b", "b"]);
    testing[0]?.end(reason);
    await clock.advance(2 * asideMs - 1);
    expect(taken(2)).toEqual(["b", "b"]);
    await clock.advance(1);
    expect(new Set(taken(2))).toEqual(new Set(["a", "b"]));
    // It did well: it is one of them again.
    expect(new Set(taken(2))).toEqual(new Set(["a", "b"]));
  });

  test("the only key is a last resort, not a wall", async () => {
    const { ring, taken } = ringOf("a");
    ring.take("m").end(reason);
    expect(ring.standing("m")).toEqual({ fitness: "ejected", restMs: 0 });
    // Whoever asks in spite of it, and succeeds, has shown that an operator mended it.
    expect(taken(1)).toEqual(["a"]);
    expect(ring.standing("m").fitness).toBe("fit");
  });
});

describe("a limit", () => {
  test("is that of one key and one model, for as long as the provider said", async () => {
    const { clock, ring, taken } = ringOf("a", "b");
    ring.take("m").end("BACKEND_RATE_LIMITED", 20_000);
    expect(taken(3)).toEqual(["b", "b", "b"]);
    expect(new Set(taken(2, "other"))).toEqual(new Set(["a", "b"]));
    await clock.advance(20_000);
    expect(new Set(taken(2))).toEqual(new Set(["a", "b"]));
  });

  test("without a word of its end is tried again after a second, then two, then four", async () => {
    const { clock, ring } = ringOf("a");
    for (const pauseMs of [1_000, 2_000, 4_000]) {
      ring.take("m").end("BACKEND_RATE_LIMITED");
      expect(ring.standing("m").fitness).toBe("ejected");
      await clock.advance(pauseMs - 1);
      expect(ring.standing("m").fitness).toBe("ejected");
      await clock.advance(1);
      expect(ring.standing("m").fitness).toBe("trial");
    }
  });

  test("of every key is the endpoint's rest, until the first of them is free", () => {
    const { ring } = ringOf("a", "b");
    ring.take("m").end("BACKEND_RATE_LIMITED", 20_000);
    ring.take("m").end("BACKEND_RATE_LIMITED", 5_000);
    expect(ring.standing("m")).toEqual({ fitness: "resting", restMs: 5_000 });
    expect(ring.standing("other").fitness).toBe("fit");
    // Asked all the same, it gives the key that is free soonest.
    expect(ring.take("m").key).toBe("b");
  });
});

test("failures that are not the key's leave it in its turn", () => {
  const { ring, taken } = ringOf("a", "b");
  for (const reason of ["BACKEND_FAILED", "BACKEND_LOST", "REQUEST_INVALID", undefined] as const) {
    ring.take("m").end(reason);
  }
  expect(taken(2)).toEqual(["a", "b"]);
});

test("models without end cost no memory without end: the oldest limit is forgotten", () => {
  const { ring } = ringOf("a");
  for (let model = 0; model <= 256; model += 1) {
    ring.take(`m${model}`).end("BACKEND_RATE_LIMITED", 60_000);
  }
  expect(ring.standing("m0").fitness).toBe("fit");
  expect(ring.standing("m1").fitness).toBe("resting");
  expect(ring.standing("m256").fitness).toBe("resting");
});

test("a log shows four characters of a key, and none of a short one", () => {
  expect(tailOf("sk-0123456789")).toBe("…6789");
  expect(tailOf("short")).toBe("…");
});
