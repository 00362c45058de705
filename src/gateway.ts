/** Composition root: builds every room, back to front, and opens the listeners. */

import { createAgent, plainAgent } from "#agent/agent.ts";
import type { ChatBackend, PredictBackend } from "#backends/backend.ts";
import { coreChat } from "#backends/core-chat.ts";
import { createEmbeddedBackend } from "#backends/embedded/backend.ts";
import { createOnnxBackend, type OnnxBackend } from "#backends/onnx/backend.ts";
import { createPolyagentBackend } from "#backends/polyagent/backend.ts";
import { ResponseCache } from "#cache/response-cache.ts";
import { ChatCatalog, type ChatTarget } from "#catalog/chat-catalog.ts";
import type { CoreSettings, Settings } from "#config/settings.ts";
import { ByteBudget } from "#core/byte-budget.ts";
import { type Clock, systemClock } from "#core/clock.ts";
import { getOrCreate } from "#core/get-or-create.ts";
import { systemRng } from "#core/rng.ts";
import { settleWithin } from "#core/settle-within.ts";
import { threeDigits } from "#core/three-digits.ts";
import { packageVersion } from "#core/version.ts";
import type { Discovery } from "#discovery/discovery.ts";
import type { DiscoveryEvent } from "#discovery/follow.ts";
import { reasons } from "#errors/reason.ts";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { BackendsService } from "#gen/polygate/v1/backends_pb.js";
import { CacheService } from "#gen/polygate/v1/cache_pb.js";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { EmbeddingsService } from "#gen/polygate/v1/embeddings_pb.js";
import { HealthService } from "#gen/polygate/v1/health_pb.js";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { PredictService } from "#gen/polygate/v1/predict_pb.js";
import { RelayService } from "#gen/polygate/v1/relay_pb.js";
import { RequestsService } from "#gen/polygate/v1/requests_pb.js";
import { RoutingService } from "#gen/polygate/v1/routing_pb.js";
import { StatsService } from "#gen/polygate/v1/stats_pb.js";
import { createDecodeQueue } from "#inference/decode-queue.ts";
import { callerOf } from "#interceptors/caller.ts";
import { interceptorChain } from "#interceptors/chain.ts";
import { causeText } from "#observability/cause-text.ts";
import type { CounterSeries } from "#observability/family.ts";
import type { Logger } from "#observability/logger.ts";
import { createMetrics, type Metrics } from "#observability/metrics.ts";
import { createStats, type Stats, type StatsSeries } from "#observability/stats.ts";
import type { MemberOptions } from "#pool/member.ts";
import { Pool, type PoolChange, type PoolEjection } from "#pool/pool.ts";
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
import { createMeter } from "#services/meter.ts";
import { Mirrors } from "#services/mirrors.ts";
import { createModelsService } from "#services/models.ts";
import { createPredictService } from "#services/predict.ts";
import { createRelayService } from "#services/relay.ts";
import { RelayIds } from "#services/relay-ids.ts";
import { createRequestsService } from "#services/requests.ts";
import { createRoutingService } from "#services/routing.ts";
import { createStatsService } from "#services/stats.ts";
import { createServing, type Front, type FrontOptions, openFront, type Serving } from "./front.ts";
import { gatewayPages } from "./pages.ts";
import { publicServices } from "./public-services.ts";
import { openRecords, type Records } from "./records.ts";

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
  /** Takes no more calls; resolves when those in progress have ended or their time is up. */
  drain(): Promise<void>;
}

const serviceNames = publicServices.map(({ typeName }) => typeName);

/** What lives as long as the process, whatever its settings become. */
interface ProcessParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly stats: Stats;
  readonly health: HealthStatus;
  /** What is kept of calls. */
  readonly records: Records;
  /** Bytes of requests and responses that are held. */
  readonly buffers: ByteBudget;
  /** Monotonic time of start, in milliseconds. */
  readonly startedMs: number;
  /** Aborts when the gateway begins to stop. */
  readonly stopping: AbortSignal;
}

/** What every room of one generation shares. */
interface Shared extends ProcessParts {
  readonly settings: Settings;
}

/** All that is built from settings: made whole, put in the place of another in one step, drained. */
interface Generation extends AsyncDisposable {
  readonly options: FrontOptions;
  readonly serving: Serving;
  readonly predict: OnnxBackend;
}

/** The chat backends and the way to them. */
interface ChatSide {
  readonly kind: "embedded" | "polyagent";
  /** The cores. */
  readonly pool: Pool<ChatBackend>;
  readonly catalog: ChatCatalog;
  readonly dispatch: Dispatch;
  /** What fills pools whose endpoints DNS names. */
  readonly discoveries: readonly Discovery[];
}

/** Largest message to and from a core: a conversation with images. */
const coreMessageBytesMax = 64 * 1024 * 1024;
/** Images decoded at once: half of the threads that also read files and look up names. */
const decodingMax = 2;
/** Memory of the images that are decoded at once: one of the largest, or two of a usual size. */
const decodingBytesMax = 130_000_000;
/** Retries and hedges that gateways with few calls may always have, and how long calls count. */
const retryTerms = { perSecondMin: 10, windowSeconds: 10 };
const hedgeTerms = { perSecondMin: 1, windowSeconds: 10 };
/** Silence after which a core's connection is pinged. */
const coreKeepaliveMs = 30_000;

/** A core behind the chat contract. */
async function openCore(
  { transport, tls }: CoreSettings,
  at: { readonly url: string; readonly connectTo?: string },
): Promise<ChatBackend> {
  const bounds = { messageBytesMax: coreMessageBytesMax, keepaliveMs: coreKeepaliveMs };
  const trust = tls === undefined ? {} : { tls };
  return coreChat(await createPolyagentBackend({ transport, ...trust, ...bounds, ...at }));
}

/** The members of the chat pool: the configured cores, or the same core in this process; those of DNS join later. */
async function chatMembers({ cores }: Settings["chat"]): Promise<MemberOptions<ChatBackend>[]> {
  if (cores.length === 0) {
    const agent = createAgent(plainAgent, { clock: systemClock, rng: systemRng });
    return [{ id: "embedded", weight: 1, backend: coreChat(createEmbeddedBackend(agent)) }];
  }
  return await Promise.all(
    cores
      .filter(({ discovery }) => discovery === undefined)
      .map(async (core) => ({
        id: core.id,
        weight: core.weight,
        backend: await openCore(core, { url: core.url }),
      })),
  );
}

/** Lets the chat pool follow the names of cores; who has none loads nothing for it. */
async function followCores(shared: Shared, pool: Pool<ChatBackend>): Promise<Discovery[]> {
  const { chat } = shared.settings;
  const named = chat.cores.flatMap((core) =>
    core.discovery === undefined ? [] : [{ core, discovery: core.discovery }],
  );
  if (named.length === 0) return [];
  const { follow } = await import("#discovery/follow.ts");
  const deps = { clock: shared.clock, onDiscovery: discoveryReporter(shared, pool.name) };
  return named.map(({ core, discovery }) => {
    const open = ({ url, address }: { readonly url: string; readonly address: string }) =>
      openCore(core, { url, connectTo: address });
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
  const known = new Map<string, { requests: CounterSeries; stats: StatsSeries }>();
  const seriesOf = (algorithm: string, core: string) =>
    getOrCreate(known, `${algorithm} ${core}`, () => ({
      requests: metrics.balancerRequests.labels({ algorithm, core }),
      stats: stats.series("backend", core),
    }));
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
    return ({ outcome, elapsedMs, firstMs }: AttemptReport): void => {
      const failed = outcome !== "OK" && reasons[outcome].blame !== "caller";
      if (failed) metrics.balancerErrors.inc({ algorithm, core: endpoint });
      series.stats.end(elapsedMs, { failed });
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

/** Builds the chat pool, whose health shows in the gateway's own. */
async function openChat(shared: Shared): Promise<ChatSide> {
  const { settings, clock, logger, health, records } = shared;
  const { chat } = settings;
  const kind = chat.cores.length === 0 ? "embedded" : "polyagent";
  const pool = new Pool<ChatBackend>(
    { name: kind, members: await chatMembers(chat), ...chat },
    {
      clock,
      rng: systemRng,
      onChange(change) {
        const { id, health: state, isDraining } = change.member;
        records.onHealth(change);
        health.set(ChatService.typeName, pool.candidates().length > 0);
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
  const { algorithm, retryAttempts, attemptTimeoutMs, retryBudget, hedgeBudget } = chat;
  const route = poolRoute({
    pool,
    balancer: createBalancer(algorithm, systemRng),
    algorithm,
    retryAttempts,
    ...(attemptTimeoutMs === undefined ? {} : { attemptTimeoutMs }),
    rng: systemRng,
  });
  const { catalog, discoveries } = await openCatalog(shared, { route, kind });
  const all = [...discoveries, ...(await followCores(shared, pool))];
  // Who starts with a name server that is away serves without those endpoints.
  const { healthTimeoutMs } = chat;
  if (all.length > 0) {
    await settleWithin(Promise.all(all.map(({ first }) => first)), healthTimeoutMs, clock);
    health.set(ChatService.typeName, pool.candidates().length > 0);
  }
  return {
    kind,
    pool,
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
  cores: ChatTarget,
): Promise<{ readonly catalog: ChatCatalog; readonly discoveries: readonly Discovery[] }> {
  const { settings, clock, logger, records } = shared;
  const { providers: wanted, routes, scoreWeights: weights, chat } = settings;
  const rng = systemRng;
  const { retryAttempts, attemptTimeoutMs } = chat;
  const terms = { retryAttempts, ...(attemptTimeoutMs === undefined ? {} : { attemptTimeoutMs }) };
  const weightsByProvider = new Map(wanted.map(({ name, weights: own }) => [name, own]));
  const wishes = { weights, weightsByProvider };
  const common = { cores, wishes, terms, rng };
  if (wanted.length === 0) {
    const catalog = new ChatCatalog({ ...common, providers: [], routes: new Map() });
    return { catalog, discoveries: [] };
  }
  const { openProvider, routesByType, routeTrees } = await import("#catalog/open-catalog.ts");
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
  });
  return {
    catalog,
    discoveries: opened.flatMap(({ discovery }) => (discovery === undefined ? [] : [discovery])),
  };
}

/** Opens the backend of the models, each of whose changes leaves a line. */
function openPredict({ settings, clock, logger, metrics }: Shared): Promise<OnnxBackend> {
  return createOnnxBackend(settings.onnx, {
    clock,
    observer: inferenceMetrics(metrics),
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

/** Opens the cache of chats, of which metrics tell. */
function openCache({ settings, clock, metrics }: Shared): ResponseCache {
  return new ResponseCache(settings.cache, {
    clock,
    onChange({ entries, bytes, evicted }) {
      metrics.cacheEntries.set(entries);
      metrics.cacheBytes.set(bytes);
      metrics.cacheEvictions.inc(evicted);
    },
  });
}

/** The pools of chat: the cores, then the providers. */
function poolsOf({ kind, pool, catalog }: ChatSide): KnownPool[] {
  return [{ kind, pool }, ...catalog.providers.map((one) => ({ kind: "llm", pool: one.pool }))];
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

/** What the services call. */
interface Backends {
  readonly chat: ChatSide;
  readonly hooks: ChatHooks | undefined;
  readonly predict: PredictBackend;
  readonly isReady: () => boolean;
}

/** Mounts every service. */
function routesOf(shared: Shared, { chat, hooks, predict }: Backends): Routes {
  const { settings, clock, metrics, stats, health } = shared;
  const facts = {
    version: packageVersion,
    environment: settings.environment,
    startedMs: shared.startedMs,
    rateLimiting: settings.rateLimit !== undefined,
    stopping: shared.stopping,
  };
  const meter = createMeter({ clock, metrics, stats });
  const deps = { clock, metrics, stats, meter, ids: new RelayIds(settings.relay.idSecret) };
  const { provider } = settings.relay;
  const relay = provider === undefined ? {} : { provider };
  const cache = openCache(shared);
  const { dispatch, catalog } = chat;
  const { journal } = shared.records;
  const mirrors = new Mirrors({ ...shared, ...{ rng: systemRng, journal, dispatch, catalog } });
  const routed = { ...deps, ...chat, answerMs: settings.request.timeoutMs, mirrors };
  const responses = new ChatCache(settings.cache, { cache, metrics });
  const decoding = createDecodeQueue({
    runningMax: decodingMax,
    waitingMax: settings.onnx.queueMax,
    bytesMax: decodingBytesMax,
  });
  return (router) => {
    router.service(ChatService, createChatService({ ...routed, responses, hooks }));
    router.service(CacheService, createCacheService(cache));
    router.service(EmbeddingsService, createEmbeddingsService({ ...routed, predict }));
    router.service(RelayService, createRelayService({ ...routed, ...relay }));
    router.service(PredictService, createPredictService({ ...deps, decoding, backend: predict }));
    router.service(ModelsService, createModelsService({ predict, chat }));
    router.service(
      HealthService,
      createHealthService({
        ...{ ...facts, ...deps, predict, pool: chat.pool, chatKind: chat.kind },
        providers: catalog.providers,
      }),
    );
    router.service(
      StatsService,
      createStatsService({ ...facts, ...deps, predict, performance: shared.records.performance }),
    );
    const pools = poolsOf(chat);
    const { calls, decisions } = shared.records;
    router.service(
      RoutingService,
      createRoutingService({ ...facts, pools, decisions, catalog: chat.catalog }),
    );
    router.service(
      BackendsService,
      createBackendsService({
        pools,
        onAction({ requestId: request_id, ...facts }) {
          shared.logger.info({ request_id, ...facts }, "admin");
        },
      }),
    );
    router.service(RequestsService, createRequestsService({ ...facts, calls }));
    registerHealth(router, health, serviceNames, { callerOf });
    registerReflection(router, [...publicServices, Health]);
  };
}

/** What the public side writes to. */
function frontDeps(parts: ProcessParts) {
  return { ...parts, journal: parts.records.journal };
}

/** The public side of a generation: listeners, routes, chain and pages. */
function frontOptions(shared: Shared, backends: Backends): FrontOptions {
  const { settings, metrics } = shared;
  const { rateLimit, cors, request, auth } = settings;
  const { captureBytesMax } = settings.requests;
  const { timeoutMs, fileBytesMax } = request;
  // Where both limits are the same, the setting of every body is the one to name.
  const ownFileLimit = fileBytesMax === request.bytesMax ? {} : { fileBytesMax };
  const chain = { auth, timeoutMs, captureBytesMax, ...ownFileLimit };
  return {
    listeners: settings.listeners,
    routes: routesOf(shared, backends),
    ...interceptorChain(
      rateLimit === undefined ? chain : { ...chain, rateLimit },
      frontDeps(shared),
    ),
    pages: gatewayPages({
      metrics,
      pool: backends.chat.pool,
      isReady: backends.isReady,
      metricsPath: settings.metrics.enabled ? settings.metrics.path : undefined,
      version: packageVersion,
      services: publicServices,
      document: {
        authenticates: auth.enabled,
        openScopes: auth.enabled ? [] : auth.anonymousScopes,
        rest: settings.rest,
      },
    }),
    bytesMax: request.bytesMax,
    fileBytesMax,
    elementsMax: request.elementsMax,
    aheadBytesMax: settings.relay.aheadBytesMax,
    capturesBodies: captureBytesMax !== undefined,
    buffers: shared.buffers,
    trustedProxies: settings.trustedProxies,
    connectionsMax: settings.connectionsMax,
    ...(settings.connectionsPerAddressMax === undefined
      ? {}
      : { connectionsPerAddressMax: settings.connectionsPerAddressMax }),
    rest: settings.rest,
    ...(cors === undefined ? {} : { cors }),
  };
}

/** What the gateway says of itself once it is up. */
function factsOf(
  { listeners, chat, providers, onnx }: Settings,
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
      ...providers.map(({ name, dialect, source }) => `${name} (${dialect}), by ${source}`),
      `${predict.kind}, ${onnx.workers} workers`,
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
  const shared: Shared = { ...parts, settings };
  const chat = await openChat(shared);
  opening.use(chat.pool);
  for (const { pool } of chat.catalog.providers) opening.use(pool);
  for (const discovery of chat.discoveries) opening.use(discovery);
  const hooks = await openHooks(shared, opening);
  const predict = opening.use(await openPredict(shared));
  let modelsSettled = false;
  void predict.ready().then(() => {
    modelsSettled = true;
  });
  const isReady = () => modelsSettled && !isDraining();
  const options = frontOptions(shared, { chat, hooks, predict, isReady });
  const serving = createServing(options, frontDeps(parts));
  const owned = opening.move();
  return { options, serving, predict, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Starts a gateway. Rejects with the system's error when a listener cannot open. */
export async function startGateway(settings: Settings, logger: Logger): Promise<Gateway> {
  await using opening = new AsyncDisposableStack();
  const clock = systemClock;
  const stopping = new AbortController();
  const metrics = createMetrics();
  // Closed last, so that it has every call.
  const records = opening.use(await openRecords({ settings, clock, logger, metrics }));
  const parts: ProcessParts = {
    clock,
    logger,
    metrics,
    stats: createStats(clock),
    health: createHealthStatus(serviceNames),
    records,
    buffers: new ByteBudget(settings.bufferBytesMax),
    startedMs: clock.nowMs(),
    stopping: stopping.signal,
  };
  let draining = false;
  const generation = opening.use(await openGeneration(parts, settings, () => draining));
  const { options, serving, predict } = generation;
  const front = opening.use(await openFront(options, frontDeps(parts), serving));
  const owned = opening.move();
  return {
    facts: () => factsOf(settings, front, predict),
    ready: () => predict.ready(),
    async drain() {
      draining = true;
      parts.health.stop();
      // Who spreads calls over gateways sees that this one is not ready before its port is closed.
      await clock.sleep(settings.drainDelayMs);
      stopping.abort();
      await front.drain(settings.drainTimeoutMs);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
