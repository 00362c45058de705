/** What the rooms of a gateway share: what lives as long as the process, and what is made for a generation of settings. */

import type { DescService } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import type { KeptAlerts } from "#alerts/alert-watch.ts";
import type { WorkerPool } from "#backends/onnx/worker-pool.ts";
import type { CallHistory } from "#call-history.ts";
import type { Settings } from "#config/settings.ts";
import type { ByteBudget } from "#core/byte-budget.ts";
import type { Clock } from "#core/clock.ts";
import type { KeptKeys } from "#identity/remote-keys.ts";
import type { KeyRoom } from "#keys/key-room.ts";
import type { Places } from "#limits/in-progress.ts";
import type { LimitStore } from "#limits/limit-store.ts";
import type { Limiter } from "#limits/limiter.ts";
import type { Metrics } from "#metrics.ts";
import type { AuditLog } from "#observability/audit-log.ts";
import type { CallTraces } from "#observability/call-traces.ts";
import type { Logger } from "#observability/logger.ts";
import type { Stats } from "#observability/stats.ts";
import type { StoreStates } from "#observability/store-states.ts";
import type { Load } from "#overload/load-monitor.ts";
import type { EndedSessions } from "#portal/ended-sessions.ts";
import { publicServices, servedOf } from "#public-services.ts";
import type { Records } from "#records.ts";
import type { HealthStatus } from "#rpc/health.ts";
import type { ConfigurationAdmin } from "#services/config.ts";
import type { RelayIds } from "#services/relay-ids.ts";
import type { StatsSnapshot } from "#services/stats-snapshot.ts";
import type { SharedStore } from "#shared-store.ts";
import type { Uploads } from "#uploads/store.ts";

/** The services that these settings let be called. */
export function servicesOf({ uploads }: Settings) {
  return servedOf(publicServices, { takesUploads: uploads !== undefined });
}

export function namesOf(settings: Settings) {
  return servicesOf(settings).map(({ typeName }) => typeName);
}

/** What a gateway that is one of several threads shares with the others. */
export interface ThreadParts {
  /** Buckets of limits. */
  readonly buckets: LimitStore;
  /** Calls in progress. */
  readonly places: Places;
  /** The workers that run models for all threads; disposing of them lets go of what this one has loaded. */
  openInference(): WorkerPool;
  /** The history of all threads; `stores` is notified whether it can be kept. */
  openHistory(stores: StoreStates): CallHistory;
  /** The uploads of all threads. */
  readonly uploads: Uploads;
  /** Numbers of the calls and decisions that are kept, over all threads. */
  readonly numbers: { calls(): number; decisions(): number };
  /** What all threads have counted, as Prometheus reads it. */
  exposition(): Promise<string>;
  /** What all threads have counted, for statistics. */
  stats(): Promise<StatsSnapshot>;
  /** For how long the process has served, in milliseconds: this thread may be younger. */
  ageMs(): number;
  /** The configuration of the process, which the main thread has. */
  readonly configuration: ConfigurationAdmin;
  /** The service, of which each thread alone would know a part: what it is asked concerns all of them. */
  overAll<S extends DescService>(service: S, own: ServiceImpl<S>): ServiceImpl<S>;
}

/** What lives as long as the process, whatever its settings become. */
export interface ProcessParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly stats: Stats;
  readonly health: HealthStatus;
  /** Whether what is kept outside of the process can be. */
  readonly stores: StoreStates;
  /** What is refused for load; absent where nothing is. */
  readonly load: Load | undefined;
  /** What is kept of calls. */
  readonly records: Records;
  /** Keys that are kept; absent where they are those of the settings alone. */
  readonly keys: KeyRoom | undefined;
  /** Bytes of requests and responses that are held. */
  readonly buffers: ByteBudget;
  /** Monotonic time of start, in milliseconds. */
  readonly startedMs: number;
  /** Sockets that the process was started with, by the name of their listener. */
  readonly sockets: ReadonlyMap<string, number>;
  /** Aborts when the gateway begins to stop. */
  readonly stopping: AbortSignal;
  /** Absent where no one asks for it. */
  readonly audit: AuditLog | undefined;
  /** Absent where nothing is traced. */
  readonly traces: CallTraces | undefined;
  /** Absent where nothing may be uploaded. */
  readonly uploads: Uploads | undefined;
  /** Sessions of the portal that were ended before their time. */
  readonly endedSessions: EndedSessions;
  /** The keys that an issuer of tokens gave last, for the next generation. */
  readonly keptKeys: KeptKeys;
  /** Alerts that were reported, for the next generation. */
  readonly keptAlerts: KeptAlerts;
  /** Present: others like this one run in the same process. */
  readonly thread: ThreadParts | undefined;
  /** What administrators see of the configuration, and have it read again by. */
  readonly configuration: ConfigurationAdmin;
  /** Buckets of limits that no other gateway shares, for so many clients: those of the generation before where it had as many. */
  readonly buckets: (clientsMax: number) => LimitStore;
  /** The ids of relayed objects; without a secret they are good for as long as the process lives. */
  readonly relayIds: (secret: string | undefined) => RelayIds;
}

/** What every room of one generation shares. */
export interface Shared extends ProcessParts {
  readonly settings: Settings;
  /** Absent where nothing is limited. */
  readonly limiter: Limiter | undefined;
  /** What is shared with other gateways; absent: nothing. */
  readonly store: SharedStore | undefined;
  /** Says for the whole process whether chats are served; nothing once another generation has replaced this one. */
  readonly setServing: (serving: boolean) => void;
}
