/** Opens groups of servers of models: a pool each. */

import type { ModelServer } from "#backends/backend.ts";
import { createOipGrpcServer } from "#backends/oip/grpc-server.ts";
import { createOipRestServer } from "#backends/oip/rest-server.ts";
import { createTensorflowBackend } from "#backends/tensorflow/backend.ts";
import type { Clock } from "#core/clock.ts";
import { Pool, type PoolDeps } from "#pool/pool.ts";
import { createBalancer } from "#routing/balancer.ts";
import type { ModelServersSettings } from "./model-servers-settings.ts";
import { PredictGroup } from "./predict-group.ts";

/** What holds for all groups. */
export interface OpenGroupOptions {
  readonly healthIntervalMs: number;
  readonly healthTimeoutMs: number;
  readonly ejectionMs: number;
}

/** Largest message to and from a server: tensors. */
const messageBytesMax = 64 * 1024 * 1024;
/** Silence after which a connection with calls is pinged. */
const keepaliveMs = 30_000;

function open(settings: ModelServersSettings, url: string, clock: Clock): ModelServer {
  const { protocol, tls, models } = settings;
  const reach = { url, messageBytesMax, keepaliveMs, ...(tls === undefined ? {} : { tls }) };
  switch (protocol) {
    case "tensorflow":
      return createTensorflowBackend({ ...reach, models }, clock);
    case "oip":
      return /^https?:/.test(url)
        ? createOipRestServer({ ...reach, models }, clock)
        : createOipGrpcServer({ ...reach, models }, clock);
  }
}

/** A group, whose pool is its owner's. Nothing is sent but probes. */
export function openPredictGroup(
  settings: ModelServersSettings,
  options: OpenGroupOptions,
  deps: PoolDeps,
): PredictGroup {
  const { name, protocol, endpoints, algorithm, concurrentMax } = settings;
  const members = endpoints.map(({ id, url, weight }) => ({
    id,
    weight,
    backend: open(settings, url, deps.clock),
  }));
  const bounds = concurrentMax === undefined ? {} : { concurrentMax };
  const pool = new Pool<ModelServer>({ name, members, ...bounds, ...options }, deps);
  const { models, aliases, preferred, cached } = settings;
  const { clock, rng } = deps;
  const balancer = createBalancer(algorithm, rng);
  const about = { models, aliases, preferred, cached, clock, rng };
  return new PredictGroup({ kind: protocol, pool, balancer, algorithm, ...about });
}
