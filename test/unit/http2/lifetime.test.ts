/** A connection acts by itself when its time has come: to give up, to ask, to drain; the gravest first. */

import { describe, expect, test } from "vitest";
import { errorCode } from "#http2/error-code.ts";
import { Lifetime } from "#http2/lifetime.ts";
import { type ConnectionLimits, defaultLimits } from "#http2/limits.ts";

const limits: ConnectionLimits = {
  ...defaultLimits,
  handshakeTimeoutMs: 100,
  settingsTimeoutMs: 200,
  headerTimeoutMs: 300,
  keepAliveMs: 0,
  keepAliveTimeoutMs: 50,
  idleTimeoutMs: 0,
  ageMaxMs: 0,
};

function lifetime(more: Partial<ConnectionLimits> = {}, isServer = true): Lifetime {
  const one = new Lifetime({ ...limits, ...more }, isServer, 1_000);
  one.established = true;
  return one;
}

function dueAt(one: Lifetime, nowMs: number) {
  one.nowMs = nowMs;
  return one.due();
}

describe("a peer that keeps us waiting fails", () => {
  test("before its first SETTINGS", () => {
    const one = new Lifetime(limits, true, 1_000);
    expect(dueAt(one, 1_099)).toBeUndefined();
    expect(dueAt(one, 1_100)).toEqual({
      kind: "fail",
      code: errorCode.settingsTimeout,
      debug: "handshake_timeout",
    });
    one.established = true;
    expect(dueAt(one, 9_000)).toBeUndefined();
  });

  test("with the acknowledgement of SETTINGS", () => {
    const one = lifetime();
    one.settingsSentMs = 2_000;
    expect(dueAt(one, 2_199)).toBeUndefined();
    expect(dueAt(one, 2_200)).toEqual({
      kind: "fail",
      code: errorCode.settingsTimeout,
      debug: "settings_timeout",
    });
  });

  test("with the rest of a header block", () => {
    const one = lifetime();
    one.blockStartedMs = 2_000;
    expect(dueAt(one, 2_299)).toBeUndefined();
    expect(dueAt(one, 2_300)).toEqual({
      kind: "fail",
      code: errorCode.enhanceYourCalm,
      debug: "header_timeout",
    });
  });
});

describe("a silent peer", () => {
  test("is asked once, and fails when it does not answer in time", () => {
    const one = lifetime({ keepAliveMs: 500 });
    expect(dueAt(one, 1_499)).toBeUndefined();
    expect(dueAt(one, 1_500)).toEqual({ kind: "ask" });
    expect(dueAt(one, 1_549)).toBeUndefined();
    expect(dueAt(one, 1_550)).toEqual({
      kind: "fail",
      code: errorCode.noError,
      debug: "keepalive_timeout",
    });
  });

  test("that answers is asked again only after another silence", () => {
    const one = lifetime({ keepAliveMs: 500 });
    expect(dueAt(one, 1_500)).toEqual({ kind: "ask" });
    one.heardMs = 1_510;
    expect(dueAt(one, 1_560)).toBeUndefined();
    expect(dueAt(one, 2_009)).toBeUndefined();
    expect(dueAt(one, 2_010)).toEqual({ kind: "ask" });
  });

  test("is alive when it is heard in the very moment of the question", () => {
    const one = lifetime({ keepAliveMs: 500 });
    expect(dueAt(one, 1_500)).toEqual({ kind: "ask" });
    one.heardMs = 1_500;
    expect(dueAt(one, 1_550)).toBeUndefined();
  });

  test("is asked by a client only while a stream is open", () => {
    const one = lifetime({ keepAliveMs: 500 }, false);
    expect(dueAt(one, 5_000)).toBeUndefined();
    one.idleSinceMs = undefined;
    expect(dueAt(one, 5_001)).toEqual({ kind: "ask" });
  });

  test("is never asked where keep-alive is off", () => {
    expect(dueAt(lifetime(), 1e9)).toBeUndefined();
  });
});

describe("a connection retires", () => {
  test("at its age, were it busy", () => {
    const one = lifetime({ ageMaxMs: 10_000 });
    one.idleSinceMs = undefined;
    expect(dueAt(one, 10_999)).toBeUndefined();
    expect(dueAt(one, 11_000)).toEqual({ kind: "drain", reason: "max_age" });
  });

  test("when it was idle for so long", () => {
    const one = lifetime({ idleTimeoutMs: 10_000 });
    one.idleSinceMs = 3_000;
    expect(dueAt(one, 12_999)).toBeUndefined();
    expect(dueAt(one, 13_000)).toEqual({ kind: "drain", reason: "max_idle" });
    one.idleSinceMs = undefined;
    expect(dueAt(one, 1e9)).toBeUndefined();
  });

  test("without the answer to the drain's PING after five seconds, and is not drained twice", () => {
    const one = lifetime({ ageMaxMs: 1, idleTimeoutMs: 1 });
    one.drainStartedMs = 2_000;
    expect(dueAt(one, 6_999)).toBeUndefined();
    expect(dueAt(one, 7_000)).toEqual({ kind: "finish_drain" });
  });

  test("after whoever keeps it waiting has failed", () => {
    const one = lifetime({ keepAliveMs: 500, ageMaxMs: 1 });
    one.settingsSentMs = 1_000;
    expect(dueAt(one, 5_000)).toMatchObject({ debug: "settings_timeout" });
    one.settingsSentMs = undefined;
    expect(dueAt(one, 5_001)).toEqual({ kind: "ask" });
    one.heardMs = 5_002;
    expect(dueAt(one, 5_003)).toEqual({ kind: "drain", reason: "max_age" });
  });
});
