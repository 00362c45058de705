/** One look at everything behind the gateway: cores, services of questions, providers, models, the process. */

import { freemem, totalmem } from "node:os";
import type { ChatBackend } from "#backends/backend.ts";
import type { PredictCatalog } from "#catalog/predict-catalog.ts";
import type { Clock } from "#core/clock.ts";
import { settleWithin } from "#core/settle-within.ts";
import type { StoreStates } from "#observability/store-states.ts";
import type { MemberSnapshot } from "#pool/member.ts";
import type { Pool } from "#pool/pool.ts";
import { createDiskGauge, type DiskUsage } from "./disk-usage.ts";
import type { ServiceMetrics } from "./metric-families.ts";

/** What is looked at. */
export interface HealthCheckDeps {
  readonly predict: Pick<PredictCatalog, "kind" | "localModels" | "groups">;
  readonly pool: Pool<ChatBackend>;
  /** Kind of the backends that answer chat: polyagent or embedded. */
  readonly chatKind: string;
  /** Ids of the members of `pool` that are twins; those that DNS names begin with one and `-`. */
  readonly twins: readonly string[];
  /** Pools of services that answer questions, in the order in which they are asked. */
  readonly queryPools: readonly Pool<ChatBackend>[];
  /** The pools of LLM providers, by the providers' names. */
  readonly providers: readonly { readonly name: string; readonly pool: Pool<ChatBackend> }[];
  /** Whether what the gateway keeps outside of itself can be kept, by name. */
  readonly stores: () => StoreStates;
  readonly clock: Clock;
  readonly metrics: ServiceMetrics;
}

/** How something is. */
type Status = "healthy" | "degraded" | "unhealthy";

/** How one service is. */
export interface ServiceState {
  readonly status: Status;
  readonly responseTimeMs: number;
  readonly statusCode?: number | undefined;
  readonly error?: string;
}

/** What was found. */
export interface Findings {
  readonly status: Status;
  readonly cores: readonly MemberSnapshot[];
  /** How many cores take calls. */
  readonly coresAvailable: number;
  /** State by model. */
  readonly models: Readonly<Record<string, string>>;
  /** By kind of backend; services of questions, and what is kept outside of the process, by name. */
  readonly services: Readonly<Record<string, ServiceState>>;
  readonly twin: ServiceState;
  readonly predicts: boolean;
  /** A server of TensorFlow Serving takes calls. */
  readonly servesTensorflow: boolean;
  readonly memory: ReturnType<typeof memoryUsage>;
  readonly disk: DiskUsage;
  /** Milliseconds that it took. */
  readonly elapsedMs: number;
}

/** What takes longer is reported as it was last known: the whole response stays under 100 ms. */
const probeCapMs = 50;

function statusOf(working: number, all: number): Status {
  if (working === all) return "healthy";
  return working === 0 ? "unhealthy" : "degraded";
}

const order: readonly Status[] = ["healthy", "degraded", "unhealthy"];

/** The worst of them. */
function worstOf(...statuses: readonly Status[]): Status {
  return order[Math.max(0, ...statuses.map((status) => order.indexOf(status)))] ?? "healthy";
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

/** A member takes calls until a probe, or an operator, says otherwise. */
function takesCalls({ health, isDraining }: MemberSnapshot): boolean {
  return !isDraining && health.kind !== "unhealthy";
}

/** The HTTP status that stands for a member: what it answered, or that of one that serves otherwise. */
function statusCodeOf({ health }: MemberSnapshot): number | undefined {
  if (health.kind === "unknown") return undefined;
  return health.statusCode ?? (health.kind === "healthy" ? 200 : undefined);
}

/** How a service of some members is, with the status and the words of the one that is worst. */
function serviceOf(members: readonly MemberSnapshot[]): ServiceState {
  const status = statusOf(members.filter(takesCalls).length, members.length);
  const sick = members.find(({ health }) => health.kind === "unhealthy");
  const codes = members.map(statusCodeOf).filter((code) => code !== undefined);
  const times = members.map(({ health }) =>
    health.kind === "unknown" ? 0 : health.responseTimeMs,
  );
  const statusCode = sick === undefined ? codes.toSorted((a, b) => b - a)[0] : statusCodeOf(sick);
  const refuses = sick === undefined && statusCode !== undefined && statusCode >= 300;
  return {
    // One that refuses its health check may serve all the same.
    status: refuses ? worstOf(status, "degraded") : status,
    responseTimeMs: Math.max(0, ...times),
    statusCode,
    error: sick?.health.kind === "unhealthy" ? sick.health.error : "",
  };
}

/** A store that fails costs no call: what it lacks is missing later. */
function storeState(state: "working" | "failing"): ServiceState {
  if (state === "working") return { status: "healthy", responseTimeMs: 0 };
  return { status: "degraded", responseTimeMs: 0, error: "it does not take what is written" };
}

/** Looks at models, which are not probed for it. */
function modelsState(predict: HealthCheckDeps["predict"]): ServiceState {
  const models = predict.localModels();
  const working = models.filter(({ state }) => state !== "failed").length;
  const status = models.length === 0 ? "healthy" : statusOf(working, models.length);
  return { status, responseTimeMs: 0 };
}

/** The kinds of servers of models, each as the members of all its groups are. */
function serversState({ groups }: HealthCheckDeps["predict"]): ReadonlyMap<string, ServiceState> {
  const byKind = Map.groupBy(groups, ({ kind }) => kind);
  return new Map(
    Array.from(byKind, ([kind, some]) => [
      kind,
      serviceOf(some.flatMap(({ pool }) => pool.snapshot())),
    ]),
  );
}

/** Looks when it is called: probes are shared with all who look at the same time. */
export function createHealthCheck(deps: HealthCheckDeps): () => Promise<Findings> {
  const { predict, pool, chatKind, twins, queryPools, providers, clock, metrics } = deps;
  const disk = createDiskGauge();
  void disk.refresh();
  const isTwin = ({ id }: MemberSnapshot) =>
    twins.some((twin) => id === twin || id.startsWith(`${twin}-`));
  return async () => {
    const startMs = clock.nowMs();
    await Promise.all([
      settleWithin(disk.refresh(), probeCapMs, clock),
      ...[pool, ...queryPools, ...predict.groups.map((group) => group.pool)].map((one) =>
        one.refresh(probeCapMs),
      ),
    ]);
    const cores = pool.snapshot();
    const chat = serviceOf(cores);
    const queries = queryPools.map((one) => [one.name, serviceOf(one.snapshot())] as const);
    const answering = queries.filter(([, { status }]) => status !== "unhealthy").length;
    // Which providers take calls now, by their last probes: they are not probed for this.
    const ready = providers.map((one) => [one.name, one.pool.candidates().length > 0] as const);
    const llm = statusOf(ready.filter(([, isReady]) => isReady).length, providers.length);
    const onnx = modelsState(predict);
    const servers = serversState(predict);
    const stores = Array.from(deps.stores(), ([name, state]) => [name, storeState(state)] as const);
    const elapsedMs = clock.nowMs() - startMs;
    metrics.healthDuration.observe(elapsedMs / 1000);
    return {
      status: worstOf(
        chat.status,
        onnx.status,
        statusOf(answering, queries.length),
        // What does not answer well is heard of even where the others do.
        ...queries.map(([, { status }]): Status => (status === "healthy" ? status : "degraded")),
        ...stores.map(([, { status }]) => status),
        // Models of this process are still served.
        ...[...servers.values()].map(
          ({ status }): Status => (status === "healthy" ? status : "degraded"),
        ),
        // Chats that name no provider go to configured cores.
        chatKind === "embedded" || llm === "healthy" ? llm : "degraded",
      ),
      cores,
      coresAvailable: pool.candidates().length,
      models: {
        ...Object.fromEntries(
          ready.map(([name, isReady]) => [name, isReady ? "available" : "unavailable"]),
        ),
        ...Object.fromEntries(predict.localModels().map(({ name, state }) => [name, state])),
      },
      services: {
        [chatKind]: chat,
        ...Object.fromEntries(queries),
        ...(providers.length === 0 ? {} : { llm: { status: llm, responseTimeMs: 0 } }),
        [predict.kind]: onnx,
        ...Object.fromEntries(servers),
        ...Object.fromEntries(stores),
      },
      twin: twins.length === 0 ? chat : serviceOf(cores.filter(isTwin)),
      servesTensorflow: (servers.get("tensorflow")?.status ?? "unhealthy") !== "unhealthy",
      predicts: onnx.status !== "unhealthy",
      memory: memoryUsage(),
      disk: disk.latest(),
      elapsedMs,
    };
  };
}
