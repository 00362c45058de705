/** BackendsService: what answers chat, endpoint by endpoint, and taking it out and in again. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { threeDigits } from "#core/three-digits.ts";
import { fault } from "#errors/fault.ts";
import type {
  BackendEndpointSchema,
  BackendSchema,
  BackendsService,
} from "#gen/polygate/v1/backends_pb.js";
import { callRecordKey } from "#interceptors/context.ts";
import type { PooledBackend } from "#pool/member.ts";
import type { MemberReport, Pool } from "#pool/pool.ts";

/** A pool and what kind of backends is in it. */
export interface KnownPool {
  /** polyagent, embedded, http, llm, tensorflow or oip. */
  readonly kind: string;
  readonly pool: Pick<
    Pool<PooledBackend>,
    "name" | "members" | "snapshot" | "drain" | "reset" | "report"
  >;
}

/** What an operator did. */
export interface BackendAction {
  readonly requestId: string;
  /** Name of the operator's credential. */
  readonly principal: string;
  readonly action: "drain" | "resume" | "reset";
  readonly backend: string;
  /** Empty: all endpoints. */
  readonly endpoint: string;
}

/** What BackendsService needs. */
export interface BackendsDeps {
  /** The cores, those of questions, the providers, then the servers of models. */
  readonly pools: readonly KnownPool[];
  /** Notified of everything that was done. */
  onAction(action: BackendAction): void;
}

function endpointOf(member: MemberReport): MessageInitShape<typeof BackendEndpointSchema> {
  const { id, health, isDraining, inFlight, requests, errors, weight, models } = member;
  const { concurrentMax } = member;
  const checked =
    health.kind === "unknown"
      ? {}
      : {
          lastCheck: timestampFromMs(health.lastCheckWallMs),
          responseTimeMs: threeDigits(health.responseTimeMs),
        };
  return {
    ...{ id, status: health.kind, draining: isDraining, inFlight, requests, errors, weight },
    ...checked,
    ...(Number.isFinite(concurrentMax) ? { concurrencyLimit: concurrentMax } : {}),
    error: health.kind === "unhealthy" ? health.error : "",
    models: models.map(({ model, latencyMs, successRate, breaker }) => ({
      ...{ model, breaker },
      ...(latencyMs === undefined ? {} : { latencyMs: threeDigits(latencyMs) }),
      ...(successRate === undefined ? {} : { successRate: threeDigits(successRate) }),
    })),
  };
}

function backendOf({ kind, pool }: KnownPool): MessageInitShape<typeof BackendSchema> {
  return { name: pool.name, kind, endpoints: pool.members().map(endpointOf) };
}

/** What an action is done to. */
interface Named {
  readonly backend: string;
  readonly endpoint: string;
}

/** The service over the pools of chat. */
export function createBackendsService(deps: BackendsDeps): ServiceImpl<typeof BackendsService> {
  const { pools, onAction } = deps;
  /** Does something to a backend or one of its endpoints. Throws NOT_FOUND. */
  const act = (
    action: BackendAction["action"],
    { backend, endpoint }: Named,
    { values }: HandlerContext,
  ) => {
    const known = pools.find(({ pool }) => pool.name === backend);
    if (known === undefined)
      throw missing(
        "backend",
        pools.map(({ pool }) => pool.name),
      );
    const { pool } = known;
    const id = endpoint === "" ? undefined : endpoint;
    const isDone = action === "reset" ? pool.reset(id) : pool.drain(action === "drain", id);
    if (!isDone)
      throw missing(
        "endpoint",
        pool.snapshot().map((member) => member.id),
      );
    const { requestId, principal = "anonymous" } = values.get(callRecordKey);
    onAction({ requestId, principal, action, backend, endpoint });
    return { backend: backendOf(known) };
  };
  return {
    listBackends: () => ({ backends: pools.map(backendOf) }),
    drainBackend: (request, context) => act("drain", request, context),
    resumeBackend: (request, context) => act("resume", request, context),
    resetBackend: (request, context) => act("reset", request, context),
  };
}

/** Names that a refusal lists. */
const namesMax = 20;

function missing(field: string, names: readonly string[]) {
  const some = names.slice(0, namesMax).join(", ");
  const description = `there is no such ${field}; there are ${some}`;
  return fault("NOT_FOUND", `${field}: ${description}`, { fields: [{ field, description }] });
}
