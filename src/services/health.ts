/** HealthService: probes every backend at once and says how the gateway is. */

import { freemem, totalmem } from "node:os";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import type { ChatBackend, PredictBackend } from "#backends/backend.ts";
import type { Clock } from "#core/clock.ts";
import { settleWithin } from "#core/settle-within.ts";
import { threeDigits } from "#core/three-digits.ts";
import type { HealthService } from "#gen/polygate/v1/health_pb.js";
import type { MemberSnapshot } from "#pool/member.ts";
import type { Pool } from "#pool/pool.ts";
import { createDiskGauge } from "./disk-usage.ts";
import type { ServiceMetrics } from "./metric-families.ts";

/** What HealthService needs. */
export interface HealthDeps {
  readonly predict: PredictBackend;
  readonly pool: Pool<ChatBackend>;
  /** Kind of the backends that answer chat: polyagent or embedded. */
  readonly chatKind: string;
  /** The pools of LLM providers, by the providers' names. */
  readonly providers: readonly { readonly name: string; readonly pool: Pool<ChatBackend> }[];
  readonly clock: Clock;
  readonly metrics: ServiceMetrics;
  readonly version: string;
  readonly environment: string;
  /** Monotonic time of start, in milliseconds. */
  readonly startedMs: number;
}

type Status = "healthy" | "degraded" | "unhealthy";

/** What takes longer is reported as it was last known: the whole response stays under 100 ms. */
const probeCapMs = 50;

/** Whole hours, minutes and seconds, such as 24h15m30s. */
function uptimeText(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 3600)}h${Math.floor(whole / 60) % 60}m${whole % 60}s`;
}

function statusOf(working: number, all: number): Status {
  if (working === all) return "healthy";
  return working === 0 ? "unhealthy" : "degraded";
}

/** The worse of two. */
function worse(a: Status, b: Status): Status {
  const order: readonly Status[] = ["healthy", "degraded", "unhealthy"];
  return order.indexOf(a) > order.indexOf(b) ? a : b;
}

function memoryUsage() {
  const { rss, heapUsed } = process.memoryUsage();
  return {
    rssBytes: rss,
    heapUsedBytes: heapUsed,
    systemTotalBytes: totalmem(),
    systemFreeBytes: freemem(),
  };
}

function coreHealth({ id, health }: MemberSnapshot) {
  const checked =
    health.kind === "unknown"
      ? { responseTimeMs: 0 }
      : {
          responseTimeMs: threeDigits(health.responseTimeMs),
          lastCheck: timestampFromMs(health.lastCheckWallMs),
        };
  const error = health.kind === "unhealthy" ? health.error : "";
  return { id, status: health.kind, error, ...checked };
}

/** Which providers take calls now, by their last probes: they are not probed for this. */
function providersHealth({ providers }: HealthDeps) {
  return providers.map(({ name, pool }) => ({ name, takesCalls: pool.candidates().length > 0 }));
}

/** The service over the pool of cores, the providers and the predict backend. */
export function createHealthService(deps: HealthDeps): ServiceImpl<typeof HealthService> {
  const { predict, pool, clock, metrics } = deps;
  const disk = createDiskGauge();
  void disk.refresh();
  return {
    async getHealth() {
      const startMs = clock.nowMs();
      await Promise.all([
        settleWithin(disk.refresh(), probeCapMs, clock),
        pool.refresh(probeCapMs),
      ]);
      const cores = pool.snapshot().map(coreHealth);
      const available = pool.candidates().length;
      const models = predict.models();
      const working = models.filter(({ state }) => state !== "failed");
      const chatStatus = statusOf(available, cores.length);
      const providers = providersHealth(deps);
      const takingCalls = providers.filter(({ takesCalls }) => takesCalls).length;
      const llmStatus = statusOf(takingCalls, providers.length);
      // Chats that name no provider go to configured cores.
      const llmWeight =
        deps.chatKind === "embedded" || llmStatus === "healthy" ? llmStatus : "degraded";
      const predictStatus =
        models.length === 0 ? "healthy" : statusOf(working.length, models.length);
      const elapsedMs = clock.nowMs() - startMs;
      const uptimeSeconds = (clock.nowMs() - deps.startedMs) / 1000;
      metrics.healthDuration.observe(elapsedMs / 1000);
      return {
        status: worse(worse(chatStatus, predictStatus), llmWeight),
        timestamp: timestampFromMs(clock.wallMs()),
        gateway: {
          uptime: uptimeText(uptimeSeconds),
          uptimeSeconds: threeDigits(uptimeSeconds),
          version: deps.version,
          nodeVersion: process.versions.node,
          environment: deps.environment,
          responseTimeMs: threeDigits(elapsedMs),
          memory: memoryUsage(),
          disk: disk.latest(),
        },
        cores: { available, total: cores.length, health: cores },
        models: Object.fromEntries([
          ...providers.map(({ name, takesCalls }) => [
            name,
            takesCalls ? "available" : "unavailable",
          ]),
          ...models.map(({ name, state }) => [name, state]),
        ]),
        services: {
          [deps.chatKind]: {
            status: chatStatus,
            responseTimeMs: Math.max(0, ...cores.map(({ responseTimeMs }) => responseTimeMs)),
          },
          ...(providers.length === 0 ? {} : { llm: { status: llmStatus, responseTimeMs: 0 } }),
          [predict.kind]: { status: predictStatus, responseTimeMs: 0 },
        },
      };
    },
  };
}
