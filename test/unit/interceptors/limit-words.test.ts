/** Limits in the words of clients. */

import { describe, expect, test } from "vitest";
import { infoMetadataOf, reasonOf, retryAfterMsFrom } from "#errors/fault.ts";
import { allowanceTerms } from "#interceptors/allowance-terms.ts";
import { refusalFault, writeStandings, writeWarnings } from "#interceptors/limit-words.ts";
import type { Refusal } from "#limits/call-limits.ts";
import { Owner, type Terms, type Tier } from "#limits/owner.ts";

const wallMs = Date.UTC(2026, 0, 31, 12, 0, 0);
const terms: Terms = {
  requests: { capacity: 10, perSecond: 1 },
  tokens: { capacity: 60_000, perSecond: 10 },
  budget: { usd: 2.5, period: "week", onExceeded: "block" },
};
const owner = new Owner("principal", "key:a", terms);
const bucket = (tokens: number) => ({ tokens, atMs: 0 });

function fieldsFor(surface: string | undefined): Record<string, string> {
  const header = new Headers();
  const requests = owner.requests && { limit: owner.requests, bucket: bucket(2.5) };
  const tokens = owner.tokens && { limit: owner.tokens, bucket: bucket(-100) };
  writeStandings({ requests, tokens }, { header, surface, wallMs });
  return Object.fromEntries(header);
}

const common = { "ratelimit-limit": "10", "ratelimit-remaining": "2", "ratelimit-reset": "8" };

describe("what is left", () => {
  test("is told by three fields on every surface", () => {
    expect(fieldsFor("rest")).toEqual(common);
    expect(fieldsFor("gemini")).toEqual(common);
    expect(fieldsFor(undefined)).toEqual(common);
  });

  test("is told to OpenAI's clients in its fields, times as durations", () => {
    expect(fieldsFor("openai")).toEqual({
      ...common,
      "x-ratelimit-limit-requests": "10",
      "x-ratelimit-remaining-requests": "2",
      "x-ratelimit-reset-requests": "8s",
      "x-ratelimit-limit-tokens": "60000",
      "x-ratelimit-remaining-tokens": "0",
      "x-ratelimit-reset-tokens": "1h40m10s",
    });
  });

  test("is told to Anthropic's clients in its fields, times as dates", () => {
    expect(fieldsFor("anthropic")).toEqual({
      ...common,
      "anthropic-ratelimit-requests-limit": "10",
      "anthropic-ratelimit-requests-remaining": "2",
      "anthropic-ratelimit-requests-reset": "2026-01-31T12:00:08.000Z",
      "anthropic-ratelimit-tokens-limit": "60000",
      "anthropic-ratelimit-tokens-remaining": "0",
      "anthropic-ratelimit-tokens-reset": "2026-01-31T13:40:10.000Z",
    });
  });

  test("of a rate that takes longer than dates last is the last date", () => {
    const slow = new Owner("principal", "key:a", { requests: { capacity: 1e9, perSecond: 1e-9 } });
    const header = new Headers();
    const requests = slow.requests && { limit: slow.requests, bucket: bucket(0) };
    writeStandings({ requests }, { header, surface: "anthropic", wallMs });
    expect(header.get("anthropic-ratelimit-requests-reset")).toBe("+275760-09-13T00:00:00.000Z");
  });
});

test("budgets that are spent and only warn are told by their tiers, each once", () => {
  const header = new Headers();
  writeWarnings([], header);
  expect([...header]).toEqual([]);
  const budgets = (["principal", "model", "model"] satisfies Tier[]).flatMap(
    (tier) => new Owner(tier, "x", terms).budget(wallMs) ?? [],
  );
  writeWarnings(budgets, header);
  expect(header.get("x-polygate-budget-spent")).toBe("principal,model");
});

const refusalOf = (tier: Tier, name: string, unit: "requests" | "tokens" | "budget"): Refusal => {
  const of = new Owner(tier, name, terms);
  const limit = unit === "budget" ? of.budget(wallMs) : of[unit];
  if (limit === undefined) throw new TypeError("the terms have it");
  return { kind: "bucket", limit, bucket: bucket(0), waitMs: 1_500, isTarget: false };
};

test.each([
  [
    refusalOf("principal", "key:a", "requests"),
    "the principal's limit of 60 requests per minute, 10 at once, is used up",
    ["principal", "requests", "60"],
  ],
  [
    refusalOf("model", "openai/o3 key:somebody", "tokens"),
    "the model's (openai/o3) limit of 600 tokens per minute, 60000 at once, is used up",
    ["model", "tokens", "600"],
  ],
  [
    refusalOf("group", "secret-project", "budget"),
    "the group's budget of 2.5 US dollars per week is used up",
    ["group", "usd", "2.5"],
  ],
] as const)(
  "a refusal names tier, unit and rate, and no other's name: %#",
  (refusal, text, [tier, unit, value]) => {
    const error = refusalFault(refusal, { surface: "rest", wallMs });
    expect([reasonOf(error), error.rawMessage, retryAfterMsFrom(error)]).toEqual([
      "RATE_LIMITED",
      text,
      1_500,
    ]);
    expect(infoMetadataOf(error)).toEqual({
      limit_tier: tier,
      limit_unit: unit,
      limit_value: value,
    });
  },
);

test("a refusal that will never be granted names no time", () => {
  const refusal = {
    ...refusalOf("principal", "key:a", "tokens"),
    waitMs: Number.POSITIVE_INFINITY,
  };
  expect(retryAfterMsFrom(refusalFault(refusal, { surface: "rest", wallMs }))).toBeUndefined();
});

test("too many calls in progress are refused by their number", () => {
  const refusal: Refusal = { kind: "in_progress", owner, max: 3, isTarget: false };
  const error = refusalFault(refusal, { surface: "rest", wallMs });
  expect(error.rawMessage).toBe("the principal's limit of 3 calls at one time is reached");
  expect(infoMetadataOf(error)).toMatchObject({ limit_unit: "calls", limit_value: "3" });
});

test("an allowance is what it says, and else what others may", () => {
  const others = { requests: { capacity: 7, perSecond: 7 }, concurrentMax: 7 };
  expect(allowanceTerms({}, others)).toEqual(others);
  expect(allowanceTerms({ requestsPerMinute: 120, tokensPerMinute: 600 }, others)).toEqual({
    requests: { capacity: 12, perSecond: 2 },
    tokens: { capacity: 600, perSecond: 10 },
    concurrentMax: 7,
  });
  expect(allowanceTerms({ requestsPerMinute: 5 }).requests).toEqual({
    capacity: 1,
    perSecond: 5 / 60,
  });
  expect(allowanceTerms({ requestsPerMinute: 60, burst: 40, concurrentMax: 2 }, others)).toEqual({
    requests: { capacity: 40, perSecond: 1 },
    concurrentMax: 2,
  });
});
