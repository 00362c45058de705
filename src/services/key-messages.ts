/** Keys and usage as messages, and what messages say of keys. Pure. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { fault } from "#errors/fault.ts";
import type {
  KeyAllowance,
  KeySchema,
  KeySpec as KeySpecMessage,
  KeySpecSchema,
  UsageRowSchema,
} from "#gen/polygate/v1/keys_pb.js";
import type { Allowance, Budget, Principal } from "#identity/credentials.ts";
import { isLive, type Key, type KeySpec } from "#keys/key.ts";
import type { Spent } from "#keys/usage.ts";

type KeyInit = MessageInitShape<typeof KeySchema>;
type SpecInit = MessageInitShape<typeof KeySpecSchema>;

/** The refusal of a field. */
export function invalid(field: string, description: string) {
  return fault("REQUEST_INVALID", `${field}: ${description}`, { fields: [{ field, description }] });
}

/** Names that every store takes, and that are one segment of a path. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;
/** Who asks, and who has no key; ids begin with `key_`. */
const othersNames: ReadonlySet<string> = new Set(["self", "anonymous"]);
/** The end of the year 9999, where times of messages end. */
const timeMsMax = 253_402_300_799_999;

/** Whether a key may be found by this: else no store is asked. */
export function mayBeKey(idOrName: string): boolean {
  return namePattern.test(idOrName);
}

function timeMs(time: Timestamp, field: string): number {
  const ms = timestampMs(time);
  if (ms >= 0 && ms <= timeMsMax) return ms;
  throw invalid(field, "it is not between 1970 and 9999");
}

function allowanceOf(message: KeyAllowance): Allowance {
  const { requestsPerMinute, burst, tokensPerMinute, concurrentMax, budget } = message;
  return {
    ...(requestsPerMinute !== undefined && { requestsPerMinute }),
    ...(burst !== undefined && { burst }),
    ...(tokensPerMinute !== undefined && { tokensPerMinute }),
    ...(concurrentMax !== undefined && { concurrentMax }),
    ...(budget !== undefined && {
      budget: {
        usd: budget.usd,
        period: budget.period as Budget["period"],
        onExceeded: budget.onExceeded === "warn" ? "warn" : "block",
      },
    }),
  };
}

/** What a message says of a key. Throws REQUEST_INVALID for a name or a time that is none. */
export function specOf(message: KeySpecMessage): KeySpec {
  const { name, scopes, models, routes, tags, group, expireTime, allowance } = message;
  if (!namePattern.test(name) || name.startsWith("key_") || othersNames.has(name)) {
    throw invalid(
      "key.name",
      'expected up to 64 letters, digits and ._@-, other than "self", "anonymous" and what begins with "key_"',
    );
  }
  return {
    name,
    group,
    rights: {
      scopes: [...new Set(scopes)],
      ...(models.length > 0 && { models }),
      ...(routes.length > 0 && { routes }),
      tags: [...new Set(tags)],
      ...(allowance !== undefined && { allowance: allowanceOf(allowance) }),
    },
    ...(expireTime !== undefined && { expiresMs: timeMs(expireTime, "key.expire_time") }),
  };
}

function allowanceMessage({ budget, ...rates }: Allowance): NonNullable<SpecInit["allowance"]> {
  return { ...rates, ...(budget !== undefined && { budget: { ...budget } }) };
}

/** What is said of a key, as a message. */
export function specMessage({ name, group, rights, expiresMs }: KeySpec): SpecInit {
  const { scopes, models = [], routes = [], tags, allowance } = rights;
  return {
    ...{ name, group },
    ...{ scopes: [...scopes], models: [...models], routes: [...routes], tags: [...tags] },
    ...(expiresMs !== undefined && { expireTime: timestampFromMs(expiresMs) }),
    ...(allowance !== undefined && { allowance: allowanceMessage(allowance) }),
  };
}

function optionalTime<N extends string>(name: N, ms: number | undefined) {
  return (ms === undefined ? {} : { [name]: timestampFromMs(ms) }) as {
    readonly [K in N]?: Timestamp;
  };
}

/** A key that is kept, without its text and without its digest. */
export function keyMessage(key: Key, nowMs: number): KeyInit {
  const { revokedMs, previous } = key;
  const ended = revokedMs === undefined ? "expired" : "revoked";
  const isOverlapping = previous !== undefined && nowMs < previous.untilMs;
  return {
    id: key.id,
    spec: specMessage(key),
    prefix: key.prefix,
    state: isLive(key, nowMs) ? "active" : ended,
    source: "store",
    createdBy: key.createdBy,
    createTime: timestampFromMs(key.createdMs),
    ...optionalTime("rotateTime", key.rotatedMs),
    ...optionalTime("previousExpireTime", isOverlapping ? previous.untilMs : undefined),
    ...optionalTime("lastUseTime", key.usedMs),
    ...optionalTime("revokeTime", revokedMs),
  };
}

/** A caller whose credential no store has: what is known of it. */
export function principalMessage(principal: Principal, source: string): KeyInit {
  const { id: name, scopes, models, routes, tags = [], allowance, group } = principal;
  const rights = {
    ...{ scopes: [...scopes], tags },
    ...(models !== undefined && { models }),
    ...(routes !== undefined && { routes }),
    ...(allowance !== undefined && { allowance }),
  };
  return { spec: specMessage({ name, group: group?.id ?? "", rights }), state: "active", source };
}

/** What was spent under a name. */
export function usageMessage(name: string, spent: Spent): MessageInitShape<typeof UsageRowSchema> {
  // Sums of fractions have more digits than they mean.
  return { name, ...spent, microUsd: Number(spent.microUsd.toPrecision(12)) };
}
