import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ProvenCredentials } from "#identity/proven-credentials.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const principal = { id: "a", authenticated: true, scopes: new Set<string>() };
const limits = { credentialsMax: 3, charactersMax: 10_000, addressesMax: 2, allAddressesMax: 4 };

function remembering(own = limits) {
  const clock = createManualClock();
  const proven = new ProvenCredentials(clock, own);
  const add = (credential: string, address = "192.0.2.1", validity = {}) =>
    proven.add(credential, "key", { found: { principal, ...validity }, address });
  return { clock, proven, add };
}

describe("what is remembered", () => {
  test("beyond the bound of credentials, not that which was found first", () => {
    const { proven, add } = remembering();
    for (const credential of ["a", "b", "c", "d"]) add(credential);
    expect(["a", "b", "c", "d"].map((one) => proven.find(one, "key") !== undefined)).toEqual([
      false,
      true,
      true,
      true,
    ]);
    expect([proven.size, proven.addresses]).toEqual([3, 3]);
  });

  test("of one credential so many addresses, and of all together no more than their bound", () => {
    const { proven, add } = remembering();
    add("a", "1");
    const a = proven.find("a", "key");
    for (const address of ["2", "3"]) if (a) proven.addAddress(a, address);
    expect([...(a?.addresses ?? [])]).toEqual(["2", "3"]);
    add("b", "1");
    const b = proven.find("b", "key");
    if (b) proven.addAddress(b, "2");
    expect(proven.addresses).toBe(4);
    add("c", "1");
    expect([proven.addresses, proven.size, proven.find("a", "key")]).toEqual([3, 2, undefined]);
  });

  test("what goes on with a credential ends when that is taken back or expires, and not when it is only to be looked up again", async () => {
    const { clock, proven, add } = remembering();
    let isCurrent = true;
    const kept = add("kept", "1", { isCurrent: () => isCurrent });
    const token = add("token", "1", { validMs: 10, expiresWallMs: clock.wallMs() + 1_000 });
    const password = add("password", "1", { validMs: 10 });
    const ended = () => [kept, token, password].map((one) => proven.hasEnded(one));
    await clock.advance(999);
    expect(ended()).toEqual([false, false, false]);
    isCurrent = false;
    await clock.advance(1);
    expect(ended()).toEqual([true, true, false]);
  });

  test("a credential as it is, whatever its letters: none is taken for another", () => {
    const { proven, add } = remembering();
    add("\u0141-key");
    expect(proven.find("\u0141-key", "key")?.principal).toBe(principal);
    expect(proven.find("A-key", "key")).toBeUndefined();
  });

  test("no more characters of tokens than their bound, however many are valid", () => {
    const proven = new ProvenCredentials(createManualClock());
    for (let token = 0; token < 2000; token += 1) {
      const text = String(token).padEnd(8000, "x");
      proven.add(text, "key", { found: { principal }, address: "1" });
    }
    expect(proven.size).toBe(Math.floor((4 * 1024 * 1024) / 8000));
    expect(proven.find("1999".padEnd(8000, "x"), "key")).toBeDefined();
  });

  test("two hundred credentials from two thousand addresses each stay within the bounds", () => {
    const proven = new ProvenCredentials(createManualClock());
    for (let token = 0; token < 200; token += 1) {
      const text = `token-${token}`;
      proven.add(text, "key", { found: { principal }, address: "first" });
      const known = proven.find(text, "key");
      for (let at = 0; at < 2000; at += 1) if (known) proven.addAddress(known, `2001:db8::${at}`);
    }
    expect(proven.addresses).toBeLessThanOrEqual(100_000);
    expect(proven.size).toBe(100);
  });

  test("a long credential by its digest, which is itself no credential", () => {
    const { proven, add } = remembering();
    const long = "x".repeat(5000);
    add(long);
    expect(proven.find(long, "key")).toBeDefined();
    const digest = createHash("sha256").update(`key\n${long}`).digest("base64");
    for (const text of [digest, `\n${digest}`.trim()]) {
      expect(proven.find(text, "key")).toBeUndefined();
    }
  });

  test("a password is not a key of the same text", () => {
    const { proven } = remembering();
    proven.add("YTpi", "basic", { found: { principal }, address: "1" });
    expect(proven.find("YTpi", "key")).toBeUndefined();
    expect(proven.find("YTpi", "basic")).toBeDefined();
  });
});

describe("how long", () => {
  test("as its store says, by monotonic time", async () => {
    const { clock, proven, add } = remembering();
    add("a", "1", { validMs: 1000 });
    await clock.advance(999);
    expect(proven.find("a", "key")).toBeDefined();
    await clock.advance(1);
    expect([proven.find("a", "key"), proven.size, proven.addresses]).toEqual([undefined, 0, 0]);
  });

  test("no longer than its store says when it is asked", () => {
    const { proven, add } = remembering();
    let isCurrent = true;
    add("a", "1", { isCurrent: () => isCurrent });
    expect(proven.find("a", "key")).toBeDefined();
    isCurrent = false;
    expect([proven.find("a", "key"), proven.size]).toEqual([undefined, 0]);
  });

  test("not beyond its end when the clock on the wall is set forward", () => {
    let wallMs = 1_000_000;
    const clock = { nowMs: () => 0, wallMs: () => wallMs };
    const proven = new ProvenCredentials(clock, limits);
    const found = { principal, validMs: 60_000, expiresWallMs: 1_060_000 };
    proven.add("a", "key", { found, address: "1" });
    wallMs += 59_999;
    expect(proven.find("a", "key")).toBeDefined();
    wallMs += 3_600_000;
    expect(proven.find("a", "key")).toBeUndefined();
  });

  test("not longer when the clock on the wall is set back", async () => {
    let nowMs = 0;
    const clock = { nowMs: () => nowMs, wallMs: () => -3_600_000 };
    const proven = new ProvenCredentials(clock, limits);
    proven.add("a", "key", {
      found: { principal, validMs: 1000, expiresWallMs: 1000 },
      address: "1",
    });
    nowMs = 1000;
    expect(proven.find("a", "key")).toBeUndefined();
  });
});
