import { describe, expect, it } from "vitest";
import { Breaker, defaultBreakerOptions as limits } from "#pool/breaker.ts";

function fail(breaker: Breaker, times: number, nowMs = 0): void {
  for (let count = 0; count < times; count += 1) breaker.end("failed", breaker.begin(nowMs), nowMs);
}

describe("a breaker", () => {
  it("opens after so many failures in a row, and one success between them keeps it closed", () => {
    const breaker = new Breaker();
    fail(breaker, limits.failuresMax - 1);
    breaker.end("ok", false, 0);
    fail(breaker, limits.failuresMax - 1);
    expect(breaker.state(0)).toBe("closed");
    fail(breaker, 1);
    expect(breaker.state(0)).toBe("open");
    expect(breaker.allows(0)).toBe(false);
  });

  it("opens at the share of failures in a window with enough calls", () => {
    const breaker = new Breaker();
    for (let call = 0; call < limits.callsMin; call += 1) {
      expect(breaker.state(0)).toBe("closed");
      breaker.end(call % 2 === 0 ? "ok" : "failed", false, 0);
    }
    expect(breaker.state(0)).toBe("open");
  });

  it("forgets failures of an earlier window", () => {
    const breaker = new Breaker({ ...limits, failuresMax: 1000 });
    for (let call = 0; call < limits.callsMin - 1; call += 1) breaker.end("failed", false, 0);
    breaker.end("failed", false, limits.windowMs + 1);
    expect(breaker.state(limits.windowMs + 1)).toBe("closed");
  });

  it("lets one call through when its time is up, closes when that succeeds", () => {
    const breaker = new Breaker();
    fail(breaker, limits.failuresMax);
    expect(breaker.state(limits.openMs - 1)).toBe("open");
    expect(breaker.state(limits.openMs)).toBe("half_open");
    expect(breaker.begin(limits.openMs)).toBe(true);
    expect(breaker.allows(limits.openMs)).toBe(false);
    breaker.end("ok", true, limits.openMs + 5);
    expect(breaker.state(limits.openMs + 5)).toBe("closed");
  });

  it("is open twice as long each time that the call fails, up to its bound", () => {
    const breaker = new Breaker();
    fail(breaker, limits.failuresMax);
    let nowMs = 0;
    for (let openMs = limits.openMs; openMs < 2 * limits.openMsMax; openMs *= 2) {
      nowMs += Math.min(openMs, limits.openMsMax);
      expect(breaker.state(nowMs - 1)).toBe("open");
      expect(breaker.begin(nowMs)).toBe(true);
      breaker.end("failed", true, nowMs);
    }
  });

  it("is given back its one call when that says nothing", () => {
    const breaker = new Breaker();
    fail(breaker, limits.failuresMax);
    breaker.end("ignored", breaker.begin(limits.openMs), limits.openMs);
    expect(breaker.allows(limits.openMs)).toBe(true);
    expect(breaker.state(limits.openMs)).toBe("half_open");
  });

  it("does not listen to calls from before it opened", () => {
    const breaker = new Breaker();
    fail(breaker, limits.failuresMax);
    breaker.end("ok", false, limits.openMs + 1);
    expect(breaker.state(limits.openMs + 1)).toBe("half_open");
  });

  it("stays open for as long as the endpoint asked", () => {
    const breaker = new Breaker();
    breaker.openFor(30_000, 0);
    expect(breaker.state(29_999)).toBe("open");
    expect(breaker.state(30_000)).toBe("half_open");
    breaker.reset();
    expect(breaker.state(0)).toBe("closed");
  });
});
