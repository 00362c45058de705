/** Opens groups of servers of models: a pool each. */

import type { ModelServer } from "#backends/backend.ts";
import type { ModelServerReach } from "#backends/model-server-channel.ts";
import { createOipGrpcServer } from "#backends/oip/grpc-server.ts";
import { createOipRestServer } from "#backends/oip/rest-server.ts";
import { createTensorflowBackend } from "#backends/tensorflow/backend.ts";
import type { Clock } from "#core/clock.ts";
import type { Discovery } from "#discovery/discovery.ts";
import { type FollowDeps, type FoundEndpoint, follow } from "#discovery/follow.ts";
import { Pool, type PoolDeps } from "#pool/pool.ts";
import { createBalancer } from "#routing/balancer.ts";
import type { ModelServersSettings } from "./model-servers-settings.ts";
import { PredictGroup } from "./predict-group.ts";

/** What holds for all groups. */
export interface OpenGroupOptions {
  readonly healthIntervalMs: number;
  readonly healthTimeoutMs: number;
  readonly ejectionMs: number;
  readonly connectionAgeMaxMs?: number | undefined;
}

/** Largest message to and from a server: tensors. */
const messageBytesMax = 64 * 1024 * 1024;
/** Silence after which a connection with calls is pinged. */
const keepaliveMs = 30_000;

function open(
  settings: ModelServersSettings,
  at: Pick<ModelServerReach, "url" | "connectTo" | "connectionAgeMaxMs">,
  clock: Clock,
): ModelServer {
  const { protocol, tls, models } = settings;
  const reach = { ...at, messageBytesMax, keepaliveMs, ...(tls === undefined ? {} : { tls }) };
  switch (protocol) {
    case "tensorflow":
      return createTensorflowBackend({ ...reach, models }, clock);
    case "oip":
      return /^https?:/.test(at.url)
        ? createOipRestServer({ ...reach, models }, clock)
        : createOipGrpcServer({ ...reach, models }, clock);
  }
}

/** A group whose pool is its owner's, as is what fills that; the discovery is disposed first. */
export interface OpenedGroup {
  readonly group: PredictGroup;
  readonly discovery?: Discovery;
}

/** What groups need of their surroundings. */
export interface OpenGroupDeps extends PoolDeps, FollowDeps {}

/** Nothing is sent but probes, and look-ups of servers by name. */
export function openPredictGroup(
  settings: ModelServersSettings,
  options: OpenGroupOptions,
  deps: OpenGroupDeps,
): OpenedGroup {
  const { name, protocol, endpoints, discovery, algorithm, concurrentMax } = settings;
  const { models, aliases, preferred, cached } = settings;
  const { clock, rng } = deps;
  const { connectionAgeMaxMs } = options;
  const members = endpoints.map(({ id, url, weight }) => ({
    id,
    weight,
    backend: open(settings, { url, connectionAgeMaxMs }, clock),
  }));
  const bounds = concurrentMax === undefined ? {} : { concurrentMax };
  const pool = new Pool<ModelServer>({ name, members, ...bounds, ...options }, deps);
  const balancer = createBalancer(algorithm, rng);
  const about = { models, aliases, preferred, cached, clock, rng };
  const group = new PredictGroup({ kind: protocol, pool, balancer, algorithm, ...about });
  if (discovery === undefined) return { group };
  const found = { pool, discovery, prefix: name, weight: 1 };
  const openAt = async ({ url, address }: FoundEndpoint) =>
    open(settings, { url, connectTo: address, connectionAgeMaxMs }, clock);
  return { group, discovery: follow({ ...found, open: openAt }, deps) };
}
