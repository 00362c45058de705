import { describe, expect, it } from "vitest";
import { Breaker, defaultBreakerOptions as limits } from "#core/breaker.ts";

function fail(breaker: Breaker, times: number, nowMs = 0): void {
  for (let count = 0; count < times; count += 1) breaker.end("failed", breaker.begin(nowMs), nowMs);
}

describe("a breaker", () => {
  it("opens after so many failures in a row, and one success between them keeps it closed", () => {
    const breaker = new Breaker();
    fail(breaker, limits.failuresMax - 1);
    breaker.end("ok", "usual", 0);
    fail(breaker, limits.failuresMax - 1);
    expect(breaker.state(0)).toBe("closed");
    fail(breaker, 1);
    expect(breaker.state(0)).toBe("open");
    expect(breaker.fitness(0)).toBe("ejected");
  });

  it("opens at the share of failures in a window with enough calls", () => {
    const breaker = new Breaker();
    for (let call = 0; call < limits.callsMin; call += 1) {
      expect(breaker.state(0)).toBe("closed");
      breaker.end(call % 2 === 0 ? "ok" : "failed", "usual", 0);
    }
    expect(breaker.state(0)).toBe("open");
  });

  it("lets calls be as they are while it is closed", () => {
    const breaker = new Breaker();
    fail(breaker, limits.failuresMax - 1);
    expect([breaker.fitness(0), breaker.begin(0), breaker.restMs(0)]).toEqual(["fit", "usual", 0]);
  });

  it("stays closed below the share, however many calls there are", () => {
    const breaker = new Breaker();
    for (let call = 0; call < 10 * limits.callsMin; call += 1) {
      breaker.end(call % 3 === 2 ? "failed" : "ok", "usual", 0);
    }
    expect(breaker.state(0)).toBe("closed");
  });

  it("counts a window to its last millisecond", () => {
    const breaker = new Breaker({ ...limits, failuresMax: 1000 });
    for (let call = 0; call < limits.callsMin - 1; call += 1) breaker.end("failed", "usual", 0);
    breaker.end("failed", "usual", limits.windowMs);
    expect(breaker.state(limits.windowMs)).toBe("open");
  });

  it("begins to count anew when it has closed, and when it was reset", () => {
    const breaker = new Breaker();
    fail(breaker, limits.failuresMax);
    breaker.end("ok", breaker.begin(limits.openMs), limits.openMs);
    fail(breaker, limits.failuresMax - 1, limits.openMs);
    expect(breaker.state(limits.openMs)).toBe("closed");
    breaker.reset();
    fail(breaker, limits.failuresMax - 1, limits.openMs);
    expect(breaker.state(limits.openMs)).toBe("closed");
  });

  it("is not given back its one call by others that end", () => {
    const breaker = new Breaker();
    fail(breaker, limits.failuresMax);
    breaker.begin(limits.openMs);
    for (const ticket of ["usual", "forced"] as const) breaker.end("failed", ticket, limits.openMs);
    expect([breaker.fitness(limits.openMs), breaker.begin(limits.openMs)]).toEqual([
      "ejected",
      "forced",
    ]);
  });

  it("forgets failures of an earlier window", () => {
    const breaker = new Breaker({ ...limits, failuresMax: 1000 });
    for (let call = 0; call < limits.callsMin - 1; call += 1) breaker.end("failed", "usual", 0);
    breaker.end("failed", "usual", limits.windowMs + 1);
    expect(breaker.state(limits.windowMs + 1)).toBe("closed");
  });

  it("lets one call through when its time is up, closes when that succeeds", () => {
    const breaker = new Breaker();
    fail(breaker, limits.failuresMax);
    expect(breaker.state(limits.openMs - 1)).toBe("open");
    expect(breaker.state(limits.openMs)).toBe("half_open");
    expect(breaker.fitness(limits.openMs)).toBe("trial");
    expect(breaker.begin(limits.openMs)).toBe("trial");
    expect(breaker.fitness(limits.openMs)).toBe("ejected");
    breaker.end("ok", "trial", limits.openMs + 5);
    expect(breaker.state(limits.openMs + 5)).toBe("closed");
  });

  it("is open twice as long each time that the call fails, up to its bound", () => {
    const breaker = new Breaker();
    fail(breaker, limits.failuresMax);
    let nowMs = 0;
    for (let openMs = limits.openMs; openMs < 2 * limits.openMsMax; openMs *= 2) {
      nowMs += Math.min(openMs, limits.openMsMax);
      expect(breaker.state(nowMs - 1)).toBe("open");
      expect(breaker.begin(nowMs)).toBe("trial");
      breaker.end("failed", "trial", nowMs);
    }
  });

  it("is given back its one call when that says nothing", () => {
    const breaker = new Breaker();
    fail(breaker, limits.failuresMax);
    breaker.end("ignored", breaker.begin(limits.openMs), limits.openMs);
    expect(breaker.fitness(limits.openMs)).toBe("trial");
    expect(breaker.state(limits.openMs)).toBe("half_open");
  });

  it("does not listen to calls from before it opened", () => {
    const breaker = new Breaker();
    fail(breaker, limits.failuresMax);
    breaker.end("ok", "usual", limits.openMs + 1);
    expect(breaker.state(limits.openMs + 1)).toBe("half_open");
  });

  it("rests for as long as the endpoint asked, whatever else shows that it is there", () => {
    const breaker = new Breaker();
    breaker.openFor(30_000, 0);
    breaker.tryNow(10);
    expect(breaker.fitness(29_999)).toBe("resting");
    expect(breaker.restMs(10_000)).toBe(20_000);
    expect(breaker.fitness(30_000)).toBe("trial");
    expect(breaker.restMs(30_000)).toBe(0);
    breaker.reset();
    expect(breaker.state(0)).toBe("closed");
  });

  it("does not rest for less because of a later wish that ends earlier", () => {
    const breaker = new Breaker();
    breaker.openFor(30_000, 0);
    breaker.openFor(1_000, 5_000);
    expect(breaker.fitness(29_999)).toBe("resting");
  });

  it("rests for longer because of a later wish that ends later", () => {
    const breaker = new Breaker();
    breaker.openFor(30_000, 0);
    breaker.openFor(30_000, 10_000);
    expect([breaker.fitness(39_999), breaker.fitness(40_000)]).toEqual(["resting", "trial"]);
    expect(breaker.restMs(50_000)).toBe(0);
  });

  it("never rests longer than its bound", () => {
    const breaker = new Breaker();
    breaker.openFor(86_400_000, 0);
    expect(breaker.fitness(limits.openMsMax)).toBe("trial");
  });

  it("may be tested at once when a probe finds the endpoint well", () => {
    const breaker = new Breaker();
    fail(breaker, limits.failuresMax);
    breaker.tryNow(1);
    expect(breaker.fitness(1)).toBe("trial");
  });

  it("closes by a call that was sent in spite of it and went well; one that failed changes nothing", () => {
    const breaker = new Breaker();
    fail(breaker, limits.failuresMax);
    const ticket = breaker.begin(10);
    expect(ticket).toBe("forced");
    breaker.end("failed", ticket, 20);
    expect(breaker.state(limits.openMs - 1)).toBe("open");
    expect(breaker.state(limits.openMs)).toBe("half_open");
    breaker.end("ok", ticket, 30);
    expect(breaker.state(30)).toBe("closed");
  });

  it("is open longer when it opens again soon, and as at first when all was well for long", () => {
    const openAgain = (wellMs: number): number => {
      const breaker = new Breaker();
      fail(breaker, limits.failuresMax);
      breaker.end("ok", breaker.begin(limits.openMs), limits.openMs);
      const nowMs = limits.openMs + wellMs;
      fail(breaker, limits.failuresMax, nowMs);
      return breaker.restMs(nowMs);
    };
    expect(openAgain(10 * limits.openMs)).toBe(2 * limits.openMs);
    expect(openAgain(10 * limits.openMs + 1)).toBe(limits.openMs);
  });

  it("gives a tenth of the calls after it has closed, then ever more, then all", () => {
    const breaker = new Breaker();
    expect(breaker.warmth(0)).toBe(1);
    fail(breaker, limits.failuresMax);
    breaker.end("ok", breaker.begin(limits.openMs), limits.openMs);
    const warmth = (ms: number) => breaker.warmth(limits.openMs + ms);
    expect([0, 0.5, 1, 2].map((share) => warmth(share * limits.slowStartMs))).toEqual([
      0.1, 0.5, 1, 1,
    ]);
  });
});
