/** Clients that call gateways as fast as they are answered, and what a shared bucket says of it afterwards. */

import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { redisKey } from "#limits/redis-scripts.ts";
import type { BucketLimits } from "#limits/token-bucket.ts";
import type { RedisServer } from "./redis-server.ts";

/** How calls ended, by HTTP status; those of gRPC by the status that they would have had. */
export type Statuses = Map<number, number>;

/** Has `clients` call the URLs in turn until `ms` have passed; `path` is one that costs a token. */
export async function hammer(
  urls: readonly string[],
  { clients, ms, path = "/v1/models" }: { clients: number; ms: number; path?: string },
): Promise<Statuses> {
  const statuses: Statuses = new Map();
  const endMs = performance.now() + ms;
  const call = async (client: number) => {
    for (let count = client; performance.now() < endMs; count += 1) {
      const response = await fetch(`${urls[count % urls.length]}${path}`);
      await response.arrayBuffer();
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => call(client)));
  return statuses;
}

const httpStatuses: ReadonlyMap<Code | undefined, number> = new Map([
  [undefined, 200],
  [Code.ResourceExhausted, 429],
  [Code.Unavailable, 503],
]);

/** The same over gRPC, each client on connections of its own. */
export async function hammerByGrpc(
  urls: readonly string[],
  { clients, ms }: { clients: number; ms: number },
): Promise<Statuses> {
  const statuses: Statuses = new Map();
  const endMs = performance.now() + ms;
  const call = async (client: number) => {
    const sessions = urls.map((url) => new Http2SessionManager(url));
    const models = sessions.map((sessionManager, place) => {
      const baseUrl = urls[place] ?? "";
      return createClient(ModelsService, createGrpcTransport({ baseUrl, sessionManager }));
    });
    for (let count = client; performance.now() < endMs; count += 1) {
      const code = await models[count % models.length]?.listModels({}).then(
        () => undefined,
        (thrown) => ConnectError.from(thrown).code,
      );
      const status = httpStatuses.get(code) ?? 500;
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    for (const session of sessions) session.abort();
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => call(client)));
  return statuses;
}

const fillScript = `
local clock = redis.call('TIME')
local ms = string.format('%.17g', clock[1] * 1000 + clock[2] / 1000)
redis.call('HSET', KEYS[1], 't', ARGV[1], 'a', ms)
return ms`;

/** Makes a bucket hold so many tokens; gives the server's time, in milliseconds, at which it does. */
export function fill(server: RedisServer, key: string, tokens: number): number {
  return Number(server.cli("-c", "eval", fillScript, "1", redisKey(key), String(tokens)));
}

/**
 * What a bucket that held `tokens` at `fromMs`, and never was full since, has given: those, and what
 * it was refilled with until it was counted last, less what was left then.
 */
export function givenBy(
  server: RedisServer,
  { key, limits, tokens, fromMs }: FilledBucket,
): number {
  const [left = 0, atMs = 0] = server
    .cli("-c", "hmget", redisKey(key), "t", "a")
    .split("\n")
    .map(Number);
  return tokens + (limits.perSecond * (atMs - fromMs)) / 1_000 - left;
}

/** A bucket when it began. */
export interface FilledBucket {
  readonly key: string;
  readonly limits: BucketLimits;
  readonly tokens: number;
  readonly fromMs: number;
}
