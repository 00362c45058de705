/** Limits as clients read them: what is left as response headers of each family, and refusals. */

import type { ConnectError } from "@connectrpc/connect";
import { threeDigits } from "#core/three-digits.ts";
import { fault } from "#errors/fault.ts";
import { microsPerUsd } from "#limits/budget.ts";
import type { Granted, Refusal, Standing } from "#limits/call-limits.ts";
import type { BudgetLimit, Limit, Owner } from "#limits/owner.ts";
import type { BucketLimits } from "#limits/token-bucket.ts";

/** The families of clients that look for limits in fields of their own. */
type Family = "openai" | "anthropic";

/** When a refused call may be sent again where only the end of another call makes room, in milliseconds. */
const placeWaitMs = 1_000;

/** Milliseconds since the Unix epoch that a date may have. */
const latestMs = 8.64e15;

/** What is left of a limit in numbers. */
function numbersOf({ limit: { limits }, bucket }: Standing) {
  const { capacity, perSecond } = limits;
  const missing = capacity - bucket.tokens;
  return {
    limit: String(Math.floor(capacity)),
    remaining: String(Math.max(0, Math.floor(bucket.tokens))),
    resetSeconds: missing <= 0 || perSecond === 0 ? 0 : Math.ceil(missing / perSecond),
  };
}

/** Seconds as OpenAI writes them, such as 6m0s. */
function openaiDuration(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = `${seconds % 60}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}

/** Adds what is left in a bucket, in a family's own fields. */
function writeFamily(family: Family, unit: "requests" | "tokens", of: Standing, at: Place): void {
  const { limit, remaining, resetSeconds } = numbersOf(of);
  const { header, wallMs } = at;
  if (family === "openai") {
    header.set(`x-ratelimit-limit-${unit}`, limit);
    header.set(`x-ratelimit-remaining-${unit}`, remaining);
    header.set(`x-ratelimit-reset-${unit}`, openaiDuration(resetSeconds));
    return;
  }
  const resetMs = Math.min(latestMs, wallMs + resetSeconds * 1000);
  header.set(`anthropic-ratelimit-${unit}-limit`, limit);
  header.set(`anthropic-ratelimit-${unit}-remaining`, remaining);
  header.set(`anthropic-ratelimit-${unit}-reset`, new Date(resetMs).toISOString());
}

/** Where headers go. */
interface Place {
  readonly header: Headers;
  /** The surface by which the call came. */
  readonly surface: string | undefined;
  readonly wallMs: number;
}

/** Writes what is left of requests and tokens, for all clients and in the format of the family. */
export function writeStandings({ requests, tokens }: Omit<Granted, "kind">, place: Place): void {
  const { header, surface } = place;
  if (requests !== undefined) {
    const { limit, remaining, resetSeconds } = numbersOf(requests);
    header.set("ratelimit-limit", limit);
    header.set("ratelimit-remaining", remaining);
    header.set("ratelimit-reset", String(resetSeconds));
  }
  if (surface !== "openai" && surface !== "anthropic") return;
  if (requests !== undefined) writeFamily(surface, "requests", requests, place);
  if (tokens !== undefined) writeFamily(surface, "tokens", tokens, place);
}

/** Writes that budgets are spent which only warn of it. */
export function writeWarnings(warnings: readonly BudgetLimit[], header: Headers): void {
  if (warnings.length === 0) return;
  const tiers = new Set(warnings.map(({ owner: { tier } }) => tier));
  header.set("x-polygate-budget-spent", [...tiers].join(","));
}

/** A rate in words: it counts in the long run, the burst for what was just used. */
function rateText({ capacity, perSecond }: BucketLimits, what: string): string {
  return `${threeDigits(perSecond * 60)} ${what} per minute, ${threeDigits(capacity)} at once,`;
}

/** A limit in words. */
function limitText(limit: Limit | BudgetLimit): string {
  const { unit, limits } = limit;
  if ("budget" in limit) {
    const { usd, period } = limit.budget;
    const every = period === "30d" ? "30 days" : period;
    return `budget of ${usd} US dollars per ${every}`;
  }
  return `limit of ${rateText(limits, unit === "tokens" ? "tokens" : "requests")}`;
}

/** Whose limit it is; callers know their own names, and learn no other's. */
function ownerText({ tier, name }: Owner): string {
  return tier === "model" || tier === "provider"
    ? `${tier}'s (${name.split(" ")[0]})`
    : `${tier}'s`;
}

/** The refusal in words: it names the limit, its unit and its tier. RATE_LIMITED. */
export function refusalFault(refusal: Refusal, at: Omit<Place, "header">): ConnectError {
  if (refusal.kind === "in_progress") {
    const { owner, max } = refusal;
    const calls = max === 1 ? "1 call" : `${max} calls`;
    return fault(
      "RATE_LIMITED",
      `the ${ownerText(owner)} limit of ${calls} at one time is reached`,
      {
        retryAfterMs: placeWaitMs,
        metadata: { limit_tier: owner.tier, limit_unit: "calls", limit_value: String(max) },
      },
    );
  }
  const { limit, bucket, waitMs } = refusal;
  const { owner, unit, limits } = limit;
  const value =
    "budget" in limit ? limits.capacity / microsPerUsd : threeDigits(limits.perSecond * 60);
  const header = new Headers();
  const standing = { limit, bucket };
  if (unit === "requests") writeStandings({ requests: standing }, { ...at, header });
  if (unit === "tokens") writeStandings({ tokens: standing }, { ...at, header });
  const isMoney = "budget" in limit;
  return fault("RATE_LIMITED", `the ${ownerText(owner)} ${limitText(limit)} is used up`, {
    ...(Number.isFinite(waitMs) ? { retryAfterMs: waitMs } : {}),
    metadata: {
      limit_tier: owner.tier,
      limit_unit: isMoney ? "usd" : unit,
      limit_value: String(value),
    },
    headers: Object.fromEntries(header),
  });
}
