/** Composition root: builds every room, back to front, and opens the listeners. */

import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import type { ConnectRouter } from "@connectrpc/connect";
import { createAgent, plainAgent } from "#agent/agent.ts";
import type { ChatBackend, PredictBackend } from "#backends/backend.ts";
import type { TellCaller } from "#backends/caller-headers.ts";
import { coreChat } from "#backends/core-chat.ts";
import { createEmbeddedBackend } from "#backends/embedded/backend.ts";
import { Statistics } from "#backends/inference-statistics.ts";
import { createOnnxBackend, type OnnxBackend } from "#backends/onnx/backend.ts";
import { openCore } from "#backends/open-core.ts";
import { ResponseCache } from "#cache/response-cache.ts";
import { ChatCatalog, type ChatTarget, type QueryTarget } from "#catalog/chat-catalog.ts";
import { PredictCatalog, type PredictCatalogOptions } from "#catalog/predict-catalog.ts";
import { queryRoute } from "#catalog/query-route.ts";
import type {
  AuditSettings,
  CoreSettings,
  CorsSettings,
  ListenerSettings,
  Settings,
  UploadsSettings,
} from "#config/settings.ts";
import { ByteBudget } from "#core/byte-budget.ts";
import { type Clock, systemClock } from "#core/clock.ts";
import { systemRng } from "#core/rng.ts";
import { settleWithin } from "#core/settle-within.ts";
import { TextsMap } from "#core/texts-map.ts";
import { threeDigits } from "#core/three-digits.ts";
import { packageVersion } from "#core/version.ts";
import type { Discovery } from "#discovery/discovery.ts";
import type { DiscoveryEvent } from "#discovery/follow.ts";
import { reasons } from "#errors/reason.ts";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { GRPCInferenceService } from "#gen/inference/grpc_service_pb.js";
import { BackendsService } from "#gen/polygate/v1/backends_pb.js";
import { CacheService } from "#gen/polygate/v1/cache_pb.js";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { EmbeddingsService } from "#gen/polygate/v1/embeddings_pb.js";
import { HealthService } from "#gen/polygate/v1/health_pb.js";
import { KeysService } from "#gen/polygate/v1/keys_pb.js";
import { LimitsService } from "#gen/polygate/v1/limits_pb.js";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { PredictService } from "#gen/polygate/v1/predict_pb.js";
import { RelayService } from "#gen/polygate/v1/relay_pb.js";
import { RequestsService } from "#gen/polygate/v1/requests_pb.js";
import { RoutingService } from "#gen/polygate/v1/routing_pb.js";
import { StatsService } from "#gen/polygate/v1/stats_pb.js";
import { UploadService } from "#gen/polygate/v1/uploads_pb.js";
import type { CredentialStore } from "#identity/credentials.ts";
import { openCredentials } from "#identity/open-credentials.ts";
import type { KeptKeys } from "#identity/remote-keys.ts";
import { createDecodeQueue } from "#inference/decode-queue.ts";
import { callerOf } from "#interceptors/caller.ts";
import { interceptorChain } from "#interceptors/chain.ts";
import type { KeyRoom } from "#keys/key-room.ts";
import { type LimitOptions, ownLimitsOnly } from "#limits/limit-options.ts";
import { type LimitStore, MemoryLimits } from "#limits/limit-store.ts";
import { Limiter } from "#limits/limiter.ts";
import { type AuditLog, openAuditLog } from "#observability/audit-log.ts";
import { causeText } from "#observability/cause-text.ts";
import type { CounterSeries } from "#observability/family.ts";
import type { Logger } from "#observability/logger.ts";
import { createStats, type Stats, type StatsSeries } from "#observability/stats.ts";
import { type LoadTerms, rankOf } from "#overload/load-level.ts";
import { heapShareOfProcess, type Load, LoadMonitor } from "#overload/load-monitor.ts";
import type { MemberOptions } from "#pool/member.ts";
import type { PlaceQueueWatch } from "#pool/place-queue.ts";
import { Pool, type PoolChange, type PoolDeps, type PoolEjection } from "#pool/pool.ts";
import type { AttemptReport, AttemptStart } from "#routing/attempt.ts";
import { createBalancer } from "#routing/balancer.ts";
import { createDispatch, type Dispatch } from "#routing/dispatch.ts";
import { poolRoute } from "#routing/pool-route.ts";
import { RetryBudget } from "#routing/retry-budget.ts";
import { createHealthStatus, type HealthStatus, registerHealth } from "#rpc/health.ts";
import type { Routes } from "#rpc/mount.ts";
import { registerReflection } from "#rpc/reflection.ts";
import { createBackendsService, type KnownPool } from "#services/backends.ts";
import { createCacheService } from "#services/cache.ts";
import { createChatService } from "#services/chat.ts";
import { ChatCache } from "#services/chat-cache.ts";
import type { ChatHooks } from "#services/chat-hooks.ts";
import { createEmbeddingsService } from "#services/embeddings.ts";
import { createHealthService } from "#services/health.ts";
import { inferenceMetrics } from "#services/inference-metrics.ts";
import { createKeysService } from "#services/keys.ts";
import { createLimitsService } from "#services/limits.ts";
import { createMeter } from "#services/meter.ts";
import { Mirrors } from "#services/mirrors.ts";
import { modelOf } from "#services/model-choice.ts";
import { createModelsService } from "#services/models.ts";
import { createOipService } from "#services/oip.ts";
import { createPredictService } from "#services/predict.ts";
import { PredictCache } from "#services/predict-cache.ts";
import { createRelayService } from "#services/relay.ts";
import { RelayIds } from "#services/relay-ids.ts";
import { createRequestsService } from "#services/requests.ts";
import { createRoutingService } from "#services/routing.ts";
import { createStatsService } from "#services/stats.ts";
import { UploadedFiles } from "#services/uploaded-files.ts";
import { createUploadService } from "#services/uploads.ts";
import { UploadStore } from "#uploads/store.ts";
import {
  createServing,
  type Front,
  type FrontListener,
  type FrontOptions,
  openFront,
  type Serving,
} from "./front.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { gatewayPages } from "./pages.ts";
import { publicServices, servedOf } from "./public-services.ts";
import { openRecords, type Records } from "./records.ts";
import type { SharedStore } from "./shared-store.ts";
import { openKeys } from "./stored-keys.ts";

/** A gateway that serves. */
export interface Gateway extends AsyncDisposable {
  /** What it listens on and offers, in words. */
  facts(): {
    readonly listeners: readonly {
      readonly name: string;
      readonly url: string;
      readonly serves: readonly string[];
    }[];
    readonly backends: readonly string[];
    readonly models: readonly string[];
  };
  /** Resolves when every model has loaded or failed to. */
  ready(): Promise<void>;
  /**
   * Serves by other settings from now on, open connections included. Resolves when the generation
   * before is closed: its calls have ended, or were cut off after its `drain_timeout`. Rejects with
   * FixedSettingError, and changes nothing, for what cannot change while the process lives.
   */
  replace(settings: Settings): Promise<void>;
  /** Takes no more calls; resolves when those in progress have ended or their time is up. */
  drain(): Promise<void>;
  /** Opens files again that may have been moved away. */
  reopenFiles(): void;
}

/** A setting that holds as long as the process lives is not what it was. */
export class FixedSettingError extends Error {
  override readonly name = "FixedSettingError";
}

/** The services that these settings let be called. */
function servicesOf({ uploads }: Settings) {
  return servedOf(publicServices, { takesUploads: uploads !== undefined });
}

function namesOf(settings: Settings) {
  return servicesOf(settings).map(({ typeName }) => typeName);
}

/** What lives as long as the process, whatever its settings become. */
interface ProcessParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly stats: Stats;
  readonly health: HealthStatus;
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
  /** Aborts when the gateway begins to stop. */
  readonly stopping: AbortSignal;
  /** Absent where no one asks for it. */
  readonly audit: AuditLog | undefined;
  /** Absent where nothing may be uploaded. */
  readonly uploads: UploadStore | undefined;
  /** The keys that an issuer of tokens gave last, for the next generation. */
  readonly keptKeys: KeptKeys;
  /** The ids of relayed objects; without a secret they are good for as long as the process lives. */
  readonly relayIds: (secret: string | undefined) => RelayIds;
}

/** What every room of one generation shares. */
interface Shared extends ProcessParts {
  readonly settings: Settings;
  /** Absent where nothing is limited. */
  readonly limiter: Limiter | undefined;
  /** What is shared with other gateways; absent: nothing. */
  readonly store: SharedStore | undefined;
  /** Says for the whole process whether chats are served; nothing once another generation has replaced this one. */
  readonly setServing: (serving: boolean) => void;
}

/** All that is built from settings: made whole, put in the place of another in one step, drained. */
interface Generation extends AsyncDisposable {
  readonly settings: Settings;
  readonly options: FrontOptions;
  readonly serving: Serving;
  /** The models of this process. */
  readonly local: OnnxBackend;
  readonly predict: PredictCatalog;
  /** Takes the place of the generation before, for what the process says of itself. */
  take(): void;
  /** Another one has taken its place. */
  retire(): void;
}

/** A pool of chat backends and their kind. */
interface ChatPool {
  readonly kind: string;
  readonly pool: Pool<ChatBackend>;
}

/** The chat backends and the way to them. */
interface ChatSide {
  readonly kind: "embedded" | "polyagent";
  /** The cores. */
  readonly pool: Pool<ChatBackend>;
  /** Those that answer questions alone, by service. */
  readonly queryPools: readonly ChatPool[];
  readonly catalog: ChatCatalog;
  readonly dispatch: Dispatch;
  /** What fills pools whose endpoints DNS names. */
  readonly discoveries: readonly Discovery[];
}

/** Where questions go besides the cores of chats. */
interface QuerySide {
  readonly pools: readonly ChatPool[];
  readonly discoveries: readonly Discovery[];
  /** Absent: there is no service of questions. */
  readonly target?: QueryTarget;
}

/** Images decoded at once: half of the threads that also read files and look up names. */
const decodingMax = 2;
/** Memory of the images that are decoded at once: one of the largest, or two of a usual size. */
const decodingBytesMax = 130_000_000;
/** Retries and hedges that gateways with few calls may always have, and how long calls count. */
const retryTerms = { perSecondMin: 10, windowSeconds: 10 };
const hedgeTerms = { perSecondMin: 1, windowSeconds: 10 };

/** How a core is told who calls; who has none that is told loads nothing for it. */
async function tellerOf(
  { identity }: CoreSettings,
  { settings: { callerSigning: by }, clock }: Shared,
): Promise<{ readonly tells?: TellCaller }> {
  if (identity === undefined) return {};
  const { plainCaller, signedCaller } = await import("#backends/caller-headers.ts");
  if (identity === "plain") return { tells: plainCaller };
  if (by === undefined) throw new TypeError("nothing signs the identity of callers");
  const signer = "secret" in by ? by : { privateKey: await readFile(by.keyFile) };
  return { tells: signedCaller(signer, clock) };
}

/** A core behind the chat contract; what it is asked over HTTP goes by its service. */
async function coreAt(
  core: CoreSettings,
  at: { readonly url: string; readonly connectTo?: string },
  shared: Shared,
): Promise<ChatBackend> {
  const { protocol, service, transport, tls } = core;
  const teller = await tellerOf(core, shared);
  const task = service === undefined || service === "twin" ? "chat" : "query";
  const trust = tls === undefined ? {} : { tls };
  return await openCore({ protocol, task, transport, ...trust, ...at, ...teller }, shared.clock);
}

/** The members of a pool of cores; those of DNS join later. */
function coreMembers(
  cores: readonly CoreSettings[],
  shared: Shared,
): Promise<MemberOptions<ChatBackend>[]> {
  return Promise.all(
    cores
      .filter(({ discovery }) => discovery === undefined)
      .map(async (core) => ({
        id: core.id,
        weight: core.weight,
        backend: await coreAt(core, { url: core.url }, shared),
      })),
  );
}

/** The members of the chat pool: the configured cores, or the same core in this process. */
async function chatMembers(shared: Shared): Promise<MemberOptions<ChatBackend>[]> {
  const { cores } = shared.settings.chat;
  if (cores.length > 0) return await coreMembers(cores, shared);
  const agent = createAgent(plainAgent, { clock: systemClock, rng: systemRng });
  return [{ id: "embedded", weight: 1, backend: coreChat(createEmbeddedBackend(agent)) }];
}

/** Lets a pool follow the names of its cores; who has none loads nothing for it. */
async function followCores(
  cores: readonly CoreSettings[],
  pool: Pool<ChatBackend>,
  shared: Shared,
): Promise<Discovery[]> {
  const named = cores.flatMap((core) =>
    core.discovery === undefined ? [] : [{ core, discovery: core.discovery }],
  );
  if (named.length === 0) return [];
  const { follow } = await import("#discovery/follow.ts");
  const deps = { clock: shared.clock, onDiscovery: discoveryReporter(shared, pool.name) };
  return named.map(({ core, discovery }) => {
    const open = ({ url, address }: { readonly url: string; readonly address: string }) =>
      coreAt(core, { url, connectTo: address }, shared);
    const { id: prefix, weight } = core;
    return follow({ pool, discovery, prefix, weight, open }, deps);
  });
}

/** Leaves a line of what DNS did to the endpoints of a pool. */
function discoveryReporter({ logger }: Shared, pool: string) {
  return (event: DiscoveryEvent): void => {
    const facts = { pool, dns: event.dns };
    switch (event.kind) {
      case "changed":
        logger.info({ ...facts, joined: event.joined, left: event.left }, "endpoints by DNS");
        return;
      case "failing":
        logger.warn({ ...facts, error: causeText(event.cause) }, "DNS fails: endpoints stay");
        return;
      case "working":
        logger.info(facts, "DNS answers again");
        return;
      case "beyond": {
        const { count: left_out, endpointsMax: max_endpoints } = event;
        logger.warn({ ...facts, left_out, max_endpoints }, "more addresses than endpoints may be");
      }
    }
  };
}

/** Counts attempts, their time and their number in flight, and leaves an audit line of each. */
function attemptReporter({ settings, metrics, stats, logger, records }: Shared) {
  const level = settings.logging.routing ? "info" : "debug";
  // Endpoints are those of the configuration.
  const known = new TextsMap<{ requests: CounterSeries; stats: StatsSeries }>();
  const seriesOf = (algorithm: string, core: string) => {
    const key = [algorithm, core];
    return (
      known.get(key) ??
      known.set(key, {
        requests: metrics.balancerRequests.labels({ algorithm, core }),
        stats: stats.series("backend", core),
      })
    );
  };
  return (start: AttemptStart) => {
    const { requestId: request_id, pool, algorithm, endpoint, model, attempt, decision } = start;
    records.decisions.add(start);
    if (logger.isLevelEnabled(level)) {
      const { route, by } = decision;
      const chosen = { route, pool, endpoint, model, algorithm, by, attempt };
      logger[level]({ request_id, ...chosen }, "Load balancing decision");
    }
    const series = seriesOf(algorithm, endpoint);
    series.stats.begin();
    series.requests.inc();
    return ({ outcome, elapsedMs, firstMs, tokens, cost }: AttemptReport): void => {
      const failed = outcome !== "OK" && reasons[outcome].blame !== "caller";
      if (failed) metrics.balancerErrors.inc({ algorithm, core: endpoint });
      series.stats.end(elapsedMs, { failed, tokens, cost });
      if (!logger.isLevelEnabled(level)) return;
      const times = {
        elapsed_ms: threeDigits(elapsedMs),
        ...(firstMs === undefined ? {} : { first_ms: threeDigits(firstMs) }),
      };
      logger[level](
        { request_id, pool, endpoint, model, algorithm, outcome, ...times },
        "[PERFORMANCE]",
      );
    };
  };
}

/** Counts ejections, and leaves a line of each. */
function ejectionReporter({ metrics, logger }: Shared) {
  return ({ pool, endpoint, model, cause, forMs }: PoolEjection): void => {
    metrics.balancerEjections.inc({ core: endpoint, cause });
    const facts = { pool, endpoint, model, cause, for_ms: threeDigits(forMs) };
    logger.warn(facts, "endpoint ejected");
  };
}

/** Counts the calls that wait for a provider. */
function queueWatch({ queued, queueWait, queueFull }: Metrics, provider: string): PlaceQueueWatch {
  return {
    onChange: (priority, by) => queued.inc({ provider, priority }, by),
    onEnd: (end, waitedMs) => queueWait.observe({ provider, end }, waitedMs / 1000),
    onFull: () => queueFull.inc({ provider }),
  };
}

/** A pool of cores, each change of whose health leaves a line. */
function corePool(
  name: string,
  members: MemberOptions<ChatBackend>[],
  {
    onChange = () => {},
    ...shared
  }: Shared & { readonly onChange?: (pool: Pool<ChatBackend>) => void },
): Pool<ChatBackend> {
  const { settings, clock, logger, records } = shared;
  const pool = new Pool<ChatBackend>(
    { name, members, ...settings.chat },
    {
      clock,
      rng: systemRng,
      onChange(change) {
        const { id, health: state, isDraining } = change.member;
        records.onHealth(change);
        onChange(pool);
        if (state.kind === "unknown") return;
        const facts = {
          core: id,
          health: state.kind,
          elapsed_ms: threeDigits(state.responseTimeMs),
          ...(isDraining ? { draining: true } : {}),
        };
        if (state.kind === "healthy") logger.info(facts, "core health");
        else logger.warn({ ...facts, error: causeText(state.cause) }, "core health");
      },
      onEjection: ejectionReporter(shared),
    },
  );
  return pool;
}

/** The services that answer questions, a pool each, and the way through them. */
async function openQueries(shared: Shared): Promise<QuerySide> {
  const { settings } = shared;
  const { queries, algorithm: strategy } = settings.chat;
  const byService = Map.groupBy(queries, ({ service = "" }) => service);
  const pools: ChatPool[] = [];
  const discoveries: Discovery[] = [];
  for (const [name, cores] of byService) {
    const pool = corePool(name, await coreMembers(cores, shared), shared);
    pools.push({
      kind: cores.some(({ protocol }) => protocol !== "grpc") ? "http" : "polyagent",
      pool,
    });
    discoveries.push(...(await followCores(cores, pool, shared)));
  }
  const [first] = pools;
  if (first === undefined) return { pools, discoveries };
  const wishes = { weights: settings.scoreWeights };
  const node = queryRoute({
    pools: pools.map(({ pool }) => pool),
    strategy,
    wishes,
    rng: systemRng,
  });
  return { pools, discoveries, target: { node, kind: first.kind } };
}

/** Builds the chat pool, whose health shows in the gateway's own. */
async function openChat(shared: Shared): Promise<ChatSide> {
  const { settings, clock, setServing } = shared;
  const { chat } = settings;
  const kind = chat.cores.length === 0 ? "embedded" : "polyagent";
  const onChange = (changed: Pool<ChatBackend>) => setServing(changed.candidates().length > 0);
  const pool = corePool(kind, await chatMembers(shared), { ...shared, onChange });
  const queries = await openQueries(shared);
  const { algorithm, retryAttempts, attemptTimeoutMs, retryBudget, hedgeBudget } = chat;
  const route = poolRoute({
    pool,
    balancer: createBalancer(algorithm, systemRng),
    algorithm,
    retryAttempts,
    ...(attemptTimeoutMs === undefined ? {} : { attemptTimeoutMs }),
    rng: systemRng,
  });
  const targets = { cores: { route, kind }, queries: queries.target };
  const { catalog, discoveries } = await openCatalog(shared, targets);
  const ofCores = await followCores(chat.cores, pool, shared);
  const all = [...discoveries, ...ofCores, ...queries.discoveries];
  // Who starts with a name server that is away serves without those endpoints.
  const { healthTimeoutMs } = chat;
  if (all.length > 0) {
    await settleWithin(Promise.all(all.map(({ first }) => first)), healthTimeoutMs, clock);
    setServing(pool.candidates().length > 0);
  }
  return {
    kind,
    pool,
    queryPools: queries.pools,
    catalog,
    discoveries: all,
    dispatch: createDispatch({
      clock,
      rng: systemRng,
      budgets: {
        retry: new RetryBudget({ ...retryTerms, share: retryBudget }),
        hedge: new RetryBudget({ ...hedgeTerms, share: hedgeBudget }),
      },
      onAttempt: attemptReporter(shared),
      onExtra(kind, denied) {
        const { balancerDenied, balancerExtra } = shared.metrics;
        (denied ? balancerDenied : balancerExtra).inc({ kind });
      },
    }),
  };
}

/** Opens the providers and builds the routes; who has none loads nothing for them. */
async function openCatalog(
  shared: Shared,
  targets: { readonly cores: ChatTarget; readonly queries: QueryTarget | undefined },
): Promise<{ readonly catalog: ChatCatalog; readonly discoveries: readonly Discovery[] }> {
  const { settings, clock, logger, records } = shared;
  const { providers: wanted, routes, scoreWeights: weights, chat } = settings;
  const rng = systemRng;
  const { retryAttempts, attemptTimeoutMs } = chat;
  const terms = { retryAttempts, ...(attemptTimeoutMs === undefined ? {} : { attemptTimeoutMs }) };
  const weightsByProvider = new Map(wanted.map(({ name, weights: own }) => [name, own]));
  const wishes = { weights, weightsByProvider };
  const common = { ...targets, wishes, terms, rng };
  if (wanted.length === 0) {
    const catalog = new ChatCatalog({ ...common, providers: [], routes: new Map() });
    return { catalog, discoveries: [] };
  }
  const { modelsByProvider, openProvider, routeCapabilities, routesByType, routeTrees } =
    await import("#catalog/open-catalog.ts");
  const deps = {
    clock,
    rng,
    onChange(change: PoolChange) {
      const { pool, member } = change;
      const { id, health, isDraining } = member;
      records.onHealth(change);
      if (health.kind === "unknown") return;
      const facts = {
        provider: pool,
        endpoint: id,
        health: health.kind,
        ...(isDraining ? { draining: true } : {}),
      };
      if (health.kind === "healthy") logger.info(facts, "provider health");
      else logger.warn({ ...facts, error: causeText(health.cause) }, "provider health");
    },
    onEjection: ejectionReporter(shared),
    queueWatchOf: (provider: string) => queueWatch(shared.metrics, provider),
    onKeyRefused: (event: { provider: string; tail: string; reason: string }) =>
      logger.warn(
        { provider: event.provider, key: event.tail, reason: event.reason },
        "key set aside",
      ),
  };
  const opened = wanted.map((one) =>
    openProvider(one, chat, { ...deps, onDiscovery: discoveryReporter(shared, one.name) }),
  );
  const providers = opened.map(({ provider }) => provider);
  const byName = new Map(providers.map((provider) => [provider.name, provider]));
  const catalog = new ChatCatalog({
    ...common,
    providers,
    routes: routeTrees(routes, { providers: byName, wishes, rng }),
    routesByType: routesByType(routes),
    capabilitiesOf: routeCapabilities(routes, byName),
    modelsByProvider: modelsByProvider(routes),
  });
  return {
    catalog,
    discoveries: opened.flatMap(({ discovery }) => (discovery === undefined ? [] : [discovery])),
  };
}

/** Opens the backend of the models, each of whose changes leaves a line. */
function openPredict(
  { settings, clock, logger }: Shared,
  statistics: Statistics,
): Promise<OnnxBackend> {
  return createOnnxBackend(settings.onnx, {
    clock,
    statistics,
    onChange({ name, state, version, error }) {
      logger[error === undefined ? "info" : "warn"](
        { model: name, state, version, error },
        "model",
      );
    },
    onStray({ name, problem }) {
      logger.warn({ name, problem }, "not read from the model repository");
    },
  });
}

/** What pools of servers need, each of whose changes leaves a line. */
function serverPoolDeps(shared: Shared): PoolDeps {
  const { clock, logger, records } = shared;
  return {
    clock,
    rng: systemRng,
    onChange(change) {
      records.onHealth(change);
      const { pool, member } = change;
      const { id: endpoint, health, isDraining } = member;
      if (health.kind === "unknown") return;
      const draining = isDraining ? { draining: true } : {};
      const facts = { pool, endpoint, health: health.kind, ...draining };
      if (health.kind === "healthy") logger.info(facts, "model server health");
      else logger.warn({ ...facts, error: causeText(health.cause) }, "model server health");
    },
    onEjection: ejectionReporter(shared),
  };
}

/** The models of this process and those of servers under one contract; who has none loads nothing for them. */
async function openPredictCatalog(
  shared: Shared,
  local: PredictBackend,
  { dispatch, statistics }: Pick<PredictCatalogOptions, "dispatch" | "statistics">,
): Promise<PredictCatalog> {
  const { modelServers, chat } = shared.settings;
  const { retryAttempts, attemptTimeoutMs } = chat;
  const terms = { retryAttempts, ...(attemptTimeoutMs === undefined ? {} : { attemptTimeoutMs }) };
  const deps = serverPoolDeps(shared);
  const options = { local, dispatch, terms, statistics };
  if (modelServers.length === 0) return new PredictCatalog({ ...options, groups: [] }, deps);
  const { openPredictGroup } = await import("#catalog/open-predict.ts");
  const groups = modelServers.map((group) => openPredictGroup(group, chat, deps));
  return new PredictCatalog({ ...options, groups }, deps);
}

/** Opens the cache of chats and predictions, of which metrics tell. */
function openCache({ settings, clock, metrics, store }: Shared): ResponseCache {
  const shared = store?.responses;
  const cache = new ResponseCache(settings.cache, {
    ...{ clock, shared },
    onChange({ entries, bytes, evicted }) {
      metrics.cacheEntries.set(entries);
      metrics.cacheBytes.set(bytes);
      metrics.cacheEvictions.inc(evicted);
    },
  });
  // What another gateway has let go is let go here.
  shared?.onPurged((model) => cache.purgeHere(model));
  return cache;
}

/** Opens the audit log; metrics tell how many of its lines are lost. */
function openAudit(terms: AuditSettings, { recordsLost }: Metrics): AuditLog {
  const lost = recordsLost.labels({ record: "audit" });
  try {
    return openAuditLog(terms, { onLost: (lines) => lost.inc(lines) });
  } catch (thrown) {
    const message = `audit.output: the file cannot be written: ${causeText(thrown)}`;
    throw new Error(message, { cause: thrown });
  }
}

/** Opens the store of uploads, of which metrics tell. */
function openUploads(
  terms: UploadsSettings,
  { clock, metrics }: Pick<ProcessParts, "clock" | "metrics">,
): UploadStore {
  return new UploadStore(terms, {
    clock,
    onChange({ files, bytes }) {
      metrics.uploadFiles.set(files);
      metrics.uploadBytes.set(bytes);
    },
  });
}

/** Measures the load of the process, each change of whose level leaves a line. */
function openLoad(
  terms: LoadTerms,
  { clock, logger, metrics }: Pick<ProcessParts, "clock" | "logger" | "metrics">,
): LoadMonitor {
  return new LoadMonitor(terms, {
    clock,
    heapShare: heapShareOfProcess,
    onChange(level) {
      metrics.overload.set(rankOf(level));
      if (level.refuses === "nothing") logger.info({ refuses: level.refuses }, "overload");
      else logger.warn({ refuses: level.refuses, cause: level.cause }, "overload");
    },
  });
}

/** The pools of chat: the cores, those of questions, then the providers. */
function chatPoolsOf({ kind, pool, queryPools, catalog }: ChatSide): ChatPool[] {
  const providers = catalog.providers.map((one) => ({ kind: "llm", pool: one.pool }));
  return [{ kind, pool }, ...queryPools, ...providers];
}

/** What is limited; undefined: nothing. Callers with keys may have limits of their own. */
function limitOptionsOf({ rateLimit, auth }: Settings): LimitOptions | undefined {
  return rateLimit ?? (auth.enabled ? ownLimitsOnly : undefined);
}

/** The limits of calls, with buckets that begin full. */
function openLimiter(
  { clock, logger, metrics }: ProcessParts,
  settings: Settings,
  shared: LimitStore | undefined,
): Limiter | undefined {
  const options = limitOptionsOf(settings);
  if (options === undefined) return undefined;
  const store = shared ?? new MemoryLimits(options.clientsMax, clock);
  return new Limiter(options, {
    ...{ clock, store },
    onSpent({ owner: { tier, name }, budget: { usd, onExceeded: on_exceeded }, period }) {
      metrics.budgetsSpent.inc({ tier, on_exceeded });
      logger.warn({ tier, name, usd, period: period.name, on_exceeded }, "budget spent");
    },
  });
}

/** Opens what judges chats; who has none loads nothing for it. */
async function openHooks(
  { settings, clock, logger, metrics, buffers }: Shared,
  opening: AsyncDisposableStack,
): Promise<ChatHooks | undefined> {
  if (settings.hooks.length === 0) return undefined;
  const [{ openHooks: open }, { ChatHooks: Judging }] = await Promise.all([
    import("#hooks/open-hooks.ts"),
    import("#services/chat-hooks.ts"),
  ]);
  const hooks = opening.use(await open(settings.hooks, { clock, logger, metrics }));
  return new Judging({ hooks, clock, buffers });
}

/** Opens what knows callers. */
async function openIdentity(
  { settings: { auth, groups }, clock, logger, keys, keptKeys: kept }: Shared,
  opening: AsyncDisposableStack,
): Promise<CredentialStore> {
  const settled = new Set(auth.keys.map(({ name }) => name));
  const credentials = await openCredentials(auth, {
    ...{ clock, kept },
    keyStores: keys === undefined ? [] : [keys.live.credentials(groups, settled)],
    onFetch(report) {
      if ("keys" in report) logger.info(report, "jwks");
      else logger.warn({ error: causeText(report.cause) }, "jwks");
    },
  });
  return opening.use(credentials);
}

/** Opens what is shared with other gateways; who shares nothing loads nothing for it. */
async function openShared(
  parts: ProcessParts,
  settings: Settings,
  opening: AsyncDisposableStack,
): Promise<SharedStore | undefined> {
  const { redis, cache } = settings;
  const responses = cache.enabled && cache.isInRedis ? cache : undefined;
  const bucketsMax = limitOptionsOf(settings)?.clientsMax;
  const isUsed = responses !== undefined || bucketsMax !== undefined;
  if (redis === undefined || !isUsed) return undefined;
  const { openSharedStore } = await import("./shared-store.ts");
  return opening.use(await openSharedStore({ redis, bucketsMax, responses }, parts));
}

/** Whether callers are limited, and by what all gateways know. */
function rateLimiterOf({ settings, store }: Shared) {
  if (settings.rateLimit === undefined) return "disabled";
  return store?.isAway() === true ? "degraded" : "enabled";
}

/** What the services call. */
interface Backends {
  readonly chat: ChatSide;
  readonly hooks: ChatHooks | undefined;
  readonly predict: PredictCatalog;
  readonly isReady: () => boolean;
  readonly credentials: CredentialStore;
}

/** Mounts every service. */
function routesOf(shared: Shared, { chat, hooks, predict, isReady }: Backends): Routes {
  const { settings, clock, metrics, stats, health } = shared;
  const facts = {
    version: packageVersion,
    environment: settings.environment,
    startedMs: shared.startedMs,
    rateLimiting: settings.rateLimit !== undefined,
    rateLimiter: () => rateLimiterOf(shared),
    stopping: shared.stopping,
  };
  const meter = createMeter({ clock, metrics, stats });
  const deps = { clock, metrics, stats, meter, ids: shared.relayIds(settings.relay.idSecret) };
  const { provider } = settings.relay;
  const relay = provider === undefined ? {} : { provider };
  const cache = openCache(shared);
  const { dispatch, catalog } = chat;
  const { journal } = shared.records;
  const mirrors = new Mirrors({ ...shared, ...{ rng: systemRng, journal, dispatch, catalog } });
  const { buffers, uploads: store } = shared;
  const uploads = new UploadedFiles({ store, buffers });
  const routed = { ...deps, ...chat, buffers, answerMs: settings.request.timeoutMs, mirrors };
  const responses = new ChatCache(settings.cache, { cache, metrics });
  const predictions = new PredictCache(settings.cache, { cache, metrics, clock, backend: predict });
  const predicting = { ...deps, backend: predict, predictions };
  const decoding = createDecodeQueue({
    runningMax: decodingMax,
    waitingMax: settings.onnx.queueMax,
    bytesMax: decodingBytesMax,
  });
  return (router) => {
    router.service(ChatService, createChatService({ ...routed, responses, hooks, uploads }));
    router.service(CacheService, createCacheService(cache, predict));
    router.service(EmbeddingsService, createEmbeddingsService({ ...routed, predict }));
    router.service(RelayService, createRelayService({ ...routed, ...relay }));
    router.service(PredictService, createPredictService({ ...predicting, decoding, uploads }));
    if (store !== undefined) {
      const { fileBytesMax: bytesMax } = settings.request;
      router.service(UploadService, createUploadService({ store, bytesMax, clock }));
    }
    router.service(GRPCInferenceService, createOipService({ ...predicting, ...facts, isReady }));
    router.service(ModelsService, createModelsService({ predict, chat }));
    router.service(
      HealthService,
      createHealthService({
        ...{ ...facts, ...deps, predict, pool: chat.pool, chatKind: chat.kind },
        twins: settings.chat.cores.flatMap(({ id, service }) => (service === "twin" ? [id] : [])),
        queryPools: chat.queryPools.map(({ pool }) => pool),
        providers: catalog.providers,
      }),
    );
    router.service(
      StatsService,
      createStatsService({ ...facts, ...deps, predict, performance: shared.records.performance }),
    );
    const pools: readonly KnownPool[] = [...chatPoolsOf(chat), ...predict.groups];
    const { decisions } = shared.records;
    router.service(
      RoutingService,
      createRoutingService({ ...facts, pools, decisions, catalog: chat.catalog }),
    );
    mountAdministration(router, shared, pools);
    registerHealth(router, health, namesOf(settings), { callerOf });
    registerReflection(router, [...servicesOf(settings), Health]);
  };
}

/** What an administrator did, besides other facts of it. */
interface AdminAct {
  readonly requestId: string;
  readonly action: string;
}

/** Mounts what administrators ask of a running gateway; each of their acts leaves a line in the log. */
function mountAdministration(
  router: ConnectRouter,
  { settings, logger, limiter, keys, records: { calls }, clock, stopping }: Shared,
  pools: readonly KnownPool[],
): void {
  const onAction = ({ requestId: request_id, ...facts }: AdminAct) => {
    logger.info({ request_id, ...facts }, "admin");
  };
  router.service(BackendsService, createBackendsService({ pools, onAction }));
  router.service(
    LimitsService,
    createLimitsService({
      limiter,
      onReset: (reset) => onAction({ ...reset, action: "reset_limit" }),
    }),
  );
  router.service(RequestsService, createRequestsService({ stopping, calls }));
  router.service(
    KeysService,
    createKeysService({
      room: keys,
      settled: new Set(settings.auth.keys.map(({ name }) => name)),
      groups: settings.groups,
      clock,
      onAction,
    }),
  );
}

/** What the public side writes to. */
function frontDeps(parts: ProcessParts) {
  return { ...parts, journal: parts.records.journal };
}

/** A listener with the cross-origin rules that hold there. */
function frontListener(
  { cors: own, ...listener }: ListenerSettings,
  general: CorsSettings | undefined,
): FrontListener {
  const cors = own ?? general;
  return cors === undefined || cors === "off" ? listener : { ...listener, cors };
}

/** The public side of a generation: listeners, routes, chain and pages. */
function frontOptions(shared: Shared, backends: Backends): FrontOptions {
  const { settings, metrics } = shared;
  const { cors, request, auth } = settings;
  const { captureBytesMax } = settings.requests;
  const { timeoutMs, fileBytesMax } = request;
  // Where both limits are the same, the setting of every body is the one to name.
  const ownFileLimit = fileBytesMax === request.bytesMax ? {} : { fileBytesMax };
  const { routeSizes } = request;
  const chain = { auth, timeoutMs, captureBytesMax, routeSizes, ...ownFileLimit };
  return {
    listeners: settings.listeners.map((listener) => frontListener(listener, cors)),
    routes: routesOf(shared, backends),
    ...interceptorChain(chain, {
      ...frontDeps(shared),
      credentials: backends.credentials,
      limiter: shared.limiter,
    }),
    pages: gatewayPages({
      metrics,
      pools: [backends.chat.pool, ...backends.chat.queryPools.map(({ pool }) => pool)],
      limited: [
        ...chatPoolsOf(backends.chat).map(({ pool }) => pool),
        ...backends.predict.groups.map(({ pool }) => pool),
      ],
      isReady: backends.isReady,
      metricsPath: settings.metrics.enabled ? settings.metrics.path : undefined,
      version: packageVersion,
      services: servicesOf(settings),
      document: {
        authenticates: auth.enabled,
        takesPasswords: auth.users !== undefined,
        openScopes: auth.enabled ? [] : auth.anonymousScopes,
        rest: settings.rest,
        takesUploads: settings.uploads !== undefined,
      },
    }),
    findModel: (wanted, call) =>
      modelOf(backends.predict, wanted, call, { model: "model", version: "version" }),
    bytesMax: request.bytesMax,
    fileBytesMax,
    elementsMax: request.elementsMax,
    aheadBytesMax: settings.relay.aheadBytesMax,
    capturesBodies: captureBytesMax !== undefined,
    buffers: shared.buffers,
    trustedProxies: settings.trustedProxies,
    trustedHeaders: settings.trustedHeaders,
    connectionsMax: settings.connectionsMax,
    ...(settings.connectionsPerAddressMax === undefined
      ? {}
      : { connectionsPerAddressMax: settings.connectionsPerAddressMax }),
    rest: settings.rest,
  };
}

/** What the gateway says of itself once it is up. */
function factsOf(
  { listeners, chat, providers, modelServers, onnx }: Settings,
  front: Front,
  predict: PredictBackend,
) {
  return {
    listeners: front.listeners.map(({ name, url }, index) => ({
      name,
      url,
      serves: listeners[index]?.serves ?? [],
    })),
    backends: [
      ...(chat.cores.length === 0
        ? ["embedded core"]
        : chat.cores.map(({ id, url }) => `${id} ${url}`)),
      ...chat.queries.map(({ id, url }) => `${id} ${url}`),
      ...providers.map(({ name, dialect, source }) => `${name} (${dialect}), by ${source}`),
      `${predict.kind}, ${onnx.workers} workers`,
      ...modelServers.map(
        ({ name, protocol, endpoints }) =>
          `${name} (${protocol}), ${endpoints.map(({ url }) => url).join(", ")}`,
      ),
    ],
    models: predict.models().map(({ name, state }) => `${name} (${state})`),
  };
}

/** Builds a generation. Disposing of it closes its pools, models and hooks. */
async function openGeneration(
  parts: ProcessParts,
  settings: Settings,
  isDraining: () => boolean,
): Promise<Generation> {
  await using opening = new AsyncDisposableStack();
  let place: "waiting" | "taken" | "retired" = "waiting";
  const setServing = (serving: boolean) => {
    if (place === "taken") parts.health.set(ChatService.typeName, serving);
  };
  const store = await openShared(parts, settings, opening);
  const limiter = openLimiter(parts, settings, store?.limits);
  const shared: Shared = { ...parts, settings, store, limiter, setServing };
  const chat = await openChat(shared);
  for (const { pool } of chatPoolsOf(chat)) opening.use(pool);
  for (const discovery of chat.discoveries) opening.use(discovery);
  const hooks = await openHooks(shared, opening);
  const credentials = await openIdentity(shared, opening);
  const statistics = new Statistics(shared.clock, inferenceMetrics(shared.metrics));
  const local = opening.use(await openPredict(shared, statistics));
  const { dispatch } = chat;
  const predict = opening.use(await openPredictCatalog(shared, local, { dispatch, statistics }));
  for (const { pool } of predict.groups) opening.use(pool);
  let modelsSettled = false;
  void local.ready().then(() => {
    modelsSettled = true;
  });
  const isReady = () => modelsSettled && !isDraining();
  const options = frontOptions(shared, { chat, hooks, predict, isReady, credentials });
  const serving = createServing(options, frontDeps(parts));
  const owned = opening.move();
  return {
    settings,
    options,
    serving,
    local,
    predict,
    take() {
      place = "taken";
      setServing(chat.pool.candidates().length > 0);
    },
    retire() {
      place = "retired";
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What the process keeps for its generations: the ids of the one before, where the secret is the same. */
function keptIds(): ProcessParts["relayIds"] {
  let kept: { readonly secret: string | undefined; readonly ids: RelayIds } | undefined;
  return (secret) => {
    if (kept === undefined || kept.secret !== secret) kept = { secret, ids: new RelayIds(secret) };
    return kept.ids;
  };
}

/** Settings that the process has taken over when it started, with what each is called. */
const fixed: readonly (readonly [name: string, of: (settings: Settings) => unknown])[] = [
  ["listeners", ({ listeners }) => listeners],
  ["gateway.buffer_limit", ({ bufferBytesMax }) => bufferBytesMax],
  ["gateway.connections_max", ({ connectionsMax }) => connectionsMax],
  ["gateway.connections_per_address", ({ connectionsPerAddressMax }) => connectionsPerAddressMax],
  ["audit", ({ audit }) => audit],
  ["overload", ({ overload }) => overload],
  ["logging", ({ logging: { routing: _, ...rest } }) => rest],
  ["requests", ({ requests: { captureBytesMax: _, ...rest } }) => rest],
  ["history", ({ history }) => history],
  ["auth.key_store", ({ keyStore }) => keyStore],
  ["uploads", ({ uploads }) => uploads],
];

/** Throws FixedSettingError, with all their names, for settings that cannot change any more. */
function requireFixed(before: Settings, next: Settings): void {
  const changed = fixed.filter(([, of]) => !isDeepStrictEqual(of(before), of(next)));
  if (changed.length === 0) return;
  const names = changed.map(([name]) => name).join(", ");
  throw new FixedSettingError(`${names}: the process has to start again to take this over`);
}

/** Starts a gateway. Rejects with the system's error when a listener cannot open. */
export async function startGateway(settings: Settings, logger: Logger): Promise<Gateway> {
  await using opening = new AsyncDisposableStack();
  const clock = systemClock;
  const stopping = new AbortController();
  const metrics = createMetrics();
  // Closed last, so that it has every call.
  const records = opening.use(await openRecords({ settings, clock, logger, metrics }));
  const { journal } = records;
  const { keyStore } = settings;
  const keys = await openKeys({ settings: keyStore, clock, logger, metrics, journal });
  if (keys !== undefined) opening.use(keys);
  const parts: ProcessParts = {
    clock,
    logger,
    metrics,
    stats: createStats(clock),
    health: createHealthStatus(namesOf(settings)),
    records,
    load: settings.overload && opening.use(openLoad(settings.overload, { clock, logger, metrics })),
    keys,
    buffers: new ByteBudget(settings.bufferBytesMax),
    audit: settings.audit && opening.use(openAudit(settings.audit, metrics)),
    uploads: settings.uploads && opening.use(openUploads(settings.uploads, { clock, metrics })),
    startedMs: clock.nowMs(),
    stopping: stopping.signal,
    keptKeys: {},
    relayIds: keptIds(),
  };
  let draining = false;
  let isClosed = false;
  const open = (wanted: Settings) => openGeneration(parts, wanted, () => draining);
  /** The one that serves, and those whose calls have not ended. */
  const generations = new Set<Generation>();
  opening.defer(async () => {
    await Promise.all([...generations].map((one) => one[Symbol.asyncDispose]()));
  });
  let current = await open(settings);
  generations.add(current);
  current.take();
  const { options, serving } = current;
  const front = opening.use(await openFront(options, frontDeps(parts), serving));
  const owned = opening.move();
  return {
    facts: () => factsOf(current.settings, front, current.predict),
    ready: () => current.local.ready(),
    async replace(wanted) {
      requireFixed(current.settings, wanted);
      const next = await open(wanted);
      generations.add(next);
      await next.local.ready();
      // Whoever disposed of the gateway meanwhile did not know of it.
      if (isClosed) return await next[Symbol.asyncDispose]();
      // Another one may have come first.
      const before = current;
      current = next;
      before.retire();
      next.take();
      await front.replace(next.serving, before.settings.drainTimeoutMs);
      generations.delete(before);
      await before[Symbol.asyncDispose]();
    },
    reopenFiles: () => parts.audit?.reopen(),
    async drain() {
      draining = true;
      parts.health.stop();
      const { drainDelayMs, drainTimeoutMs } = current.settings;
      // Who spreads calls over gateways sees that this one is not ready before its port is closed.
      await clock.sleep(drainDelayMs);
      stopping.abort();
      await front.drain(drainTimeoutMs);
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await owned.disposeAsync();
    },
  };
}
