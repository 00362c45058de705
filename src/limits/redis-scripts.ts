/** The scripts that keep buckets in Redis, and the keys that they keep them by. Pure. */

import { createHash } from "node:crypto";
import type { RedisScript } from "#redis/link.ts";

/** Before each key: what another version keeps otherwise, it keeps apart. */
const prefix = "polygate:1:";
/** Longest part of a key that is kept as it is, in characters. */
const partLengthMax = 100;
/** The longest that a bucket is remembered: twice the longest period that one may be for. */
const keptMs = 62 * 24 * 60 * 60 * 1_000;

/** Whose buckets a script takes from together: what comes before the first space of a key. */
export function ownerOf(key: string): string {
  const end = key.indexOf(" ");
  return end === -1 ? key : key.slice(0, end);
}

/** Braces choose a slot, and only those that are put here may. */
const escaped = (text: string) => text.replace(/[{}%]/g, encodeURIComponent);

/** A part of a key; each for itself, so that buckets of one owner are in one slot however long the rest is. */
function partOf(text: string): string {
  const whole = escaped(text);
  if (whole.length <= partLengthMax) return whole;
  return createHash("sha256").update(text).digest("base64url");
}

/** The key of a bucket; a cluster keeps those of one owner in one slot. */
export function redisKey(key: string): string {
  const owner = ownerOf(key);
  return `${prefix}{${partOf(owner)}}${partOf(key.slice(owner.length))}`;
}

/** The key of those that share buckets. */
export const gatewaysKey = `${prefix}{gateways}`;

/** Numbers as texts that lose nothing; the server's time in milliseconds; buckets as hashes of tokens and their time. */
const common = `
local function text(number) return string.format('%.17g', number) end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000

-- The tokens, and whether time has stepped back since they were counted: then it refills nothing.
local function load(key, capacity, rate)
  local kept = redis.call('HMGET', key, 't', 'a')
  local tokens, at = tonumber(kept[1]), tonumber(kept[2])
  if not tokens or not at then return capacity, false end
  local elapsed = math.max(0, now - at)
  return math.min(capacity, tokens + elapsed * rate / 1000), now < at
end

-- A full bucket equals one that is not there.
local function save(key, tokens, capacity, rate)
  if tokens >= capacity then
    redis.call('DEL', key)
    return
  end
  redis.call('HSET', key, 't', text(tokens), 'a', text(now))
  local ttl = ${keptMs}
  if rate > 0 then ttl = math.min(ttl, math.ceil((capacity - tokens) * 1000 / rate) + 1000) end
  redis.call('PEXPIRE', key, string.format('%.0f', ttl))
end
`;

/**
 * Takes from all buckets, or from none. Per key: capacity, tokens a second, cost, tokens beyond it
 * that are wanted in whole costs, tokens that are brought back first. Replies with 1 or 0, and per
 * key what is left and what was granted beyond the cost.
 */
export const takeScript: RedisScript = {
  name: "polygateTake1",
  lua: `${common}
local found, granted = {}, 1
for place, key in ipairs(KEYS) do
  local first = 5 * (place - 1)
  local capacity, rate = tonumber(ARGV[first + 1]), tonumber(ARGV[first + 2])
  local cost, want, back = tonumber(ARGV[first + 3]), tonumber(ARGV[first + 4]), tonumber(ARGV[first + 5])
  local tokens, stepped = load(key, capacity, rate)
  tokens = math.min(capacity, tokens + back)
  if tokens < math.min(cost, capacity) then granted = 0 end
  found[place] = { key, capacity, rate, cost, want, tokens, stepped or back > 0 }
end
local reply = { granted }
for _, bucket in ipairs(found) do
  local key, capacity, rate, cost, want, tokens, changed = unpack(bucket)
  local extra = 0
  if granted == 1 and cost > 0 then
    tokens = tokens - math.min(cost, 2 * capacity)
    extra = math.max(0, math.floor(math.min(tokens, want) / cost) * cost)
    tokens = tokens - extra
    changed = true
  end
  if changed then save(key, tokens, capacity, rate) end
  reply[#reply + 1] = text(tokens)
  reply[#reply + 1] = text(extra)
end
return reply
`,
};

/** Corrects buckets. Per key: capacity, tokens a second, tokens that come back, or are taken when negative. */
export const giveScript: RedisScript = {
  name: "polygateGive1",
  lua: `${common}
for place, key in ipairs(KEYS) do
  local first = 3 * (place - 1)
  local capacity, rate, back = tonumber(ARGV[first + 1]), tonumber(ARGV[first + 2]), tonumber(ARGV[first + 3])
  local tokens = load(key, capacity, rate)
  save(key, math.max(-capacity, math.min(capacity, tokens + back)), capacity, rate)
end
return #KEYS
`,
};

/** Forgets buckets; replies with how many there were. */
export const dropScript: RedisScript = {
  name: "polygateDrop1",
  lua: "return redis.call('DEL', unpack(KEYS))",
};

/** Says that a gateway is there, or, with seconds of 0, that it leaves; replies with how many were there within the seconds. */
export const seenScript: RedisScript = {
  name: "polygateSeen1",
  lua: `
local now = tonumber(redis.call('TIME')[1])
local id, seconds = ARGV[1], tonumber(ARGV[2])
if seconds == 0 then return redis.call('ZREM', KEYS[1], id) end
redis.call('ZADD', KEYS[1], now, id)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - seconds)
redis.call('ZREMRANGEBYSCORE', KEYS[1], now + seconds, '+inf')
redis.call('EXPIRE', KEYS[1], seconds)
return redis.call('ZCARD', KEYS[1])
`,
};
