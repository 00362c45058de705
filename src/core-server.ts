/** Composition root of `polygate core`: the reference core behind a listener of its own. */

import type { ConnectRouter } from "@connectrpc/connect";
import { createAgent } from "#agent/agent.ts";
import { registerCoreService } from "#agent/service.ts";
import { ByteBudget } from "#core/byte-budget.ts";
import { systemClock } from "#core/clock.ts";
import { seededRng } from "#core/rng.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { CoreService } from "#gen/polyagent/core/v1/core_pb.js";
import { callerOf } from "#interceptors/caller.ts";
import type { Logger } from "#observability/logger.ts";
import { createHealthStatus, registerHealth } from "#rpc/health.ts";
import { registerReflection } from "#rpc/reflection.ts";
import { openFront } from "./front.ts";
import { createMetrics } from "./metrics.ts";

/** Where a reference core listens and how it behaves. */
export interface CoreServerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Wait before the first token, in milliseconds. */
  readonly latencyMs: number;
  /** Wait between tokens, in milliseconds. */
  readonly tokenIntervalMs: number;
  /** Share of calls that fail, 0 to 1. */
  readonly failureRate: number;
  /** A stream breaks after this many tokens; 0 means never. */
  readonly failAfterTokens: number;
  /** Seed of the core's chance. */
  readonly seed: number;
}

/** A core that listens. */
export interface CoreServer extends AsyncDisposable {
  readonly url: string;
  /** Takes no more calls; resolves when those in progress have ended. */
  drain(): Promise<void>;
}

/** Largest message that a core takes: a conversation with images. */
const messageBytesMax = 64 * 1024 * 1024;
/** What all requests and responses of a core hold in memory. */
const bufferBytesMax = 512 * 1024 * 1024;
/** Connections that a core holds at one time. */
const connectionsMax = 10_000;
/** Time that active calls have when the core is asked to stop. */
const drainMs = 10_000;

/** Starts a core. Rejects with the system's error when the port cannot be opened. */
export async function startCore(options: CoreServerOptions, logger: Logger): Promise<CoreServer> {
  const clock = systemClock;
  const agent = createAgent(options, { clock, rng: seededRng(options.seed) });
  const names = [CoreService.typeName];
  const health = createHealthStatus(names);
  const front = await openFront(
    {
      listeners: [
        {
          name: "core",
          host: options.host,
          port: options.port,
          serves: ["rpc"],
          http1Engine: "polygate",
          http2Engine: "polygate",
        },
      ],
      routes(router: ConnectRouter) {
        registerCoreService(router, agent);
        registerHealth(router, health, names, { callerOf });
        registerReflection(router, [CoreService, Health]);
      },
      interceptors: [],
      policy: { translate: faultFrom },
      pages: { all: {}, rest: () => ({}), metrics: {} },
      bytesMax: messageBytesMax,
      buffers: new ByteBudget(bufferBytesMax),
      trustedProxies: [],
      connectionsMax,
    },
    { clock, logger, metrics: createMetrics() },
  );
  await agent.warmUp();
  return {
    url: front.listeners[0]?.url ?? "",
    async drain() {
      health.stop();
      await front.drain(drainMs);
    },
    [Symbol.asyncDispose]: () => front[Symbol.asyncDispose](),
  };
}
