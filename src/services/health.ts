/** HealthService: one look at everything behind the gateway, in three views. */

import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { threeDigits } from "#core/three-digits.ts";
import type { HealthService } from "#gen/polygate/v1/health_pb.js";
import type { MemberSnapshot } from "#pool/member.ts";
import {
  createHealthCheck,
  type Findings,
  type HealthCheckDeps,
  type ServiceState,
} from "./health-check.ts";

/** What HealthService needs. */
export interface HealthDeps extends HealthCheckDeps {
  readonly version: string;
  readonly environment: string;
  /** Monotonic time of start, in milliseconds. */
  readonly startedMs: number;
  /** Whether callers are limited; degraded: without what gateways share, which is away. */
  readonly rateLimiter: () => "enabled" | "disabled" | "degraded";
}

/** Kinds of backends that have a field of their own. */
const kinds = ["embedded", "polyagent", "llm", "onnx"] as const;
/** Of a service that is not configured. */
const disabled = { status: "disabled" };

/** Whole hours, minutes and seconds, such as 24h15m30s. */
function uptimeText(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 3600)}h${Math.floor(whole / 60) % 60}m${whole % 60}s`;
}

/** The status code where there was one: an optional field is absent, not undefined. */
function withCode<T extends object>(state: T, statusCode: number | undefined) {
  return statusCode === undefined ? state : { ...state, statusCode };
}

function coreHealth({ id, health }: MemberSnapshot) {
  if (health.kind === "unknown") return { id, status: health.kind };
  const core = {
    id,
    status: health.kind,
    lastCheck: timestampFromMs(health.lastCheckWallMs),
    responseTimeMs: threeDigits(health.responseTimeMs),
    error: health.kind === "unhealthy" ? health.error : "",
  };
  return withCode(core, health.statusCode);
}

function serviceHealth({ status, responseTimeMs, error = "", statusCode }: ServiceState) {
  return withCode({ status, responseTimeMs: threeDigits(responseTimeMs), error }, statusCode);
}

type WrittenService = ReturnType<typeof serviceHealth>;

/** The service over one check for all of its views. */
export function createHealthService(deps: HealthDeps): ServiceImpl<typeof HealthService> {
  const { clock, version, environment, startedMs, rateLimiter } = deps;
  const look = createHealthCheck(deps);

  /** What every view has. */
  const common = ({ status, memory, disk, elapsedMs, ...found }: Findings) => {
    const uptimeSeconds = (clock.nowMs() - startedMs) / 1000;
    return {
      status,
      timestamp: timestampFromMs(clock.wallMs()),
      gateway: {
        uptime: uptimeText(uptimeSeconds),
        uptimeSeconds: threeDigits(uptimeSeconds),
        version,
        nodeVersion: process.versions.node,
        environment,
        responseTimeMs: threeDigits(elapsedMs),
        memory,
        disk,
      },
      cores: {
        available: found.coresAvailable,
        total: found.cores.length,
        health: found.cores.map(coreHealth),
      },
      models: { ...found.models },
    };
  };
  const serviceNamed = ({ services }: Findings, name: string) =>
    services[name] === undefined ? undefined : serviceHealth(services[name]);
  /** The kinds of backends that there are. */
  const kindsOf = (found: Findings): { [K in (typeof kinds)[number]]?: WrittenService } =>
    Object.fromEntries(
      kinds.flatMap((kind) => {
        const state = serviceNamed(found, kind);
        return state === undefined ? [] : [[kind, state]];
      }),
    );

  return {
    async getHealth() {
      const found = await look();
      const services = Object.entries(found.services);
      return {
        ...common(found),
        services: Object.fromEntries(services.map(([name, one]) => [name, serviceHealth(one)])),
      };
    },
    async getServices() {
      const found = await look();
      return {
        ...common(found),
        services: {
          ...kindsOf(found),
          twin: serviceHealth(found.twin),
          agentController: serviceNamed(found, "agent_controller") ?? disabled,
          knowledgeSystem: serviceNamed(found, "knowledge_system") ?? disabled,
        },
      };
    },
    async getBackends() {
      const found = await look();
      const shared = common(found);
      const { uptime, memory, disk } = shared.gateway;
      return {
        ...shared,
        ...{ uptime, memory, disk },
        services: {
          ...kindsOf(found),
          backends: { tensorflow: found.servesTensorflow, onnx: found.predicts },
          rateLimiter: rateLimiter(),
        },
      };
    },
  };
}
